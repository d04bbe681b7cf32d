package dev.kvasir.codegen.skeleton;

import static dev.kvasir.ir.kernel.TileExpression.constant;
import static dev.kvasir.ir.kernel.TileExpression.element;

import dev.kvasir.ir.kernel.TileExpression;
import java.util.List;

/**
 * The directions between those of rows y and x (MiniCache, Liu et al., 2024, section 3.2), with c
 * the cosine of their angle Omega:
 *
 * <pre>{@code
 * e = (sin((1 - t) Omega) y / |y| + sin(t Omega) x / |x|) / sin(Omega)      sin(Omega) = sqrt((1 - c) (1 + c))
 * }</pre>
 *
 * Where that sine is below 1e-3, e is the normalised {@code (1 - t) y / |y| + t x / |x|}, and where
 * that is shorter than 1e-3 the direction of x if t is at least 0.5, else that of y. A row of norm
 * 0 has no direction: e is the other's. Angles and sines are polynomials: arccos to 2e-8
 * (Abramowitz and Stegun, Handbook of Mathematical Functions, 4.4.46), the sine to 6e-10 (its
 * Taylor series up to the 13th power, on a quarter turn), both beyond what f32 resolves.
 */
final class Direction {

  private static final float PI = (float) Math.PI;
  private static final float SMALLEST_SINE = 1e-3f;
  private static final float SHORTEST = 1e-6f;

  private static final float[] ARC_COSINE = {
    1.5707963f,
    -0.2145988f,
    0.08897899f,
    -0.050174303f,
    0.03089188f,
    -0.017088126f,
    0.00667009f,
    -0.0012624911f
  };

  private static final float[] SINE = {
    1f, -1f / 6, 1f / 120, -1f / 5040, 1f / 362880, -1f / 39916800, 1f / 6.227021E+9f
  };

  private final KernelBuilder kernel;
  private final int rows;
  private final double t;
  private final String lowerSquare;
  private final String upperSquare;
  private final String product;
  private final String part;
  private final String lowerInverse;
  private final String upperInverse;
  private final String sine;
  private final String angle;
  private final String quarter;
  private final String power;
  private final String lowerShare;
  private final String upperShare;

  /** Tile [rows, 1] of |y|. */
  final String lowerNorm;

  /** Tile [rows, 1] of |x|. */
  final String upperNorm;

  /** Tile [rows, 1] of the cosine. */
  final String cosine;

  /**
   * Declares tiles.
   *
   * @param rows pairs of rows that are looked at together
   * @param t from 0, which gives y, to 1, which gives x
   */
  Direction(KernelBuilder kernel, int rows, double t) {
    this.kernel = kernel;
    this.rows = rows;
    this.t = t;
    lowerSquare = column("lower_square");
    upperSquare = column("upper_square");
    product = column("product");
    part = column("part");
    lowerNorm = column("lower_norm");
    upperNorm = column("upper_norm");
    lowerInverse = column("lower_inverse");
    upperInverse = column("upper_inverse");
    cosine = column("cosine");
    sine = column("sine");
    angle = column("angle");
    quarter = column("quarter");
    power = column("power");
    lowerShare = column("lower_share");
    upperShare = column("upper_share");
  }

  private String column(String name) {
    return kernel.tile(name, rows, 1);
  }

  /** Begins with rows of which nothing was seen. */
  void start() {
    for (String sum : List.of(lowerSquare, upperSquare, product)) {
      kernel.map(sum, constant(0));
    }
  }

  /**
   * Takes some channels into account.
   *
   * @param lower tile of those of y
   * @param upper tile of those of x
   * @param products tile for what is between
   */
  void join(String lower, String upper, String products) {
    join(lowerSquare, lower, lower, products);
    join(upperSquare, upper, upper, products);
    join(product, lower, upper, products);
  }

  private void join(String sum, String left, String right, String products) {
    kernel.map(products, element(left).times(element(right)));
    kernel.sumColumns(part, products);
    kernel.map(sum, element(sum).plus(element(part)));
  }

  /** Completes the norms, the cosine and what {@link #between} takes. */
  void find() {
    measure(lowerSquare, lowerNorm, lowerInverse);
    measure(upperSquare, upperNorm, upperInverse);
    TileExpression found =
        element(product)
            .times(element(lowerInverse))
            .times(element(upperInverse))
            .maximum(constant(-1))
            .minimum(constant(1));
    kernel.map(cosine, bothHaveOne().select(found, constant(1)));
    TileExpression gap = constant(1).minus(element(cosine));
    TileExpression rest = constant(1).plus(element(cosine));
    kernel.map(power, gap.times(rest));
    kernel.map(sine, root(power));
    findAngle();
    sineOf((float) (1 - t), lowerShare);
    sineOf((float) t, upperShare);
    straighten();
  }

  /** {@return some channels of e} */
  TileExpression between(String lower, String upper) {
    return element(lower)
        .times(element(lowerShare))
        .plus(element(upper).times(element(upperShare)));
  }

  /** A square root of what is at least 0. */
  private static TileExpression root(String square) {
    return element(square).times(inverseRoot(square));
  }

  /** {@return 1 over the square root, 0 for 0} */
  static TileExpression inverseRoot(String square) {
    TileExpression positive = constant(0).less(element(square));
    TileExpression inverse =
        new TileExpression.Unary(
            TileExpression.UnaryOperator.RSQRT, positive.select(element(square), constant(1)));
    return positive.select(inverse, constant(0));
  }

  private void measure(String square, String norm, String inverse) {
    kernel.map(inverse, inverseRoot(square));
    kernel.map(norm, element(square).times(element(inverse)));
  }

  private TileExpression bothHaveOne() {
    return constant(0).less(element(lowerInverse)).and(constant(0).less(element(upperInverse)));
  }

  private void findAngle() {
    kernel.map(quarter, element(cosine).maximum(constant(0).minus(element(cosine))));
    kernel.map(power, constant(1).minus(element(quarter)));
    kernel.map(angle, root(power).times(polynomial(ARC_COSINE, quarter)));
    kernel.map(
        angle,
        element(cosine)
            .less(constant(0))
            .select(constant(PI).minus(element(angle)), element(angle)));
  }

  /** share = sin(part * Omega), whose argument is within half a turn. */
  private void sineOf(float part, String share) {
    TileExpression turn = element(angle).times(part);
    kernel.map(quarter, turn.minimum(constant(PI).minus(turn)));
    kernel.map(power, element(quarter).times(element(quarter)));
    kernel.map(share, element(quarter).times(polynomial(SINE, power)));
  }

  /** Makes the shares factors of the rows, with all that has no angle set right. */
  private void straighten() {
    float toUpper = (float) t;
    float toLower = (float) (1 - t);
    float apart = (float) ((1 - 2 * t) * (1 - 2 * t));
    TileExpression rest = constant(1).plus(element(cosine));
    kernel.map(power, rest.times((float) (2 * t * (1 - t))).plus(constant(apart)));
    kernel.map(quarter, inverseRoot(power));
    TileExpression isShort = element(power).less(constant(SHORTEST));
    TileExpression isStraight = element(sine).less(constant(SMALLEST_SINE));
    kernel.map(
        lowerShare, share(lowerShare, toLower, t < 0.5 ? 1 : 0, isShort, isStraight, lowerInverse));
    kernel.map(
        upperShare, share(upperShare, toUpper, t < 0.5 ? 0 : 1, isShort, isStraight, upperInverse));
  }

  private TileExpression share(
      String turned,
      float straight,
      float alone,
      TileExpression isShort,
      TileExpression isStraight,
      String inverse) {
    TileExpression between = isShort.select(constant(alone), element(quarter).times(straight));
    TileExpression angled = isStraight.select(between, element(turned).over(element(sine)));
    return bothHaveOne().select(angled, constant(1)).times(element(inverse));
  }

  private static TileExpression polynomial(float[] factors, String of) {
    TileExpression sum = constant(factors[factors.length - 1]);
    for (int i = factors.length - 2; i >= 0; i--) {
      sum = sum.times(element(of)).plus(constant(factors[i]));
    }
    return sum;
  }
}
