package dev.kvasir.codegen.skeleton;

import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.type.ElementFormat;

/**
 * y = silu(x Wg^T + bg) * (x Wu^T + bu), with silu(g) = g / (1 + exp(-g)): SwiGLU (Shazeer, "GLU
 * Variants Improve Transformer"); either bias may be absent, and either product may have factors.
 *
 * @param name the kernel's name in the plan
 * @param outputs rows of both weights
 * @param inputs columns of both weights
 * @param gate how Wg and bg are stored
 * @param up how Wu and bu are stored
 */
public record GatedProduct(
    String name, int outputs, int inputs, MatrixFormat gate, MatrixFormat up) {

  private static final float LOG2_E = (float) (1 / Math.log(2));

  /** Declares the buffers but x. */
  void declare(KernelBuilder kernel) {
    gate.declare(kernel, "gate", "gate_bias");
    up.declare(kernel, "up", "up_bias");
    kernel.writes("y", ElementFormat.F32);
  }

  /** {@return silu(gated) * lifted, element by element} */
  static TileExpression join(String gated, String lifted) {
    TileExpression g = TileExpression.element(gated);
    TileExpression sigmoid =
        TileExpression.constant(1).over(TileExpression.constant(1).plus(g.times(-LOG2_E).exp2()));
    return g.times(sigmoid).times(TileExpression.element(lifted));
  }
}
