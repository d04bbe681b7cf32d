package dev.kvasir.codegen.assemble;

import dev.kvasir.codegen.assemble.ProgramBuilder.Mode;
import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.ExpelRows;
import dev.kvasir.codegen.skeleton.ExpelledPages;
import dev.kvasir.codegen.skeleton.ProgramExpressions;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.plans.program.Expression;
import java.util.List;
import java.util.Map;

/**
 * Keeps compensation rows: rows that a run pushes out of a ring are taken in before the run's own
 * rows are written, a coded page before a rule codes another in its place.
 */
final class CompensationLowering {

  private static final String WHAT = "running mean of the rows that a ring drops";

  private final ProgramBuilder builder;
  private final AttentionChecks checks;

  CompensationLowering(ProgramBuilder builder, AttentionChecks checks) {
    this.builder = builder;
    this.checks = checks;
  }

  /** Adds what comes before the rows of a prefill or a step are written. */
  void beforeWriting(
      Mode mode, String layer, CacheAssembly.Group group, Map<String, String> arguments) {
    AttentionShape shape = group.shape();
    if (!shape.compensated() || (mode == Mode.STEP && isPacked(shape))) {
      return;
    }
    String name = "expel_rows_" + shape.text();
    Kernel kernel =
        builder.kernel(
            name, WHAT, () -> ExpelRows.ofRun(name, shape), () -> checks.expelRows(shape));
    Expression any =
        ProgramExpressions.of(
            ExpelledPages.any(
                shape,
                ProgramExpressions.counter("position"),
                ProgramExpressions.counter("tokens")));
    builder.launch(
        mode,
        kernel,
        layer + " expel rows",
        List.of(any.times(group.heads().size())),
        AttentionLowering.withPages(group, arguments),
        AttentionLowering.groupDims(group));
  }

  /** Adds what comes before a rule codes an open page. */
  void beforeClosing(String layer, CacheAssembly.Group group, Map<String, String> arguments) {
    AttentionShape shape = group.shape();
    if (!shape.compensated() || !isPacked(shape)) {
      return;
    }
    String name = "expel_page_" + shape.text();
    Kernel kernel =
        builder.kernel(
            name, WHAT, () -> ExpelRows.ofFullPage(name, shape), () -> checks.expelPage(shape));
    Expression gone =
        ProgramExpressions.of(ExpelledPages.count(shape, ProgramExpressions.counter("tokens")));
    builder.afterRuns(
        PackingLowering.isFull(group.segments().getLast().rows()),
        kernel,
        layer + " expel page",
        List.of(gone.min(1).times(group.heads().size())),
        AttentionLowering.withPages(group, arguments),
        AttentionLowering.groupDims(group));
  }

  private static boolean isPacked(AttentionShape shape) {
    SegmentPart ring = shape.segments().getLast();
    return ring.packing().isPresent();
  }
}
