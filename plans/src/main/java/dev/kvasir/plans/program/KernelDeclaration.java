package dev.kvasir.plans.program;

import dev.kvasir.plans.StorageFormat;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A kernel and how to call it.
 *
 * @param name unique in the program; names its class files
 * @param summary what is fused in it, for people
 * @param arguments buffers in order
 * @param dims names of the uniform integers in order
 * @param axes number of grid axes, 1 to 3
 * @param tileFloats elements of f32 working storage that one grid point needs
 * @param tileInts elements of i32 working storage that one grid point needs
 * @param tiles the sizes that shaped it, by name, for people and tools: for example {@code
 *     rows-per-split}
 * @param check a small case with known results
 */
public record KernelDeclaration(
    String name,
    String summary,
    List<Argument> arguments,
    List<String> dims,
    int axes,
    int tileFloats,
    int tileInts,
    SortedMap<String, Integer> tiles,
    Check check) {

  /** Copies the lists and the map. */
  public KernelDeclaration {
    tiles = Collections.unmodifiableSortedMap(new TreeMap<>(tiles));
    arguments = List.copyOf(arguments);
    dims = List.copyOf(dims);
  }

  /**
   * A buffer argument.
   *
   * @param name its name in the kernel
   * @param format element format a bound buffer must have
   * @param written whether the kernel stores to it
   * @param read whether the kernel loads from it
   */
  public record Argument(String name, StorageFormat format, boolean written, boolean read) {}

  /**
   * A launch whose results are known. {@code checks.safetensors} holds for each argument that is
   * read {@code KERNEL.in.ARGUMENT}, whose values repeat until the buffer is full, and for each
   * that is written {@code KERNEL.out.ARGUMENT} with all its elements: NaN (i32: the smallest
   * integer) where the kernel must leave them alone.
   *
   * @param grid extents of the axes
   * @param dims values of the dims
   * @param elements size of each argument's buffer
   */
  public record Check(List<Integer> grid, List<Integer> dims, List<Integer> elements) {
    /** Copies the lists. */
    public Check {
      grid = List.copyOf(grid);
      dims = List.copyOf(dims);
      elements = List.copyOf(elements);
    }
  }
}
