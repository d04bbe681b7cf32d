package dev.kvasir.benchmarks;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.CachedPages;
import dev.kvasir.plans.PageLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.Random;

/** Attention of a whole prompt over its own raw rows, the cache empty before it. */
final class PrefillWork implements Workload {
  private static final double BAR = 1e-4;

  private final AttentionCase shape;
  private final AttentionData data;
  private final NativeMemory memory = new NativeMemory();
  private final GridKernel kernel;
  private final GridKernel.Launch launch;
  private final MemorySegment out;

  PrefillWork(AttentionCase shape, Team team) {
    if (shape.format() != CacheFormat.F32) {
      throw new IllegalArgumentException("raw rows of a prompt are f32");
    }
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
    int tokens = shape.tiles().prefillTokens();
    kernel =
        new GridKernel(
            dev.kvasir.codegen.skeleton.PrefillAttention.build(
                "prefill", kernelShape, tokens, shape.pages()),
            team);
    SegmentPart part = shape.part();
    launch =
        kernel.launch(
            Map.of(
                "q",
                queries(rows, width),
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
                memory.floats((long) rows * shape.queryHeads())),
            Map.of("position", 0, "span", rows, "first_head", 0, part.name() + "_table", 0),
            shape.kvHeads(),
            Math.ceilDiv(rows, tokens));
  }

  /** Random rows, the last of which is the query whose output is known. */
  private MemorySegment queries(int rows, int width) {
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

  @Override
  public void run() {
    kernel.run(launch);
  }

  @Override
  public double bytes() {
    double rows = 2.0 * shape.kvHeads() + 2.0 * shape.queryHeads();
    return rows * shape.headDim() * shape.context() * Float.BYTES;
  }

  /** Row i sees i + 1 rows. */
  @Override
  public double operations() {
    return shape.operationsOfRow() * (shape.context() + 1.0) / 2;
  }

  @Override
  public void check() {
    data.require("prefill attention", out.asSlice(lastRow()).toArray(ValueLayout.JAVA_FLOAT), BAR);
  }

  @Override
  public void close() {
    memory.close();
  }
}
