package dev.kvasir.ir.reference;

import dev.kvasir.ir.type.QuantisedFormat;
import java.util.Arrays;

/**
 * Codes and decodes groups as {@link QuantisedFormat} says. Steps and codes come from f32
 * arithmetic in the order of its formula, so that whoever follows it gets the same codes; decoding
 * is in double precision, where it is exact.
 */
public final class ReferenceQuantiser {
  private static final float LARGEST_F16 = 65504;

  private ReferenceQuantiser() {}

  /**
   * One group after coding.
   *
   * @param step as f16 holds it
   * @param minimum as f16 holds it
   * @param codes one for each element
   */
  public record Coded(float step, float minimum, int[] codes) {
    /** {@return element {@code index} as it is read} */
    public double decoded(int index) {
      return (double) step * codes[index] + minimum;
    }
  }

  /**
   * {@return a group, coded}
   *
   * @param group its elements, all of them floats
   * @throws ArithmeticException when f16 cannot hold the step or the minimum
   */
  public static Coded code(QuantisedFormat format, double[] group) {
    float minimum = (float) Arrays.stream(group).min().orElseThrow();
    float maximum = (float) Arrays.stream(group).max().orElseThrow();
    float step = half("step", (maximum - minimum) / format.maximumCode());
    float start = half("minimum", minimum);
    int[] codes = new int[group.length];
    for (int index = 0; index < group.length && step != 0; index++) {
      double code = Math.rint(((float) group[index] - start) / step);
      codes[index] = (int) Math.clamp(code, 0, format.maximumCode());
    }
    return new Coded(step, start, codes);
  }

  private static float half(String what, float value) {
    // A NaN fails every comparison.
    if (!(Math.abs(value) <= LARGEST_F16)) {
      throw new ArithmeticException("f16 cannot hold the " + what + " " + value);
    }
    return Float.float16ToFloat(Float.floatToFloat16(value));
  }
}
