package dev.kvasir.codegen.assemble;

import dev.kvasir.codegen.assemble.ProgramBuilder.Mode;
import dev.kvasir.codegen.part.BudgetedRows;
import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.CandidatePositions;
import dev.kvasir.codegen.skeleton.CandidateRoom;
import dev.kvasir.codegen.skeleton.Candidates;
import dev.kvasir.codegen.skeleton.KeepQuery;
import dev.kvasir.codegen.skeleton.ObservedMass;
import dev.kvasir.codegen.skeleton.ProgramExpressions;
import dev.kvasir.codegen.skeleton.ScoreShape;
import dev.kvasir.ir.graph.Node;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.graph.ops.KeepRowsOp;
import dev.kvasir.ir.graph.ops.MergeRowsOp;
import dev.kvasir.ir.graph.ops.SelectRowsOp;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.type.Selection;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.Program;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Lowers selections. Behind a layer's attention of a span, while the span's rows are in scratch,
 * the mass of candidates, their scores, the choice, then the copy of chosen rows to where they are
 * kept; layers that share a choice copy alone. A step keeps its query where a selection is near.
 * When the tail is full, rules do the same over the cache and the kept queries.
 */
final class SelectionLowering {

  private final ProgramBuilder builder;
  private final SelectionLists lists;
  private final SelectionKernels kernels;
  private final int listRoom;
  private final CandidateRoom room;
  private final List<Runnable> rules = new ArrayList<>();

  SelectionLowering(ProgramBuilder builder, SelectionLists lists) {
    this.builder = builder;
    this.lists = lists;
    this.listRoom = lists.listRoom();
    this.room = lists.room(builder.sizes().span());
    this.kernels = new SelectionKernels(builder, listRoom, room);
    if (lists.isUsed()) {
      builder.state(SelectionLists.POSITIONS, StorageFormat.I32, (long) lists.lists() * listRoom);
      builder.state(SelectionLists.COUNTS, StorageFormat.I32, lists.counts());
    }
  }

  /** Chooses rows for a layer and those that follow it. */
  void select(SelectRowsOp op, Node node, AttentionLowering.Layer layer) {
    SelectionLists.Place place = lists.place(node.result());
    declare(place.label(), layer.selected().heads().size(), place.lists());
    builder.mark(layer.mark(), op.selection().tail());
    if (!(op.selection().score() instanceof Selection.Random)) {
      keepQueries(op.selection(), layer);
    }
    choose(SelectionTime.SPAN, layer, place, arguments(SelectionTime.SPAN, layer, place));
    rules.add(
        () -> {
          builder.nextOperation();
          Map<String, String> arguments = arguments(SelectionTime.FULL_TAIL, layer, place);
          if (!(op.selection().score() instanceof Selection.Random)) {
            arguments.put("q", queries(layer));
            arguments.put("lse", sums(layer));
          }
          choose(SelectionTime.FULL_TAIL, layer, place, arguments);
        });
  }

  /** Keeps what was chosen, of one layer. */
  void keep(KeepRowsOp op, Node node, AttentionLowering.Layer layer) {
    SelectionLists.Place place = lists.place(op.choice());
    boolean last = lists.isLast(op.choice(), node);
    keep(SelectionTime.SPAN, layer, place, last);
    rules.add(
        () -> {
          builder.nextOperation();
          keep(SelectionTime.FULL_TAIL, layer, place, last);
        });
  }

  /** Merges what was chosen, of two layers. */
  void merge(
      MergeRowsOp op, Node node, AttentionLowering.Layer lower, AttentionLowering.Layer upper) {
    Value choice = op.choice().orElseThrow();
    SelectionLists.Place place = lists.place(choice);
    boolean last = lists.isLast(choice, node);
    ChosenMerge.Pair pair = new ChosenMerge.Pair(op.group().merge(), lower, upper);
    merge(SelectionTime.SPAN, pair, place, last);
    rules.add(
        () -> {
          builder.nextOperation();
          merge(SelectionTime.FULL_TAIL, pair, place, last);
        });
  }

  private void merge(
      SelectionTime time, ChosenMerge.Pair pair, SelectionLists.Place place, boolean last) {
    ChosenMerge.Bindings bindings =
        new ChosenMerge.Bindings() {
          @Override
          public Map<String, String> arguments(AttentionLowering.Layer layer) {
            return SelectionLowering.this.arguments(time, layer, place);
          }

          @Override
          public Map<String, Expression> dims(AttentionLowering.Layer layer) {
            return SelectionLowering.this.dims(time, layer, place);
          }
        };
    new ChosenMerge(builder, kernels, time, pair, listRoom).add(bindings, place);
    if (last) {
      commit(time, pair.upper(), place);
    }
  }

  /** Adds what runs when a tail is full, behind everything else. */
  void finish() {
    if (lists.isUsed()) {
      builder.nextOperation();
      declare(SelectionTime.FULL_TAIL.prefix(""), lists.mostHeads(), lists.mostLists());
      rules.forEach(Runnable::run);
    }
  }

  private void declare(String prefix, int heads, int count) {
    scratch(prefix + ".mass", StorageFormat.F32, (long) heads * room.elements());
    scratch(prefix + ".candidate_positions", StorageFormat.I32, (long) count * room.elements());
    scratch(prefix + ".scores", StorageFormat.F32, (long) count * room.elements());
    scratch(prefix + ".chosen", StorageFormat.I32, (long) count * listRoom);
    scratch(prefix + ".chosen_positions", StorageFormat.I32, (long) count * listRoom);
    scratch(prefix + ".chosen_counts", StorageFormat.I32, count);
  }

  private void scratch(String name, StorageFormat format, long elements) {
    builder.scratch(name, format, Expression.constant(elements), elements);
  }

  private static String queries(AttentionLowering.Layer layer) {
    return layer.label() + ".kept_q";
  }

  private static String sums(AttentionLowering.Layer layer) {
    return layer.label() + ".kept_lse";
  }

  private Map<String, String> arguments(
      SelectionTime time, AttentionLowering.Layer layer, SelectionLists.Place place) {
    Map<String, String> arguments =
        AttentionLowering.withPages(layer.selected(), layer.arguments());
    for (String name :
        List.of(
            "mass",
            "candidate_positions",
            "scores",
            "chosen",
            "chosen_positions",
            "chosen_counts")) {
      arguments.put(name, time.prefix(place.label()) + "." + name);
    }
    arguments.put("positions", SelectionLists.POSITIONS);
    return arguments;
  }

  private void keepQueries(Selection selection, AttentionLowering.Layer layer) {
    AttentionShape shape = layer.selected().shape();
    long rows = (long) selection.observe() * shape.queryHeads();
    builder.state(queries(layer), StorageFormat.F32, rows * shape.keyDim());
    builder.state(sums(layer), StorageFormat.F32, rows);
    Map<String, String> arguments = new HashMap<>(layer.arguments());
    arguments.put("kept_q", queries(layer));
    arguments.put("kept_lse", sums(layer));
    Expression place = age(layer).minus(1).minus(selection.tail() - selection.observe());
    builder.launch(
        Mode.STEP,
        kernels.keepQuery(shape),
        layer.label() + " keep query",
        List.of(
            Expression.constant(shape.kvHeads()).times(Expression.constant(0).lessOrEqual(place))),
        arguments,
        Map.of(KeepQuery.SLOT, place.max(0)));
  }

  private static Expression mark(AttentionLowering.Layer layer) {
    return Expression.counter(layer.mark());
  }

  /** {@return rows since the last selection, the running ones included} */
  private static Expression age(AttentionLowering.Layer layer) {
    return Expression.counter("tokens").minus(mark(layer));
  }

  private void choose(
      SelectionTime time,
      AttentionLowering.Layer layer,
      SelectionLists.Place place,
      Map<String, String> arguments) {
    CacheAssembly.Group group = layer.selected();
    Selection selection = place.selection();
    Map<String, Expression> dims = dims(time, layer, place);
    Expression heads = Expression.constant(group.heads().size());
    Expression count = Expression.constant(place.lists());
    Expression held = group.segments().getFirst().rows();
    Expression pages =
        held.ceilDivide(SegmentPart.PAGE_ROWS)
            .plus(time.tailRows(mark(layer)).ceilDivide(SegmentPart.PAGE_ROWS))
            .plus(time.spanRows().ceilDivide(SegmentPart.PAGE_ROWS));
    Expression blocks = held.plus(age(layer)).ceilDivide(SegmentPart.PAGE_ROWS);
    Launches launches = new Launches(time, layer, arguments, dims);
    launches.add(
        kernels.candidatePositions(),
        "candidate positions",
        count,
        held.ceilDivide(SegmentPart.PAGE_ROWS).plus(age(layer).ceilDivide(SegmentPart.PAGE_ROWS)));
    if (!(selection.score() instanceof Selection.Random)) {
      if (group.isMerged()) {
        String rebuilt = time.prefix(layer.label()) + ".rebuilt." + layer.label();
        int kept = listRoom / SegmentPart.PAGE_ROWS;
        scratch(
            rebuilt,
            StorageFormat.F32,
            (long) group.heads().size() * kept * group.shape().pageElements());
        ChosenMerge.rebuild(builder, kernels, time, layer, arguments, dims, rebuilt, kept);
      }
      launches.add(
          kernels.observedMass(group.shape(), time, selection.observe()),
          "observed mass",
          heads,
          pages);
    }
    launches.add(kernels.scoreRows(selection, group.heads().size()), "score rows", count, blocks);
    launches.add(kernels.chooseRows(selection), "choose rows", count);
  }

  private void keep(
      SelectionTime time, AttentionLowering.Layer layer, SelectionLists.Place place, boolean last) {
    CacheAssembly.Group group = layer.selected();
    Map<String, String> arguments = arguments(time, layer, place);
    Map<String, Expression> dims = dims(time, layer, place);
    Launches launches = new Launches(time, layer, arguments, dims);
    if (group.shape().kept().packing().isEmpty()) {
      launches.add(
          kernels.compactRows(group.shape(), time),
          "compact rows",
          Expression.constant(group.heads().size()));
    } else {
      pack(time, layer, launches, arguments, dims);
    }
    if (last) {
      commit(time, layer, place);
    }
  }

  /** Makes the choice that of the cache, once all layers have what they keep. */
  private void commit(
      SelectionTime time, AttentionLowering.Layer layer, SelectionLists.Place place) {
    new Launches(time, layer, arguments(time, layer, place), dims(time, layer, place))
        .add(kernels.commitChoice(), "commit choice", Expression.constant(place.lists()));
  }

  private void pack(
      SelectionTime time,
      AttentionLowering.Layer layer,
      Launches launches,
      Map<String, String> arguments,
      Map<String, Expression> dims) {
    CacheAssembly.Group group = layer.selected();
    AttentionShape shape = group.shape();
    SegmentPart kept = shape.kept();
    int count = group.heads().size();
    int pages = listRoom / SegmentPart.PAGE_ROWS;
    String closing = time.prefix(layer.label()) + ".closing." + layer.label();
    String refused = time.prefix(layer.label()) + ".refused." + layer.label();
    String unpacked = time.prefix(layer.label()) + ".unpacked." + layer.label();
    long elements = (long) count * pages * shape.pageElements();
    scratch(closing, KernelLibrary.storage(kept.format()), elements);
    scratch(unpacked, StorageFormat.F32, elements);
    scratch(refused, StorageFormat.I32, (long) count * pages);
    arguments.put("closing", closing);
    arguments.put("source", closing);
    arguments.put("unpacked", unpacked);
    arguments.put("refused", refused);
    Expression slots = slots(group);
    Expression heads = Expression.constant(count);
    Expression full = slots.floorDivide(SegmentPart.PAGE_ROWS).min(pages);
    dims.put("chosen_pages", full);
    launches.add(
        kernels.unpackPages(shape),
        "unpack pages",
        heads,
        group.segments().getFirst().rows().floorDivide(SegmentPart.PAGE_ROWS).min(pages));
    launches.add(
        kernels.gatherKept(shape, time),
        "gather rows",
        heads,
        slots.ceilDivide(SegmentPart.PAGE_ROWS));
    launches.add(kernels.packChosen(shape), "pack pages", heads, full);
    launches.require(
        PackingLowering.refusal(layer.label() + " " + kept.name(), refused, heads.times(full)));
    launches.add(kernels.openPage(shape), "open page", heads);
  }

  private Map<String, Expression> dims(
      SelectionTime time, AttentionLowering.Layer layer, SelectionLists.Place place) {
    CacheAssembly.Group group = layer.selected();
    Selection selection = place.selection();
    Expression tokens = Expression.counter("tokens");
    Map<String, Expression> dims = AttentionLowering.groupDims(group);
    dims.put(Candidates.TAIL_ROWS, time.tailRows(mark(layer)));
    dims.put(CandidatePositions.TAIL_ORIGIN, mark(layer));
    dims.put("more", age(layer));
    dims.put("protected_from", tokens.minus(selection.observe()).max(0));
    dims.put(
        "choose",
        ProgramExpressions.of(
            BudgetedRows.windows(
                group.shape().kept().segment().budget().orElseThrow(),
                ProgramExpressions.counter("tokens"))));
    dims.put(ObservedMass.FIRST_QUERY, time.firstQuery(selection.observe()));
    dims.put(ObservedMass.END_QUERY, time.endQuery(selection.observe()));
    dims.put(ObservedMass.QUERY_ORIGIN, time.queryOrigin(selection.observe()));
    dims.put(
        "salt",
        Expression.constant(
            selection.score() instanceof Selection.Random random ? random.run() : 0));
    dims.put(ScoreShape.TASK, Expression.counter(PromptSettings.TASK));
    return dims;
  }

  private static Expression slots(CacheAssembly.Group group) {
    return ProgramExpressions.of(
        BudgetedRows.slots(
            group.shape().kept().segment().budget().orElseThrow(),
            ProgramExpressions.counter("tokens")));
  }

  /** The launches of one layer at one time. */
  private final class Launches {
    private final SelectionTime time;
    private final AttentionLowering.Layer layer;
    private final Map<String, String> arguments;
    private final Map<String, Expression> dims;

    Launches(
        SelectionTime time,
        AttentionLowering.Layer layer,
        Map<String, String> arguments,
        Map<String, Expression> dims) {
      this.time = time;
      this.layer = layer;
      this.arguments = arguments;
      this.dims = dims;
    }

    void add(Kernel kernel, String label, Expression... grid) {
      String text = layer.label() + " " + label;
      time.launch(builder, layer.mark(), kernel, text, List.of(grid), arguments, dims);
    }

    void require(Program.Step.Require requirement) {
      time.require(builder, layer.mark(), requirement);
    }
  }
}
