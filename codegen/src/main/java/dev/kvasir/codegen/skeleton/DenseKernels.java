package dev.kvasir.codegen.skeleton;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;

/**
 * Products of activations with row-major weights. One grid point makes a tile of up to 16 columns
 * for a tile of rows. Grid: sequence, row tile, column block. Activation rows of a sequence lie
 * {@code sequence_rows} apart.
 */
public final class DenseKernels {

  private static final int MOST_COLUMNS = 16;
  private static final float LOG2_E = (float) (1 / Math.log(2));

  private DenseKernels() {}

  /** {@return columns of one grid point: the largest divisor of {@code outputs} up to 16} */
  public static int columnBlock(int outputs) {
    for (int block = Math.min(MOST_COLUMNS, outputs); block > 1; block--) {
      if (outputs % block == 0) {
        return block;
      }
    }
    return 1;
  }

  /**
   * {@return y = x W^T, with {@code residual} y = x W^T + r}
   *
   * @param name its name in the plan
   * @param outputs rows of W
   * @param inputs columns of W
   * @param weight how W is stored
   * @param rows activation rows of one grid point
   */
  public static Kernel product(
      String name, int outputs, int inputs, ElementFormat weight, int rows, boolean residual) {
    KernelBuilder kernel = new KernelBuilder(name, "row_block", "column_block");
    int columns = columnBlock(outputs);
    kernel.reads("x", ElementFormat.F32);
    kernel.reads("w", weight);
    if (residual) {
      kernel.reads("r", ElementFormat.F32);
    }
    kernel.writes("y", ElementFormat.F32);
    String result = kernel.tile("result", rows, columns);
    IntExpression row = firstRow(kernel, rows);
    multiply(kernel, result, "w", row, rows, columns, inputs);
    if (residual) {
      String added = kernel.tile("added", rows, columns);
      kernel.load(added, columnsOf(kernel, "r", row, rows, columns, outputs));
      kernel.map(result, TileExpression.element(result).plus(TileExpression.element(added)));
    }
    kernel.store(columnsOf(kernel, "y", row, rows, columns, outputs), result);
    return kernel.build();
  }

  /**
   * {@return y = silu(x Wg^T) * (x Wu^T), with silu(g) = g / (1 + exp(-g)): SwiGLU (Shazeer, "GLU
   * Variants Improve Transformer")}
   *
   * @param name its name in the plan
   * @param outputs rows of both weights
   * @param inputs columns of both weights
   * @param gate how Wg is stored
   * @param up how Wu is stored
   * @param rows activation rows of one grid point
   */
  public static Kernel gatedProduct(
      String name, int outputs, int inputs, ElementFormat gate, ElementFormat up, int rows) {
    KernelBuilder kernel = new KernelBuilder(name, "row_block", "column_block");
    int columns = columnBlock(outputs);
    kernel.reads("x", ElementFormat.F32);
    kernel.reads("gate", gate);
    kernel.reads("up", up);
    kernel.writes("y", ElementFormat.F32);
    String gated = kernel.tile("gated", rows, columns);
    String lifted = kernel.tile("lifted", rows, columns);
    IntExpression row = firstRow(kernel, rows);
    multiply(kernel, gated, "gate", row, rows, columns, inputs);
    multiply(kernel, lifted, "up", row, rows, columns, inputs);
    TileExpression g = TileExpression.element(gated);
    TileExpression sigmoid =
        TileExpression.constant(1).over(TileExpression.constant(1).plus(g.times(-LOG2_E).exp2()));
    kernel.map(gated, g.times(sigmoid).times(TileExpression.element(lifted)));
    kernel.store(columnsOf(kernel, "y", row, rows, columns, outputs), gated);
    return kernel.build();
  }

  private static IntExpression firstRow(KernelBuilder kernel, int rows) {
    return kernel.let(
        "row",
        kernel
            .axis("sequence")
            .times(kernel.dim("sequence_rows"))
            .plus(kernel.axis("row_block").times(rows)));
  }

  private static void multiply(
      KernelBuilder kernel,
      String tile,
      String weight,
      IntExpression row,
      int rows,
      int columns,
      int inputs) {
    kernel.dotNT(
        tile,
        new Statement.Operand.OfView(View.rows("x", rows, inputs, row, inputs)),
        View.rows(weight, columns, inputs, kernel.axis("column_block").times(columns), inputs));
  }

  private static View columnsOf(
      KernelBuilder kernel, String buffer, IntExpression row, int rows, int columns, int width) {
    return View.rows(buffer, rows, columns, row, width)
        .at(kernel.axis("column_block").times(columns));
  }
}
