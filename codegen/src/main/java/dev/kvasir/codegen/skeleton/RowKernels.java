package dev.kvasir.codegen.skeleton;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;

/**
 * Kernels that treat each activation row alone. Grid: sequence, token. Activation rows of a
 * sequence lie {@code sequence_rows} apart.
 */
public final class RowKernels {

  private RowKernels() {}

  private static IntExpression row(KernelBuilder kernel) {
    return kernel.let(
        "row",
        kernel.axis("sequence").times(kernel.dim("sequence_rows")).plus(kernel.axis("token")));
  }

  /**
   * {@return y = table[tokens[row]]}
   *
   * @param name its name in the plan
   * @param width elements of a row
   * @param table how the table is stored
   */
  public static Kernel embedding(String name, int width, ElementFormat table) {
    KernelBuilder kernel = new KernelBuilder(name, "token");
    String tokens = kernel.reads("tokens", ElementFormat.I32);
    kernel.reads("table", table);
    kernel.writes("y", ElementFormat.F32);
    String tile = kernel.tile("values", 1, width);
    IntExpression row = row(kernel);
    IntExpression token = kernel.let("id", new IntExpression.BufferElement(tokens, row));
    kernel.load(tile, View.rows("table", 1, width, token, width));
    kernel.store(View.rows("y", 1, width, row, width), tile);
    return kernel.build();
  }

  /** {@return the norm of whole rows of {@code width} elements} */
  public static Kernel rmsNorm(String name, int width, double epsilon, ElementFormat weight) {
    return rmsNorm(name, 1, width, epsilon, weight);
  }

  /**
   * {@return y = x / sqrt(mean(x^2) + epsilon) * w (Zhang and Sennrich, "Root Mean Square Layer
   * Normalization")} of each head of row {@code first_row} + row of x.
   *
   * @param name its name in the plan
   * @param heads heads of a row
   * @param width elements of a head
   * @param epsilon added to the mean
   * @param weight how w, the same for all heads, is stored
   */
  public static Kernel rmsNorm(
      String name, int heads, int width, double epsilon, ElementFormat weight) {
    KernelBuilder kernel = new KernelBuilder(name, "token");
    kernel.reads("x", ElementFormat.F32);
    kernel.reads("w", weight);
    kernel.writes("y", ElementFormat.F32);
    String values = kernel.tile("values", heads, width);
    String scaled = kernel.tile("scaled", heads, width);
    String inverse = kernel.tile("inverse", heads, 1);
    String factors = kernel.tile("factors", 1, width);
    IntExpression row = row(kernel);
    kernel.load(values, heads("x", heads, width, row.plus(kernel.dim("first_row"))));
    TileExpression x = TileExpression.element(values);
    kernel.map(scaled, x.times(x));
    kernel.sumColumns(inverse, scaled);
    kernel.map(
        inverse,
        new TileExpression.Unary(
            TileExpression.UnaryOperator.RSQRT,
            TileExpression.element(inverse)
                .times((float) (1.0 / width))
                .plus(TileExpression.constant((float) epsilon))));
    kernel.load(factors, View.rows("w", 1, width, IntExpression.constant(0), width));
    kernel.map(
        values, x.times(TileExpression.element(inverse)).times(TileExpression.element(factors)));
    kernel.store(heads("y", heads, width, row), values);
    return kernel.build();
  }

  private static View heads(String buffer, int heads, int width, IntExpression row) {
    return heads == 1
        ? View.rows(buffer, 1, width, row, width)
        : View.rows(buffer, heads, width, row.times(heads), width);
  }

  /**
   * {@return rotary embedding of half-split pairs: (a, b) becomes (a cos - b sin, b cos + a sin)
   * for elements i and i + d/2 of each head (Su et al., "RoFormer")}
   *
   * @param name its name in the plan
   * @param heads heads of a row
   * @param dim elements of a head, all of them rotated
   */
  public static Kernel rope(String name, int heads, int dim) {
    KernelBuilder kernel = new KernelBuilder(name, "token");
    kernel.reads("x", ElementFormat.F32);
    kernel.reads("cosines", ElementFormat.F32);
    kernel.reads("sines", ElementFormat.F32);
    kernel.writes("y", ElementFormat.F32);
    int half = dim / 2;
    String low = kernel.tile("low", heads, half);
    String high = kernel.tile("high", heads, half);
    String rotated = kernel.tile("rotated", heads, half);
    String cosines = kernel.tile("cosine_row", 1, half);
    String sines = kernel.tile("sine_row", 1, half);
    IntExpression row = row(kernel);
    IntExpression position =
        kernel.let("position", kernel.dim("position").plus(kernel.axis("token")));
    kernel.load(low, halves("x", heads, dim, row, 0));
    kernel.load(high, halves("x", heads, dim, row, half));
    kernel.load(cosines, View.rows("cosines", 1, half, position, half));
    kernel.load(sines, View.rows("sines", 1, half, position, half));
    TileExpression a = TileExpression.element(low);
    TileExpression b = TileExpression.element(high);
    TileExpression cosine = TileExpression.element(cosines);
    TileExpression sine = TileExpression.element(sines);
    kernel.map(rotated, a.times(cosine).minus(b.times(sine)));
    kernel.store(halves("y", heads, dim, row, 0), rotated);
    kernel.map(rotated, b.times(cosine).plus(a.times(sine)));
    kernel.store(halves("y", heads, dim, row, half), rotated);
    return kernel.build();
  }

  private static View halves(String buffer, int heads, int dim, IntExpression row, int first) {
    return new View(
        buffer,
        new View.Layout.Rows(heads, 0, dim),
        heads,
        dim / 2,
        row,
        (long) heads * dim,
        IntExpression.constant(first),
        IntExpression.constant(0));
  }

  /**
   * {@return next = index of the largest of a row of logits, the lowest index among equals}
   *
   * @param name its name in the plan
   * @param width number of logits
   */
  public static Kernel argmax(String name, int width) {
    KernelBuilder kernel = new KernelBuilder(name);
    kernel.reads("logits", ElementFormat.F32);
    kernel.writes("next", ElementFormat.I32);
    String logits = kernel.tile("values", 1, width);
    String index = kernel.intTile("index", 1, 1);
    kernel.load(logits, View.rows("logits", 1, width, kernel.axis("sequence"), width));
    kernel.argmaxColumns(index, logits);
    kernel.store(View.rows("next", 1, 1, kernel.axis("sequence"), 1), index);
    return kernel.build();
  }
}
