package dev.kvasir.cli.eval;

import dev.kvasir.runtime.Prompt;

/**
 * What is asked behind a context.
 *
 * @param key what is asked for
 * @param depth share of the context before the needle, 0 to 1
 * @param prompt the question
 * @param promptTokens its tokens
 * @param mostTokens most tokens of an answer
 */
record Question(PlantedKey key, double depth, Prompt prompt, int promptTokens, int mostTokens) {}
