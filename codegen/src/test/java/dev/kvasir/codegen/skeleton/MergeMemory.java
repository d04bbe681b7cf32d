package dev.kvasir.codegen.skeleton;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.plans.PageLayout;
import dev.kvasir.plans.StorageFormat;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;

/** Memory for the kernels that merge rows of two layers: paged rows and norms, tables, uniforms. */
public abstract class MergeMemory {
  static final int PAGE = SegmentPart.PAGE_ROWS;
  static final int CONTEXT = 512;
  static final int TAIL = 100;

  final Random random;
  final ElementFormat format;
  final AttentionShape shape;
  final Map<String, KernelMemory> memories = new HashMap<>();
  final Map<String, Integer> dims = new HashMap<>();
  final List<Integer> table = new ArrayList<>();

  MergeMemory(Random random, ElementFormat format, AttentionShape shape) {
    this.random = random;
    this.format = format;
    this.shape = shape;
  }

  /** Something that runs a kernel over memories. */
  public interface Runner {
    /** Takes what the interpreter takes. */
    void run(Kernel kernel, Map<String, KernelMemory> memories, int[][] dims, int[] grid);
  }

  /** {@return pages of a segment for one KV head} */
  int slots(int segment) {
    return shape.segments().get(segment).slots(CONTEXT);
  }

  /** Declares a pool of pages with keys and values. */
  KernelMemory pool(String buffer, String start, int slots, ElementFormat elements) {
    return pages(buffer, start, slots, elements, shape.pageElements());
  }

  /** Declares a pool in which the pages of all heads lie in any order. */
  KernelMemory pages(
      String buffer, String start, int slots, ElementFormat elements, long pageElements) {
    int count = slots * shape.kvHeads();
    List<Integer> order = new ArrayList<>(IntStream.range(0, count + 1).boxed().toList());
    Collections.shuffle(order, random);
    dims.put(start, table.size());
    table.addAll(order.subList(0, count));
    KernelMemory memory = KernelMemory.uninitialised(elements, (count + 1) * pageElements);
    memories.put(buffer, memory);
    return memory;
  }

  /** {@return the memory of a buffer} */
  KernelMemory memory(String name) {
    return Objects.requireNonNull(memories.get(name), name);
  }

  /** {@return the page in which a head has a row} */
  int entry(String start, int slots, int head, int row) {
    return table.get(Objects.requireNonNull(dims.get(start), start) + head * slots + row / PAGE);
  }

  /** {@return where elements of rows as they are stored lie} */
  PageLayout layout() {
    return PageLayout.streamed(
        StorageFormat.ofText(format.text()), shape.keyDim(), shape.valueDim());
  }

  /** Stores the key and the value of a row. */
  void write(String buffer, String start, int slots, int head, int row, double[][] elements) {
    write(memory(buffer), layout(), entry(start, slots, head, row), row, elements);
  }

  static void write(
      KernelMemory pages, PageLayout layout, long page, int row, double[][] elements) {
    long start = page * layout.elements();
    for (int i = 0; i < elements[0].length; i++) {
      pages.setFloat(start + layout.keyElement(row % PAGE, i), (float) elements[0][i]);
    }
    for (int i = 0; i < elements[1].length; i++) {
      pages.setFloat(start + layout.valueElement(row % PAGE, i), (float) elements[1][i]);
    }
  }

  /** {@return the key and the value of a row} */
  double[][] read(String buffer, String start, int slots, int head, int row) {
    PageLayout layout = layout();
    long first = (long) entry(start, slots, head, row) * layout.elements();
    KernelMemory pages = memory(buffer);
    return new double[][] {
      IntStream.range(0, shape.keyDim())
          .mapToDouble(i -> pages.getFloat(first + layout.keyElement(row % PAGE, i)))
          .toArray(),
      IntStream.range(0, shape.valueDim())
          .mapToDouble(i -> pages.getFloat(first + layout.valueElement(row % PAGE, i)))
          .toArray()
    };
  }

  /** {@return a norm: of list 0 the lower layer's keys, then its values, then the upper layer's} */
  double storedNorm(int head, int row, int list) {
    return memory(NormPages.NORMS).getFloat(normElement(head, row, list));
  }

  void setNorm(int head, int row, int list, float norm) {
    memory(NormPages.NORMS).setFloat(normElement(head, row, list), norm);
  }

  private long normElement(int head, int row, int list) {
    long page = entry(NormPages.TABLE, slots(0), head, row);
    return (page * 4 + list) * PAGE + row % PAGE;
  }

  static double norm(double[] row) {
    return Math.sqrt(Arrays.stream(row).map(number -> number * number).sum());
  }

  /** Compares directions. */
  void assertNear(String what, double[] found, double[] wanted) {
    double bar = format == ElementFormat.F32 ? 3e-6 : 0.0045;
    for (int i = 0; i < wanted.length; i++) {
      assertThat(Math.abs(found[i] - wanted[i]))
          .as("%s, element %d: %s for %s", what, i, found[i], wanted[i])
          .isLessThanOrEqualTo(bar);
    }
  }

  static void assertNorm(String what, double found, double wanted) {
    assertThat(found)
        .as(what)
        .isBetween(wanted - Math.abs(wanted) / 2000, wanted + Math.abs(wanted) / 2000);
  }
}
