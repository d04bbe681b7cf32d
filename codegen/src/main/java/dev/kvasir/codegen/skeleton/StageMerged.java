package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;

/**
 * Collects the rows of both layers in those pages of a batch that do not lie in the running span as
 * a whole, as they will lie in the shared pages: f32, row by row, the key and then the value. The
 * first pages are those that tails reach, the last is that of the last row. Grid: sequence, head,
 * page that is staged.
 */
public final class StageMerged {

  private static final int PAGE_ROWS = SegmentPart.PAGE_ROWS;

  private StageMerged() {}

  /**
   * {@return the kernel}
   *
   * @param name its name in the plan
   * @param shape a merged head group
   * @param batch what is merged
   */
  public static Kernel build(String name, AttentionShape shape, MergeBatch batch) {
    KernelBuilder kernel = new KernelBuilder(name, "head", "page");
    BatchRows rows = new BatchRows(kernel, shape, batch);
    for (BatchRows.Side side : rows.sides()) {
      kernel.writes(buffer(side.name), ElementFormat.F32);
    }
    IntExpression staged = kernel.axis("page");
    IntExpression start = rows.from.minus(batch.before(kernel));
    IntExpression to = kernel.dim(MergeBatch.TO);
    IntExpression reached = kernel.let("reached", batch.reached(kernel));
    IntExpression last = to.minus(1).minus(start).floorDivide(PAGE_ROWS);
    IntExpression isReached = staged.less(reached);
    IntExpression page =
        kernel.let(
            "number",
            isReached.times(staged).plus(reached.lessOrEqual(staged).times(last.maximum(reached))));
    IntExpression first = kernel.let("first", start.plus(page.times(PAGE_ROWS)));
    kernel.when(
        staged.lessOrEqual(reached),
        () ->
            kernel.loop(
                "position",
                rows.from.maximum(first),
                to.minimum(first.plus(PAGE_ROWS)),
                position -> {
                  rows.load(kernel.let("batch_row", position.minus(rows.from)));
                  IntExpression row = row(kernel, batch, staged).plus(position.minus(first));
                  for (BatchRows.Side side : rows.sides()) {
                    String target = buffer(side.name);
                    kernel.store(key(shape, target, row), side.key);
                    kernel.store(value(shape, target, row), side.value);
                  }
                }));
    return kernel.build();
  }

  /** {@return the argument that holds the rows of a layer} */
  static String buffer(String side) {
    return "staged_" + side;
  }

  /** {@return the first row of a page that is staged} */
  static IntExpression row(KernelBuilder kernel, MergeBatch batch, IntExpression staged) {
    return kernel.axis("head").times(batch.stagedPages()).plus(staged).times(PAGE_ROWS);
  }

  /** {@return the key of a staged row} */
  static View key(AttentionShape shape, String buffer, IntExpression row) {
    return View.rows(buffer, 1, shape.keyDim(), row, stride(shape));
  }

  /** {@return the value of a staged row} */
  static View value(AttentionShape shape, String buffer, IntExpression row) {
    return View.rows(buffer, 1, shape.valueDim(), row, stride(shape))
        .at(IntExpression.constant(shape.keyDim()));
  }

  /** {@return elements of a staged row} */
  static int stride(AttentionShape shape) {
    return shape.keyDim() + shape.valueDim();
  }
}
