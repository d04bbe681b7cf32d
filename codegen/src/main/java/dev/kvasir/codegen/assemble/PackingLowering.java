package dev.kvasir.codegen.assemble;

import dev.kvasir.codegen.assemble.ProgramBuilder.Mode;
import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.ClosingPages;
import dev.kvasir.codegen.skeleton.GatherRows;
import dev.kvasir.codegen.skeleton.PackPages;
import dev.kvasir.codegen.skeleton.ProgramExpressions;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.Program;
import dev.kvasir.plans.program.SegmentDeclaration;
import java.util.List;
import java.util.Map;

/**
 * Packs the pages of quantised segments: those that close within a span while its layer is
 * prefilled, the one that the last row of a run fills by a rule after the run.
 */
final class PackingLowering {

  private static final String REFUSED = "refused";
  private static final String CLOSING = "closing";
  private static final String SOURCE = "source";

  private final ProgramBuilder builder;
  private final AttentionChecks checks;

  PackingLowering(ProgramBuilder builder, AttentionChecks checks) {
    this.builder = builder;
    this.checks = checks;
  }

  /**
   * Adds the launches of all packed segments of a group; others are packed when chosen or merged.
   */
  void pack(String layer, CacheAssembly.Group group, Map<String, String> shared) {
    for (int i = 0; i < group.segments().size(); i++) {
      SegmentPart segment = group.shape().segments().get(i);
      if (segment.packing().isPresent() && segment.isAppended() && closes(segment)) {
        pack(layer, group, segment, group.segments().get(i), shared);
      }
    }
  }

  /** Few slots never fill a page. */
  private static boolean closes(SegmentPart segment) {
    return !segment.isChosen() || segment.segment().rows() >= SegmentPart.PAGE_ROWS;
  }

  private void pack(
      String layer,
      CacheAssembly.Group group,
      SegmentPart segment,
      SegmentDeclaration declaration,
      Map<String, String> shared) {
    AttentionShape shape = group.shape();
    int room = ClosingPages.most(segment, shape, builder.sizes().spanPages());
    int points = Math.multiplyExact(group.heads().size(), room);
    long elements = (long) points * shape.pageElements();
    String label = layer + " " + segment.name();
    String closing = layer + "." + segment.name() + "." + CLOSING;
    String refused = layer + "." + segment.name() + "." + REFUSED;
    builder.scratch(
        closing, KernelLibrary.storage(segment.format()), Expression.constant(elements), elements);
    builder.scratch(refused, StorageFormat.I32, Expression.constant(points), points);
    Map<String, String> arguments = AttentionLowering.withPages(group, shared);
    arguments.put(CLOSING, closing);
    arguments.put(REFUSED, refused);
    arguments.put(SOURCE, closing);
    Expression all = Expression.constant(group.heads().size());
    // Of a folded group, the fold behind the attention takes the rows of a span that is due.
    Expression heads = segment.isChosen() ? all.times(FoldLowering.isAppended(group)) : all;
    // Never more than room; written out, so that a reader of the plan can show it at once.
    Expression pages =
        ProgramExpressions.of(
                ClosingPages.count(
                    segment,
                    shape,
                    ProgramExpressions.counter("position"),
                    ProgramExpressions.counter("tokens")))
            .min(room);
    Map<String, Expression> dims = AttentionLowering.groupDims(group);
    List<Expression> grid = List.of(heads, pages);
    Kernel gather = gather(shape, segment, room);
    builder.launch(Mode.PREFILL, gather, label + " gather rows", grid, arguments, dims);
    Kernel packSpan = packSpan(shape, segment, room);
    builder.launch(Mode.PREFILL, packSpan, label + " pack pages", grid, arguments, dims);
    builder.require(Mode.PREFILL, refusal(label, refused, heads.times(pages)));
    arguments.put(SOURCE, declaration.pool());
    builder.afterRuns(
        segment.isChosen() ? isFilled(declaration, segment) : isFull(declaration.rows()),
        packOpen(shape, segment),
        label + " pack open page",
        List.of(all, Expression.constant(1)),
        arguments,
        dims,
        refusal(label, refused, all));
  }

  /** {@return whether a run has filled a page of slots that were never folded} */
  private static Expression isFilled(SegmentDeclaration declaration, SegmentPart slots) {
    int rows = slots.segment().rows();
    return isFull(declaration.rows())
        .times(Expression.counter("position").lessThan(Expression.constant(rows)))
        .times(Expression.counter(slots.mark().orElseThrow()).equalTo(Expression.constant(rows)));
  }

  /** {@return whether a run has filled the open page of a segment of so many rows} */
  static Expression isFull(Expression rows) {
    return rows.min(1).times(rows.mod(SegmentPart.PAGE_ROWS).equalTo(Expression.constant(0)));
  }

  /** {@return what packing must have met} */
  static Program.Step.Require refusal(String label, String refused, Expression points) {
    return new Program.Step.Require(
        refused,
        points,
        label
            + ": f16 cannot hold the step or least value of a group of keys or values, or they are"
            + " no numbers; leave this layer out of quantize-kv");
  }

  private Kernel gather(AttentionShape shape, SegmentPart segment, int room) {
    String name = "gather_rows_" + shape.text();
    return builder.kernel(
        name,
        "page layout + rounding of rows that close pages",
        () -> GatherRows.build(name, shape, segment, room),
        () -> checks.gather(shape, segment));
  }

  private Kernel packSpan(AttentionShape shape, SegmentPart segment, int room) {
    String name = "pack_pages_" + shape.text();
    return builder.kernel(
        name,
        "least value + step + codes of closing pages",
        () -> PackPages.ofSpan(name, shape, segment, room),
        () -> checks.packSpan(shape, segment));
  }

  private Kernel packOpen(AttentionShape shape, SegmentPart segment) {
    String name = "pack_open_page_" + shape.text();
    return builder.kernel(
        name,
        "least value + step + codes of the open page",
        () -> PackPages.ofOpenPage(name, shape, segment),
        () -> checks.packOpen(shape, segment));
  }
}
