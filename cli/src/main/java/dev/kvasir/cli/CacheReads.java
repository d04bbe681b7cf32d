package dev.kvasir.cli;

import dev.kvasir.plans.Plan;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.program.Beside;
import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.KernelDeclaration;
import dev.kvasir.plans.program.Packing;
import dev.kvasir.plans.program.Program.Step;
import dev.kvasir.plans.program.SegmentDeclaration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** How many bytes of the cache the launches of a step read: those of the rows that are visible. */
final class CacheReads {
  /** What kernels call the dim that holds where a segment begins in its page table. */
  private static final String TABLE_DIM = "_table";

  private final Plan plan;
  private final int pageRows;
  private final CounterIndex counters;
  private final Map<String, KernelDeclaration> kernels = new HashMap<>();

  CacheReads(Plan plan) {
    this.plan = plan;
    pageRows = plan.manifest().pageRows();
    counters = CounterIndex.ofProgram(plan.program());
    plan.program().kernels().forEach(kernel -> kernels.put(kernel.name(), kernel));
  }

  /**
   * {@return the bytes that a launch reads in the step that makes the cache {@code tokens} long; 0
   * for a launch that reads no pages}
   */
  long ofLaunch(Step.Launch launch, int tokens) {
    KernelDeclaration kernel = kernels.get(launch.kernel());
    if (kernel == null) {
      return 0;
    }
    Set<String> read = new HashSet<>();
    for (int i = 0; i < launch.buffers().size(); i++) {
      if (kernel.arguments().get(i).read()) {
        read.add(launch.buffers().get(i));
      }
    }
    long bytes = 0;
    for (SegmentDeclaration segment : plan.program().segments()) {
      // A segment that shares all pages of another one is found by the same table elements.
      if (segment.shares().isEmpty()
          && read.contains(segment.table())
          && names(kernel, launch, segment, tokens)) {
        bytes += ofSegment(segment, read, tokens);
      }
    }
    return bytes;
  }

  private boolean names(
      KernelDeclaration kernel, Step.Launch launch, SegmentDeclaration segment, int tokens) {
    List<String> dims = kernel.dims();
    for (int i = 0; i < dims.size(); i++) {
      if (dims.get(i).endsWith(TABLE_DIM)
          && value(launch.dims().get(i), tokens) == segment.tableOffset()) {
        return true;
      }
    }
    return false;
  }

  private long ofSegment(SegmentDeclaration segment, Set<String> read, int tokens) {
    long rows = value(segment.rows(), tokens);
    long first =
        segment.window() == 0
            ? 0
            : Math.clamp(
                tokens - segment.window() - value(segment.firstPosition(), tokens), 0, rows);
    // A page is closed after the step that fills it.
    long closed = segment.packing().isEmpty() ? 0 : Math.max(0, rows - 1) / pageRows * pageRows;
    long bytes = 0;
    if (read.contains(segment.pool())) {
      bytes += (rows - Math.max(first, closed)) * segment.pageBytes(pageRows);
    }
    if (segment.beside().isPresent() && segment.beside().get() instanceof Beside.Norms norms) {
      // Of the norms of two layers, those of one.
      bytes += read.contains(norms.pool()) ? rows * segment.besideBytes(pageRows) / 2 : 0;
    }
    if (segment.packing().isPresent()) {
      long closedRows = Math.max(0, closed - first);
      bytes += closedRows * packedPageBytes(segment, segment.packing().get(), read);
    }
    return bytes / pageRows * segment.heads().size();
  }

  private long packedPageBytes(SegmentDeclaration segment, Packing packing, Set<String> read) {
    int keyDim = segment.keyDim();
    int valueDim = segment.valueDim();
    long bytes = 0;
    if (read.contains(packing.keyPool())) {
      bytes += packing.key().codes().bytes((long) pageRows * keyDim);
    }
    if (read.contains(packing.valuePool())) {
      bytes += packing.value().codes().bytes((long) pageRows * valueDim);
    }
    if (read.contains(packing.scalePool())) {
      bytes += StorageFormat.F16.bytes(packing.scaleElements(pageRows, keyDim, valueDim));
    }
    return bytes;
  }

  private long value(Expression expression, int tokens) {
    long[] values = new long[counters.names().size()];
    int context = plan.manifest().context();
    // As in the first step after a prompt, which sets all marks.
    Arrays.fill(values, tokens - 1L);
    CounterIndex.set(values, context, plan.manifest().span(), tokens - 1, 1);
    return expression.compile(counters).evaluate(values);
  }
}
