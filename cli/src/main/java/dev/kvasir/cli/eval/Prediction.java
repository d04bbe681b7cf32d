package dev.kvasir.cli.eval;

/**
 * One answer.
 *
 * @param suite what asked
 * @param length tokens of context, question and answer
 * @param depth share of the context before the needle, 0 to 1
 * @param sample which context of this length and depth, from 0
 * @param expected the answer that is right
 * @param got what was generated
 * @param correct whether that is the right answer
 * @param allocatedBytes cache bytes of the session behind the answer
 */
public record Prediction(
    Suite suite,
    int length,
    double depth,
    int sample,
    String expected,
    String got,
    boolean correct,
    long allocatedBytes) {}
