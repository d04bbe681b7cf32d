package dev.kvasir.codegen.skeleton;

import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.type.ElementFormat;
import java.util.Optional;

/**
 * y = silu(x Wg^T + bg) * (x Wu^T + bu), with silu(g) = g / (1 + exp(-g)): SwiGLU (Shazeer, "GLU
 * Variants Improve Transformer"); either bias may be absent.
 *
 * @param name the kernel's name in the plan
 * @param outputs rows of both weights
 * @param inputs columns of both weights
 * @param gate how Wg is stored
 * @param up how Wu is stored
 * @param gateBias how bg, [outputs], is stored; empty without one
 * @param upBias how bu, [outputs], is stored; empty without one
 */
public record GatedProduct(
    String name,
    int outputs,
    int inputs,
    ElementFormat gate,
    ElementFormat up,
    Optional<ElementFormat> gateBias,
    Optional<ElementFormat> upBias) {

  private static final float LOG2_E = (float) (1 / Math.log(2));

  /** Declares the buffers but x. */
  void declare(KernelBuilder kernel) {
    kernel.reads("gate", gate);
    kernel.reads("up", up);
    gateBias.ifPresent(format -> kernel.reads("gate_bias", format));
    upBias.ifPresent(format -> kernel.reads("up_bias", format));
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
