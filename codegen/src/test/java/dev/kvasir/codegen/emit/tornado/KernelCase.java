package dev.kvasir.codegen.emit.tornado;

import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelMemory;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;

/**
 * A kernel and a launch of it.
 *
 * @param text what it is
 * @param memories by buffer; one without is written by the kernel alone
 * @param dims launch arguments, [sequence][dim]
 * @param grid extents of the axes
 */
record KernelCase(
    String text, Kernel kernel, Map<String, KernelMemory> memories, int[][] dims, int[] grid) {

  /** Collects what a kernel is launched with, drawing what is not given. */
  static final class Builder {
    private final Random random;
    private final String text;
    private final Kernel kernel;
    private final Map<String, KernelMemory> memories = new HashMap<>();

    Builder(Random random, String text, Kernel kernel) {
      this.random = random;
      this.text = text;
      this.kernel = kernel;
    }

    /** Gives all of these that the kernel takes. */
    Builder memories(Map<String, KernelMemory> given) {
      given.forEach(this::memory);
      return this;
    }

    Builder memory(String buffer, KernelMemory memory) {
      if (kernel.buffers().stream().anyMatch(declared -> declared.name().equals(buffer))) {
        memories.put(buffer, memory);
      }
      return this;
    }

    Builder normal(String buffer, int size) {
      KernelMemory memory = KernelMemory.uninitialised(kernel.buffer(buffer).format(), size);
      for (int i = 0; i < size; i++) {
        memory.setFloat(i, (float) random.nextGaussian());
      }
      return memory(buffer, memory);
    }

    Builder output(String buffer, int size) {
      return memory(buffer, KernelMemory.uninitialised(kernel.buffer(buffer).format(), size));
    }

    /**
     * {@return the case}
     *
     * @param dims values of each sequence's launch arguments by name
     */
    KernelCase launch(int[] grid, List<Map<String, Integer>> dims) {
      int[][] values =
          dims.stream()
              .map(
                  named ->
                      kernel.dims().stream()
                          .mapToInt(dim -> Objects.requireNonNull(named.get(dim), dim))
                          .toArray())
              .toArray(int[][]::new);
      return new KernelCase(text, kernel, Map.copyOf(memories), values, grid);
    }
  }
}
