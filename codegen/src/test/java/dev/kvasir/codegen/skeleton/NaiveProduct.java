package dev.kvasir.codegen.skeleton;

import dev.kvasir.ir.kernel.KernelMemory;
import java.util.Optional;

/**
 * x W^T + b in double precision, each output times its factor before b is added.
 *
 * @param biased whether b is added
 */
record NaiveProduct(
    KernelMemory x,
    KernelMemory w,
    Optional<KernelMemory> factors,
    KernelMemory b,
    boolean biased,
    int outputs,
    int inputs) {

  /** Without factors. */
  NaiveProduct(
      KernelMemory x, KernelMemory w, KernelMemory b, boolean biased, int outputs, int inputs) {
    this(x, w, Optional.empty(), b, biased, outputs, inputs);
  }

  /** {@return element i, row by row} */
  double at(int i) {
    long row = i / outputs;
    long output = i % outputs;
    double sum = 0;
    for (int input = 0; input < inputs; input++) {
      sum += (double) x.getFloat(row * inputs + input) * w.getFloat(output * inputs + input);
    }
    double factor = factors.map(known -> known.getFloat(output)).orElse(1f);
    return factor * sum + (biased ? b.getFloat(output) : 0);
  }

  /** {@return element i of silu(this) * up} */
  double gating(NaiveProduct up, int i) {
    double gate = at(i);
    return gate / (1 + Math.exp(-gate)) * up.at(i);
  }
}
