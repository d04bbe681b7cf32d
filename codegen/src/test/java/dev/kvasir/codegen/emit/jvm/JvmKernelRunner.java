package dev.kvasir.codegen.emit.jvm;

import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * Lowers a kernel for the jvm target and runs it over the interpreter's memories, so that one test
 * can drive both.
 */
public final class JvmKernelRunner {

  private JvmKernelRunner() {}

  /**
   * Runs all grid points. Takes the arguments of {@link
   * dev.kvasir.ir.kernel.KernelInterpreter#run(Kernel, Map, int[][], int[])} and leaves the
   * memories as that would.
   *
   * @throws AssertionError when the kernel throws, or writes where it may not
   */
  public static void run(
      Kernel kernel, int vectorBits, Map<String, KernelMemory> memories, int[][] dims, int[] grid) {
    TileFrame frame = new TileFrame(kernel);
    LoadedKernel loaded =
        LoadedKernel.of(JvmLowering.lower(kernel, vectorBits), frame.floats(), frame.ints());
    try (Arena arena = Arena.ofConfined()) {
      IdentityHashMap<KernelMemory, GuardedBuffer> buffers = new IdentityHashMap<>();
      MemorySegment[] segments =
          kernel.buffers().stream()
              .map(
                  buffer ->
                      buffers
                          .computeIfAbsent(
                              memory(memories, buffer), m -> GuardedBuffer.of(m, arena))
                          .segment())
              .toArray(MemorySegment[]::new);
      loaded.run(segments, Arrays.stream(dims).flatMapToInt(Arrays::stream).toArray(), grid);
      for (Kernel.Buffer buffer : kernel.buffers()) {
        boolean written =
            kernel.buffers().stream()
                .anyMatch(
                    other ->
                        other.access() != Kernel.Access.READ
                            && memory(memories, other) == memory(memories, buffer));
        Objects.requireNonNull(buffers.get(memory(memories, buffer)))
            .requireIntact(buffer.name(), !written);
      }
      buffers.values().forEach(GuardedBuffer::readBack);
    }
  }

  private static KernelMemory memory(Map<String, KernelMemory> memories, Kernel.Buffer buffer) {
    return Objects.requireNonNull(memories.get(buffer.name()), buffer.name());
  }
}
