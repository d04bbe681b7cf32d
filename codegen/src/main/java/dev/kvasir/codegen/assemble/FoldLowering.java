package dev.kvasir.codegen.assemble;

import dev.kvasir.codegen.assemble.ProgramBuilder.Mode;
import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.codegen.skeleton.FoldShape;
import dev.kvasir.codegen.skeleton.MovedMass;
import dev.kvasir.codegen.skeleton.StepMass;
import dev.kvasir.ir.graph.WeightReference;
import dev.kvasir.ir.graph.ops.FoldRowsOp;
import dev.kvasir.ir.model.WeightSource;
import dev.kvasir.ir.type.Fold;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.safetensors.SafetensorsWriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Lowers folds. A step adds up what rows receive from its query, behind its attention. Behind the
 * attention of a span that makes a fold due, and by a rule behind the step that does: the lists of
 * rows that stay and rows that are mixed, then those that are mixed are collected, then those that
 * stay are moved up in place, then the slots behind them are filled.
 */
final class FoldLowering {

  private static final Expression TOKENS = Expression.counter("tokens");
  private static final Expression POSITION = Expression.counter("position");
  private static final Expression SPAN = Expression.counter("span");
  private static final Expression ONE = Expression.constant(1);

  /** One folded layer: its kernels when a span is folded, and when a full tail is. */
  record Folded(FoldRowsOp op, AttentionLowering.Layer layer, FoldShape span, FoldShape tail) {

    FoldShape shape(SelectionTime time) {
      return time.span() ? span : tail;
    }

    Expression heads() {
      return Expression.constant(group().heads().size());
    }

    CacheAssembly.Group group() {
      return layer.folded();
    }

    Expression mark() {
      return Expression.counter(op.fold().mark());
    }

    /** Rows of slots and tail once {@code tokens} tokens are in the cache. */
    Expression held(Expression tokens) {
      return tokens.min(op.fold().slots());
    }

    Expression tail(Expression tokens) {
      return tokens.minus(mark()).max(0);
    }
  }

  private final ProgramBuilder builder;
  private final WeightSource weights;
  private final FoldKernels kernels;
  private final List<Folded> layers = new ArrayList<>();

  FoldLowering(ProgramBuilder builder, WeightSource weights) {
    this.builder = builder;
    this.weights = weights;
    this.kernels = new FoldKernels(builder);
  }

  /** {@return the i32 state that holds the true position of each slot of a layer} */
  static String positions(int layer) {
    return "layer." + layer + ".slot_positions";
  }

  /** {@return the i32 state that holds how many slots each head of a layer has} */
  static String counts(int layer) {
    return "layer." + layer + ".slot_counts";
  }

  private static String mass(int layer, int parity) {
    return "layer.%d.mass_%d".formatted(layer, parity);
  }

  /** {@return whether a span or step leaves so many rows that they are folded} */
  static Expression isDue(CacheAssembly.Group group) {
    SegmentPart tail = group.shape().segments().getLast();
    return Expression.constant(tail.segment().rows()).lessOrEqual(age(tail));
  }

  /** {@return whether it does not, so that rows are added to those that are there} */
  static Expression isAppended(CacheAssembly.Group group) {
    SegmentPart tail = group.shape().segments().getLast();
    return age(tail).lessThan(Expression.constant(tail.segment().rows()));
  }

  private static Expression age(SegmentPart tail) {
    return TOKENS.minus(Expression.counter(tail.mark().orElseThrow()));
  }

  /** Folds a layer's rows. */
  void fold(FoldRowsOp op, AttentionLowering.Layer layer) {
    Fold fold = op.fold();
    CacheAssembly.Group group = layer.folded();
    int rows = fold.slots() + fold.block();
    Folded folded =
        new Folded(
            op,
            layer,
            new FoldShape(group.shape(), fold, Math.addExact(rows, builder.sizes().span())),
            new FoldShape(group.shape(), fold, rows));
    layers.add(folded);
    int number = op.cacheType().layer();
    int heads = group.heads().size();
    builder.state(positions(number), StorageFormat.I32, (long) heads * fold.slots());
    builder.state(counts(number), StorageFormat.I32, heads);
    for (int parity = 0; parity < 2; parity++) {
      builder.state(
          mass(number, parity), StorageFormat.F32, (long) heads * folded.tail().massRoom());
    }
    builder.mark(fold.mark(), fold.block(), fold.slots());
    addMass(folded);
    carryMass(folded);
    declare(SelectionTime.SPAN, layer.label(), List.of(folded));
    builder.launch(
        Mode.PREFILL,
        kernels.observedMass(folded.span()),
        layer.label() + " fold mass",
        List.of(
            folded.heads().times(isDue(group)),
            pages(folded.held(POSITION)).plus(pages(folded.tail(POSITION))).plus(pages(SPAN))),
        arguments(SelectionTime.SPAN, folded),
        dims(SelectionTime.SPAN, folded));
    new FoldSteps(builder, kernels, this, folded, SelectionTime.SPAN).add();
  }

  /** Adds what runs when a tail is full, behind everything else. */
  void finish() {
    if (layers.isEmpty()) {
      return;
    }
    builder.nextOperation();
    declare(SelectionTime.FULL_TAIL, "", layers);
    for (Folded folded : layers) {
      builder.nextOperation();
      builder.whenDue(
          folded.op().fold().mark(),
          kernels.takeMass(folded.tail()),
          folded.layer().label() + " fold mass",
          List.of(folded.heads()),
          arguments(SelectionTime.FULL_TAIL, folded),
          dims(SelectionTime.FULL_TAIL, folded));
      new FoldSteps(builder, kernels, this, folded, SelectionTime.FULL_TAIL).add();
    }
  }

  private void addMass(Folded folded) {
    for (int parity = 0; parity < 2; parity++) {
      Map<String, String> arguments =
          AttentionLowering.withPages(folded.group(), folded.layer().arguments());
      int layer = folded.op().cacheType().layer();
      arguments.put("mass_before", mass(layer, 1 - parity));
      arguments.put("mass_after", mass(layer, parity));
      Expression turn = TOKENS.mod(2);
      Map<String, Expression> dims = AttentionLowering.groupDims(folded.group());
      dims.put("held", folded.held(TOKENS));
      dims.put("tail_rows", folded.tail(TOKENS));
      dims.put(StepMass.BEFORE, folded.held(POSITION).plus(folded.tail(POSITION)));
      builder.launch(
          Mode.STEP,
          kernels.stepMass(folded.tail()),
          folded.layer().label() + " step mass",
          List.of(
              folded.heads().times(parity == 1 ? turn : ONE.minus(turn)),
              pages(folded.held(TOKENS)).plus(pages(folded.tail(TOKENS)))),
          arguments,
          dims);
    }
  }

  /** A span whose rows are added leaves the sums of those before them. */
  private void carryMass(Folded folded) {
    Map<String, Expression> dims = new HashMap<>();
    Expression before = folded.held(POSITION).plus(folded.tail(POSITION));
    int most = folded.op().fold().slots() + folded.op().fold().block();
    dims.put(StepMass.BEFORE, before.times(isAppended(folded.group())));
    dims.put("rows_after", folded.held(TOKENS).plus(folded.tail(TOKENS)).min(most));
    dims.put(MovedMass.FROM, POSITION.mod(2));
    dims.put("to", TOKENS.mod(2));
    builder.launch(
        Mode.PREFILL,
        kernels.carryMass(folded.tail()),
        folded.layer().label() + " carry mass",
        List.of(folded.heads()),
        masses(folded),
        dims);
  }

  private static Map<String, String> masses(Folded folded) {
    int layer = folded.op().cacheType().layer();
    return Map.of("mass_0", mass(layer, 0), "mass_1", mass(layer, 1));
  }

  /** Declares the scratch of the largest of layers that share it. */
  private void declare(SelectionTime time, String label, List<Folded> sharing) {
    Map<String, Long> floats = new HashMap<>();
    Map<String, Long> integers = new HashMap<>();
    for (Folded folded : sharing) {
      FoldShape shape = folded.shape(time);
      long heads = folded.group().heads().size();
      most(floats, "mass", heads * shape.room().elements());
      most(floats, "rest_rows", heads * shape.restElements());
      most(floats, "rest_columns", heads * shape.columnElements());
      most(floats, "mixed", heads * shape.mixedElements());
      most(integers, "chosen", heads * shape.slotRoom());
      most(integers, "residual", heads * shape.slotRoom());
      most(integers, "rest", heads * shape.room().elements());
      most(integers, "chosen_counts", heads);
      most(integers, "rest_counts", heads);
      most(integers, "slot_counts", heads);
    }
    scratch(prefix(time, label), StorageFormat.F32, floats);
    scratch(prefix(time, label), StorageFormat.I32, integers);
  }

  private static void most(Map<String, Long> elements, String name, long needed) {
    elements.merge(name, needed, Math::max);
  }

  private void scratch(String prefix, StorageFormat format, Map<String, Long> elements) {
    elements.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(
            entry ->
                builder.scratch(
                    prefix + "." + entry.getKey(),
                    format,
                    Expression.constant(entry.getValue()),
                    entry.getValue()));
  }

  private static String prefix(SelectionTime time, String label) {
    return switch (time) {
      case SPAN -> label + ".fold";
      case FULL_TAIL -> "fold";
    };
  }

  Map<String, String> arguments(SelectionTime time, Folded folded) {
    Map<String, String> arguments =
        AttentionLowering.withPages(folded.group(), folded.layer().arguments());
    for (String name :
        List.of(
            "mass",
            "rest_rows",
            "rest_columns",
            "mixed",
            "chosen",
            "residual",
            "rest",
            "chosen_counts",
            "rest_counts",
            "slot_counts")) {
      arguments.put(name, prefix(time, folded.layer().label()) + "." + name);
    }
    arguments.putAll(masses(folded));
    int layer = folded.op().cacheType().layer();
    arguments.put("positions", positions(layer));
    arguments.put("counts", counts(layer));
    FoldRowsOp op = folded.op();
    arguments.put("weight", derived(byTap(op.weight()), op.weight()));
    arguments.put("bias", derived(op.bias().name(), op.bias()));
    arguments.put("alpha", derived(op.alpha().name(), op.alpha()));
    return arguments;
  }

  private String derived(String name, WeightReference weight) {
    return builder.derived(name, StorageFormat.F32, weight.size());
  }

  private static String byTap(WeightReference weight) {
    return weight.name() + "_by_tap";
  }

  /** Adds the weights of all folds, those of a convolution as [slot][tap][channel]. */
  void writeTo(SafetensorsWriter writer) {
    for (Folded folded : layers) {
      WeightReference weight = folded.op().weight();
      int slots = weight.shape().get(0);
      int channels = weight.shape().get(1);
      int taps = weight.shape().get(2);
      float[] values = floats(weight);
      float[] turned = new float[values.length];
      for (int slot = 0; slot < slots; slot++) {
        for (int channel = 0; channel < channels; channel++) {
          for (int tap = 0; tap < taps; tap++) {
            turned[(slot * taps + tap) * channels + channel] =
                values[(slot * channels + channel) * taps + tap];
          }
        }
      }
      writer.addFloats(byTap(weight), turned, slots, taps, channels);
      for (WeightReference other : List.of(folded.op().bias(), folded.op().alpha())) {
        writer.addFloats(other.name(), floats(other), other.shape().getFirst());
      }
    }
  }

  private float[] floats(WeightReference weight) {
    return weights.weight(weight.name()).toFloats();
  }

  Map<String, Expression> dims(SelectionTime time, Folded folded) {
    Fold fold = folded.op().fold();
    Map<String, Expression> dims = AttentionLowering.groupDims(folded.group());
    Expression held = folded.held(time.span() ? POSITION : TOKENS);
    Expression tail = folded.tail(time.span() ? POSITION : TOKENS);
    dims.put("held", held);
    dims.put("tail_rows", tail);
    dims.put("tail_origin", folded.mark());
    dims.put("candidates", held.plus(tail).plus(time.spanRows()));
    dims.put("first_query", Expression.constant(0));
    dims.put("end_query", SPAN);
    dims.put("query_origin", POSITION);
    dims.put("unfolded", folded.mark().lessOrEqual(Expression.constant(fold.slots())));
    dims.put(MovedMass.FROM, TOKENS.mod(2));
    dims.put("chosen_pages", Expression.constant(fold.slots() / SegmentPart.PAGE_ROWS));
    return dims;
  }

  private static Expression pages(Expression rows) {
    return rows.ceilDivide(SegmentPart.PAGE_ROWS);
  }
}
