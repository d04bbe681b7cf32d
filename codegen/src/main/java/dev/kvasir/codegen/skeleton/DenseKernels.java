package dev.kvasir.codegen.skeleton;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;

/**
 * Products of activations with row-major weights. One grid point makes a {@link ProductBlock}.
 * Grid: sequence, row block, column block. Activation rows of a sequence lie {@code sequence_rows}
 * apart.
 */
public final class DenseKernels {

  private final KernelBuilder kernel;
  private final int outputs;
  private final int inputs;
  private final int rows;
  private final int columns;

  private DenseKernels(String name, int outputs, int inputs, ProductBlock block) {
    this.kernel = new KernelBuilder(name, "row_block", "column_block");
    this.outputs = outputs;
    this.inputs = inputs;
    this.rows = block.rows();
    this.columns = block.columns();
    kernel.reads("x", ElementFormat.F32);
  }

  /**
   * {@return the kernel of a product}
   *
   * @param block what one grid point makes
   */
  public static Kernel product(Product product, ProductBlock block) {
    DenseKernels dense =
        new DenseKernels(product.name(), product.outputs(), product.inputs(), block);
    KernelBuilder kernel = dense.kernel;
    product.declare(kernel);
    String result = dense.tile("result");
    IntExpression row = dense.row();
    dense.multiply(result, "w", row);
    dense.finish(result, product.weight(), "w", "b");
    if (product.residual()) {
      String added = dense.tile("added");
      kernel.load(added, dense.block("r", row));
      kernel.map(result, TileExpression.element(result).plus(TileExpression.element(added)));
    }
    kernel.store(dense.block("y", row), result);
    return kernel.build();
  }

  /**
   * {@return the kernel of a gated product}
   *
   * @param block what one grid point makes
   */
  public static Kernel gatedProduct(GatedProduct product, ProductBlock block) {
    DenseKernels dense =
        new DenseKernels(product.name(), product.outputs(), product.inputs(), block);
    KernelBuilder kernel = dense.kernel;
    product.declare(kernel);
    String gated = dense.tile("gated");
    String lifted = dense.tile("lifted");
    IntExpression row = dense.row();
    dense.multiply(gated, "gate", row);
    dense.multiply(lifted, "up", row);
    dense.finish(gated, product.gate(), "gate", "gate_bias");
    dense.finish(lifted, product.up(), "up", "up_bias");
    kernel.map(gated, GatedProduct.join(gated, lifted));
    kernel.store(dense.block("y", row), gated);
    return kernel.build();
  }

  private String tile(String name) {
    return kernel.tile(name, rows, columns);
  }

  private IntExpression row() {
    return kernel.let(
        "row",
        kernel
            .axis("sequence")
            .times(kernel.dim("sequence_rows"))
            .plus(kernel.axis("row_block").times(rows)));
  }

  private void multiply(String tile, String weight, IntExpression row) {
    kernel.dotNT(
        tile,
        new Statement.Operand.OfView(View.rows("x", rows, inputs, row, inputs)),
        View.rows(weight, columns, inputs, kernel.axis("column_block").times(columns), inputs));
  }

  /** Multiplies by the factors and adds the bias. */
  private void finish(String tile, MatrixFormat format, String matrix, String bias) {
    if (format.scale().isEmpty() && format.bias().isEmpty()) {
      return;
    }
    TileExpression value = TileExpression.element(tile);
    if (format.scale().isPresent()) {
      value = value.times(perOutput(MatrixFormat.scaleName(matrix)));
    }
    if (format.bias().isPresent()) {
      value = value.plus(perOutput(bias));
    }
    kernel.map(tile, value);
  }

  private TileExpression perOutput(String buffer) {
    String row = kernel.tile(buffer + "_row", 1, columns);
    kernel.load(row, block(buffer, 1, IntExpression.constant(0)));
    return TileExpression.element(row);
  }

  private View block(String buffer, IntExpression row) {
    return block(buffer, rows, row);
  }

  private View block(String buffer, int blockRows, IntExpression row) {
    return View.rows(buffer, blockRows, columns, row, outputs)
        .at(kernel.axis("column_block").times(columns));
  }
}
