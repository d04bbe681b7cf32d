package dev.kvasir.benchmarks.fusion;

import static dev.kvasir.benchmarks.fusion.LayerRows.DIM;
import static dev.kvasir.benchmarks.fusion.LayerRows.KV_HEADS;
import static dev.kvasir.benchmarks.fusion.LayerRows.QUERY_HEADS;

import dev.kvasir.benchmarks.GridKernel;
import dev.kvasir.benchmarks.NativeMemory;
import dev.kvasir.benchmarks.Team;
import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.ChooseRetained;
import dev.kvasir.codegen.skeleton.MergeBatch;
import dev.kvasir.codegen.skeleton.MergeRows;
import dev.kvasir.codegen.skeleton.RetainRows;
import dev.kvasir.codegen.skeleton.StageMerged;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.ir.type.Merge;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;

/** The kernels that a plan runs to merge the rows of two layers whose tails are full. */
final class MergedTail implements AutoCloseable {

  private static final int PAGE = SegmentPart.PAGE_ROWS;
  private static final int TAIL = 128;

  private final NativeMemory memory = new NativeMemory();
  private final Map<String, MemorySegment> buffers = new HashMap<>();
  private final Map<String, Integer> dims = new HashMap<>();
  private final List<Runnable> kernels = new ArrayList<>();
  private final Team team;
  private final Random random = new Random(3);

  /**
   * Fills tails.
   *
   * @param from rows that are merged already
   */
  private MergedTail(int from, Team team) {
    this.team = team;
    int to = from + TAIL;
    Merge merge = new Merge(Merge.Side.UPPER, 0, new BigDecimal("0.6"), new BigDecimal(5), TAIL);
    OptionalInt none = OptionalInt.empty();
    ElementFormat format = ElementFormat.BF16;
    AttentionShape shape =
        new AttentionShape(
            QUERY_HEADS,
            KV_HEADS,
            DIM,
            DIM,
            LayerRows.SCALE,
            SegmentPart.of(
                new HeadGroup(
                    IntStream.range(0, KV_HEADS).boxed().toList(),
                    List.of(
                        CacheSegment.shared(format, merge),
                        CacheSegment.of(CacheSegment.Kind.RETAINED, format, 0, none),
                        CacheSegment.of(CacheSegment.Kind.TAIL, format, TAIL, none)))),
            to);
    MergeBatch batch = new MergeBatch(TAIL, 0);
    int slots = shape.segments().getFirst().slots(to);
    int retainedSlots = shape.segments().get(1).slots(to);
    buffers.put("table", memory.ascending(KV_HEADS * (slots + 2)));
    long page = shape.pageElements();
    buffers.put("pages_shared", memory.bytes(2 * page * KV_HEADS * slots));
    buffers.put("norms", memory.bytes(2L * 4 * PAGE * KV_HEADS * slots));
    for (String side : List.of("lower", "upper")) {
      buffers.put("tail_" + side, halves(page * KV_HEADS * (TAIL / PAGE)));
      buffers.put("staged_" + side, memory.floats(page * KV_HEADS * batch.stagedPages()));
      buffers.put("retained_" + side, memory.bytes(2 * page * KV_HEADS * retainedSlots));
      buffers.put("positions_" + side, memory.floats((long) PAGE * KV_HEADS * retainedSlots));
      for (String table : List.of("_tail_table", "_retained_table", "_positions_table")) {
        dims.put(side + table, 0);
      }
    }
    for (String list : List.of("scores", "chosen")) {
      buffers.put(list, memory.floats((long) KV_HEADS * batch.room()));
    }
    buffers.put("refused", memory.floats((long) KV_HEADS * batch.pages()));
    dims.put("shared_table", 0);
    dims.put("norms_table", 0);
    dims.put("retained_entries", retainedSlots);
    dims.put(MergeBatch.FROM, from);
    dims.put(MergeBatch.TO, to);
    dims.put(MergeBatch.TAIL_ROWS, TAIL);
    dims.put(MergeBatch.RETAINED_FROM, merge.retained(from));
    dims.put(MergeBatch.RETAINED_TO, merge.retained(to));
    int retained = Math.ceilDiv(merge.retained(to), PAGE) - merge.retained(from) / PAGE;
    add(StageMerged.build("stage", shape, batch), batch.stagedPages());
    add(MergeRows.build("merge", shape, batch, 0.6), Math.ceilDiv(to, PAGE) - from / PAGE);
    add(ChooseRetained.build("choose", shape, batch), 1);
    add(RetainRows.build("retain", shape, batch), retained);
  }

  private void add(Kernel kernel, int third) {
    GridKernel compiled = new GridKernel(kernel, team);
    GridKernel.Launch launch = compiled.launch(buffers, dims, KV_HEADS, third);
    kernels.add(() -> compiled.run(launch));
  }

  private MemorySegment halves(long count) {
    MemorySegment pages = memory.bytes(2 * count);
    for (long i = 0; i < count; i++) {
      short bits = (short) (Float.floatToRawIntBits((float) random.nextGaussian()) >>> 16);
      pages.setAtIndex(ValueLayout.JAVA_SHORT, i, bits);
    }
    return pages;
  }

  private void run() {
    kernels.forEach(Runnable::run);
  }

  /**
   * {@return what it takes for each token of a tail, the first time and compiled; the batch begins
   * and ends within pages}
   *
   * @param from rows that are merged already, and half a page less
   */
  static Map<String, Double> figures(int from) {
    Map<String, Double> figures = new LinkedHashMap<>();
    try (Team team = new Team(Parts.THREADS);
        MergedTail tail = new MergedTail(from + PAGE / 2, team)) {
      Turns turns = new Turns(() -> {}, tail::run, () -> {}, TAIL, Turns.WARM_NANOS);
      turns.first();
      turns.compiled();
      figures.put("first merge us a token", named(turns, "first fused us"));
      figures.put("merge us a token", named(turns, "fused us"));
    }
    return figures;
  }

  private static double named(Turns turns, String what) {
    return Objects.requireNonNull(turns.figures().get(what));
  }

  @Override
  public void close() {
    memory.close();
  }
}
