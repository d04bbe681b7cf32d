package dev.kvasir.plans.program;

/**
 * An integer expression over the counters of a program.
 *
 * <pre>{@code
 * expression := term (("<" | "<=" | "==" | ">=" | ">") term)?
 * term       := factor (("+" | "-") factor)*
 * factor     := atom ("*" atom)*
 * atom       := integer | counter | "rows" "(" SEGMENT ")" | "(" expression ")"
 *             | ("floordiv" | "ceildiv" | "mod" | "min" | "max") "(" expression "," expression ")"
 * }</pre>
 *
 * Values are 64-bit; overflow and division by less than 1 are errors. A comparison is 1 or 0.
 *
 * @param text canonical text
 */
public record Expression(String text) {}
