package dev.kvasir.codegen.assemble;

import dev.kvasir.codegen.assemble.ProgramBuilder.Location;
import dev.kvasir.codegen.assemble.ProgramBuilder.Mode;
import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.codegen.skeleton.AppendRows;
import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.CachedPages;
import dev.kvasir.codegen.skeleton.CombineAttention;
import dev.kvasir.codegen.skeleton.CompensationRow;
import dev.kvasir.codegen.skeleton.DecodeAttention;
import dev.kvasir.codegen.skeleton.NormPages;
import dev.kvasir.codegen.skeleton.PackedLayout;
import dev.kvasir.codegen.skeleton.PagedRows;
import dev.kvasir.codegen.skeleton.PrefillAttention;
import dev.kvasir.codegen.skeleton.ProgramExpressions;
import dev.kvasir.codegen.skeleton.StageRows;
import dev.kvasir.codegen.tile.TileSize;
import dev.kvasir.ir.diag.CompilerBug;
import dev.kvasir.ir.graph.Node;
import dev.kvasir.ir.graph.ops.AppendKvOp;
import dev.kvasir.ir.graph.ops.AttentionOp;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.program.Beside;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.SegmentDeclaration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Lowers a layer's append and attention together. Prefill: raw rows to pages, attention over cache
 * and raw rows, then compensation of what rings drop, then pages that close are packed, then the
 * append. A step: compensation, append, then split attention over the cache, then combine.
 */
final class AttentionLowering {

  /** Name of the i32 tensor that counts the tokens of a tile of prefill attention. */
  static final String ORDINALS = "ordinals";

  private static final String RAW = "raw_pages";

  /**
   * A layer whose attention has been lowered.
   *
   * @param label what its scratch and launches are called
   * @param groups its head groups
   * @param arguments buffers of its kernels, pages not included
   */
  record Layer(String label, List<CacheAssembly.Group> groups, Map<String, String> arguments) {
    /** Copies the collections. */
    Layer {
      groups = List.copyOf(groups);
      arguments = Map.copyOf(arguments);
    }

    /** {@return the head group that keeps chosen rows} */
    CacheAssembly.Group selected() {
      return groups.stream().filter(CacheAssembly.Group::isSelected).findFirst().orElseThrow();
    }

    /** {@return the head group whose rows are merged with those of another layer} */
    CacheAssembly.Group merged() {
      return groups.stream().filter(CacheAssembly.Group::isMerged).findFirst().orElseThrow();
    }

    /** {@return the head group whose rows are folded} */
    CacheAssembly.Group folded() {
      return groups.stream().filter(CacheAssembly.Group::isFolded).findFirst().orElseThrow();
    }

    /** {@return the program's mark of the last selection} */
    String mark() {
      return selected().shape().kept().mark().orElseThrow();
    }
  }

  private final ProgramBuilder builder;
  private final CacheAssembly caches;
  private final int maxSplits;
  private final AttentionChecks checks;
  private final PackingLowering packing;
  private final CompensationLowering compensation;

  /**
   * Prepares.
   *
   * @param maxSplits splits that the partial buffers hold per head: the most of any head group
   */
  AttentionLowering(ProgramBuilder builder, CacheAssembly caches, int maxSplits) {
    this.builder = builder;
    this.caches = caches;
    this.maxSplits = maxSplits;
    this.checks = new AttentionChecks(builder.sizes(), maxSplits);
    this.packing = new PackingLowering(builder, checks);
    this.compensation = new CompensationLowering(builder, checks);
  }

  /** {@return what was lowered} */
  Layer attention(AppendKvOp append, Node node) {
    AttentionOp op = (AttentionOp) node.op();
    if (op.softCap().isPresent()) {
      throw new CompilerBug("no attention kernel caps its logits: " + node.result());
    }
    CacheType cache = op.cacheType();
    List<CacheAssembly.Group> groups = caches.add(cache, op);
    AttentionShape shape = groups.getFirst().shape();
    String layer = "layer." + cache.layer();
    builder.observe(append.values(), cache.kvHeads(), cache.valueDim(), false);

    Location out =
        builder.activation(node.results().getFirst(), op.queryHeads() * cache.valueDim());
    Location lse = builder.activation(node.results().getLast(), op.queryHeads());
    Map<String, String> arguments = new HashMap<>();
    arguments.put("q", builder.location(op.query()).buffer());
    arguments.put("k", builder.location(append.keys()).buffer());
    arguments.put("v", builder.location(append.values()).buffer());
    arguments.put("out", out.buffer());
    arguments.put("lse", lse.buffer());
    arguments.put("table", CacheAssembly.TABLE);
    arguments.put("heads", caches.headList(builder));
    arguments.put(CompensationRow.MEANS, CacheAssembly.MEANS);
    arguments.put(
        "ordinals",
        builder.derived(ORDINALS, StorageFormat.I32, builder.sizes().tiles().prefillTokens()));
    declareScratch(layer, shape, arguments);

    stage(layer, shape, arguments);
    for (CacheAssembly.Group group : groups) {
      prefill(layer, group, arguments);
    }
    for (CacheAssembly.Group group : groups) {
      compensation.beforeWriting(Mode.PREFILL, layer, group, arguments);
      compensation.beforeClosing(layer, group, arguments);
      packing.pack(layer, group, arguments);
    }
    for (CacheAssembly.Group group : groups) {
      // What selects or merges behind the attention takes the span's rows.
      if (!group.isSelected() && !group.isMerged()) {
        append(Mode.PREFILL, layer, group, arguments);
      }
      compensation.beforeWriting(Mode.STEP, layer, group, arguments);
      append(Mode.STEP, layer, group, arguments);
    }
    for (CacheAssembly.Group group : groups) {
      decode(layer, group, arguments);
    }
    builder.observe(node.results().getFirst(), op.queryHeads(), cache.valueDim(), false);
    builder.observe(node.results().getLast(), op.queryHeads(), 1, true);
    return new Layer(layer, groups, arguments);
  }

  private void declareScratch(String layer, AttentionShape shape, Map<String, String> arguments) {
    int kvHeads = shape.kvHeads();
    Expression rawElements =
        Expression.counter("max_span")
            .ceilDivide(SegmentPart.PAGE_ROWS)
            .times((long) kvHeads * shape.pageElements());
    long rawCount = (long) builder.sizes().spanPages() * kvHeads * shape.pageElements();
    arguments.put(
        "raw", builder.scratch(layer + "." + RAW, StorageFormat.F32, rawElements, rawCount));
    int statistics = Math.multiplyExact(shape.queryHeads(), maxSplits);
    for (String statistic : List.of("partial_maximum", "partial_sum")) {
      arguments.put(statistic, partial(layer, statistic, statistics));
    }
    arguments.put(
        "partial_output",
        partial(layer, "partial_output", Math.multiplyExact(statistics, shape.valueDim())));
  }

  private String partial(String layer, String name, int elements) {
    return builder.scratch(
        layer + "." + name, StorageFormat.F32, Expression.constant(elements), elements);
  }

  private void stage(String layer, AttentionShape shape, Map<String, String> arguments) {
    String name = "stage_rows_d" + shape.keyDim();
    Kernel kernel =
        builder.kernel(
            name,
            "page layout of a span's keys and values",
            () -> StageRows.build(name, shape, builder.sizes().spanPages()),
            () -> checks.stage(shape));
    builder.launch(
        Mode.PREFILL,
        kernel,
        layer + " stage rows",
        List.of(
            Expression.constant(shape.kvHeads()),
            Expression.counter("span").ceilDivide(SegmentPart.PAGE_ROWS)),
        arguments,
        Map.of("span", Expression.counter("span")));
  }

  private void prefill(String layer, CacheAssembly.Group group, Map<String, String> arguments) {
    AttentionShape shape = group.shape();
    int tokens = builder.sizes().tiles().prefillTokens();
    String name = "prefill_attention_" + shape.text();
    Kernel kernel =
        builder.kernel(
            name,
            "QK^T + mask + softmax + PV over cache and span, "
                + shape.group()
                + " query heads per read",
            builder.sizes().tiles().byName(TileSize.PREFILL_TOKENS),
            () -> PrefillAttention.build(name, shape, tokens, builder.sizes().spanPages()),
            () -> checks.prefill(shape));
    builder.launch(
        Mode.PREFILL,
        kernel,
        layer + " prefill attention",
        List.of(
            Expression.constant(group.heads().size()),
            Expression.counter("span").ceilDivide(tokens)),
        withPages(group, arguments),
        groupDims(group));
  }

  private void append(
      Mode mode, String layer, CacheAssembly.Group group, Map<String, String> arguments) {
    AttentionShape shape = group.shape();
    String name = "append_rows_" + shape.text();
    Kernel kernel =
        builder.kernel(
            name,
            "page layout + rounding of new keys and values",
            () -> AppendRows.build(name, shape),
            () -> checks.append(shape));
    IntExpression pages =
        AppendRows.pages(
            shape, ProgramExpressions.counter("position"), ProgramExpressions.counter("tokens"));
    Expression heads = Expression.constant(group.heads().size());
    // Of a folded group, the fold behind the attention takes the rows of a span that is due.
    boolean isFolded = group.isFolded() && mode == Mode.PREFILL;
    builder.launch(
        mode,
        kernel,
        layer + " append rows",
        List.of(
            isFolded ? heads.times(FoldLowering.isAppended(group)) : heads,
            mode == Mode.STEP ? Expression.constant(1) : ProgramExpressions.of(pages)),
        withPages(group, arguments),
        groupDims(group));
  }

  private void decode(String layer, CacheAssembly.Group group, Map<String, String> arguments) {
    AttentionShape shape = group.shape();
    int pagesPerSplit = builder.sizes().pagesPerSplit();
    String name = "decode_attention_" + shape.text();
    Kernel kernel =
        builder.kernel(
            name,
            "QK^T + softmax + PV over pages, " + shape.group() + " query heads per read",
            builder.sizes().tiles().byName(TileSize.ROWS_PER_SPLIT),
            () -> DecodeAttention.build(name, shape, pagesPerSplit, maxSplits),
            () -> checks.decode(shape));
    Expression splits =
        ProgramExpressions.of(
            DecodeAttention.splits(shape, pagesPerSplit, ProgramExpressions.counter("tokens")));
    Expression heads = Expression.constant(group.heads().size());
    Map<String, Expression> dims = groupDims(group);
    dims.put("splits", splits);
    builder.launch(
        Mode.STEP,
        kernel,
        layer + " decode attention",
        List.of(heads, splits),
        withPages(group, arguments),
        dims);
    String combineName = "combine_attention_d" + shape.valueDim();
    Kernel combine =
        builder.kernel(
            combineName,
            "join of splits + normalisation",
            () -> CombineAttention.build(combineName, shape, maxSplits),
            () -> checks.combine(shape));
    builder.launch(
        Mode.STEP, combine, layer + " combine attention", List.of(heads), arguments, dims);
  }

  /** {@return the arguments and those that name the pools of a group's segments} */
  static Map<String, String> withPages(CacheAssembly.Group group, Map<String, String> arguments) {
    Map<String, String> all = new HashMap<>(arguments);
    for (int i = 0; i < group.segments().size(); i++) {
      SegmentPart part = group.shape().segments().get(i);
      SegmentDeclaration segment = group.segments().get(i);
      all.put(CachedPages.pages(part), segment.pool());
      segment.chosen().ifPresent(chosen -> all.put(PagedRows.COUNTS, chosen.counts()));
      if (part.hasNorms()) {
        all.put(NormPages.NORMS, segment.beside().orElseThrow().pool());
      }
      segment
          .packing()
          .ifPresent(
              pools -> {
                all.put(PackedLayout.keyCodes(part), pools.keyPool());
                all.put(PackedLayout.valueCodes(part), pools.valuePool());
                all.put(PackedLayout.scales(part), pools.scalePool());
              });
    }
    return all;
  }

  /** {@return the dims that kernels over a group's segments may have} */
  static Map<String, Expression> groupDims(CacheAssembly.Group group) {
    Map<String, Expression> dims = new HashMap<>();
    dims.put("tokens", Expression.counter("tokens"));
    dims.put("position", Expression.counter("position"));
    dims.put("span", Expression.counter("span"));
    dims.put("first_head", Expression.constant(group.firstHead()));
    dims.put(CompensationRow.FIRST_MEAN, Expression.constant(group.firstMean()));
    for (int i = 0; i < group.segments().size(); i++) {
      SegmentPart part = group.shape().segments().get(i);
      SegmentDeclaration segment = group.segments().get(i);
      dims.put(part.name() + "_table", Expression.constant(segment.tableOffset()));
      dims.put(part.name() + PagedRows.ENTRIES, Expression.constant(segment.tableEntries()));
      dims.put(part.name() + PagedRows.ROWS, segment.rows());
      part.mark().ifPresent(mark -> dims.put(mark, Expression.counter(mark)));
      segment.beside().ifPresent(beside -> addBeside(part, beside, group, dims));
      segment
          .chosen()
          .ifPresent(
              chosen -> {
                dims.put(PagedRows.FIRST_LIST, Expression.constant(chosen.countsOffset()));
                dims.put(PagedRows.LIST_STRIDE, Expression.constant(chosen.countsStride()));
              });
    }
    return dims;
  }

  private static void addBeside(
      SegmentPart part, Beside beside, CacheAssembly.Group group, Map<String, Expression> dims) {
    switch (beside) {
      case Beside.Norms norms -> {
        dims.put(NormPages.TABLE, Expression.constant(norms.tableOffset()));
        dims.put(NormPages.KEYS, Expression.constant(norms.keyNorms()));
        dims.put(NormPages.VALUES, Expression.constant(norms.valueNorms()));
      }
      case Beside.Positions positions ->
          positions
              .counts()
              .ifPresent(
                  counts ->
                      dims.put(
                          part.name() + PagedRows.LISTS,
                          Expression.constant(counts.offset() - firstList(group))));
    }
  }

  private static int firstList(CacheAssembly.Group group) {
    return group.segments().stream()
        .flatMap(segment -> segment.chosen().stream())
        .findFirst()
        .orElseThrow()
        .countsOffset();
  }
}
