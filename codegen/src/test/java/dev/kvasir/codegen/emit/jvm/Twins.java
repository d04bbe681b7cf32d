package dev.kvasir.codegen.emit.jvm;

import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelInterpreter;
import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.plans.abi.JvmKernelAbi;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.Supplier;

/** Drives a kernel through the interpreter and, at every vector width, through the lowering. */
final class Twins {

  private final Kernel kernel;
  private final Supplier<Map<String, KernelMemory>> memories;
  private int[][] dims = {{}};
  private int[] grid = {1};
  private double tolerance;

  private Twins(Kernel kernel, Supplier<Map<String, KernelMemory>> memories) {
    this.kernel = kernel;
    this.memories = memories;
  }

  /** Prepares; {@code memories} gives equal memories each time. */
  static Twins of(Kernel kernel, Supplier<Map<String, KernelMemory>> memories) {
    return new Twins(kernel, memories);
  }

  Twins dims(int... values) {
    dims = new int[][] {values};
    return this;
  }

  Twins grid(int... extents) {
    grid = extents;
    return this;
  }

  /** Lets results differ by {@code relative} times the largest number of their buffer. */
  Twins within(double relative) {
    tolerance = relative;
    return this;
  }

  /** Fails unless all four agree on every element of every buffer, untouched ones included. */
  void agree() {
    Map<String, KernelMemory> expected = memories.get();
    KernelInterpreter.run(kernel, expected, dims, grid);
    for (int bits : JvmKernelAbi.VECTOR_BITS) {
      Map<String, KernelMemory> actual = memories.get();
      JvmKernelRunner.run(kernel, bits, actual, dims, grid);
      for (Kernel.Buffer buffer : kernel.buffers()) {
        compare(
            bits + " bits, " + kernel.name() + ", " + buffer.name(),
            Objects.requireNonNull(expected.get(buffer.name())),
            Objects.requireNonNull(actual.get(buffer.name())));
      }
    }
  }

  private void compare(String what, KernelMemory expected, KernelMemory actual) {
    double largest = 0;
    if (expected.format() != ElementFormat.I32) {
      for (long i = 0; i < expected.size(); i++) {
        double value = Math.abs(expected.getFloat(i));
        largest = value > largest && Double.isFinite(value) ? value : largest;
      }
    }
    for (long i = 0; i < expected.size(); i++) {
      if (!same(expected, actual, i, tolerance * largest)) {
        throw new AssertionError(
            "%s[%d]: expected %s, got %s".formatted(what, i, text(expected, i), text(actual, i)));
      }
    }
  }

  private static boolean same(KernelMemory expected, KernelMemory actual, long i, double most) {
    if (expected.isInitialised(i) != actual.isInitialised(i)) {
      return expected.format() != ElementFormat.I32
          && Float.isNaN(expected.getFloat(i))
          && Float.isNaN(actual.getFloat(i));
    }
    if (!expected.isInitialised(i)) {
      return true;
    }
    if (expected.format() == ElementFormat.I32) {
      return expected.getInt(i) == actual.getInt(i);
    }
    float wanted = expected.getFloat(i);
    float found = actual.getFloat(i);
    return Float.compare(wanted, found) == 0 || Math.abs((double) wanted - found) <= most;
  }

  private static String text(KernelMemory memory, long i) {
    if (!memory.isInitialised(i)) {
      return "untouched";
    }
    return memory.format() != ElementFormat.I32
        ? Float.toString(memory.getFloat(i))
        : Integer.toString(memory.getInt(i));
  }

  /** {@return a memory of normally distributed numbers} */
  static KernelMemory gaussian(ElementFormat format, int size, long seed) {
    Random random = new Random(seed);
    KernelMemory memory = KernelMemory.uninitialised(format, size);
    for (int i = 0; i < size; i++) {
      memory.setFloat(i, (float) random.nextGaussian());
    }
    return memory;
  }

  /** {@return a memory of random codes} */
  static KernelMemory codes(ElementFormat format, int size, long seed) {
    Random random = new Random(seed);
    KernelMemory memory = KernelMemory.uninitialised(format, size);
    for (int i = 0; i < size; i++) {
      memory.setFloat(i, random.nextInt(format.largestCode() + 1));
    }
    return memory;
  }

  /** {@return a memory that nothing wrote} */
  static KernelMemory empty(ElementFormat format, int size) {
    return KernelMemory.uninitialised(format, size);
  }

  /** {@return memories by name: name, memory, name, memory, ...} */
  static Map<String, KernelMemory> memories(Object... namesAndMemories) {
    Map<String, KernelMemory> memories = new HashMap<>();
    for (int i = 0; i < namesAndMemories.length; i += 2) {
      memories.put((String) namesAndMemories[i], (KernelMemory) namesAndMemories[i + 1]);
    }
    return memories;
  }
}
