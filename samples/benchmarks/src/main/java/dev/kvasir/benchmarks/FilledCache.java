package dev.kvasir.benchmarks;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.CachedPages;
import dev.kvasir.codegen.skeleton.PackPages;
import dev.kvasir.codegen.skeleton.PackedLayout;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.Packing;
import dev.kvasir.plans.PageLayout;
import dev.kvasir.plans.StorageFormat;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;

/**
 * Caches of several layers, each filled with the rows of {@link AttentionData} up to the context.
 * Pages of codes are packed by the generated kernel that packs them in a session.
 */
public final class FilledCache {
  private static final int PAGE = SegmentPart.PAGE_ROWS;

  private final AttentionCase shape;
  private final NativeMemory memory;
  private final Map<String, MemorySegment> buffers = new HashMap<>();
  private final SegmentPart part;
  private final int layers;
  private final int periodPages;
  private final int entries;

  /**
   * Fills them.
   *
   * @param team who packs
   * @param least bytes of all layers together, at least
   */
  public FilledCache(
      AttentionCase shape, AttentionData data, NativeMemory memory, Team team, long least) {
    this.shape = shape;
    this.memory = memory;
    part = shape.part();
    periodPages = shape.period() / PAGE;
    entries = part.tableEntries(shape.context());
    layers = Workload.copies(layerBytes(), least);
    long copies = (long) layers * shape.context() / shape.period();
    MemorySegment plain = plainPages(data);
    if (part.packing().isEmpty()) {
      buffers.put(CachedPages.pages(part), memory.repeatedInHugePages(plain, copies));
    } else {
      packed(plain, part.packing().get(), team)
          .forEach((name, pages) -> buffers.put(name, memory.repeatedInHugePages(pages, copies)));
      buffers.put(CachedPages.pages(part), openPages(plain));
    }
    buffers.put("table", table());
    buffers.put("heads", memory.ascending(shape.kvHeads()));
  }

  /** {@return pools, page table and list of heads, by argument} */
  public Map<String, MemorySegment> buffers() {
    return buffers;
  }

  /** {@return number of layers that take turns} */
  public int layers() {
    return layers;
  }

  /** {@return the integers of a launch that say where a layer's pages are} */
  public Map<String, Integer> dims(int layer) {
    return Map.of(part.name() + "_table", layer * shape.kvHeads() * entries, "first_head", 0);
  }

  /** {@return bytes that decode attention of one layer reads} */
  public double layerBytes() {
    return layerBytes(shape);
  }

  /** {@return bytes that decode attention of a layer of this shape reads} */
  public static double layerBytes(AttentionCase shape) {
    SegmentPart part = shape.part();
    double plainPage = shape.shape().pageElements() * (double) part.format().bytes();
    return shape.kvHeads()
        * part.packing()
            .map(packing -> (shape.pages() - 1) * packedPage(shape, packing) + plainPage)
            .orElse(shape.pages() * plainPage);
  }

  private static double packedPage(AttentionCase shape, Packing packing) {
    PackedLayout layout = new PackedLayout(packing, shape.headDim(), shape.headDim());
    return (layout.keyElements() * packing.key().bits()
                + layout.valueElements() * packing.value().bits())
            / (double) Byte.SIZE
        + layout.scaleElements() * (double) ElementFormat.F16.bytes();
  }

  /** {@return the layout of pages that are not coded; of a packed cache, of its open pages} */
  static PageLayout layout(AttentionCase shape) {
    int dim = shape.headDim();
    return shape.format().packing(dim).isPresent()
        ? PageLayout.plain(dim, dim)
        : PageLayout.streamed(StorageFormat.ofText(shape.format().plain().text()), dim, dim);
  }

  private PackedLayout layout(Packing packing) {
    return new PackedLayout(packing, shape.headDim(), shape.headDim());
  }

  /** {@return one period in the plain format: [KV heads][pages]} */
  private MemorySegment plainPages(AttentionData data) {
    AttentionShape kernelShape = shape.shape();
    MemorySegment pages =
        memory.bytes(
            (long) shape.kvHeads()
                * periodPages
                * kernelShape.pageElements()
                * part.format().bytes());
    for (int head = 0; head < shape.kvHeads(); head++) {
      for (int page = 0; page < periodPages; page++) {
        long start = (long) (head * periodPages + page) * kernelShape.pageElements();
        putPage(shape, data, layout(shape), head, page, pages, start);
      }
    }
    return pages;
  }

  /**
   * Writes the rows of one page in the case's plain format.
   *
   * @param start first element of the page
   */
  public static void putPage(
      AttentionCase shape,
      AttentionData data,
      PageLayout layout,
      int head,
      int page,
      MemorySegment pages,
      long start) {
    int dim = shape.headDim();
    ElementFormat format = shape.format().plain();
    for (int row = 0; row < PAGE; row++) {
      int from = (page * PAGE + row) % shape.period() * dim;
      for (int i = 0; i < dim; i++) {
        put(format, pages, start + layout.keyElement(row, i), data.keys(head)[from + i]);
        put(format, pages, start + layout.valueElement(row, i), data.values(head)[from + i]);
      }
    }
  }

  private static void put(ElementFormat format, MemorySegment pages, long element, float value) {
    switch (format) {
      case F32 -> pages.setAtIndex(ValueLayout.JAVA_FLOAT, element, value);
      case BF16 ->
          pages.setAtIndex(ValueLayout.JAVA_SHORT, element, ElementFormat.toBfloat16(value));
      case F16 -> pages.setAtIndex(ValueLayout.JAVA_SHORT, element, Float.floatToFloat16(value));
      case I32, I8, U8, U4 -> throw new IllegalStateException("rows are numbers");
    }
  }

  /** {@return one period of codes and of steps and minima: [KV heads][pages] each} */
  private Map<String, MemorySegment> packed(MemorySegment plain, Packing packing, Team team) {
    AttentionCase period =
        new AttentionCase(
            shape.queryHeads(), shape.kvHeads(), shape.headDim(), shape.period(), shape.format());
    PackedLayout layout = layout(packing);
    long pages = (long) shape.kvHeads() * periodPages;
    Map<String, MemorySegment> codes = new HashMap<>();
    codes.put(
        PackedLayout.keyCodes(part),
        memory.bytes(pages * layout.keyElements() * packing.key().bits() / Byte.SIZE));
    codes.put(
        PackedLayout.valueCodes(part),
        memory.bytes(pages * layout.valueElements() * packing.value().bits() / Byte.SIZE));
    codes.put(
        PackedLayout.scales(part),
        memory.bytes(pages * layout.scaleElements() * ElementFormat.F16.bytes()));
    MemorySegment refused = memory.ascending(Math.toIntExact(pages));
    Map<String, MemorySegment> arguments = new HashMap<>(codes);
    arguments.put("source", plain);
    arguments.put("refused", refused);
    arguments.put("table", periodTable(period));
    GridKernel pack =
        new GridKernel(PackPages.ofSpan("pack", period.shape(), part, periodPages), team);
    pack.run(
        pack.launch(
            arguments,
            Map.of("position", 0, "span", shape.period() + 1, part.name() + "_table", 0),
            shape.kvHeads(),
            periodPages));
    for (int page = 0; page < pages; page++) {
      if (refused.getAtIndex(ValueLayout.JAVA_INT, page) != 0) {
        throw new IllegalStateException("page " + page + " could not be packed");
      }
    }
    return codes;
  }

  private MemorySegment periodTable(AttentionCase period) {
    int perHead = part.tableEntries(period.context());
    MemorySegment table = memory.ascending(shape.kvHeads() * perHead);
    for (int head = 0; head < shape.kvHeads(); head++) {
      for (int page = 0; page < periodPages; page++) {
        table.setAtIndex(
            ValueLayout.JAVA_INT, (long) head * perHead + page, head * periodPages + page);
      }
    }
    return table;
  }

  /** {@return the last page of the period for every layer and KV head} */
  private MemorySegment openPages(MemorySegment plain) {
    long size = plain.byteSize() / shape.kvHeads() / periodPages;
    MemorySegment open = memory.bytes((long) layers * shape.kvHeads() * size);
    for (int page = 0; page < layers * shape.kvHeads(); page++) {
      int head = page % shape.kvHeads();
      long last = (head + 1L) * periodPages - 1;
      MemorySegment.copy(plain, last * size, open, page * size, size);
    }
    return open;
  }

  /** Period r of a pool holds [KV heads][pages]; the periods of a layer are neighbours. */
  private MemorySegment table() {
    int copies = shape.context() / shape.period();
    MemorySegment table = memory.bytes((long) layers * shape.kvHeads() * entries * Integer.BYTES);
    for (int list = 0; list < layers * shape.kvHeads(); list++) {
      int layer = list / shape.kvHeads();
      int head = list % shape.kvHeads();
      for (int page = 0; page < shape.pages(); page++) {
        int period = layer * copies + page / periodPages;
        table.setAtIndex(
            ValueLayout.JAVA_INT,
            (long) list * entries + page,
            (period * shape.kvHeads() + head) * periodPages + page % periodPages);
      }
      if (entries > shape.pages()) {
        table.setAtIndex(ValueLayout.JAVA_INT, (long) list * entries + shape.pages(), list);
      }
    }
    return table;
  }
}
