package dev.kvasir.codegen.assemble;

import dev.kvasir.codegen.emit.jvm.LoadedKernel;
import dev.kvasir.plans.CheckVectors;
import dev.kvasir.plans.PackedCodes;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanException;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.abi.JvmKernelAbi;
import dev.kvasir.plans.program.KernelDeclaration;
import dev.kvasir.plans.program.KernelDeclaration.Argument;
import dev.kvasir.plans.safetensors.SafetensorsTensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Runs kernels on the check vectors of a plan, as its format describes them: f32 results within a
 * relative L2 of 1e-5, numbers beyond 1e29 each by itself; 16-bit results within one unit in the
 * last place; integers exactly, and codes but for one in 20; what must stay untouched, untouched.
 */
final class PlanCheckRunner {

  private static final byte UNTOUCHED = (byte) 0xfe;

  /** A kernel that can be run. */
  interface Launch {
    /**
     * Runs it for one sequence.
     *
     * @param buffers content of each argument, which is replaced
     */
    void run(MemorySegment[] buffers, int[] dims, int[] grid);
  }

  private final CheckVectors vectors;

  PlanCheckRunner(Plan plan) throws PlanException {
    this.vectors = CheckVectors.of(plan);
  }

  /**
   * Runs one kernel of a {@code jvm} plan.
   *
   * @param files entries of a plan, class files among them
   * @throws AssertionError when it does not compute what it must
   */
  void check(KernelDeclaration kernel, int bits, Map<String, byte[]> files) {
    Map<String, byte[]> classFiles = new HashMap<>();
    String folder = "kernels/jvm/" + bits + "/";
    files.forEach(
        (name, bytes) -> {
          if (name.startsWith(folder)) {
            String simple = name.substring(folder.length(), name.length() - ".class".length());
            classFiles.put(JvmKernelAbi.className(simple, bits), bytes);
          }
        });
    LoadedKernel loaded =
        LoadedKernel.of(
            classFiles,
            JvmKernelAbi.className(kernel.name(), bits),
            kernel.tileFloats(),
            kernel.tileInts());
    check(kernel, kernel.name() + ", " + bits + " bits", loaded::run);
  }

  /**
   * Runs one kernel.
   *
   * @param what it is called in errors
   * @throws AssertionError when it does not compute what it must
   */
  void check(KernelDeclaration kernel, String what, Launch loaded) {
    try (Arena arena = Arena.ofConfined()) {
      List<Argument> arguments = kernel.arguments();
      MemorySegment[] buffers = new MemorySegment[arguments.size()];
      for (int i = 0; i < buffers.length; i++) {
        Argument argument = arguments.get(i);
        long size = argument.format().bytes(kernel.check().elements().get(i));
        byte before = argument.format().isCode() ? CheckVectors.UNTOUCHED_CODES : UNTOUCHED;
        buffers[i] = arena.allocate(size, 64).fill(before);
        if (argument.read()) {
          MemorySegment input = vectors.input(kernel.name(), argument.name()).data();
          for (long at = 0; at < size; at += input.byteSize()) {
            MemorySegment.copy(input, 0, buffers[i], at, Math.min(input.byteSize(), size - at));
          }
        }
      }
      int[] grid = kernel.check().grid().stream().mapToInt(Integer::intValue).toArray();
      int[] dims = kernel.check().dims().stream().mapToInt(Integer::intValue).toArray();
      if (grid[0] != 1) {
        throw new AssertionError("checks are written for one sequence");
      }
      loaded.run(buffers, dims, grid);
      for (int i = 0; i < buffers.length; i++) {
        if (arguments.get(i).written()) {
          compare(what, kernel.name(), arguments.get(i), buffers[i]);
        }
      }
    }
  }

  private void compare(String what, String kernel, Argument argument, MemorySegment found) {
    SafetensorsTensor expected = vectors.output(kernel, argument.name());
    if (argument.format().isCode()) {
      compareCodes(what + ", " + argument.name(), argument.format().bits(), expected.data(), found);
      return;
    }
    SafetensorsTensor actual =
        new SafetensorsTensor(argument.name(), expected.type(), expected.shape(), found);
    int width = argument.format().bits() / Byte.SIZE;
    byte[] untouched = new byte[width];
    Arrays.fill(untouched, UNTOUCHED);
    double error = 0;
    double norm = 0;
    for (long i = 0; i < expected.elements(); i++) {
      String place = what + ", " + argument.name() + "[" + i + "]";
      boolean integer = argument.format() == StorageFormat.I32;
      boolean still =
          integer ? expected.integerAt(i) == Integer.MIN_VALUE : Float.isNaN(expected.floatAt(i));
      if (still) {
        MemorySegment element = found.asSlice(i * width, width);
        boolean same = element.mismatch(MemorySegment.ofArray(untouched)) < 0;
        require(same, place + " was written");
      } else if (integer) {
        require(expected.integerAt(i) == actual.integerAt(i), place);
      } else if (argument.format() != StorageFormat.F32 || Math.abs(expected.floatAt(i)) >= 1e29) {
        double most = Math.abs(expected.floatAt(i)) * (width == 2 ? 0x1p-7 : 1e-5) + 1e-38;
        require(Math.abs(expected.floatAt(i) - actual.floatAt(i)) <= most, place);
      } else {
        error += Math.pow(expected.floatAt(i) - actual.floatAt(i), 2);
        norm += Math.pow(expected.floatAt(i), 2);
      }
    }
    require(
        Math.sqrt(error) <= 1e-5 * Math.sqrt(norm),
        what + ", " + argument.name() + ": relative error " + Math.sqrt(error / norm));
  }

  /** A value half-way between two codes may have either. */
  private static void compareCodes(
      String place, int bits, MemorySegment expected, MemorySegment found) {
    long elements = found.byteSize() * Byte.SIZE / bits;
    int differing = 0;
    for (long i = 0; i < elements; i++) {
      int wanted = PackedCodes.get(expected, bits, i);
      int code = PackedCodes.get(found, bits, i);
      require(Math.abs(code - wanted) <= 1, place + "[" + i + "]: " + code + " for " + wanted);
      differing += code == wanted ? 0 : 1;
    }
    require(differing <= elements / 20, place + ": " + differing + " codes of " + elements);
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new AssertionError(message);
    }
  }
}
