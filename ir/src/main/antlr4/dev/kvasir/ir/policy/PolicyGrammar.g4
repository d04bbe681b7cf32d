/*
 * The policy language. It knows no technique: names of techniques, parameters, formats and sets are
 * plain names, and what they mean is decided by the resolver and the technique specs it is given.
 *
 * Every decision is made on the next token alone, so that a syntax error is found at the first wrong
 * token and the tokens expected there are known exactly. There is no recursion but in values, whose
 * nesting is bounded before parsing.
 */
grammar PolicyGrammar;

document
    : policy EOF
    ;

policy
    : POLICY NAME (FOR NAME)? '{' statement* '}'
    ;

statement
    : let
    | use
    | limit
    ;

let
    : LET NAME '=' value ';'
    ;

use
    : USE NAME arguments target? ';'
    ;

limit
    : LIMIT NAME '<=' value (AT INTEGER TOKENS)? ';'
    ;

target
    : ON (LAYERS set (HEADS set)? | HEADS set)
    ;

set
    : setItem (',' setItem)* (EXCEPT setItem (',' setItem)*)?
    ;

setItem
    : ALL
    | INTEGER ('..' INTEGER)?
    | LAST number '%'
    | NAME
    ;

arguments
    : '(' (argument (',' argument)*)? ')'
    ;

argument
    : NAME ('=' value | arguments)?
    | literal
    ;

value
    : NAME arguments?
    | literal
    ;

literal
    : number ('%' | UNIT)?
    | STRING
    | list
    ;

list
    : '[' (value (',' value)*)? ']'
    ;

number
    : INTEGER
    | DECIMAL
    ;

POLICY : 'policy' ;
FOR    : 'for' ;
LET    : 'let' ;
USE    : 'use' ;
ON     : 'on' ;
LAYERS : 'layers' ;
HEADS  : 'heads' ;
ALL    : 'all' ;
LAST   : 'last' ;
EXCEPT : 'except' ;
LIMIT  : 'limit' ;
AT     : 'at' ;
TOKENS : 'tokens' ;

LEFT_BRACE    : '{' ;
RIGHT_BRACE   : '}' ;
LEFT_PAREN    : '(' ;
RIGHT_PAREN   : ')' ;
LEFT_BRACKET  : '[' ;
RIGHT_BRACKET : ']' ;
SEMICOLON     : ';' ;
COMMA         : ',' ;
EQUALS        : '=' ;
AT_MOST       : '<=' ;
RANGE         : '..' ;
PERCENT       : '%' ;

UNIT    : 'B' | 'KiB' | 'MiB' | 'GiB' | 'TiB' ;
INTEGER : '-'? [0-9]+ ;
DECIMAL : '-'? [0-9]+ '.' [0-9]+ ;
NAME    : [A-Za-z_] [A-Za-z0-9_]* ('-' [A-Za-z0-9_]+)* ;
STRING  : '"' (~["\\\r\n] | '\\' ["\\])* '"' ;

COMMENT : '//' ~[\r\n]* -> skip ;
SPACE   : [ \t\r\n\uFEFF]+ -> skip ;

// Last, so that they match only what nothing above does. They make the lexer total and are
// reported before the parser sees a token.
UNTERMINATED_STRING : '"' (~["\\\r\n] | '\\' ~[\r\n])* ;
UNKNOWN_CHARACTER   : . ;
