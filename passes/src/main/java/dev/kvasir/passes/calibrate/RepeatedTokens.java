package dev.kvasir.passes.calibrate;

import java.util.Random;
import java.util.stream.IntStream;

/** A block of random tokens, several times over: nothing but a copy can predict it. */
public final class RepeatedTokens {
  /** How often the block stands in the text. */
  public static final int REPEATS = 4;

  private static final int LONGEST_BLOCK = 2_500;

  private RepeatedTokens() {}

  /** {@return tokens of a block for a context: a quarter of it, at most 2,500} */
  public static int block(int context) {
    return Math.min(LONGEST_BLOCK, context / REPEATS);
  }

  /** {@return the text: tokens drawn evenly from the vocabulary, {@value #REPEATS} times over} */
  public static int[] of(int block, int vocabulary, long seed) {
    int[] tokens = new Random(seed).ints(block, 0, vocabulary).toArray();
    return IntStream.range(0, REPEATS * block).map(at -> tokens[at % block]).toArray();
  }
}
