package dev.kvasir.ir.reference;

import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.ir.type.Merge;
import dev.kvasir.ir.type.Packing;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** One merge of two layers, as {@link dev.kvasir.ir.graph.ops.MergeRowsOp} says. */
public final class ReferenceMerge {
  private static final float LARGEST_F16 = 65504;
  private static final double SMALLEST_SINE = 1e-3;
  private static final double SHORTEST = 1e-3;

  private final CacheType lowerType;
  private final CacheType upperType;
  private final EvaluationContext context;
  private final Merge merge;

  /**
   * A merge of the running span.
   *
   * @param lowerType layout of the lower layer
   * @param upperType layout of the upper layer
   * @param context where the span stands
   */
  public ReferenceMerge(CacheType lowerType, CacheType upperType, EvaluationContext context) {
    this.lowerType = lowerType;
    this.upperType = upperType;
    this.context = context;
    this.merge = upperType.groups().getFirst().merge();
  }

  /** Rows of two layers for one KV head, and what they become. */
  private record Pair(double angle, double[] direction, double lowerNorm, double upperNorm) {}

  /**
   * {@return the caches of the lower and the upper layer afterwards}
   *
   * @throws ArithmeticException when f16 cannot hold a norm, a step or a minimum
   */
  public List<ReferenceValue> run(ReferenceCache lower, ReferenceCache upper) {
    int rows = upper.rows();
    int mark = upper.merged().mark();
    if (!context.prefill() && rows - mark < merge.tail()) {
      return List.of(lower, upper);
    }
    int heads = upperType.kvHeads();
    Pair[][] keys = new Pair[heads][];
    Pair[][] values = new Pair[heads][];
    boolean[][] retained = new boolean[heads][];
    for (int head = 0; head < heads; head++) {
      keys[head] = pairs(lower, upper, head, true);
      values[head] = pairs(lower, upper, head, false);
      boolean[] before = mark == 0 ? new boolean[0] : upper.merged().retained()[head];
      retained[head] = Arrays.copyOf(before, rows);
      for (int index : chosen(keys[head], values[head], mark, rows)) {
        retained[head][mark + index] = true;
      }
    }
    return List.of(
        lower.merging(longer(lower, lowerType, keys, values, retained)),
        upper.merging(longer(upper, upperType, keys, values, retained)));
  }

  private Pair[] pairs(ReferenceCache lower, ReferenceCache upper, int head, boolean ofKeys) {
    int mark = upper.merged().mark();
    return IntStream.range(mark, upper.rows())
        .mapToObj(
            row ->
                pair(
                    read(lower, lowerType, row, head, ofKeys),
                    read(upper, upperType, row, head, ofKeys)))
        .toArray(Pair[]::new);
  }

  private double[] read(ReferenceCache cache, CacheType type, int row, int head, boolean ofKeys) {
    HeadGroup group = type.groupOf(head);
    RowForm form = cache.form(group, head, row, context.firstPosition(), context.prefill());
    int dim = ofKeys ? type.keyDim() : type.valueDim();
    return IntStream.range(head * dim, (head + 1) * dim)
        .mapToDouble(
            column ->
                ofKeys ? cache.key(type, row, column, form) : cache.value(type, row, column, form))
        .toArray();
  }

  private Pair pair(double[] y, double[] x) {
    double lowerNorm = norm(y);
    double upperNorm = norm(x);
    double[] below = scaled(y, lowerNorm == 0 ? 0 : 1 / lowerNorm);
    double[] above = scaled(x, upperNorm == 0 ? 0 : 1 / upperNorm);
    if (lowerNorm == 0 || upperNorm == 0) {
      return new Pair(0, sum(1, below, 1, above), lowerNorm, upperNorm);
    }
    double cosine = 0;
    for (int element = 0; element < x.length; element++) {
      cosine += above[element] * below[element];
    }
    double angle = Math.acos(Math.clamp(cosine, -1, 1));
    return new Pair(angle, direction(angle, below, above), lowerNorm, upperNorm);
  }

  private double[] direction(double angle, double[] below, double[] above) {
    double t = merge.t().doubleValue();
    double sine = Math.sin(angle);
    if (sine >= SMALLEST_SINE) {
      return sum(Math.sin((1 - t) * angle) / sine, below, Math.sin(t * angle) / sine, above);
    }
    double[] between = sum(1 - t, below, t, above);
    double length = norm(between);
    if (length < SHORTEST) {
      return t >= 0.5 ? above : below;
    }
    return scaled(between, 1 / length);
  }

  /** Which rows of a batch keep their originals. */
  private List<Integer> chosen(Pair[] keys, Pair[] values, int mark, int rows) {
    return IntStream.range(0, keys.length)
        .boxed()
        .sorted(
            Comparator.<Integer>comparingDouble(
                    index -> -Math.max(keys[index].angle(), values[index].angle()))
                .thenComparing(index -> index))
        .limit(merge.retained(rows) - merge.retained(mark))
        .toList();
  }

  private ReferenceMerged longer(
      ReferenceCache cache, CacheType type, Pair[][] keys, Pair[][] values, boolean[][] retained) {
    ReferenceMerged before = cache.merged();
    boolean isLower = type.groups().getFirst().merge().side() == Merge.Side.LOWER;
    return new ReferenceMerged(
        cache.rows(),
        retained,
        longer(before.keys(), type, type.keyDim(), keys, retained, isLower, true),
        longer(before.values(), type, type.valueDim(), values, retained, isLower, false));
  }

  private static ReferenceMerged.Side longer(
      ReferenceMerged.Side before,
      CacheType type,
      int dim,
      Pair[][] pairs,
      boolean[][] retained,
      boolean isLower,
      boolean ofKeys) {
    int heads = pairs.length;
    int rows = pairs[0].length;
    int mark = retained[0].length - rows;
    double[] directions = new double[rows * heads * dim];
    double[] norms = new double[rows * heads];
    for (int row = 0; row < rows; row++) {
      for (int head = 0; head < heads; head++) {
        if (!retained[head][mark + row]) {
          Pair pair = pairs[head][row];
          int place = row * heads + head;
          norms[place] = half(isLower ? pair.lowerNorm() : pair.upperNorm());
          System.arraycopy(pair.direction(), 0, directions, place * dim, dim);
        }
      }
    }
    CacheSegment shared = type.groups().getFirst().segments().getFirst();
    ElementFormat format = shared.format();
    return before.append(
        heads,
        dim,
        directions,
        norms,
        format,
        shared.packing().map(ofKeys ? Packing::key : Packing::value));
  }

  private static double half(double norm) {
    float value = (float) norm;
    // A NaN fails every comparison.
    if (!(value <= LARGEST_F16)) {
      throw new ArithmeticException("f16 cannot hold the norm " + value);
    }
    return Float.float16ToFloat(Float.floatToFloat16(value));
  }

  private static double norm(double[] row) {
    return Math.sqrt(Arrays.stream(row).map(element -> element * element).sum());
  }

  private static double[] scaled(double[] row, double factor) {
    return Arrays.stream(row).map(element -> element * factor).toArray();
  }

  private static double[] sum(double factor, double[] row, double otherFactor, double[] other) {
    return IntStream.range(0, row.length)
        .mapToDouble(element -> factor * row[element] + otherFactor * other[element])
        .toArray();
  }
}
