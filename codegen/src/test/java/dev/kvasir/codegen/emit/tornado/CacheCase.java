package dev.kvasir.codegen.emit.tornado;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.CachedPages;
import dev.kvasir.codegen.skeleton.CompensationRow;
import dev.kvasir.codegen.skeleton.PackedLayout;
import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.plans.PageLayout;
import dev.kvasir.plans.StorageFormat;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Caches of some sequences with drawn content, pages in drawn places. Rows that a segment does not
 * hold were never written. Codes, steps and minima are drawn, whatever rows they may stand for.
 */
final class CacheCase {

  private static final int ROWS = SegmentPart.PAGE_ROWS;
  private static final int FIRST_MEAN = 3;

  private final Random random;
  private final AttentionShape shape;
  private final int sequences;
  private final List<Integer> table = new ArrayList<>();
  private final Map<String, KernelMemory> memories = new HashMap<>();
  private final List<Map<String, Integer>> starts = new ArrayList<>();

  /**
   * Draws.
   *
   * @param held rows that each sequence has in its cache
   * @param run latest rows that lie in open pages, for no rule has closed those yet
   */
  CacheCase(Random random, AttentionShape shape, int run, int... held) {
    this.random = random;
    this.shape = shape;
    this.sequences = held.length;
    for (int i = 0; i < sequences; i++) {
      starts.add(new HashMap<>());
    }
    for (SegmentPart segment : shape.segments()) {
      declare(segment);
      List<Integer> places = shuffled(sequences * shape.kvHeads() * slots(segment));
      List<Integer> open = shuffled(sequences * shape.kvHeads());
      for (int sequence = 0; sequence < sequences; sequence++) {
        starts.get(sequence).put(segment.name() + "_table", table.size());
        for (int head = 0; head < shape.kvHeads(); head++) {
          List<Integer> pages = places.subList(0, slots(segment));
          table.addAll(pages);
          fill(segment, pages, open.getFirst(), run, held[sequence]);
          pages.clear();
          if (segment.packing().isPresent()) {
            table.add(open.removeFirst());
          }
        }
      }
    }
    memories.put("table", KernelMemory.ofInts(table.stream().mapToInt(i -> i).toArray()));
    if (shape.compensated()) {
      KernelMemory means =
          put(
              CompensationRow.MEANS,
              ElementFormat.F32,
              FIRST_MEAN + shape.kvHeads() * CompensationRow.elements(shape));
      for (int i = FIRST_MEAN; i < means.size(); i++) {
        draw(means, i);
      }
    }
    int heads = shape.kvHeads();
    memories.put(
        "heads", KernelMemory.ofInts(IntStream.range(0, heads).map(i -> heads - 1 - i).toArray()));
  }

  private int slots(SegmentPart segment) {
    return segment.slots(shape.context());
  }

  private List<Integer> shuffled(int count) {
    List<Integer> numbers = new ArrayList<>(IntStream.range(0, count).boxed().toList());
    Collections.shuffle(numbers, random);
    return numbers;
  }

  private void declare(SegmentPart segment) {
    int heads = sequences * shape.kvHeads();
    int pages = heads * slots(segment);
    boolean packed = segment.packing().isPresent();
    put(CachedPages.pages(segment), segment.format(), (packed ? heads : pages) * pageElements());
    segment
        .packing()
        .ifPresent(
            packing -> {
              PackedLayout layout = new PackedLayout(packing, shape.keyDim(), shape.valueDim());
              codes(
                  PackedLayout.keyCodes(segment),
                  PackedLayout.codes(packing.key()),
                  pages * layout.keyElements());
              codes(
                  PackedLayout.valueCodes(segment),
                  PackedLayout.codes(packing.value()),
                  pages * layout.valueElements());
              KernelMemory scales =
                  put(
                      PackedLayout.scales(segment),
                      ElementFormat.F16,
                      pages * layout.scaleElements());
              for (int i = 0; i < scales.size(); i++) {
                scales.setFloat(i, random.nextFloat(-0.02f, 0.02f));
              }
            });
  }

  private KernelMemory put(String buffer, ElementFormat format, int size) {
    KernelMemory memory = KernelMemory.uninitialised(format, size);
    memories.put(buffer, memory);
    return memory;
  }

  private void codes(String buffer, ElementFormat format, int size) {
    KernelMemory memory = put(buffer, format, size);
    for (int i = 0; i < size; i++) {
      memory.setFloat(i, random.nextInt(format.largestCode() + 1));
    }
  }

  private int pageElements() {
    return shape.pageElements();
  }

  /** Writes the rows that one head's segment holds outside its codes. */
  private void fill(SegmentPart segment, List<Integer> pages, int open, int run, int held) {
    int end = Math.min(held, segment.endPosition().orElse(held));
    int rows = Math.max(0, end - segment.firstPosition());
    boolean packed = segment.packing().isPresent();
    int firstPage = Math.max(0, Math.ceilDiv(rows, ROWS) - pages.size());
    if (packed) {
      firstPage = Math.max(0, rows - run) / ROWS;
    }
    KernelMemory memory = memory(CachedPages.pages(segment));
    PageLayout layout =
        packed
            ? PageLayout.plain(shape.keyDim(), shape.valueDim())
            : PageLayout.streamed(
                StorageFormat.ofText(segment.format().text()), shape.keyDim(), shape.valueDim());
    for (int row = firstPage * ROWS; row < rows; row++) {
      int page = packed ? open : pages.get(row / ROWS % pages.size());
      for (int channel = 0; channel < shape.keyDim(); channel++) {
        draw(memory, page * pageElements() + layout.keyElement(row % ROWS, channel));
      }
      for (int channel = 0; channel < shape.valueDim(); channel++) {
        draw(memory, page * pageElements() + layout.valueElement(row % ROWS, channel));
      }
    }
  }

  private void draw(KernelMemory memory, int element) {
    memory.setFloat(element, (float) random.nextGaussian());
  }

  private KernelMemory memory(String buffer) {
    return memories.getOrDefault(buffer, KernelMemory.ofInts());
  }

  /** {@return all buffers, by the names that kernels have for them} */
  Map<String, KernelMemory> memories() {
    return memories;
  }

  /** {@return launch arguments of a sequence: where its tables are, and {@code others} } */
  Map<String, Integer> dims(int sequence, Map<String, Integer> others) {
    Map<String, Integer> dims = new HashMap<>(starts.get(sequence));
    dims.put("first_head", 0);
    dims.put(CompensationRow.FIRST_MEAN, FIRST_MEAN);
    dims.putAll(others);
    return dims;
  }
}
