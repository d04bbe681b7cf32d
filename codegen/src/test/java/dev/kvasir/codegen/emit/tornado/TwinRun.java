package dev.kvasir.codegen.emit.tornado;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.codegen.emit.tornado.device.Device;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelInterpreter;
import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.type.ElementFormat;
import java.lang.classfile.ClassFile;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Runs one kernel on the interpreter and, lowered, on the device, from the same memory. */
final class TwinRun {

  /** Largest relative L2 distance between both, over a whole buffer. */
  static final double TOLERANCE = 1e-5;

  private final Kernel kernel;
  private final Map<String, KernelMemory> memories = new LinkedHashMap<>();
  private final Map<String, Object> arrays = new HashMap<>();

  TwinRun(Kernel kernel) {
    this.kernel = kernel;
  }

  TwinRun floats(String buffer, float... values) {
    memories.put(buffer, KernelMemory.ofFloats(ElementFormat.F32, values));
    arrays.put(buffer, new FloatArray(buffer, values));
    return this;
  }

  TwinRun ints(String buffer, int... values) {
    memories.put(buffer, KernelMemory.ofInts(values));
    arrays.put(buffer, new IntArray(buffer, values));
    return this;
  }

  /** Lets {@code buffer} be the memory of {@code other}. */
  TwinRun alias(String buffer, String other) {
    memories.put(buffer, memory(other));
    arrays.put(buffer, array(other));
    return this;
  }

  /** A floating buffer of NaN. */
  TwinRun poison(String buffer, int size) {
    float[] values = new float[size];
    Arrays.fill(values, Float.NaN);
    return floats(buffer, values);
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
    return kernel.buffers().stream().map(buffer -> array(buffer.name())).toList();
  }

  /** Runs both and requires the same content of every buffer. */
  void agree(String description, Device device, int[][] dims, int... grid) {
    run(device, dims, grid);
    for (Kernel.Buffer buffer : kernel.buffers()) {
      String name = buffer.name();
      String place = description + ", buffer " + name;
      if (buffer.format().isFloating()) {
        requireClose(place, floatsOnDevice(name), memory(name).toFloats());
      } else {
        assertThat(((IntArray) array(name)).toHeapArray())
            .as(place)
            .containsExactly(memory(name).toInts());
      }
    }
  }

  float[] floatsOnDevice(String buffer) {
    return ((FloatArray) array(buffer)).toHeapArray();
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

  private Object array(String buffer) {
    Object array = arrays.get(buffer);
    if (array == null) {
      throw new IllegalArgumentException("buffer " + buffer + " has no array");
    }
    return array;
  }

  /** Requires NaN at the same places and a small relative L2 distance elsewhere. */
  static void requireClose(String description, float[] actual, float[] expected) {
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
        .isLessThanOrEqualTo(TOLERANCE * Math.sqrt(norm));
  }
}
