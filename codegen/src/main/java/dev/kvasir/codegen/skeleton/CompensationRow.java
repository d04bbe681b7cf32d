package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;

/**
 * The row that stands for what the ring of a head has dropped (RazorAttention, Tang et al., 2024):
 * the mean of N keys and the mean of N values, in f32, which attention begins with as N equal rows:
 *
 * <pre>{@code
 * maximum = scale * q . k     sum = N     output = N * v
 * }</pre>
 *
 * That is one row whose logit has log N added. N follows from the number of tokens.
 */
public final class CompensationRow {

  /** The argument that holds the mean keys and values, [head][keyDim + valueDim]. */
  public static final String MEANS = "means";

  /** The dim that says where the means of the first listed head start. */
  public static final String FIRST_MEAN = "first_mean";

  private CompensationRow() {}

  /** {@return elements of the means of one head} */
  public static int elements(AttentionShape shape) {
    return shape.keyDim() + shape.valueDim();
  }

  /** Declares what {@link #start} reads, where the heads are compensated. */
  static void declare(KernelBuilder kernel, AttentionShape shape) {
    if (shape.compensated()) {
      kernel.reads(MEANS, ElementFormat.F32);
      kernel.tile("mean_value", 1, shape.valueDim());
    }
  }

  /**
   * Begins with the row, where the heads are compensated and their rings have dropped anything.
   *
   * @param softmax has been started without rows
   * @param here whether this point is the one that begins with the row
   * @param gone pages that are gone
   */
  static void start(
      KernelBuilder kernel,
      AttentionShape shape,
      OnlineSoftmax softmax,
      IntExpression here,
      IntExpression gone) {
    IntExpression pages = kernel.let("gone", gone);
    kernel.when(
        here.and(IntExpression.constant(0).less(pages)),
        () -> {
          kernel.load("mean_value", value(kernel, shape));
          softmax.startFrom(key(kernel, shape), "mean_value", pages.times(SegmentPart.PAGE_ROWS));
        });
  }

  /** {@return the mean key of the listed head of this point} */
  static View key(KernelBuilder kernel, AttentionShape shape) {
    return mean(kernel, shape, 0, shape.keyDim());
  }

  /** {@return the mean value of the listed head of this point} */
  static View value(KernelBuilder kernel, AttentionShape shape) {
    return mean(kernel, shape, shape.keyDim(), shape.valueDim());
  }

  private static View mean(KernelBuilder kernel, AttentionShape shape, int from, int columns) {
    return new View(
        MEANS,
        new View.Layout.Rows(1, 0, columns),
        1,
        columns,
        kernel.axis("head"),
        elements(shape),
        kernel.dim(FIRST_MEAN).plus(from),
        IntExpression.constant(0));
  }
}
