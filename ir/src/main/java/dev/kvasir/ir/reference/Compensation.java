package dev.kvasir.ir.reference;

import dev.kvasir.ir.type.Fold;
import java.util.Arrays;

/**
 * What the compensation row of a KV head stands for (RazorAttention, Tang et al., 2024, equations 4
 * and 5): rows that are gone, of which only the means are left.
 *
 * @param rows how many, at least 1
 * @param keySum sum of their keys, after RoPE
 * @param valueSum sum of their values
 */
public record Compensation(int rows, double[] keySum, double[] valueSum) {

  /** {@return the mean row} */
  public ReferenceRow row() {
    return new ReferenceRow(Fold.NO_POSITION, mean(keySum), mean(valueSum));
  }

  private double[] mean(double[] sum) {
    return Arrays.stream(sum).map(element -> element / rows).toArray();
  }
}
