package dev.kvasir.codegen.assemble;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.CompensationRow;
import dev.kvasir.codegen.skeleton.PackedLayout;
import dev.kvasir.codegen.skeleton.ProgramExpressions;
import dev.kvasir.ir.diag.CompilerBug;
import dev.kvasir.ir.graph.ops.AttentionOp;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.ir.type.Merge;
import dev.kvasir.ir.type.QuantisedFormat;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.program.Beside;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.PackedFormat;
import dev.kvasir.plans.program.Packing;
import dev.kvasir.plans.program.SegmentDeclaration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** The segments, pools and page table of all layers, in layer, group and segment order. */
final class CacheAssembly {

  /** Name of the i32 buffer that holds all page tables. */
  static final String TABLE = "page_table";

  /** Name of the f32 buffer that holds the compensation rows of all heads that have one. */
  static final String MEANS = "compensation_rows";

  /** Name of the i32 tensor that lists the KV heads of every group. */
  static final String HEADS = "kv_heads";

  /**
   * One head group of one layer.
   *
   * @param shape what specialises its kernels
   * @param heads its KV heads
   * @param firstHead where they start in the list of heads
   * @param segments its segments, in the shape's order
   * @param firstMean where its compensation rows start in their buffer; 0 without any
   */
  record Group(
      AttentionShape shape,
      List<Integer> heads,
      int firstHead,
      List<SegmentDeclaration> segments,
      int firstMean) {

    /** {@return whether it keeps chosen rows} */
    boolean isSelected() {
      return shape.segments().stream().anyMatch(SegmentPart::isCounted);
    }

    /** {@return whether it shares rows with another layer} */
    boolean isMerged() {
      return shape.segments().stream().anyMatch(SegmentPart::hasNorms);
    }

    /** {@return whether its rows are folded into slots} */
    boolean isFolded() {
      return shape.segments().stream()
          .anyMatch(segment -> segment.isChosen() && !segment.isCounted());
    }
  }

  private static final long NORM_ELEMENTS = (long) Beside.Norms.LISTS * SegmentPart.PAGE_ROWS;

  /** What plans let a buffer hold. */
  private static final long MOST_ELEMENTS = Integer.MAX_VALUE;

  private final int context;
  private final int totalHeads;
  private final SelectionLists lists;
  private final List<Integer> heads = new ArrayList<>();
  private final List<SegmentDeclaration> segments = new ArrayList<>();
  private final Map<String, Pool> pools = new LinkedHashMap<>();
  private final Map<String, Family> families = new HashMap<>();
  private int tableElements;
  private int meanElements;

  private static final class Pool {
    private final StorageFormat format;
    private final long pageElements;
    private long pages;

    private Pool(StorageFormat format, long pageElements) {
      this.format = format;
      this.pageElements = pageElements;
    }
  }

  /** Pages of one kind over all layers, in as many pools as a buffer's size takes. */
  private static final class Family {
    private final long mostPages;
    private long pages;
    private int pools;

    /**
     * A family without pools.
     *
     * @param pageElements elements of a page in the largest of its buffers
     */
    private Family(long pageElements) {
      mostPages = Math.max(1, MOST_ELEMENTS / pageElements);
    }

    /** {@return what to add to a pool's name so that it has room for {@code more} pages} */
    private String suffix(long more) {
      if (pages + more > mostPages && pages > 0) {
        pages = 0;
        pools++;
      }
      pages += more;
      return pools == 0 ? "" : "_" + (pools + 1);
    }
  }

  /**
   * An empty cache.
   *
   * @param context most true tokens
   * @param totalHeads KV heads of all layers together
   * @param lists where chosen rows are listed
   */
  CacheAssembly(int context, int totalHeads, SelectionLists lists) {
    this.context = context;
    this.totalHeads = totalHeads;
    this.lists = lists;
  }

  /** Adds the cache of one layer and returns its head groups. */
  List<Group> add(CacheType cache, AttentionOp attention) {
    List<Group> groups = new ArrayList<>();
    for (HeadGroup group : cache.groups()) {
      AttentionShape shape = shape(attention, group, context);
      List<SegmentDeclaration> declared = new ArrayList<>();
      for (int i = 0; i < group.segments().size(); i++) {
        SegmentPart part = shape.segments().get(i);
        CacheSegment segment = group.segments().get(i);
        declared.add(
            shared(cache, segment)
                .orElseGet(
                    () -> beside(segment, part, segment(cache, group, segment, part, shape))));
        segments.add(declared.getLast());
      }
      int firstMean = shape.compensated() ? meanElements : 0;
      if (shape.compensated()) {
        meanElements =
            Math.addExact(
                meanElements,
                Math.multiplyExact(CompensationRow.elements(shape), group.heads().size()));
      }
      groups.add(new Group(shape, group.heads(), heads.size(), declared, firstMean));
      heads.addAll(group.heads());
    }
    return groups;
  }

  /** {@return what specialises the kernels of each head group} */
  static Stream<AttentionShape> shapes(AttentionOp attention, int context) {
    return attention.cacheType().groups().stream().map(group -> shape(attention, group, context));
  }

  private static AttentionShape shape(AttentionOp attention, HeadGroup group, int context) {
    CacheType cache = attention.cacheType();
    return new AttentionShape(
        attention.queryHeads(),
        cache.kvHeads(),
        cache.keyDim(),
        cache.valueDim(),
        attention.scale(),
        SegmentPart.of(group),
        context,
        group.compensated());
  }

  private SegmentDeclaration segment(
      CacheType cache,
      HeadGroup group,
      CacheSegment segment,
      SegmentPart part,
      AttentionShape shape) {
    StorageFormat format = KernelLibrary.storage(part.format());
    int headCount = group.heads().size();
    int slots = part.slots(context);
    boolean packed = part.packing().isPresent();
    long pages = (long) (packed ? 1 : slots) * headCount;
    String kind = "pages_" + format.text() + "_" + shape.pageElements();
    String pool =
        pool(kind + suffix(kind, shape.pageElements(), pages), format, shape.pageElements(), pages);
    SegmentDeclaration declaration =
        new SegmentDeclaration(
            name(cache.layer(), segment),
            cache.layer(),
            group.heads(),
            format,
            cache.keyDim(),
            cache.valueDim(),
            pool,
            TABLE,
            tableElements,
            slots,
            ProgramExpressions.of(part.rows(ProgramExpressions.counter("tokens"))),
            ProgramExpressions.of(part.origin()),
            part.window().orElse(0),
            part.packing().map(packing -> packed(packing, shape, (long) slots * headCount)),
            part.isCounted() && !part.isAmongKept()
                ? Optional.of(chosen(cache.layer()))
                : part.isChosen() && !part.isCounted()
                    ? Optional.of(folded(cache.layer(), segment))
                    : Optional.empty());
    if (part == shape.segments().getLast() && shape.compensated()) {
      declaration = declaration.withMeans(new SegmentDeclaration.Means(MEANS, meanElements));
    }
    tableElements =
        Math.addExact(tableElements, Math.multiplyExact(part.tableEntries(context), headCount));
    return declaration;
  }

  /** {@return the segment of the upper layer of a pair, whose rows are those of the lower} */
  private Optional<SegmentDeclaration> shared(CacheType cache, CacheSegment segment) {
    if (segment.merge().isEmpty() || segment.merge().get().side() == Merge.Side.LOWER) {
      return Optional.empty();
    }
    String owner = name(segment.merge().get().partner(), segment);
    SegmentDeclaration lower =
        segments.stream()
            .filter(declared -> declared.name().equals(owner))
            .findFirst()
            .orElseThrow(() -> new CompilerBug("nothing shares rows under the name " + owner));
    Beside beside = lower.beside().orElseThrow();
    return Optional.of(
        lower
            .of(name(cache.layer(), segment), cache.layer())
            .withBeside(norms(beside.pool(), beside.tableOffset(), 2, Optional.of(owner))));
  }

  /** {@return the segment with what its kind has beside its rows} */
  private SegmentDeclaration beside(
      CacheSegment segment, SegmentPart part, SegmentDeclaration declared) {
    long pages = (long) declared.slots() * declared.heads().size();
    int offset = tableElements;
    Beside beside;
    if (segment.kind() == CacheSegment.Kind.SHARED) {
      String pool = "norms" + suffix("norms", NORM_ELEMENTS, pages);
      beside = norms(pool, offset, 0, Optional.empty());
    } else if (segment.kind() == CacheSegment.Kind.RETAINED) {
      String pool = "positions" + suffix("positions", SegmentPart.PAGE_ROWS, pages);
      beside = new Beside.Positions(pool, offset, retainedCounts(declared.layer(), part));
    } else {
      return declared;
    }
    pool(beside.pool(), beside.format(), beside.elements(SegmentPart.PAGE_ROWS), pages);
    tableElements = Math.addExact(tableElements, Math.toIntExact(pages));
    return declared.withBeside(beside);
  }

  private Optional<Beside.Counts> retainedCounts(int layer, SegmentPart part) {
    return part.isAmongKept()
        ? Optional.of(
            new Beside.Counts(
                SelectionLists.COUNTS, lists.retained(layer), lists.place(layer).stride()))
        : Optional.empty();
  }

  private static Beside norms(String pool, int offset, int firstList, Optional<String> owner) {
    int keys = firstList * SegmentPart.PAGE_ROWS;
    return new Beside.Norms(pool, offset, keys, keys + SegmentPart.PAGE_ROWS, owner);
  }

  private static String name(int layer, CacheSegment segment) {
    return "layer." + layer + "." + segment.name();
  }

  private SegmentDeclaration.Chosen chosen(int layer) {
    SelectionLists.Place place = lists.place(layer);
    int room = lists.listRoom();
    return new SegmentDeclaration.Chosen(
        SelectionLists.POSITIONS,
        Math.multiplyExact(place.first(), room),
        place.stride() * room,
        SelectionLists.COUNTS,
        place.first(),
        place.stride());
  }

  private static SegmentDeclaration.Chosen folded(int layer, CacheSegment slots) {
    return new SegmentDeclaration.Chosen(
        FoldLowering.positions(layer), 0, slots.rows(), FoldLowering.counts(layer), 0, 1);
  }

  /** Adds the three pools of a packed segment's closed pages. */
  private Packing packed(dev.kvasir.ir.type.Packing packing, AttentionShape shape, long pages) {
    PackedLayout layout = new PackedLayout(packing, shape.keyDim(), shape.valueDim());
    PackedFormat key = packed(packing.key());
    PackedFormat value = packed(packing.value());
    String text =
        "%s_%dx%d".formatted(PackedLayout.text(packing), shape.keyDim(), shape.valueDim());
    long largest =
        Math.max(Math.max(layout.keyElements(), layout.valueElements()), layout.scaleElements());
    // A page has one number in all three pools, so that they grow together.
    String kind = text + suffix(text, largest, pages);
    return new Packing(
        key,
        value,
        pool("key_codes_" + kind, key.codes(), layout.keyElements(), pages),
        pool("value_codes_" + kind, value.codes(), layout.valueElements(), pages),
        pool("scales_" + kind, StorageFormat.F16, layout.scaleElements(), pages));
  }

  private static PackedFormat packed(QuantisedFormat format) {
    return new PackedFormat(
        KernelLibrary.storage(PackedLayout.codes(format)),
        switch (format.per()) {
          case CHANNEL -> PackedFormat.Per.CHANNEL;
          case TOKEN -> PackedFormat.Per.TOKEN;
        },
        format.group());
  }

  private String suffix(String family, long pageElements, long pages) {
    return families.computeIfAbsent(family, _ -> new Family(pageElements)).suffix(pages);
  }

  private String pool(String name, StorageFormat format, long pageElements, long pages) {
    pools.computeIfAbsent(name, _ -> new Pool(format, pageElements)).pages += pages;
    return name;
  }

  List<SegmentDeclaration> segments() {
    return segments;
  }

  /** {@return the buffer of {@link #heads()}} */
  String headList(ProgramBuilder builder) {
    return builder.derived(HEADS, StorageFormat.I32, totalHeads);
  }

  /** {@return the KV heads of all groups, one after the other} */
  int[] heads() {
    return heads.stream().mapToInt(Integer::intValue).toArray();
  }

  List<BufferDeclaration> buffers() {
    List<BufferDeclaration> buffers = new ArrayList<>();
    pools.forEach(
        (name, pool) ->
            buffers.add(
                fixed(
                    name,
                    BufferDeclaration.Kind.POOL,
                    pool.format,
                    Expression.constant(pool.pages).times(pool.pageElements))));
    buffers.add(
        fixed(
            TABLE,
            BufferDeclaration.Kind.TABLE,
            StorageFormat.I32,
            Expression.constant(tableElements)));
    if (meanElements > 0) {
      buffers.add(
          fixed(
              MEANS,
              BufferDeclaration.Kind.STATE,
              StorageFormat.F32,
              Expression.constant(meanElements)));
    }
    return buffers;
  }

  private static BufferDeclaration fixed(
      String name, BufferDeclaration.Kind kind, StorageFormat format, Expression elements) {
    return new BufferDeclaration(name, kind, format, elements, 0, 0, 0, "");
  }

  /**
   * {@return resident cache bytes over {@code tokens} and marks: pages in use, the page table and
   * what else lives from run to run}
   */
  Expression kvBytes(long stateBytes) {
    List<Expression> terms = new ArrayList<>();
    for (SegmentDeclaration segment : segments) {
      if (segment.shares().isPresent()) {
        continue;
      }
      int headCount = segment.heads().size();
      long besideBytes = headCount * segment.besideBytes(SegmentPart.PAGE_ROWS);
      if (besideBytes > 0) {
        terms.add(segment.rows().ceilDivide(SegmentPart.PAGE_ROWS).times(besideBytes));
      }
      long pageBytes = headCount * segment.pageBytes(SegmentPart.PAGE_ROWS);
      if (segment.packing().isEmpty()) {
        terms.add(
            segment.rows().ceilDivide(SegmentPart.PAGE_ROWS).min(segment.slots()).times(pageBytes));
      } else {
        terms.add(
            segment
                .rows()
                .floorDivide(SegmentPart.PAGE_ROWS)
                .min(segment.slots())
                .times(headCount * segment.slotBytes(SegmentPart.PAGE_ROWS)));
        terms.add(segment.rows().min(1).times(pageBytes));
      }
    }
    long fixed = (long) tableElements * Integer.BYTES + (long) meanElements * Float.BYTES;
    terms.add(Expression.constant(fixed + stateBytes));
    return Expression.sum(terms);
  }
}
