package dev.kvasir.codegen.skeleton;

import dev.kvasir.ir.type.ElementFormat;

/**
 * y = x W^T, times the factors of W and plus its bias where it has them, plus r with {@code
 * residual}.
 *
 * @param name the kernel's name in the plan
 * @param outputs rows of W
 * @param inputs columns of W
 * @param weight how W is stored
 * @param residual whether r, of the shape of y, is added
 */
public record Product(String name, int outputs, int inputs, MatrixFormat weight, boolean residual) {

  /** {@return x W^T alone} */
  public static Product plain(String name, int outputs, int inputs, ElementFormat weight) {
    return new Product(name, outputs, inputs, MatrixFormat.of(weight), false);
  }

  /** Declares the buffers but x. */
  void declare(KernelBuilder kernel) {
    weight.declare(kernel, "w", "b");
    if (residual) {
      kernel.reads("r", ElementFormat.F32);
    }
    kernel.writes("y", ElementFormat.F32);
  }
}
