package dev.kvasir.codegen.skeleton;

import dev.kvasir.ir.kernel.KernelMemory;

/**
 * x W^T + b in double precision.
 *
 * @param biased whether b is added
 */
record NaiveProduct(
    KernelMemory x, KernelMemory w, KernelMemory b, boolean biased, int outputs, int inputs) {

  /** {@return element i, row by row} */
  double at(int i) {
    long row = i / outputs;
    long output = i % outputs;
    double sum = biased ? b.getFloat(output) : 0;
    for (int input = 0; input < inputs; input++) {
      sum += (double) x.getFloat(row * inputs + input) * w.getFloat(output * inputs + input);
    }
    return sum;
  }

  /** {@return element i of silu(this) * up} */
  double gating(NaiveProduct up, int i) {
    double gate = at(i);
    return gate / (1 + Math.exp(-gate)) * up.at(i);
  }
}
