package dev.kvasir.ir.model;

/**
 * Rotary position embedding on half-split pairs: dimension <i>i</i> of a head turns with dimension
 * <i>i + rotaryDimensions / 2</i>. Su et al., <i>RoFormer</i>, 2021, in the layout of Hugging Face.
 *
 * @param theta the base of the frequencies, above 1
 * @param rotaryDimensions how many leading dimensions of a head turn; even, at least 2
 * @param scaling what becomes of the frequencies that theta gives
 */
public record RopeConfig(double theta, int rotaryDimensions, RopeScaling scaling) {

  /** Refuses values without a meaning. */
  public RopeConfig {
    if (!(theta > 1) || Double.isInfinite(theta)) {
      throw new IllegalArgumentException("expected a finite theta above 1, got " + theta);
    }
    if (rotaryDimensions < 2 || rotaryDimensions % 2 != 0) {
      throw new IllegalArgumentException(
          "expected an even number of rotary dimensions, got " + rotaryDimensions);
    }
  }

  /** Frequencies without scaling. */
  public RopeConfig(double theta, int rotaryDimensions) {
    this(theta, rotaryDimensions, RopeScaling.NONE);
  }

  /** {@return how many pairs turn} */
  public int pairs() {
    return rotaryDimensions / 2;
  }

  /**
   * {@return radians per position of pair {@code pair}: theta^(-2 pair / rotaryDimensions), scaled}
   *
   * @throws IndexOutOfBoundsException when there is no such pair
   */
  public double frequency(int pair) {
    if (pair < 0 || pair >= pairs()) {
      throw new IndexOutOfBoundsException("pair " + pair + " of " + pairs());
    }
    return scaling.scale(Math.pow(theta, -2.0 * pair / rotaryDimensions));
  }
}
