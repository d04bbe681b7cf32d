package dev.kvasir.codegen.skeleton;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.type.ElementFormat;

/**
 * Joins the splits of {@link DecodeAttention} in ascending order and writes the output row and its
 * log-sum-exp. Grid: sequence, listed head.
 */
public final class CombineAttention {

  private CombineAttention() {}

  /**
   * {@return the kernel}
   *
   * @param name its name in the plan
   * @param shape any head group of the layer
   * @param maxSplits splits that the partial buffers have room for per head
   */
  public static Kernel build(String name, AttentionShape shape, int maxSplits) {
    KernelBuilder kernel = new KernelBuilder(name, "head");
    String heads = kernel.reads("heads", ElementFormat.I32);
    Partials partials = Partials.read(kernel, shape, maxSplits);
    AttentionResult result = new AttentionResult(kernel, shape);

    int group = shape.group();
    String maximum = kernel.tile("maximum", group, 1);
    String sum = kernel.tile("sum", group, 1);
    String output = kernel.tile("output", group, shape.valueDim());
    String splitMaximum = kernel.tile("split_maximum", group, 1);
    String splitSum = kernel.tile("split_sum", group, 1);
    String splitOutput = kernel.tile("split_output", group, shape.valueDim());
    String newMaximum = kernel.tile("new_maximum", group, 1);
    String factor = kernel.tile("factor", group, 1);
    String splitFactor = kernel.tile("split_factor", group, 1);

    IntExpression head = PagedRows.head(kernel, heads);
    kernel.map(maximum, TileExpression.constant(OnlineSoftmax.NOTHING));
    kernel.map(sum, TileExpression.constant(0));
    kernel.map(output, TileExpression.constant(0));
    kernel.loop(
        "split",
        IntExpression.constant(0),
        kernel.dim("splits"),
        split -> {
          partials.load(head, split, splitMaximum, splitSum, splitOutput);
          kernel.map(
              newMaximum,
              TileExpression.element(maximum).maximum(TileExpression.element(splitMaximum)));
          kernel.map(factor, difference(maximum, newMaximum).exp2());
          kernel.map(splitFactor, difference(splitMaximum, newMaximum).exp2());
          kernel.map(sum, joined(sum, factor, splitSum, splitFactor));
          kernel.map(output, joined(output, factor, splitOutput, splitFactor));
          kernel.map(maximum, TileExpression.element(newMaximum));
        });
    result.store(head, kernel.axis("sequence"), 1, maximum, sum, output);
    return kernel.build();
  }

  private static TileExpression difference(String left, String right) {
    return TileExpression.element(left).minus(TileExpression.element(right));
  }

  private static TileExpression joined(
      String value, String factor, String other, String otherFactor) {
    return TileExpression.element(value)
        .times(TileExpression.element(factor))
        .plus(TileExpression.element(other).times(TileExpression.element(otherFactor)));
  }
}
