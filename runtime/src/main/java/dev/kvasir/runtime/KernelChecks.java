package dev.kvasir.runtime;

import dev.kvasir.plans.CheckVectors;
import dev.kvasir.plans.PackedCodes;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanException;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.program.KernelDeclaration;
import dev.kvasir.plans.program.KernelDeclaration.Argument;
import dev.kvasir.plans.safetensors.SafetensorsTensor;
import dev.kvasir.runtime.backend.Backend;
import dev.kvasir.runtime.backend.Launch;
import dev.kvasir.runtime.backend.Workspace;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * Runs each kernel of a plan once on inputs whose results the plan knows.
 *
 * <p>Expected and actual f32 values agree when their relative L2 distance is at most 1e-5, values
 * so large that they stand for "nothing" (1e29 and beyond) each by itself; bf16 and f16 values when
 * they are at most one unit in the last place apart; i32 and i8 values when they are equal; codes
 * when all are at most 1 apart and at most one in twenty differs, since a value halfway between two
 * codes may go either way. Where the expected value is NaN (of integers: the smallest) the kernel
 * must leave what was there, bit for bit.
 */
final class KernelChecks {

  private static final double TOLERANCE = 1e-5;
  private static final double ABSOLUTE_FLOOR = 1e-12;
  private static final double SENTINEL = 1e29;
  private static final double MOST_DIFFERENT_CODES = 0.05;
  private static final int ALIGNMENT = 64;

  private final CheckVectors vectors;
  private final Backend backend;

  private KernelChecks(CheckVectors vectors, Backend backend) {
    this.vectors = vectors;
    this.backend = backend;
  }

  /**
   * Checks every kernel.
   *
   * @throws VerificationException when a kernel throws or gives other results
   * @throws PlanException when the plan's check vectors are incomplete
   */
  static void run(Plan plan, Backend backend) throws PlanException {
    KernelChecks checks = new KernelChecks(CheckVectors.of(plan), backend);
    plan.program().kernels().forEach(checks::check);
  }

  private void check(KernelDeclaration kernel) {
    List<Argument> arguments = kernel.arguments();
    MemorySegment[] buffers = new MemorySegment[arguments.size()];
    MemorySegment[] before = new MemorySegment[arguments.size()];
    try (Arena arena = Arena.ofShared()) {
      for (int i = 0; i < buffers.length; i++) {
        Argument argument = arguments.get(i);
        int elements = kernel.check().elements().get(i);
        long bytes = argument.format().bytes(elements);
        buffers[i] = arena.allocate(bytes, ALIGNMENT);
        if (argument.read()) {
          fill(kernel, argument, buffers[i]);
        } else {
          poison(argument.format(), elements, buffers[i]);
        }
        before[i] = arena.allocate(bytes, ALIGNMENT).copyFrom(buffers[i]);
      }
      launch(kernel, buffers);
      for (int i = 0; i < buffers.length; i++) {
        if (arguments.get(i).written()) {
          compare(kernel, arguments.get(i), before[i], buffers[i]);
        } else if (buffers[i].mismatch(before[i]) >= 0) {
          throw new VerificationException(
              kernel.name(),
              "it writes to " + arguments.get(i).name() + ", which it may not",
              null);
        }
      }
    }
  }

  private void launch(KernelDeclaration kernel, MemorySegment[] buffers) {
    List<Integer> grid = kernel.check().grid();
    List<Integer> dimValues = kernel.check().dims();
    // The same for every sequence.
    int[] dims = new int[extent(grid, 0) * dimValues.size()];
    for (int i = 0; i < dims.length; i++) {
      dims[i] = dimValues.get(i % dimValues.size());
    }
    int[] extents = {extent(grid, 0), extent(grid, 1), extent(grid, 2)};
    try (Workspace workspace = backend.open()) {
      workspace
          .prepare(List.of(new Launch(kernel.name(), "check", List.of(buffers))))
          .run(extents, dims);
      for (int i = 0; i < buffers.length; i++) {
        workspace.read(buffers[i], kernel.arguments().get(i).format());
      }
    } catch (KernelException e) {
      throw new VerificationException(kernel.name(), "it throws " + e.getCause(), e);
    }
  }

  private static int extent(List<Integer> grid, int axis) {
    return axis < grid.size() ? grid.get(axis) : 1;
  }

  private void fill(KernelDeclaration kernel, Argument argument, MemorySegment buffer) {
    MemorySegment values = vectors.input(kernel.name(), argument.name()).data();
    long period = values.byteSize();
    for (long at = 0; at < buffer.byteSize(); at += period) {
      MemorySegment.copy(values, 0, buffer, at, Math.min(period, buffer.byteSize() - at));
    }
  }

  private static void poison(StorageFormat format, int elements, MemorySegment buffer) {
    if (format.isCode()) {
      buffer.fill(CheckVectors.UNTOUCHED_CODES);
      return;
    }
    for (int i = 0; i < elements; i++) {
      switch (format) {
        case F32 -> buffer.set(Formats.FLOAT, i * 4L, Float.NaN);
        case BF16 -> buffer.set(Formats.SHORT, i * 2L, (short) 0x7fc0);
        case F16 -> buffer.set(Formats.SHORT, i * 2L, (short) 0x7e00);
        case I32 -> buffer.set(Formats.INT, i * 4L, Integer.MIN_VALUE);
        case I8 -> buffer.set(ValueLayout.JAVA_BYTE, i, Byte.MIN_VALUE);
        case U8, U4 -> throw new IllegalStateException("codes are filled by the byte");
      }
    }
  }

  private void compare(
      KernelDeclaration kernel, Argument argument, MemorySegment before, MemorySegment after) {
    SafetensorsTensor expected = vectors.output(kernel.name(), argument.name());
    if (argument.format().isCode()) {
      compareCodes(kernel, argument, expected.data(), after);
      return;
    }
    Comparison comparison = new Comparison(kernel.name(), argument.name());
    SafetensorsTensor actual =
        new SafetensorsTensor(argument.name(), expected.type(), expected.shape(), after);
    int width = argument.format().bits() / Byte.SIZE;
    for (long i = 0; i < expected.elements(); i++) {
      if (untouched(expected, i)) {
        boolean same =
            before.asSlice(i * width, width).mismatch(after.asSlice(i * width, width)) < 0;
        comparison.require(same, i, "unchanged", actual);
      } else {
        switch (argument.format()) {
          case F32 -> comparison.addFloat(expected.floatAt(i), actual.floatAt(i), i, actual);
          case BF16, F16 -> comparison.addHalf(expected, actual, i);
          case I32, I8 ->
              comparison.require(
                  expected.integerAt(i) == actual.integerAt(i),
                  i,
                  Long.toString(expected.integerAt(i)),
                  actual);
          case U8, U4 -> throw new IllegalStateException("codes are compared by themselves");
        }
      }
    }
    comparison.finish();
  }

  private static void compareCodes(
      KernelDeclaration kernel, Argument argument, MemorySegment expected, MemorySegment actual) {
    int bits = argument.format().bits();
    long elements = kernel.check().elements().get(kernel.arguments().indexOf(argument));
    long different = 0;
    for (long i = 0; i < elements; i++) {
      int wanted = PackedCodes.get(expected, bits, i);
      int found = PackedCodes.get(actual, bits, i);
      if (Math.abs(wanted - found) > 1) {
        throw new VerificationException(
            kernel.name(),
            "%s[%d]: expected code %d, got %d".formatted(argument.name(), i, wanted, found),
            null);
      }
      different += wanted == found ? 0 : 1;
    }
    if (different > MOST_DIFFERENT_CODES * elements) {
      throw new VerificationException(
          kernel.name(),
          "%s: %d of %d codes are not the expected ones, at most %.0f%% is allowed"
              .formatted(argument.name(), different, elements, 100 * MOST_DIFFERENT_CODES),
          null);
    }
  }

  private static boolean untouched(SafetensorsTensor expected, long index) {
    return switch (expected.type()) {
      case F32, BF16, F16 -> Float.isNaN(expected.floatAt(index));
      case I8 -> expected.integerAt(index) == Byte.MIN_VALUE;
      case I32, I64, U8 -> expected.integerAt(index) == Integer.MIN_VALUE;
    };
  }

  /** What was found in one argument of one kernel so far. */
  private static final class Comparison {

    private final String kernel;
    private final String argument;
    private double squaredError;
    private double squaredNorm;

    Comparison(String kernel, String argument) {
      this.kernel = kernel;
      this.argument = argument;
    }

    void require(boolean holds, long index, String expected, SafetensorsTensor actual) {
      if (!holds) {
        Object found =
            actual.type().floating()
                ? (Object) actual.floatAt(index)
                : (Object) actual.integerAt(index);
        throw new VerificationException(
            kernel,
            "%s[%d]: expected %s, got %s".formatted(argument, index, expected, found),
            null);
      }
    }

    void addFloat(double expected, double found, long index, SafetensorsTensor actual) {
      require(Double.isFinite(found), index, Double.toString(expected), actual);
      if (Math.abs(expected) >= SENTINEL) {
        boolean near = Math.abs(found - expected) <= TOLERANCE * Math.abs(expected);
        require(near, index, Double.toString(expected), actual);
      } else {
        squaredError += (found - expected) * (found - expected);
        squaredNorm += expected * expected;
      }
    }

    void addHalf(SafetensorsTensor expected, SafetensorsTensor actual, long index) {
      short wanted = expected.data().get(Formats.SHORT, index * Short.BYTES);
      short found = actual.data().get(Formats.SHORT, index * Short.BYTES);
      boolean near =
          !Float.isNaN(actual.floatAt(index)) && Math.abs(ordered(wanted) - ordered(found)) <= 1;
      require(near, index, Float.toString(expected.floatAt(index)), actual);
    }

    /** Neighbouring values of a 16-bit format become neighbouring integers; both zeros are 0. */
    private static int ordered(short bits) {
      int magnitude = bits & 0x7fff;
      return bits < 0 ? -magnitude : magnitude;
    }

    void finish() {
      double error = Math.sqrt(squaredError);
      double norm = Math.sqrt(squaredNorm);
      if (!(error <= TOLERANCE * norm + ABSOLUTE_FLOOR)) {
        throw new VerificationException(
            kernel,
            "%s: relative L2 error %.3g, at most %.0e is allowed"
                .formatted(argument, error / norm, TOLERANCE),
            null);
      }
    }
  }
}
