package dev.kvasir.codegen.skeleton;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.codegen.emit.jvm.JvmKernelRunner;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.type.ElementFormat;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.IntToDoubleFunction;

/** Runs of kernels on random numbers, two sequences at a time. */
final class KernelRuns {

  static final long SEED = 41;

  /** A matrix with a bias if it is {@code biased}. */
  static MatrixFormat matrix(ElementFormat elements, ElementFormat bias, boolean biased) {
    MatrixFormat matrix = MatrixFormat.of(elements);
    return biased ? matrix.biased(bias) : matrix;
  }

  /** All signed bytes alike. */
  static KernelMemory signedBytes(int size, long seed) {
    Random random = new Random(SEED + seed);
    KernelMemory memory = KernelMemory.uninitialised(ElementFormat.I8, size);
    for (int i = 0; i < size; i++) {
      memory.setFloat(i, (byte) random.nextInt());
    }
    return memory;
  }

  /** Factors of both signs of the size that codes need. */
  static KernelMemory scales(ElementFormat format, int size, long seed) {
    KernelMemory memory = gaussian(format, size, seed);
    for (int i = 0; i < size; i++) {
      memory.setFloat(i, memory.getFloat(i) / Byte.MAX_VALUE);
    }
    return memory;
  }

  static KernelMemory gaussian(ElementFormat format, int size, long seed) {
    Random random = new Random(SEED + seed);
    KernelMemory memory = KernelMemory.uninitialised(format, size);
    for (int i = 0; i < size; i++) {
      memory.setFloat(i, (float) random.nextGaussian());
    }
    return memory;
  }

  /** Runs for two sequences with the same dims and returns the memories. */
  static Map<String, KernelMemory> run(
      Kernel kernel,
      int bits,
      Map<String, KernelMemory> inputs,
      Map<String, Integer> dims,
      int outputSize,
      int... grid) {
    Map<String, KernelMemory> memories = new HashMap<>(inputs);
    Kernel.Buffer output = kernel.buffers().getLast();
    memories.put(output.name(), KernelMemory.uninitialised(output.format(), outputSize));
    int[] values = Uniforms.dims(kernel, dims);
    JvmKernelRunner.run(kernel, bits, memories, new int[][] {values, values}, grid);
    return memories;
  }

  /** Relative L2 of at most 1e-6, and every element written. */
  static void requireNear(KernelMemory actual, int size, IntToDoubleFunction expected) {
    double error = 0;
    double norm = 0;
    for (int i = 0; i < size; i++) {
      double wanted = expected.applyAsDouble(i);
      assertThat(actual.isInitialised(i)).as("element %d", i).isTrue();
      error += Math.pow(actual.getFloat(i) - wanted, 2);
      norm += wanted * wanted;
    }
    assertThat(Math.sqrt(error / norm)).as("seed %d", SEED).isLessThanOrEqualTo(1e-6);
  }

  static KernelMemory get(Map<String, KernelMemory> memories, String name) {
    return Objects.requireNonNull(memories.get(name));
  }

  private KernelRuns() {}
}
