package dev.kvasir.ir.reference;

/**
 * What the compensation row of a KV head stands for (RazorAttention, Tang et al., 2024, equations 4
 * and 5): rows that are gone, of which only the means are left.
 *
 * @param rows how many, at least 1
 * @param keySum sum of their keys, after RoPE
 * @param valueSum sum of their values
 */
public record Compensation(int rows, double[] keySum, double[] valueSum) {

  /** {@return element of the mean key} */
  public double key(int element) {
    return keySum[element] / rows;
  }

  /** {@return element of the mean value} */
  public double value(int element) {
    return valueSum[element] / rows;
  }
}
