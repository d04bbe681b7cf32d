package dev.kvasir.codegen.emit.tornado;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.codegen.emit.tornado.device.Device;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelInterpreter;
import dev.kvasir.ir.kernel.KernelMemory;
import java.lang.classfile.ClassFile;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Runs one kernel on the interpreter and, lowered, on the device, from the same memory. */
final class TwinRun {

  /** Largest relative L2 distance between both, over a whole buffer. */
  static final double TOLERANCE = 1e-5;

  /** As {@link #TOLERANCE}, where both may round to different neighbours in f16. */
  private static final double HALF_STEP = 0x1p-10;

  private final Kernel kernel;
  private final Map<String, KernelMemory> memories = new LinkedHashMap<>();
  private final Map<String, DeviceMemory> arrays = new HashMap<>();

  TwinRun(Kernel kernel) {
    this.kernel = kernel;
  }

  TwinRun floats(String buffer, float... values) {
    return memory(buffer, KernelMemory.ofFloats(kernel.buffer(buffer).format(), values));
  }

  TwinRun ints(String buffer, int... values) {
    return memory(buffer, KernelMemory.ofInts(values));
  }

  TwinRun memory(String buffer, KernelMemory content) {
    memories.put(buffer, content);
    arrays.put(buffer, DeviceMemory.of(buffer, content));
    return this;
  }

  TwinRun memories(Map<String, KernelMemory> contents) {
    contents.forEach(this::memory);
    return this;
  }

  /** Lets {@code buffer} be the memory of {@code other}. */
  TwinRun alias(String buffer, String other) {
    memories.put(buffer, memory(other));
    arrays.put(buffer, array(other));
    return this;
  }

  /** A buffer that nothing has written. */
  TwinRun poison(String buffer, int size) {
    return memory(buffer, KernelMemory.uninitialised(kernel.buffer(buffer).format(), size));
  }

  /** Runs both without comparing. */
  TwinRun run(Device device, int[][] dims, int... grid) {
    runDevice(device, dims, grid);
    KernelInterpreter.run(kernel, memories, dims, grid);
    return this;
  }

  /** Runs the lowered kernel alone. */
  void runDevice(Device device, int[][] dims, int... grid) {
    device.run(lowered(), dims, arrays(), grid);
  }

  /** Runs the lowered kernel alone, on more groups than the grid has. */
  void runGroups(Device device, int[] groups, int[][] dims, int... grid) {
    device.run(lowered(), dims, arrays(), grid, groups);
  }

  private TornadoKernel lowered() {
    TornadoKernel lowered = TornadoLowering.lower(kernel);
    assertThat(ClassFile.of().verify(lowered.classFile())).as("verify errors").isEmpty();
    return lowered;
  }

  private List<Object> arrays() {
    return kernel.buffers().stream().map(buffer -> array(buffer.name()).array()).toList();
  }

  /** Runs both and requires the same content of every buffer, poison included. */
  void agree(String description, Device device, int[][] dims, int... grid) {
    run(device, dims, grid);
    for (Kernel.Buffer buffer : kernel.buffers()) {
      requireSame(description + ", buffer " + buffer.name(), buffer);
    }
  }

  private void requireSame(String place, Kernel.Buffer buffer) {
    KernelMemory expected = memory(buffer.name());
    DeviceMemory actual = array(buffer.name());
    switch (buffer.format()) {
      case F32 -> requireClose(place, actual.toFloats(), expected.toFloats(), TOLERANCE);
      case F16, BF16 -> requireClose(place, actual.toFloats(), expected.toFloats(), HALF_STEP);
      case I8, U8, U4 -> {
        float[] codes = actual.toFloats();
        for (int i = 0; i < codes.length; i++) {
          float wanted = expected.isInitialised(i) ? expected.getFloat(i) : actual.poison();
          assertThat(codes[i]).as("%s, element %d", place, i).isEqualTo(wanted);
        }
      }
      case I32 -> {
        int[] integers = actual.toInts();
        for (int i = 0; i < integers.length; i++) {
          int wanted = expected.isInitialised(i) ? expected.getInt(i) : DeviceMemory.POISON_INT;
          assertThat(integers[i]).as("%s, element %d", place, i).isEqualTo(wanted);
        }
      }
    }
  }

  float[] floatsOnDevice(String buffer) {
    return array(buffer).toFloats();
  }

  float[] floatsOfInterpreter(String buffer) {
    return memory(buffer).toFloats();
  }

  private KernelMemory memory(String buffer) {
    KernelMemory memory = memories.get(buffer);
    if (memory == null) {
      throw new IllegalArgumentException("buffer " + buffer + " has no memory");
    }
    return memory;
  }

  private DeviceMemory array(String buffer) {
    DeviceMemory array = arrays.get(buffer);
    if (array == null) {
      throw new IllegalArgumentException("buffer " + buffer + " has no array");
    }
    return array;
  }

  /** Requires NaN at the same places and a small relative L2 distance elsewhere. */
  static void requireClose(String description, float[] actual, float[] expected, double tolerance) {
    assertThat(actual).as(description).hasSameSizeAs(expected);
    double distance = 0;
    double norm = 0;
    for (int i = 0; i < expected.length; i++) {
      assertThat(Float.isNaN(actual[i]))
          .as("%s, NaN at %d: %s for %s", description, i, actual[i], expected[i])
          .isEqualTo(Float.isNaN(expected[i]));
      if (!Float.isNaN(expected[i])) {
        distance += Math.pow((double) actual[i] - expected[i], 2);
        norm += Math.pow(expected[i], 2);
      }
    }
    assertThat(Math.sqrt(distance))
        .as("%s, L2 distance over a norm of %s", description, Math.sqrt(norm))
        .isLessThanOrEqualTo(tolerance * Math.sqrt(norm));
  }
}
