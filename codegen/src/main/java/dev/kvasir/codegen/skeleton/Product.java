package dev.kvasir.codegen.skeleton;

import dev.kvasir.ir.type.ElementFormat;
import java.util.Optional;

/**
 * y = x W^T, plus b on each row where there is a bias, plus r with {@code residual}.
 *
 * @param name the kernel's name in the plan
 * @param outputs rows of W
 * @param inputs columns of W
 * @param weight how W is stored
 * @param bias how b, [outputs], is stored; empty without one
 * @param residual whether r, of the shape of y, is added
 */
public record Product(
    String name,
    int outputs,
    int inputs,
    ElementFormat weight,
    Optional<ElementFormat> bias,
    boolean residual) {

  /** {@return x W^T alone} */
  public static Product plain(String name, int outputs, int inputs, ElementFormat weight) {
    return new Product(name, outputs, inputs, weight, Optional.empty(), false);
  }

  /** Declares the buffers but x. */
  void declare(KernelBuilder kernel) {
    kernel.reads("w", weight);
    bias.ifPresent(format -> kernel.reads("b", format));
    if (residual) {
      kernel.reads("r", ElementFormat.F32);
    }
    kernel.writes("y", ElementFormat.F32);
  }
}
