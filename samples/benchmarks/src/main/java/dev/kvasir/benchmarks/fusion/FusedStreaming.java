package dev.kvasir.benchmarks.fusion;

import static dev.kvasir.benchmarks.fusion.LayerRows.DIM;
import static dev.kvasir.benchmarks.fusion.LayerRows.KV_HEADS;
import static dev.kvasir.benchmarks.fusion.LayerRows.QUERY_HEADS;

import dev.kvasir.benchmarks.GridKernel;
import dev.kvasir.benchmarks.NativeMemory;
import dev.kvasir.benchmarks.Team;
import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.codegen.skeleton.AppendRows;
import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.CompensationRow;
import dev.kvasir.codegen.skeleton.ExpelRows;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.HeadGroup;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * The kernels that a plan runs to append a step's rows to sink and ring, to a cache that keeps all
 * rows, and to take a page that the ring drops into the compensation row.
 */
final class FusedStreaming implements AutoCloseable {

  /** Rows at the start that stay. */
  static final int SINK = 4;

  /** Steps of a run. */
  static final int STEPS = SegmentPart.PAGE_ROWS;

  private static final int PAGE = SegmentPart.PAGE_ROWS;

  private final LayerRows rows;
  private final int recent;
  private final NativeMemory memory = new NativeMemory();
  private final MemorySegment sink;
  private final MemorySegment ring;
  private final MemorySegment means;
  private final int slots;
  private final GridKernel append;
  private final GridKernel.Launch[] appends = new GridKernel.Launch[STEPS];
  private final GridKernel plain;
  private final GridKernel.Launch[] plainAppends = new GridKernel.Launch[STEPS];
  private final GridKernel expel;
  private final GridKernel.Launch expelLaunch;
  private final int expelled;

  FusedStreaming(LayerRows rows, int recent, Team team) {
    this.rows = rows;
    this.recent = recent;
    int context = rows.tokens + STEPS;
    AttentionShape shape =
        shape(
            context,
            segment(CacheSegment.Kind.SINK, SINK),
            segment(CacheSegment.Kind.RING, recent));
    AttentionShape dense = shape(context, segment(CacheSegment.Kind.DENSE, 0));
    SegmentPart ringPart = shape.segments().getLast();
    slots = ringPart.slots(context);
    sink = pages(KV_HEADS);
    ring = pages(KV_HEADS * slots);
    means = memory.floats((long) KV_HEADS * 2 * DIM);
    int denseSlots = dense.segments().getFirst().slots(context);
    fill();
    Map<String, MemorySegment> buffers = new HashMap<>();
    buffers.put("heads", memory.ascending(KV_HEADS));
    buffers.put("table", memory.ascending(KV_HEADS * Math.max(slots, denseSlots)));
    buffers.put("pages_sink", sink);
    buffers.put("pages_ring", ring);
    buffers.put("pages_dense", pages(KV_HEADS * denseSlots));
    buffers.put(CompensationRow.MEANS, means);
    Map<String, Integer> dims = new HashMap<>();
    for (String name : List.of("sink", "ring", "dense")) {
      dims.put(name + "_table", 0);
    }
    dims.put("first_head", 0);
    dims.put(CompensationRow.FIRST_MEAN, 0);
    dims.put("span", 1);
    append = new GridKernel(AppendRows.build("append", shape), team);
    plain = new GridKernel(AppendRows.build("plain_append", dense), team);
    for (int step = 0; step < STEPS; step++) {
      int position = rows.tokens - STEPS + step;
      dims.put("position", position);
      buffers.put("k", activation(rows.keys, position));
      buffers.put("v", activation(rows.values, position));
      appends[step] = append.launch(buffers, dims, KV_HEADS, 1);
      plainAppends[step] = plain.launch(buffers, dims, KV_HEADS, 1);
    }
    // The last step with which a page begins that another page has to leave for.
    int begins = (rows.tokens - 1 - SINK) / PAGE * PAGE + SINK;
    expelled = (begins - SINK) / PAGE + 1 - slots;
    dims.put("position", begins);
    Kernel kernel = ExpelRows.ofRun("expel", compensated(shape));
    expel = new GridKernel(kernel, team);
    expelLaunch = expel.launch(buffers, dims, KV_HEADS, 1);
  }

  private static CacheSegment segment(CacheSegment.Kind kind, int rows) {
    return CacheSegment.of(kind, ElementFormat.BF16, rows, OptionalInt.empty());
  }

  private static AttentionShape shape(int context, CacheSegment... segments) {
    HeadGroup group =
        new HeadGroup(IntStream.range(0, KV_HEADS).boxed().toList(), List.of(segments));
    List<SegmentPart> parts = SegmentPart.of(group);
    return new AttentionShape(QUERY_HEADS, KV_HEADS, DIM, DIM, LayerRows.SCALE, parts, context);
  }

  private static AttentionShape compensated(AttentionShape shape) {
    return new AttentionShape(
        QUERY_HEADS, KV_HEADS, DIM, DIM, LayerRows.SCALE, shape.segments(), shape.context(), true);
  }

  private MemorySegment pages(int count) {
    return memory.bytes((long) Short.BYTES * count * FusedPages.CACHED.elements());
  }

  private MemorySegment activation(short[][] of, int position) {
    float[] row = new float[KV_HEADS * DIM];
    for (int head = 0; head < KV_HEADS; head++) {
      for (int i = 0; i < DIM; i++) {
        row[head * DIM + i] = LayerRows.element(of[head], position, i);
      }
    }
    return memory.floats(row);
  }

  /** What the cache holds before the steps: each slot its latest page. */
  private void fill() {
    for (int head = 0; head < KV_HEADS; head++) {
      for (int row = 0; row < SINK; row++) {
        FusedPages.put(rows, head, row, sink, head, row);
      }
      int end = (rows.tokens - STEPS - SINK) / PAGE * PAGE;
      for (int row = Math.max(0, end - slots * PAGE); row < rows.tokens - STEPS - SINK; row++) {
        FusedPages.put(rows, head, row + SINK, ring, page(head, row), row % PAGE);
      }
    }
  }

  private int page(int head, int row) {
    return head * slots + row / PAGE % slots;
  }

  /** Appends the last {@link #STEPS} rows to sink and ring. */
  void append() {
    for (GridKernel.Launch launch : appends) {
      append.run(launch);
    }
  }

  /** Appends the last {@link #STEPS} rows to a cache that keeps all. */
  void appendPlainly() {
    for (GridKernel.Launch launch : plainAppends) {
      plain.run(launch);
    }
  }

  /** {@return the rows that are gone once a page more is, from {@link #SINK} on} */
  int gone() {
    return expelled * PAGE;
  }

  /** Says what the compensation rows are before {@link #expel}, [KV heads, keys and values]. */
  void setMeans(float[] numbers) {
    MemorySegment.copy(numbers, 0, means, ValueLayout.JAVA_FLOAT, 0, numbers.length);
  }

  /** Takes the page that leaves into the compensation rows. */
  void expel() {
    expel.run(expelLaunch);
  }

  /** {@return the compensation rows, [KV heads, keys and values]} */
  float[] means() {
    return means.toArray(ValueLayout.JAVA_FLOAT);
  }

  /**
   * Compares what sink and ring show after the steps with contiguous rows, to the bit.
   *
   * @throws IllegalStateException when one differs
   */
  void requireRows(short[][] keys, short[][] values) {
    for (int head = 0; head < KV_HEADS; head++) {
      for (int row = 0; row < SINK; row++) {
        FusedPages.require(sink, head, row, keys[head], values[head], row);
      }
      for (int i = 0; i < recent; i++) {
        int row = rows.tokens - recent + i - SINK;
        FusedPages.require(ring, page(head, row), row % PAGE, keys[head], values[head], SINK + i);
      }
    }
  }

  @Override
  public void close() {
    memory.close();
  }
}
