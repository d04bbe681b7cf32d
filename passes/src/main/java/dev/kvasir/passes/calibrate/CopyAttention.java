package dev.kvasir.passes.calibrate;

import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/**
 * Attention of each query head onto the copy of the text that ended just before: {@code echo} is
 * the weight on the same token one block earlier, {@code induction} the weight on the token after
 * it, both 0 to 1 and means over positions.
 *
 * @param echo by query head, or by KV head after {@link #ofGroups}
 * @param induction by query head, or by KV head after {@link #ofGroups}
 */
public record CopyAttention(List<Double> echo, List<Double> induction) {

  /** Copies the lists. */
  public CopyAttention {
    echo = List.copyOf(echo);
    induction = List.copyOf(induction);
  }

  /**
   * The heads of a layer.
   *
   * @param queryHeads a multiple of {@code kvHeads}
   * @param kvHeads at least 1
   * @param headDim elements of a query and of a key
   * @param scale factor on q.k
   * @param window how many positions a query sees, itself included; empty: all before it
   */
  public record Heads(int queryHeads, int kvHeads, int headDim, double scale, OptionalInt window) {}

  /**
   * What a layer's queries and keys, as attention multiplies them, say of one block of the text.
   *
   * @param block tokens of a block
   * @param queries of the block, [query heads, block, head dim]
   * @param lse of those queries, the logarithm of the sum of exponentials, [query heads, block]
   * @param before keys of the block before, [KV heads, block, head dim]
   * @param keys of the block, [KV heads, block, head dim]
   */
  public static CopyAttention ofBlock(
      Heads heads, int block, float[] queries, float[] lse, float[] before, float[] keys) {
    int group = heads.queryHeads() / heads.kvHeads();
    int dim = heads.headDim();
    double[] echo = new double[heads.queryHeads()];
    double[] induction = new double[heads.queryHeads()];
    int sight = heads.window().orElse(Integer.MAX_VALUE);
    for (int head = 0; head < heads.queryHeads(); head++) {
      int first = head / group * block;
      for (int row = 0; row < block; row++) {
        int query = (head * block + row) * dim;
        double sum = lse[head * block + row];
        // A key at distance n is visible where n is less than the window.
        if (block < sight) {
          double logit = dot(queries, query, before, (first + row) * dim, dim);
          echo[head] += Math.exp(heads.scale() * logit - sum);
        }
        if (block - 1 < sight) {
          boolean last = row == block - 1;
          float[] holder = last ? keys : before;
          int key = (first + (last ? 0 : row + 1)) * dim;
          double logit = dot(queries, query, holder, key, dim);
          induction[head] += Math.exp(heads.scale() * logit - sum);
        }
      }
    }
    return new CopyAttention(
        list(heads.queryHeads(), head -> echo[head] / block),
        list(heads.queryHeads(), head -> induction[head] / block));
  }

  /** {@return the means of several blocks of the same heads} */
  public static CopyAttention mean(List<CopyAttention> blocks) {
    int heads = blocks.getFirst().echo.size();
    return new CopyAttention(
        list(
            heads,
            head -> blocks.stream().mapToDouble(one -> one.echo.get(head)).average().orElse(0)),
        list(
            heads,
            head ->
                blocks.stream().mapToDouble(one -> one.induction.get(head)).average().orElse(0)));
  }

  /** {@return the largest of each group of query heads that share a KV head} */
  public CopyAttention ofGroups(int kvHeads) {
    int group = echo.size() / kvHeads;
    return new CopyAttention(
        list(kvHeads, head -> Collections.max(echo.subList(head * group, (head + 1) * group))),
        list(
            kvHeads, head -> Collections.max(induction.subList(head * group, (head + 1) * group))));
  }

  private static double dot(float[] a, int aOffset, float[] b, int bOffset, int length) {
    double sum = 0;
    for (int i = 0; i < length; i++) {
      sum += (double) a[aOffset + i] * b[bOffset + i];
    }
    return sum;
  }

  private static List<Double> list(int count, IntToDoubleFunction values) {
    return IntStream.range(0, count).mapToObj(values::applyAsDouble).toList();
  }
}
