package dev.kvasir.codegen.assemble;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.diag.CompilerBug;
import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.Node;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.graph.ops.AppendKvOp;
import dev.kvasir.ir.graph.ops.ArgmaxOp;
import dev.kvasir.ir.graph.ops.AttentionOp;
import dev.kvasir.ir.graph.ops.EmbedOp;
import dev.kvasir.ir.graph.ops.FoldRowsOp;
import dev.kvasir.ir.graph.ops.GatedLinearOp;
import dev.kvasir.ir.graph.ops.KeepRowsOp;
import dev.kvasir.ir.graph.ops.LastRowOp;
import dev.kvasir.ir.graph.ops.LinearOp;
import dev.kvasir.ir.graph.ops.MergeRowsOp;
import dev.kvasir.ir.graph.ops.RmsNormOp;
import dev.kvasir.ir.graph.ops.RopeOp;
import dev.kvasir.ir.graph.ops.SelectRowsOp;
import dev.kvasir.ir.model.WeightSource;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.plans.PlanFormat;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.memory.MemoryPlan;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.Program;
import dev.kvasir.plans.safetensors.SafetensorsWriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Lowers a graph, operation by operation, to kernels, a program and a memory plan. */
public final class GraphLowering {

  /**
   * What a graph became.
   *
   * @param program what runs when
   * @param memory every buffer
   * @param files kernels, check vectors and derived tensors, by plan entry
   */
  public record Lowered(Program program, MemoryPlan memory, Map<String, byte[]> files) {
    /** Copies the map. */
    public Lowered {
      files = Map.copyOf(files);
    }
  }

  private final Graph graph;
  private final PlanSizes sizes;
  private final KernelLibrary kernels;
  private final ProgramBuilder builder;
  private final CacheAssembly caches;
  private final RotaryTables rotary;
  private final RowLowering rows;
  private final ProductLowering products;
  private final AttentionLowering attention;
  private final SelectionLowering selection;
  private final MergeLowering merging;
  private final FoldLowering fold;
  private final Map<Value, AttentionLowering.Layer> layers = new HashMap<>();
  private final Map<Value, AppendKvOp> appends = new HashMap<>();

  private GraphLowering(Graph graph, WeightSource weights, PlanSizes sizes, KernelTarget target) {
    this.graph = graph;
    this.sizes = sizes;
    this.kernels = new KernelLibrary(target);
    this.builder = new ProgramBuilder(sizes, weights, kernels);
    List<CacheType> types =
        graph.parameters().stream()
            .map(Value::type)
            .filter(CacheType.class::isInstance)
            .map(CacheType.class::cast)
            .toList();
    SelectionLists lists = new SelectionLists(graph.nodes(), sizes.context());
    this.caches =
        new CacheAssembly(
            sizes.context(), types.stream().mapToInt(CacheType::kvHeads).sum(), lists);
    this.rotary = new RotaryTables(sizes.context());
    this.rows = new RowLowering(builder);
    this.products = new ProductLowering(builder);
    this.attention = new AttentionLowering(builder, caches, maxSplits(types));
    this.selection = new SelectionLowering(builder, lists);
    this.merging = new MergeLowering(builder);
    this.fold = new FoldLowering(builder, weights);
  }

  /**
   * {@return the lowered graph}
   *
   * @param graph what the pass pipeline left
   * @param weights the model's tensors
   * @param sizes the plan's constants
   * @param target what kernels are made for
   * @param questions tokens that hold a question mark, where {@link PromptSettings#needQuestions}
   * @throws dev.kvasir.codegen.emit.tornado.TornadoUnsupportedException when a kernel is beyond
   *     what the target can do
   */
  public static Lowered lower(
      Graph graph,
      WeightSource weights,
      PlanSizes sizes,
      KernelTarget target,
      List<Integer> questions) {
    return new GraphLowering(graph, weights, sizes, target)
        .run(PromptSettings.of(graph, questions));
  }

  private int maxSplits(List<CacheType> types) {
    return types.stream()
        .flatMap(type -> type.groups().stream())
        .mapToInt(this::splits)
        .max()
        .orElse(1);
  }

  private int splits(HeadGroup group) {
    int pages =
        SegmentPart.of(group).stream().mapToInt(part -> part.tableEntries(sizes.context())).sum();
    return Math.ceilDiv(pages, sizes.pagesPerSplit());
  }

  private Lowered run(List<Program.Setting> settings) {
    builder.scratch(
        Program.TOKENS, StorageFormat.I32, Expression.counter("max_span"), sizes.span());
    for (Node node : graph.nodes()) {
      builder.nextOperation();
      lower(node);
    }
    selection.finish();
    merging.finish();
    fold.finish();
    builder.keep(Program.LOGITS);
    builder.keep(Program.NEXT);
    builder.keepForRules();
    List<BufferDeclaration> buffers = new ArrayList<>(builder.buffers());
    buffers.addAll(caches.buffers());
    List<Program.Rule> rules = builder.rules();
    Program program =
        new Program(
            kernels.declarations(),
            caches.segments(),
            builder.procedures(),
            rules,
            builder.marks(),
            settings);
    MemoryPlan memory =
        new MemoryPlan(
            buffers,
            caches.kvBytes(builder.stateBytes()),
            Expression.constant(builder.scratchBytes()));
    Map<String, byte[]> files = new TreeMap<>();
    kernels.addFiles(files);
    files.put(PlanFormat.WEIGHTS, derivedTensors());
    return new Lowered(program, memory, files);
  }

  private void lower(Node node) {
    Value result = node.results().getFirst();
    switch (node.op()) {
      case EmbedOp op -> rows.embed(op, result);
      case RmsNormOp op -> rows.rmsNorm(op, result);
      case LinearOp op ->
          products.linear(
              op,
              result,
              result.equals(graph.results().getFirst()) ? Program.LOGITS : result.name());
      case GatedLinearOp op -> products.gatedLinear(op, result);
      case RopeOp op -> rows.rope(op, result, rotary);
      case AppendKvOp op -> appends.put(result, op);
      case AttentionOp op -> {
        AppendKvOp append = appends.get(op.cache());
        if (append == null) {
          throw new CompilerBug("attention over a cache that nothing was appended to: " + result);
        }
        layers.put(op.cache(), attention.attention(append, node));
      }
      case SelectRowsOp op -> selection.select(op, node, layer(op.cache()));
      case FoldRowsOp op -> fold.fold(op, layer(op.cache()));
      case KeepRowsOp op -> selection.keep(op, node, layer(op.cache()));
      case MergeRowsOp op when op.choice().isPresent() ->
          selection.merge(op, node, layer(op.lower()), layer(op.upper()));
      case MergeRowsOp op -> merging.merge(op, layer(op.lower()), layer(op.upper()));
      case LastRowOp op -> rows.lastRow(op, result);
      case ArgmaxOp op -> rows.argmax(op, result);
      default -> throw new CompilerBug("no kernel is known for " + node.op().id());
    }
  }

  private AttentionLowering.Layer layer(Value cache) {
    AttentionLowering.Layer layer = layers.get(cache);
    if (layer == null) {
      throw new CompilerBug("rows are taken from a cache that nothing attended: " + cache);
    }
    return layer;
  }

  private byte[] derivedTensors() {
    SafetensorsWriter writer = new SafetensorsWriter();
    rotary.writeTo(writer);
    fold.writeTo(writer);
    int[] heads = caches.heads();
    writer.addInts(CacheAssembly.HEADS, heads, heads.length);
    int[] ordinals = AttentionChecks.ordinals(sizes).stream().mapToInt(Integer::intValue).toArray();
    writer.addInts(AttentionLowering.ORDINALS, ordinals, ordinals.length);
    return writer.toBytes();
  }
}
