package dev.kvasir.samples.oracle;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.stream.IntStream;

/**
 * How two layers merge.
 *
 * @param t where directions lie between those of the lower layer, 0, and of the upper, 1
 * @param retain percentage of rows that keep their originals
 * @param tail rows that are merged at a time
 */
record MergeRule(double t, BigDecimal retain, int tail) {
  private static final double SMALL = 1e-3;

  /**
   * What a row of the lower layer and one of the upper become.
   *
   * @param angle between them, in radians
   * @param direction of both from now on
   */
  record Pair(double angle, double[] direction, double lowerNorm, double upperNorm) {
    /** {@return what an element of the direction may be off by where all is in single precision} */
    double directionSlack() {
      return Math.sin(angle) < SMALL ? 2 * SMALL : 4e-6 / Math.sin(angle);
    }

    /** {@return what the angle may be off by, whose cosine is off by a few roundings} */
    double angleSlack() {
      return Math.min(4 * SMALL, 4e-6 / Math.max(Math.sin(angle), SMALL));
    }
  }

  /** {@return how many of so many first rows keep their originals} */
  int retained(int rows) {
    return retain
        .multiply(BigDecimal.valueOf(rows))
        .divide(BigDecimal.valueOf(100), 0, RoundingMode.CEILING)
        .intValueExact();
  }

  Pair pair(double[] lower, double[] upper) {
    double lowerNorm = norm(lower);
    double upperNorm = norm(upper);
    double cosine =
        IntStream.range(0, lower.length).mapToDouble(i -> lower[i] * upper[i]).sum()
            / (lowerNorm * upperNorm);
    double angle = Math.acos(Math.clamp(cosine, -1, 1));
    double sine = Math.sin(angle);
    double ofLower = sine < SMALL ? 1 - t : Math.sin((1 - t) * angle) / sine;
    double ofUpper = sine < SMALL ? t : Math.sin(t * angle) / sine;
    double[] direction =
        IntStream.range(0, lower.length)
            .mapToDouble(i -> ofLower * lower[i] / lowerNorm + ofUpper * upper[i] / upperNorm)
            .toArray();
    double length = sine < SMALL ? norm(direction) : 1;
    if (lowerNorm == 0 || upperNorm == 0 || length < SMALL) {
      throw new AssertionError("random rows have directions and are not opposite");
    }
    return new Pair(
        angle,
        IntStream.range(0, direction.length).mapToDouble(i -> direction[i] / length).toArray(),
        lowerNorm,
        upperNorm);
  }

  private static double norm(double[] row) {
    return Math.sqrt(IntStream.range(0, row.length).mapToDouble(i -> row[i] * row[i]).sum());
  }
}
