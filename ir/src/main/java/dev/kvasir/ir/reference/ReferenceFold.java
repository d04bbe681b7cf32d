package dev.kvasir.ir.reference;

import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.Fold;
import dev.kvasir.ir.type.HeadGroup;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Folds rows as {@link Fold} says, in double precision.
 *
 * @param type the cache's type
 * @param group its folded heads
 * @param fold how rows are folded
 * @param queryHeads a multiple of the KV heads
 * @param scale what q . k is multiplied by
 * @param weights of the convolution
 * @param cache rows, the running span included
 * @param context where the running span starts and whether it is part of a prompt
 */
public record ReferenceFold(
    CacheType type,
    HeadGroup group,
    Fold fold,
    int queryHeads,
    double scale,
    Weights weights,
    ReferenceCache cache,
    EvaluationContext context) {

  /**
   * What the convolution multiplies by.
   *
   * @param weight [mixed, keyDim + valueDim, kernel], row-major
   * @param bias [mixed]
   * @param alpha how much of a mixed row is the convolution's
   */
  public record Weights(double[] weight, double[] bias, double alpha) {}

  /**
   * {@return the cache after the run}
   *
   * @param queries of the running span, [rows, queryHeads * keyDim]
   * @param lse of the running span, [rows, queryHeads]
   */
  public ReferenceCache run(ReferenceTensor queries, ReferenceTensor lse) {
    boolean due = fold.isDue(cache.rows(), cache.foldMark(group), context.prefill());
    if (context.prefill() && !due) {
      return cache;
    }
    double[][] masses = new double[type.kvHeads()][];
    List<List<ReferenceRow>> slots =
        new ArrayList<>(Collections.nCopies(type.kvHeads(), List.of()));
    for (int head : group.heads()) {
      List<ReferenceRow> candidates =
          cache.candidates(group, head, context.firstPosition(), context.prefill());
      masses[head] = new double[candidates.size()];
      for (int candidate = 0; candidate < candidates.size(); candidate++) {
        double before = context.prefill() ? 0 : cache.mass(head, candidate);
        masses[head][candidate] = before + mass(head, candidates.get(candidate), queries, lse);
      }
      if (due) {
        slots.set(head, slots(candidates, masses[head]));
      }
    }
    return due ? cache.folded(type, group, slots) : cache.weighing(masses);
  }

  private double mass(
      int kvHead, ReferenceRow candidate, ReferenceTensor queries, ReferenceTensor lse) {
    int shared = queryHeads / type.kvHeads();
    double mass = 0;
    for (int row = 0; row < queries.rows(); row++) {
      if (!candidate.isSeenFrom(context.firstPosition() + row)) {
        continue;
      }
      for (int head = kvHead * shared; head < (kvHead + 1) * shared; head++) {
        double dot = 0;
        for (int element = 0; element < type.keyDim(); element++) {
          dot += queries.at(row, head * type.keyDim() + element) * candidate.key()[element];
        }
        mass += Math.exp(scale * dot - lse.at(row, head)) / shared;
      }
    }
    return mass;
  }

  /** What the slots of a head hold after the fold, not rounded. */
  private List<ReferenceRow> slots(List<ReferenceRow> candidates, double[] masses) {
    List<Integer> all = IntStream.range(0, candidates.size()).boxed().toList();
    List<Integer> verbatim = largest(all, masses, fold.verbatim());
    List<Integer> rest = all.stream().filter(candidate -> !verbatim.contains(candidate)).toList();
    List<Integer> residual = largest(rest, masses, fold.mixed());
    List<ReferenceRow> slots = new ArrayList<>();
    verbatim.forEach(candidate -> slots.add(candidates.get(candidate)));
    double[][] rows = new double[rest.size()][];
    for (int row = 0; row < rows.length; row++) {
      rows[row] = joined(candidates.get(rest.get(row)));
    }
    for (int output = 0; output < fold.mixed(); output++) {
      double[] shares = softmax(convolution(output, rows));
      for (int row = 0; row < rows.length; row++) {
        double own = rest.get(row).equals(residual.get(output)) ? 1 : 0;
        shares[row] = (1 - weights.alpha()) * own + weights.alpha() * shares[row];
      }
      slots.add(mixed(shares, rows));
    }
    return slots;
  }

  /** Those of some candidates that have the largest mass, in their order. */
  private static List<Integer> largest(List<Integer> candidates, double[] masses, int count) {
    return candidates.stream()
        .sorted(
            Comparator.comparing((Integer candidate) -> masses[candidate])
                .reversed()
                .thenComparing(Comparator.naturalOrder()))
        .limit(count)
        .sorted()
        .toList();
  }

  private double[] joined(ReferenceRow row) {
    double[] joined = new double[type.keyDim() + type.valueDim()];
    System.arraycopy(row.key(), 0, joined, 0, type.keyDim());
    System.arraycopy(row.value(), 0, joined, type.keyDim(), type.valueDim());
    return joined;
  }

  private double[] convolution(int output, double[][] rows) {
    int channels = type.keyDim() + type.valueDim();
    double[] result = new double[rows.length];
    for (int row = 0; row < rows.length; row++) {
      double sum = weights.bias()[output];
      for (int tap = 0; tap < fold.kernel(); tap++) {
        int other = row + tap - fold.halo();
        for (int channel = 0; other >= 0 && other < rows.length && channel < channels; channel++) {
          sum +=
              weights.weight()[(output * channels + channel) * fold.kernel() + tap]
                  * rows[other][channel];
        }
      }
      result[row] = Math.max(0, sum);
    }
    return result;
  }

  private static double[] softmax(double[] logits) {
    double maximum = 0;
    for (double logit : logits) {
      maximum = Math.max(maximum, logit);
    }
    double sum = 0;
    double[] shares = new double[logits.length];
    for (int row = 0; row < shares.length; row++) {
      shares[row] = Math.exp(logits[row] - maximum);
      sum += shares[row];
    }
    for (int row = 0; row < shares.length; row++) {
      shares[row] /= sum;
    }
    return shares;
  }

  private ReferenceRow mixed(double[] shares, double[][] rows) {
    double[] key = new double[type.keyDim()];
    double[] value = new double[type.valueDim()];
    for (int row = 0; row < rows.length; row++) {
      for (int element = 0; element < key.length; element++) {
        key[element] += shares[row] * rows[row][element];
      }
      for (int element = 0; element < value.length; element++) {
        value[element] += shares[row] * rows[row][type.keyDim() + element];
      }
    }
    return new ReferenceRow(Fold.NO_POSITION, key, value);
  }
}
