package dev.kvasir.ir.type;

/**
 * The score of a window where rows are chosen at random: the baseline that every selection must
 * beat. A pure function in 32-bit integer arithmetic without overflow, so that every target and
 * every evaluator gets the same number.
 *
 * <p>With H = 2^15, all quotients rounded down and all remainders in 0 .. H - 1:
 *
 * <pre>{@code
 * left = window mod H, right = window / H mod H
 * for r = 0 .. 7:
 *   key  = (seed_r + (salt + 1) * factor_r) mod H      seed_r = seed mod H when r is even, else seed / H mod H
 *   t    = (right + key) mod H
 *   left, right = right, (left + t * (t + offset_r) / 1024) mod H
 * score = ((right * H + left) / 64) * 2^-24
 * }</pre>
 *
 * <p>For one seed and salt this maps windows below 2^30 to different integers before the last
 * division; scores are exact in f32.
 */
public final class RandomScore {

  /** H: half of the state has 15 bits. */
  public static final int HALF = 1 << 15;

  /** What a mixed product is divided by. */
  public static final int MIDDLE = 1024;

  /** What the state is divided by: 30 bits become the 24 of an f32. */
  public static final int DROPPED = 64;

  /** Distance of scores. */
  public static final float STEP = 0x1p-24f;

  /** Largest salt. */
  public static final int LARGEST_SALT = 65_535;

  private static final int[] FACTORS = {30011, 18917, 25733, 9901, 31477, 13127, 21179, 27361};
  private static final int[] OFFSETS = {24979, 11743, 31013, 19267, 8623, 28051, 15401, 22573};

  private RandomScore() {}

  /**
   * {@return the score of a window, in [0, 1)}
   *
   * @param seed the policy's
   * @param salt number of the run of layers that choose together, in 0 .. {@link #LARGEST_SALT}
   * @param window the window's number: position / rows of a window, rounded down; not negative
   * @throws IllegalArgumentException when salt or window is out of range
   */
  public static float of(int seed, int salt, int window) {
    if (salt < 0 || salt > LARGEST_SALT || window < 0) {
      throw new IllegalArgumentException(
          "no random score of salt %d, window %d".formatted(salt, window));
    }
    int left = window % HALF;
    int right = window / HALF % HALF;
    for (int round = 0; round < rounds(); round++) {
      int key = (seedPart(seed, round) + (salt + 1) * factor(round)) % HALF;
      int t = (right + key) % HALF;
      int next = (left + t * (t + offset(round)) / MIDDLE) % HALF;
      left = right;
      right = next;
    }
    int steps = (right * HALF + left) / DROPPED;
    return steps * STEP;
  }

  /** {@return how often the halves are mixed} */
  public static int rounds() {
    return FACTORS.length;
  }

  /** {@return seed_r, in 0 .. H - 1} */
  public static int seedPart(int seed, int round) {
    return Math.floorMod(round % 2 == 0 ? seed : Math.floorDiv(seed, HALF), HALF);
  }

  /** {@return factor_r} */
  public static int factor(int round) {
    return FACTORS[round];
  }

  /** {@return offset_r} */
  public static int offset(int round) {
    return OFFSETS[round];
  }
}
