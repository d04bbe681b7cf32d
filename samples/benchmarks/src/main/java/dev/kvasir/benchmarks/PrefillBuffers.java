package dev.kvasir.benchmarks;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.CachedPages;
import dev.kvasir.plans.PageLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.Random;

/** What attention of a whole prompt over its own raw rows reads and writes. */
public final class PrefillBuffers {
  private final AttentionCase shape;
  private final AttentionData data;
  private final MemorySegment out;
  private final Map<String, MemorySegment> buffers;

  /**
   * Fills them.
   *
   * @param shape of f32, as the raw rows of a prompt are
   */
  public PrefillBuffers(AttentionCase shape, NativeMemory memory) {
    this.shape = shape;
    data = new AttentionData(shape);
    AttentionShape kernelShape = shape.shape();
    int rows = shape.context();
    int width = shape.queryHeads() * shape.headDim();
    out = memory.floats((long) rows * width);
    MemorySegment raw =
        memory.floats((long) shape.kvHeads() * shape.pages() * kernelShape.pageElements());
    PageLayout layout = PageLayout.plain(shape.headDim(), shape.headDim());
    for (int head = 0; head < shape.kvHeads(); head++) {
      for (int page = 0; page < shape.pages(); page++) {
        long start = (long) (head * shape.pages() + page) * kernelShape.pageElements();
        FilledCache.putPage(shape, data, layout, head, page, raw, start);
      }
    }
    SegmentPart part = shape.part();
    buffers =
        Map.of(
            "q",
            queries(memory, rows, width),
            "ordinals",
            memory.ascending(rows),
            "heads",
            memory.ascending(shape.kvHeads()),
            "table",
            memory.ascending(shape.kvHeads() * part.tableEntries(rows)),
            CachedPages.pages(part),
            memory.floats(kernelShape.pageElements()),
            "raw",
            raw,
            "out",
            out,
            "lse",
            memory.floats((long) rows * shape.queryHeads()));
  }

  /** Random rows, the last of which is the query whose output is known. */
  private MemorySegment queries(NativeMemory memory, int rows, int width) {
    MemorySegment queries = memory.floats((long) rows * width);
    Random random = new Random(3);
    for (long i = 0; i < (long) rows * width; i++) {
      queries.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
    }
    MemorySegment.copy(data.queries(), 0, queries, ValueLayout.JAVA_FLOAT, lastRow(), width);
    return queries;
  }

  private long lastRow() {
    return (shape.context() - 1L) * shape.queryHeads() * shape.headDim() * Float.BYTES;
  }

  /** {@return them all, by argument} */
  public Map<String, MemorySegment> buffers() {
    return buffers;
  }

  /** {@return the integers of a launch} */
  public Map<String, Integer> dims() {
    return Map.of(
        "position", 0, "span", shape.context(), "first_head", 0, shape.part().name() + "_table", 0);
  }

  /** {@return the output, [rows, query heads, head dim]} */
  public MemorySegment out() {
    return out;
  }

  /** {@return bytes of queries, keys, values and output} */
  public double bytes() {
    double rows = 2.0 * shape.kvHeads() + 2.0 * shape.queryHeads();
    return rows * shape.headDim() * shape.context() * Float.BYTES;
  }

  /**
   * Compares the last row of the output with the definition.
   *
   * @param what whose output, for the message
   * @param bar largest relative distance
   * @throws IllegalStateException when it is farther off
   */
  public void require(String what, double bar) {
    data.require(what, out.asSlice(lastRow()).toArray(ValueLayout.JAVA_FLOAT), bar);
  }
}
