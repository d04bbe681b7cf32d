package dev.kvasir.codegen.skeleton;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;

/**
 * What splits of a decode attention leave for the combine: maximum (base 2), sum and unnormalised
 * output of each query head, at (sequence, KV head, split).
 */
final class Partials {

  private final KernelBuilder kernel;
  private final AttentionShape shape;
  private final int maxSplits;

  private Partials(KernelBuilder kernel, AttentionShape shape, int maxSplits) {
    this.kernel = kernel;
    this.shape = shape;
    this.maxSplits = maxSplits;
  }

  static Partials written(KernelBuilder kernel, AttentionShape shape, int maxSplits) {
    kernel.writes("partial_maximum", ElementFormat.F32);
    kernel.writes("partial_sum", ElementFormat.F32);
    kernel.writes("partial_output", ElementFormat.F32);
    return new Partials(kernel, shape, maxSplits);
  }

  static Partials read(KernelBuilder kernel, AttentionShape shape, int maxSplits) {
    kernel.reads("partial_maximum", ElementFormat.F32);
    kernel.reads("partial_sum", ElementFormat.F32);
    kernel.reads("partial_output", ElementFormat.F32);
    return new Partials(kernel, shape, maxSplits);
  }

  private IntExpression block(IntExpression head, IntExpression split) {
    return kernel.axis("sequence").times(shape.kvHeads()).plus(head).times(maxSplits).plus(split);
  }

  private View statistic(String buffer, IntExpression block) {
    return new View(
        buffer,
        new View.Layout.Rows(shape.group(), 0, 1),
        shape.group(),
        1,
        block,
        shape.group(),
        IntExpression.constant(0),
        IntExpression.constant(0));
  }

  private View output(IntExpression block) {
    return new View(
        "partial_output",
        new View.Layout.Rows(shape.group(), 0, shape.valueDim()),
        shape.group(),
        shape.valueDim(),
        block,
        (long) shape.group() * shape.valueDim(),
        IntExpression.constant(0),
        IntExpression.constant(0));
  }

  void store(IntExpression head, IntExpression split, OnlineSoftmax softmax) {
    IntExpression block = kernel.let("block", block(head, split));
    kernel.store(statistic("partial_maximum", block), softmax.maximum);
    kernel.store(statistic("partial_sum", block), softmax.sum);
    kernel.store(output(block), softmax.output);
  }

  void load(
      IntExpression head, IntExpression split, String maximum, String sum, String outputTile) {
    IntExpression block = kernel.let("block", block(head, split));
    kernel.load(maximum, statistic("partial_maximum", block));
    kernel.load(sum, statistic("partial_sum", block));
    kernel.load(outputTile, output(block));
  }
}
