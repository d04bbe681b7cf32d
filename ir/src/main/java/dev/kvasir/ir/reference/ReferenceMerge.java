package dev.kvasir.ir.reference;

import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.ir.type.Merge;
import dev.kvasir.ir.type.Packing;
import dev.kvasir.ir.type.QuantisedFormat;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
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
   * Rows that become one.
   *
   * @param positions of the rows of each KV head, ascending
   * @param keys what their keys become
   * @param values what their values become
   * @param retained for each KV head and position, whether the row keeps its original
   */
  private record Batch(int[][] positions, Pair[][] keys, Pair[][] values, boolean[][] retained) {}

  /**
   * {@return the caches of the lower and the upper layer afterwards}
   *
   * @param choice what their selection chose; empty where every row is kept
   * @throws ArithmeticException when f16 cannot hold a norm, a step or a minimum
   */
  public List<ReferenceValue> run(
      ReferenceCache lower, ReferenceCache upper, Optional<ReferenceChoice> choice) {
    if (choice.isPresent()) {
      return run(lower, upper, choice.get());
    }
    int rows = upper.rows();
    int mark = upper.merged().mark();
    if (!context.prefill() && rows - mark < merge.tail()) {
      return List.of(lower, upper);
    }
    int[] fresh = IntStream.range(mark, rows).toArray();
    int[][] positions = new int[upperType.kvHeads()][];
    boolean[][] retained = new boolean[positions.length][];
    int[] counts = new int[positions.length];
    for (int head = 0; head < positions.length; head++) {
      positions[head] = fresh;
      boolean[] before = mark == 0 ? new boolean[0] : upper.merged().retained()[head];
      retained[head] = Arrays.copyOf(before, rows);
      counts[head] = merge.retained(rows) - merge.retained(mark);
    }
    Batch batch = batch(lower, upper, positions, retained, counts);
    return List.of(
        lower.merging(merged(lowerType, lower.merged(), batch)),
        upper.merging(merged(upperType, upper.merged(), batch)));
  }

  private List<ReferenceValue> run(
      ReferenceCache lower, ReferenceCache upper, ReferenceChoice choice) {
    if (choice.lists().isEmpty()) {
      return List.of(lower.observing(choice.observed()), upper.observing(choice.observed()));
    }
    int rows = upper.rows();
    int[][] positions = new int[upperType.kvHeads()][];
    boolean[][] retained = new boolean[positions.length][rows];
    int[] counts = new int[positions.length];
    for (int head = 0; head < positions.length; head++) {
      List<Integer> list = choice.lists().get(choice.lists().size() == 1 ? 0 : head);
      positions[head] = list.stream().mapToInt(Integer::intValue).toArray();
      counts[head] = merge.retained(list.size());
    }
    Batch batch = batch(lower, upper, positions, retained, counts);
    return List.of(
        lower.merging(
            merged(lowerType, ReferenceMerged.NOTHING, batch), lowerType, positions, context),
        upper.merging(
            merged(upperType, ReferenceMerged.NOTHING, batch), upperType, positions, context));
  }

  /** Pairs up rows; of those of each head, so many more keep their originals. */
  private Batch batch(
      ReferenceCache lower,
      ReferenceCache upper,
      int[][] positions,
      boolean[][] retained,
      int[] counts) {
    Pair[][] keys = new Pair[positions.length][];
    Pair[][] values = new Pair[positions.length][];
    for (int head = 0; head < positions.length; head++) {
      keys[head] = pairs(lower, upper, head, positions[head], true);
      values[head] = pairs(lower, upper, head, positions[head], false);
      for (int index : chosen(keys[head], values[head], counts[head])) {
        retained[head][positions[head][index]] = true;
      }
    }
    return new Batch(positions, keys, values, retained);
  }

  private Pair[] pairs(
      ReferenceCache lower, ReferenceCache upper, int head, int[] positions, boolean ofKeys) {
    return Arrays.stream(positions)
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
    return ofKeys ? cache.candidateKey(row, head, form) : cache.candidateValue(row, head, form);
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
  private static List<Integer> chosen(Pair[] keys, Pair[] values, int count) {
    return IntStream.range(0, keys.length)
        .boxed()
        .sorted(
            Comparator.<Integer>comparingDouble(
                    index -> -difference(Math.max(keys[index].angle(), values[index].angle())))
                .thenComparing(index -> index))
        .limit(count)
        .toList();
  }

  private static double difference(double angle) {
    double difference = 1 - Math.cos(angle);
    return difference < Merge.SMALLEST_DIFFERENCE ? 0 : difference;
  }

  /** What a layer has of a batch behind what it had before. */
  private static ReferenceMerged merged(CacheType type, ReferenceMerged before, Batch batch) {
    HeadGroup group = type.groups().getFirst();
    boolean isLower = group.merge().side() == Merge.Side.LOWER;
    return new ReferenceMerged(
        batch.retained()[0].length,
        batch.retained(),
        longer(before, type, batch, isLower, true),
        longer(before, type, batch, isLower, false));
  }

  private static ReferenceMerged.Side longer(
      ReferenceMerged before, CacheType type, Batch batch, boolean isLower, boolean ofKeys) {
    Pair[][] pairs = ofKeys ? batch.keys() : batch.values();
    int dim = ofKeys ? type.keyDim() : type.valueDim();
    int heads = pairs.length;
    int rows = batch.retained()[0].length - before.mark();
    double[] directions = new double[rows * heads * dim];
    double[] norms = new double[rows * heads];
    for (int head = 0; head < heads; head++) {
      for (int index = 0; index < pairs[head].length; index++) {
        int position = batch.positions()[head][index];
        if (!batch.retained()[head][position]) {
          Pair pair = pairs[head][index];
          int place = (position - before.mark()) * heads + head;
          norms[place] = half(isLower ? pair.lowerNorm() : pair.upperNorm());
          System.arraycopy(pair.direction(), 0, directions, place * dim, dim);
        }
      }
    }
    CacheSegment shared = type.groups().getFirst().segments().getFirst();
    Optional<QuantisedFormat> codes = shared.packing().map(ofKeys ? Packing::key : Packing::value);
    ReferenceMerged.Side side =
        (ofKeys ? before.keys() : before.values())
            .append(heads, dim, directions, norms, shared.format());
    if (codes.isPresent()) {
      for (int head = 0; head < heads; head++) {
        int[] coded =
            shared.budget().isPresent()
                ? batch.positions()[head]
                : IntStream.range(0, before.mark() + rows).toArray();
        side.code(codes.get(), head, coded, before.mark());
      }
    }
    return side;
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
