package dev.kvasir.benchmarks.fusion;

import dev.kvasir.benchmarks.GridKernel;
import dev.kvasir.benchmarks.NativeMemory;
import dev.kvasir.benchmarks.Team;
import dev.kvasir.benchmarks.Workload;
import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.FoldRows;
import dev.kvasir.codegen.skeleton.FoldShape;
import dev.kvasir.codegen.skeleton.RestRows;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.Fold;
import dev.kvasir.ir.type.HeadGroup;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;

/** The mixed rows of a fold of one layer, once the rows that are mixed are collected. */
final class FoldWork implements Workload {

  private static final int PAGE_ROWS = SegmentPart.PAGE_ROWS;
  private static final int TILE = 64;
  private static final int CHECKED = 8;
  private static final double BAR = 1e-4;

  private final FoldShape shape;
  private final int heads;
  private final float[] rows;
  private final float[] weights;
  private final NativeMemory memory = new NativeMemory();
  private final GridKernel columns;
  private final GridKernel fold;
  private final GridKernel.Launch columnsLaunch;
  private final GridKernel.Launch foldLaunch;
  private final MemorySegment mixed;

  /**
   * Fills rows and weights.
   *
   * @param fold whose mixed slots are one tile or whole ones
   * @param candidates rows of a head that are folded
   * @param dim elements of a key and of a value
   */
  FoldWork(Fold fold, int heads, int candidates, int dim, Team team) {
    this.heads = heads;
    List<CacheSegment> segments =
        List.of(
            segment(CacheSegment.Kind.SLOTS, fold.slots()),
            segment(CacheSegment.Kind.TAIL, fold.block()));
    AttentionShape attention =
        new AttentionShape(
            4 * heads,
            heads,
            dim,
            dim,
            1 / Math.sqrt(dim),
            SegmentPart.of(new HeadGroup(IntStream.range(0, heads).boxed().toList(), segments)),
            candidates);
    shape = new FoldShape(attention, fold, candidates);
    Random random = new Random(7);
    int rest = shape.mostRest();
    rows = new float[Math.toIntExact(heads * shape.restElements())];
    long perHead = shape.restElements();
    for (int head = 0; head < heads; head++) {
      for (int i = 0; i < rest * shape.channels(); i++) {
        rows[Math.toIntExact(head * perHead) + fold.halo() * shape.channels() + i] =
            2 * random.nextFloat() - 1;
      }
    }
    weights = new float[fold.mixed() * fold.kernel() * shape.channels()];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = (2 * random.nextFloat() - 1) / 16;
    }
    int[] counts = new int[heads];
    Arrays.fill(counts, rest);
    mixed = memory.floats(heads * shape.mixedElements());
    MemorySegment restCounts = memory.bytes((long) heads * Integer.BYTES);
    MemorySegment.copy(counts, 0, restCounts, ValueLayout.JAVA_INT, 0, heads);
    Map<String, MemorySegment> buffers =
        Map.of(
            "rest_rows", memory.floats(rows),
            "rest_columns", memory.floats(heads * shape.columnElements()),
            "rest_counts", restCounts,
            "weight", memory.floats(weights),
            "bias", memory.floats(fold.mixed()),
            "mixed", mixed);
    Map<String, Integer> dims = Map.of(FoldRows.FIRST_SLOT, 0);
    int tile = Math.min(TILE, fold.mixed());
    columns = new GridKernel(RestRows.columns("rest_columns", shape), team);
    this.fold = new GridKernel(FoldRows.build("fold_rows", shape, tile), team);
    columnsLaunch = columns.launch(buffers, dims, heads, Math.ceilDiv(rest, PAGE_ROWS));
    foldLaunch = this.fold.launch(buffers, dims, heads, fold.mixed() / tile);
  }

  private static CacheSegment segment(CacheSegment.Kind kind, int rows) {
    return CacheSegment.of(kind, ElementFormat.BF16, rows, OptionalInt.empty());
  }

  @Override
  public void run() {
    columns.run(columnsLaunch);
    fold.run(foldLaunch);
  }

  @Override
  public double bytes() {
    return (double) rows.length * Float.BYTES + (double) weights.length * Float.BYTES;
  }

  @Override
  public double operations() {
    int terms = (shape.fold().kernel() + 1) * shape.channels();
    return 2.0 * heads * shape.fold().mixed() * shape.mostRest() * terms;
  }

  @Override
  public void check() {
    double error = 0;
    double norm = 0;
    for (int i = 0; i < CHECKED; i++) {
      int head = i % heads;
      int slot = (int) ((long) i * shape.fold().mixed() / CHECKED);
      double[] expected = mixed(head, slot);
      for (int channel = 0; channel < expected.length; channel++) {
        long place = ((long) head * shape.fold().mixed() + slot) * shape.channels() + channel;
        float found = mixed.getAtIndex(ValueLayout.JAVA_FLOAT, place);
        error += Math.pow(found - expected[channel], 2);
        norm += Math.pow(expected[channel], 2);
      }
    }
    if (!(Math.sqrt(error / norm) <= BAR)) {
      throw new IllegalStateException(
          "the fold differs from its definition by " + Math.sqrt(error / norm));
    }
  }

  private double[] mixed(int head, int slot) {
    int channels = shape.channels();
    int terms = shape.fold().kernel() * channels;
    double[] sum = new double[channels];
    double all = 0;
    for (int row = 0; row < shape.mostRest(); row++) {
      int start = Math.toIntExact(head * shape.restElements()) + row * channels;
      double logit = 0;
      for (int term = 0; term < terms; term++) {
        logit += (double) weights[slot * terms + term] * rows[start + term];
      }
      double share = Math.exp(Math.max(0, logit));
      all += share;
      for (int channel = 0; channel < channels; channel++) {
        sum[channel] += share * rows[start + shape.fold().halo() * channels + channel];
      }
    }
    for (int channel = 0; channel < channels; channel++) {
      sum[channel] /= all;
    }
    return sum;
  }

  @Override
  public void close() {
    memory.close();
  }
}
