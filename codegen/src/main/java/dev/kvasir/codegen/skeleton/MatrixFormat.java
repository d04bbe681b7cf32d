package dev.kvasir.codegen.skeleton;

import dev.kvasir.ir.type.ElementFormat;
import java.util.Optional;

/**
 * How the row-major matrix W of a product is stored, and what each of its outputs is multiplied by
 * and increased by: {@code scale_n * sum_k x_k W_nk + bias_n}.
 *
 * @param elements of W, [outputs, inputs]
 * @param scale how the factors, [outputs], are stored; empty without any
 * @param bias how b, [outputs], is stored; empty without one
 */
public record MatrixFormat(
    ElementFormat elements, Optional<ElementFormat> scale, Optional<ElementFormat> bias) {

  /** {@return a matrix alone} */
  public static MatrixFormat of(ElementFormat elements) {
    return new MatrixFormat(elements, Optional.empty(), Optional.empty());
  }

  /** {@return the same with factors} */
  public MatrixFormat scaled(ElementFormat format) {
    return new MatrixFormat(elements, Optional.of(format), bias);
  }

  /** {@return the same with a bias} */
  public MatrixFormat biased(ElementFormat format) {
    return new MatrixFormat(elements, scale, Optional.of(format));
  }

  /** {@return the name of the factors' buffer beside that of a matrix} */
  public static String scaleName(String matrix) {
    return matrix + "_scale";
  }

  /** Declares what a product reads besides activations. */
  void declare(KernelBuilder kernel, String matrix, String biasName) {
    kernel.reads(matrix, elements);
    scale.ifPresent(format -> kernel.reads(scaleName(matrix), format));
    bias.ifPresent(format -> kernel.reads(biasName, format));
  }
}
