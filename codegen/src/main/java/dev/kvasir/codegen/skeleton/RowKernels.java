package dev.kvasir.codegen.skeleton;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import java.util.function.Consumer;

/**
 * Kernels that treat each activation row alone. Grid: sequence, token. Activation rows of a
 * sequence lie {@code sequence_rows} apart. A row that has more elements than a tile may have is
 * taken in blocks, one after the other.
 */
public final class RowKernels {

  private RowKernels() {}

  /** Runs the body with 0, size, 2 size ... up to {@code all}; without a loop for 0 alone. */
  private static void blocks(
      KernelBuilder kernel, int all, int size, Consumer<IntExpression> body) {
    if (all == size) {
      body.accept(IntExpression.constant(0));
    } else {
      kernel.loop(
          "block",
          IntExpression.constant(0),
          IntExpression.constant(all / size),
          block -> body.accept(kernel.let("from", block.times(size))));
    }
  }

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
   * @param most elements of a tile
   */
  public static Kernel embedding(String name, int width, ElementFormat table, int most) {
    int columns = ProductBlock.divisor(width, most, 1);
    KernelBuilder kernel = new KernelBuilder(name, "token");
    String tokens = kernel.reads("tokens", ElementFormat.I32);
    kernel.reads("table", table);
    kernel.writes("y", ElementFormat.F32);
    String tile = kernel.tile("values", 1, columns);
    IntExpression row = row(kernel);
    IntExpression token = kernel.let("id", new IntExpression.BufferElement(tokens, row));
    blocks(
        kernel,
        width,
        columns,
        column -> {
          kernel.load(tile, View.rows("table", 1, columns, token, width).at(column));
          kernel.store(View.rows("y", 1, columns, row, width).at(column), tile);
        });
    return kernel.build();
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
   * @param most elements of a tile
   */
  public static Kernel rmsNorm(
      String name, int heads, int width, double epsilon, ElementFormat weight, int most) {
    int columns = ProductBlock.divisor(width, Math.max(1, most / heads), 1);
    KernelBuilder kernel = new KernelBuilder(name, "token");
    kernel.reads("x", ElementFormat.F32);
    kernel.reads("w", weight);
    kernel.writes("y", ElementFormat.F32);
    String values = kernel.tile("values", heads, columns);
    String scaled = kernel.tile("scaled", heads, columns);
    String inverse = kernel.tile("inverse", heads, 1);
    String factors = kernel.tile("factors", 1, columns);
    IntExpression row = row(kernel);
    IntExpression input = row.plus(kernel.dim("first_row"));
    TileExpression x = TileExpression.element(values);
    if (columns == width) {
      kernel.load(values, heads("x", heads, width, width, input));
      kernel.map(scaled, x.times(x));
      kernel.sumColumns(inverse, scaled);
    } else {
      String part = kernel.tile("part", heads, 1);
      kernel.map(inverse, TileExpression.constant(0));
      blocks(
          kernel,
          width,
          columns,
          column -> {
            kernel.load(values, heads("x", heads, columns, width, input).at(column));
            kernel.map(scaled, x.times(x));
            kernel.sumColumns(part, scaled);
            kernel.map(inverse, TileExpression.element(inverse).plus(TileExpression.element(part)));
          });
    }
    kernel.map(
        inverse,
        new TileExpression.Unary(
            TileExpression.UnaryOperator.RSQRT,
            TileExpression.element(inverse)
                .times((float) (1.0 / width))
                .plus(TileExpression.constant((float) epsilon))));
    blocks(
        kernel,
        width,
        columns,
        column -> {
          if (columns < width) {
            kernel.load(values, heads("x", heads, columns, width, input).at(column));
          }
          IntExpression only = IntExpression.constant(0);
          kernel.load(factors, View.rows("w", 1, columns, only, width).at(column));
          kernel.map(
              values,
              x.times(TileExpression.element(inverse)).times(TileExpression.element(factors)));
          kernel.store(heads("y", heads, columns, width, row).at(column), values);
        });
    return kernel.build();
  }

  private static View heads(String buffer, int heads, int columns, int width, IntExpression row) {
    return heads == 1
        ? View.rows(buffer, 1, columns, row, width)
        : View.rows(buffer, heads, columns, row.times(heads), width);
  }

  /**
   * {@return rotary embedding of half-split pairs: (a, b) becomes (a cos - b sin, b cos + a sin)
   * for elements i and i + d/2 of each head (Su et al., "RoFormer")}
   *
   * @param name its name in the plan
   * @param heads heads of a row
   * @param dim elements of a head, all of them rotated
   * @param most elements of a tile
   */
  public static Kernel rope(String name, int heads, int dim, int most) {
    KernelBuilder kernel = new KernelBuilder(name, "token");
    kernel.reads("x", ElementFormat.F32);
    kernel.reads("cosines", ElementFormat.F32);
    kernel.reads("sines", ElementFormat.F32);
    kernel.writes("y", ElementFormat.F32);
    int half = dim / 2;
    int together = ProductBlock.divisor(heads, Math.max(1, most / half), 1);
    String low = kernel.tile("low", together, half);
    String high = kernel.tile("high", together, half);
    String rotated = kernel.tile("rotated", together, half);
    String cosines = kernel.tile("cosine_row", 1, half);
    String sines = kernel.tile("sine_row", 1, half);
    IntExpression row = row(kernel);
    IntExpression position =
        kernel.let("position", kernel.dim("position").plus(kernel.axis("token")));
    kernel.load(cosines, View.rows("cosines", 1, half, position, half));
    kernel.load(sines, View.rows("sines", 1, half, position, half));
    TileExpression a = TileExpression.element(low);
    TileExpression b = TileExpression.element(high);
    TileExpression cosine = TileExpression.element(cosines);
    TileExpression sine = TileExpression.element(sines);
    blocks(
        kernel,
        heads,
        together,
        head -> {
          kernel.load(low, halves("x", heads, together, dim, row, head, 0));
          kernel.load(high, halves("x", heads, together, dim, row, head, half));
          kernel.map(rotated, a.times(cosine).minus(b.times(sine)));
          kernel.store(halves("y", heads, together, dim, row, head, 0), rotated);
          kernel.map(rotated, b.times(cosine).plus(a.times(sine)));
          kernel.store(halves("y", heads, together, dim, row, head, half), rotated);
        });
    return kernel.build();
  }

  private static View halves(
      String buffer,
      int heads,
      int together,
      int dim,
      IntExpression row,
      IntExpression head,
      int first) {
    return new View(
        buffer,
        new View.Layout.Rows(heads, 0, dim),
        together,
        dim / 2,
        row,
        (long) heads * dim,
        IntExpression.constant(first),
        head);
  }

  /**
   * {@return next = index of the largest of a row of logits, the lowest index among equals}
   *
   * @param name its name in the plan
   * @param width number of logits
   * @param most elements of a tile
   */
  public static Kernel argmax(String name, int width, int most) {
    KernelBuilder kernel = new KernelBuilder(name);
    kernel.reads("logits", ElementFormat.F32);
    kernel.writes("next", ElementFormat.I32);
    String index = kernel.intTile("index", 1, 1);
    if (width <= most) {
      String logits = kernel.tile("values", 1, width);
      kernel.load(logits, View.rows("logits", 1, width, kernel.axis("sequence"), width));
      kernel.argmaxColumns(index, logits);
    } else {
      argmaxOfBlocks(kernel, index, width, most);
    }
    kernel.store(View.rows("next", 1, 1, kernel.axis("sequence"), 1), index);
    return kernel.build();
  }

  private static void argmaxOfBlocks(KernelBuilder kernel, String index, int width, int most) {
    String largest = kernel.tile("largest", 1, 1);
    kernel.map(largest, TileExpression.constant(-Float.MAX_VALUE));
    kernel.map(index, TileExpression.uniform(IntExpression.constant(0)));
    String found = kernel.tile("found", 1, 1);
    String place = kernel.intTile("place", 1, 1);
    Search search = new Search(kernel, width, largest, index, found, place);
    String values = kernel.tile("values", 1, most);
    int rest = width % most;
    blocks(kernel, width - rest, most, first -> search.join(values, most, first));
    if (rest > 0) {
      String last = kernel.tile("rest", 1, rest);
      search.join(last, rest, IntExpression.constant(width - rest));
    }
  }

  /** The largest of a row so far and where it lies, and the same of a block. */
  private record Search(
      KernelBuilder kernel, int width, String largest, String index, String found, String place) {

    void join(String values, int columns, IntExpression first) {
      kernel.load(
          values, View.rows("logits", 1, columns, kernel.axis("sequence"), width).at(first));
      kernel.argmaxColumns(place, values);
      kernel.maximumColumns(found, values);
      TileExpression before = TileExpression.element(largest);
      TileExpression now = TileExpression.element(found);
      kernel.map(
          index,
          before
              .less(now)
              .select(
                  TileExpression.element(place).plus(TileExpression.uniform(first)),
                  TileExpression.element(index)));
      kernel.map(largest, before.maximum(now));
    }
  }
}
