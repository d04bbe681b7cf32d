package dev.kvasir.runtime;

/**
 * A generated token.
 *
 * @param id its number in the vocabulary
 * @param text the characters that became certain with it: none while a character or a possible stop
 *     text is incomplete, more than its own once that is resolved; always none where the model has
 *     no tokenizer
 */
public record Token(int id, String text) {}
