package dev.kvasir.codegen.assemble;

import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelInterpreter;
import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.plans.CheckVectors;
import dev.kvasir.plans.program.KernelDeclaration;
import dev.kvasir.plans.program.KernelDeclaration.Argument;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** Runs check cases through the interpreter and records inputs and results. */
final class CheckRunner {

  /** Made-up inputs repeat after this many values; a prime, so that no two rows are alike. */
  private static final int PERIOD = 1021;

  /** Codes repeat in whole blocks. */
  private static final int CODE_PERIOD = 9 * ElementFormat.U4.blockElements();

  /** Codes times this are of the size of other made-up numbers. */
  private static final float SMALL = 1f / 64;

  private CheckRunner() {}

  /** Adds the vectors of one kernel to {@code vectors}. */
  static void run(
      Kernel kernel, KernelDeclaration declaration, CheckCase check, CheckVectors.Builder vectors) {
    Map<String, KernelMemory> memory = new HashMap<>();
    Random random = new Random(kernel.name().hashCode());
    for (int i = 0; i < kernel.buffers().size(); i++) {
      Kernel.Buffer buffer = kernel.buffers().get(i);
      Argument argument = declaration.arguments().get(i);
      int size = size(check, buffer.name());
      if (buffer.access() == Kernel.Access.WRITE) {
        memory.put(buffer.name(), KernelMemory.uninitialised(buffer.format(), size));
      } else if (buffer.format() == ElementFormat.I32) {
        int[] values =
            integers(check, buffer.name()).stream().mapToInt(Integer::intValue).toArray();
        vectors.input(kernel.name(), argument, values);
        memory.put(buffer.name(), KernelMemory.ofInts(values));
      } else {
        int period = buffer.format().isCode() ? CODE_PERIOD : PERIOD;
        float[] values = new float[Math.min(size, period)];
        for (int v = 0; v < values.length; v++) {
          values[v] = number(check, buffer, random);
        }
        if (!buffer.format().isFloating()) {
          vectors.input(kernel.name(), argument, integers(values));
        } else {
          vectors.input(kernel.name(), argument, values);
        }
        float[] repeated = new float[size];
        for (int v = 0; v < size; v++) {
          repeated[v] = values[v % values.length];
        }
        memory.put(buffer.name(), KernelMemory.ofFloats(buffer.format(), repeated));
      }
    }
    int[] dims = kernel.dims().stream().mapToInt(dim -> dim(check, dim)).toArray();
    int[] grid = check.grid().stream().mapToInt(Integer::intValue).toArray();
    int[][] allDims = Collections.nCopies(grid[0], dims).toArray(int[][]::new);
    KernelInterpreter.run(kernel, memory, allDims, grid);
    record(kernel, declaration, memory, vectors);
  }

  private static int[] integers(float[] codes) {
    int[] integers = new int[codes.length];
    for (int i = 0; i < codes.length; i++) {
      integers[i] = (int) codes[i];
    }
    return integers;
  }

  private static int integer(KernelMemory memory, int index) {
    return memory.format() == ElementFormat.I32
        ? memory.getInt(index)
        : (int) memory.getFloat(index);
  }

  private static float number(CheckCase check, Kernel.Buffer buffer, Random random) {
    if (buffer.format() == ElementFormat.I8) {
      return (byte) random.nextInt();
    }
    if (buffer.format().isCode()) {
      return random.nextInt(buffer.format().largestCode() + 1);
    }
    float value = (float) random.nextGaussian();
    if (check.positive().contains(buffer.name())) {
      value = Math.abs(value);
    }
    if (check.atLeastOne().contains(buffer.name())) {
      value = 1 + Math.abs(value);
    }
    if (check.small().contains(buffer.name())) {
      value *= SMALL;
    }
    return buffer.format().round(value);
  }

  private static void record(
      Kernel kernel,
      KernelDeclaration declaration,
      Map<String, KernelMemory> memory,
      CheckVectors.Builder vectors) {
    for (Argument argument : declaration.arguments()) {
      if (!argument.written()) {
        continue;
      }
      KernelMemory result = memory.get(argument.name());
      if (result == null) {
        throw new IllegalStateException("no memory for " + argument.name());
      }
      int size = Math.toIntExact(result.size());
      if (!result.format().isFloating()) {
        int[] values = new int[size];
        for (int i = 0; i < size; i++) {
          values[i] = result.isInitialised(i) ? integer(result, i) : Integer.MIN_VALUE;
        }
        vectors.output(kernel.name(), argument, values);
      } else {
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
          values[i] = result.isInitialised(i) ? result.getFloat(i) : Float.NaN;
        }
        vectors.output(kernel.name(), argument, values);
      }
    }
  }

  /** {@return size of a buffer in the case} */
  static int size(CheckCase check, String buffer) {
    return known(check.elements().get(buffer), buffer);
  }

  /** {@return value of a dim in the case} */
  static int dim(CheckCase check, String dim) {
    return known(check.dims().get(dim), dim);
  }

  private static List<Integer> integers(CheckCase check, String buffer) {
    return known(check.integers().get(buffer), buffer);
  }

  private static <T> T known(@Nullable T value, String name) {
    if (value == null) {
      throw new IllegalStateException("the check case says nothing about " + name);
    }
    return value;
  }
}
