package dev.kvasir.codegen.skeleton;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import java.util.Optional;

/**
 * Products of one activation row with row-major weights; {@link PanelProducts} are for many. Grid:
 * sequence, row, column block. Activation rows of a sequence lie {@code sequence_rows} apart.
 */
public final class DenseKernels {

  /** Activation rows of a grid point. */
  private static final int ROWS = 1;

  private static final float LOG2_E = (float) (1 / Math.log(2));

  private DenseKernels() {}

  /** {@return the product without a bias} */
  public static Kernel product(
      String name,
      int outputs,
      int inputs,
      ElementFormat weight,
      ProductBlock block,
      boolean residual) {
    return product(name, outputs, inputs, weight, Optional.empty(), block, residual);
  }

  /**
   * {@return y = x W^T, plus b on each row where there is a bias, plus r with {@code residual}}
   *
   * @param name its name in the plan
   * @param outputs rows of W
   * @param inputs columns of W
   * @param weight how W is stored
   * @param bias how b, [outputs], is stored; empty without one
   * @param block outputs of a grid point
   */
  public static Kernel product(
      String name,
      int outputs,
      int inputs,
      ElementFormat weight,
      Optional<ElementFormat> bias,
      ProductBlock block,
      boolean residual) {
    KernelBuilder kernel = new KernelBuilder(name, "row_block", "column_block");
    int columns = block.columns();
    kernel.reads("x", ElementFormat.F32);
    kernel.reads("w", weight);
    bias.ifPresent(format -> kernel.reads("b", format));
    if (residual) {
      kernel.reads("r", ElementFormat.F32);
    }
    kernel.writes("y", ElementFormat.F32);
    String result = kernel.tile("result", ROWS, columns);
    IntExpression row = row(kernel);
    multiply(kernel, result, "w", row, columns, inputs);
    if (bias.isPresent()) {
      addBias(kernel, result, "b", columns, outputs);
    }
    if (residual) {
      String added = kernel.tile("added", ROWS, columns);
      kernel.load(added, columnsOf(kernel, "r", row, columns, outputs));
      kernel.map(result, TileExpression.element(result).plus(TileExpression.element(added)));
    }
    kernel.store(columnsOf(kernel, "y", row, columns, outputs), result);
    return kernel.build();
  }

  /** {@return the gated product without biases} */
  public static Kernel gatedProduct(
      String name,
      int outputs,
      int inputs,
      ElementFormat gate,
      ElementFormat up,
      ProductBlock block) {
    return gatedProduct(name, outputs, inputs, gate, up, Optional.empty(), Optional.empty(), block);
  }

  /**
   * {@return y = silu(x Wg^T + bg) * (x Wu^T + bu), with silu(g) = g / (1 + exp(-g)): SwiGLU
   * (Shazeer, "GLU Variants Improve Transformer"); either bias may be absent}
   *
   * @param name its name in the plan
   * @param outputs rows of both weights
   * @param inputs columns of both weights
   * @param gate how Wg is stored
   * @param up how Wu is stored
   * @param gateBias how bg, [outputs], is stored; empty without one
   * @param upBias how bu, [outputs], is stored; empty without one
   * @param block outputs of a grid point
   */
  public static Kernel gatedProduct(
      String name,
      int outputs,
      int inputs,
      ElementFormat gate,
      ElementFormat up,
      Optional<ElementFormat> gateBias,
      Optional<ElementFormat> upBias,
      ProductBlock block) {
    KernelBuilder kernel = new KernelBuilder(name, "row_block", "column_block");
    int columns = block.columns();
    kernel.reads("x", ElementFormat.F32);
    kernel.reads("gate", gate);
    kernel.reads("up", up);
    gateBias.ifPresent(format -> kernel.reads("gate_bias", format));
    upBias.ifPresent(format -> kernel.reads("up_bias", format));
    kernel.writes("y", ElementFormat.F32);
    String gated = kernel.tile("gated", ROWS, columns);
    String lifted = kernel.tile("lifted", ROWS, columns);
    IntExpression row = row(kernel);
    multiply(kernel, gated, "gate", row, columns, inputs);
    multiply(kernel, lifted, "up", row, columns, inputs);
    if (gateBias.isPresent()) {
      addBias(kernel, gated, "gate_bias", columns, outputs);
    }
    if (upBias.isPresent()) {
      addBias(kernel, lifted, "up_bias", columns, outputs);
    }
    kernel.map(gated, gate(gated, lifted));
    kernel.store(columnsOf(kernel, "y", row, columns, outputs), gated);
    return kernel.build();
  }

  /** {@return silu(gated) * lifted, element by element} */
  static TileExpression gate(String gated, String lifted) {
    TileExpression g = TileExpression.element(gated);
    TileExpression sigmoid =
        TileExpression.constant(1).over(TileExpression.constant(1).plus(g.times(-LOG2_E).exp2()));
    return g.times(sigmoid).times(TileExpression.element(lifted));
  }

  private static IntExpression row(KernelBuilder kernel) {
    return kernel.let(
        "row",
        kernel
            .axis("sequence")
            .times(kernel.dim("sequence_rows"))
            .plus(kernel.axis("row_block").times(ROWS)));
  }

  private static void multiply(
      KernelBuilder kernel,
      String tile,
      String weight,
      IntExpression row,
      int columns,
      int inputs) {
    kernel.dotNT(
        tile,
        new Statement.Operand.OfView(View.rows("x", ROWS, inputs, row, inputs)),
        View.rows(weight, columns, inputs, kernel.axis("column_block").times(columns), inputs));
  }

  private static void addBias(
      KernelBuilder kernel, String tile, String bias, int columns, int outputs) {
    String row = kernel.tile(bias + "_row", ROWS, columns);
    kernel.load(row, columnsOf(kernel, bias, IntExpression.constant(0), columns, outputs));
    kernel.map(tile, TileExpression.element(tile).plus(TileExpression.element(row)));
  }

  private static View columnsOf(
      KernelBuilder kernel, String buffer, IntExpression row, int columns, int width) {
    return View.rows(buffer, ROWS, columns, row, width)
        .at(kernel.axis("column_block").times(columns));
  }
}
