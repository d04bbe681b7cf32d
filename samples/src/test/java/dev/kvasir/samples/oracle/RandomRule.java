package dev.kvasir.samples.oracle;

/**
 * Scores of windows that are chosen at random: eight rounds of a Feistel network over the 30 low
 * bits of a window's number, of which the 24 high bits count.
 */
final class RandomRule {
  private static final long HALF = 32_768;
  private static final long[][] ROUNDS = {
    {30011, 24979},
    {18917, 11743},
    {25733, 31013},
    {9901, 19267},
    {31477, 8623},
    {13127, 28051},
    {21179, 15401},
    {27361, 22573},
  };

  private RandomRule() {}

  /**
   * {@return a score, a whole number}
   *
   * @param run which of the lists of a rule it is for
   */
  static double score(int seed, int run, int window) {
    long[] state = {window % HALF, window / HALF % HALF};
    for (int round = 0; round < ROUNDS.length; round++) {
      long half = round % 2 == 0 ? seed : Math.floorDiv(seed, HALF);
      long key = Math.floorMod(half, HALF) + (run + 1) * ROUNDS[round][0];
      long mixed = Math.floorMod(state[1] + key, HALF);
      long product = mixed * (mixed + ROUNDS[round][1]);
      state = new long[] {state[1], (state[0] + product / 1024) % HALF};
    }
    return (double) Math.floorDiv(state[1] * HALF + state[0], 64L);
  }
}
