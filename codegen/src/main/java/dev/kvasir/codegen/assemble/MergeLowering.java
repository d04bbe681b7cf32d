package dev.kvasir.codegen.assemble;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.MergeBatch;
import dev.kvasir.ir.graph.ops.MergeRowsOp;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.type.Merge;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.program.Beside;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.Program;
import dev.kvasir.plans.program.SegmentDeclaration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Lowers merges of two layers. Behind the upper layer's attention of a span, while the rows of both
 * are in scratch, their directions, the choice of what is retained, then the copy of that. When the
 * tails are full, rules do the same with their rows.
 */
final class MergeLowering {

  private static final int PAGE_ROWS = SegmentPart.PAGE_ROWS;
  private static final Expression TOKENS = Expression.counter("tokens");

  /** What a refusal of norms means. */
  static final String ODD_NORM =
      "f16 cannot hold the norm of a key or value, or it is no number; leave these layers out of"
          + " merge-layers";

  /** What a refusal of a page of directions means. */
  static final String ODD_DIRECTION =
      "f16 cannot hold the step or least value of a group of directions, or they are no numbers;"
          + " leave these layers out of quantize-kv";

  private final ProgramBuilder builder;
  private final MergeKernels kernels;
  private final List<Runnable> rules = new ArrayList<>();

  MergeLowering(ProgramBuilder builder) {
    this.builder = builder;
    this.kernels = new MergeKernels(builder);
  }

  /** Merges two layers. */
  void merge(MergeRowsOp op, AttentionLowering.Layer lower, AttentionLowering.Layer upper) {
    Merge merge = op.group().merge();
    builder.mark(merge.mark(), merge.tail());
    Pair pair = new Pair(merge, lower, upper);
    MergeBatch span = new MergeBatch(merge.tail(), builder.sizes().span());
    new Launches(SelectionTime.SPAN, span, pair).add();
    MergeBatch tail = new MergeBatch(merge.tail(), 0);
    rules.add(() -> new Launches(SelectionTime.FULL_TAIL, tail, pair).add());
  }

  /** Adds what runs when tails are full, behind everything else. */
  void finish() {
    for (Runnable rule : rules) {
      builder.nextOperation();
      rule.run();
    }
  }

  /** Two layers that are merged. */
  private record Pair(Merge merge, AttentionLowering.Layer lower, AttentionLowering.Layer upper) {

    CacheAssembly.Group group() {
      return upper.merged();
    }

    AttentionShape shape() {
      return group().shape();
    }

    Expression mark() {
      return Expression.counter(merge.mark());
    }

    Expression retained(Expression rows) {
      return MergeLowering.retained(merge, rows);
    }
  }

  /** {@return retained rows once so many are merged} */
  static Expression retained(Merge merge, Expression rows) {
    return rows.times(merge.retainNumerator())
        .ceilDivide(Expression.constant(merge.retainDenominator()));
  }

  /** Binds where the retained rows of a layer are written. */
  static void bindRetained(
      String side,
      AttentionLowering.Layer layer,
      Map<String, String> arguments,
      Map<String, Expression> dims) {
    SegmentDeclaration retained = layer.merged().segments().get(1);
    Beside positions = retained.beside().orElseThrow();
    arguments.put("retained_" + side, retained.pool());
    arguments.put("positions_" + side, positions.pool());
    dims.put(side + "_retained_table", Expression.constant(retained.tableOffset()));
    dims.put(side + "_positions_table", Expression.constant(positions.tableOffset()));
  }

  /**
   * {@return what a merge must have met}
   *
   * @param refused buffer of what each point refuses
   * @param points how many points there are
   * @param otherwise what it means where one does
   */
  static Program.Step.Require requirement(
      String refused,
      Expression points,
      AttentionLowering.Layer lower,
      AttentionLowering.Layer upper,
      String otherwise) {
    return new Program.Step.Require(
        refused, points, "layers %s and %s: %s".formatted(number(lower), number(upper), otherwise));
  }

  private static String number(AttentionLowering.Layer layer) {
    return layer.label().replace("layer.", "");
  }

  /** The launches of one merge at one time. */
  private final class Launches {
    private final SelectionTime time;
    private final MergeBatch batch;
    private final Pair pair;
    private final AttentionShape shape;
    private final int heads;
    private final String label;
    private final Map<String, String> arguments;
    private final Map<String, Expression> dims;

    Launches(SelectionTime time, MergeBatch batch, Pair pair) {
      this.time = time;
      this.batch = batch;
      this.pair = pair;
      shape = pair.shape();
      heads = pair.group().heads().size();
      label = pair.upper().label();
      arguments = AttentionLowering.withPages(pair.group(), pair.upper().arguments());
      dims = AttentionLowering.groupDims(pair.group());
    }

    void add() {
      boolean packed = shape.segments().getFirst().packing().isPresent();
      Expression from = pair.mark();
      Expression touched =
          TOKENS.ceilDivide(PAGE_ROWS).minus(from.floorDivide(PAGE_ROWS)).max(0).min(batch.pages());
      declare(packed);
      bind();
      launch(
          kernels.stage(shape, batch),
          "stage merged rows",
          Expression.constant(batch.stagedPages()));
      launch(kernels.mergeRows(shape, pair.merge(), batch), "merge rows", touched);
      require(touched, ODD_NORM);
      launch(kernels.chooseRetained(shape, batch), "choose retained rows");
      Expression retainedPages =
          pair.retained(TOKENS)
              .ceilDivide(PAGE_ROWS)
              .minus(pair.retained(from).floorDivide(PAGE_ROWS))
              .max(0)
              .min(batch.pages());
      launch(kernels.retainRows(shape, batch), "retain rows", retainedPages);
      if (packed) {
        Expression full =
            TOKENS
                .floorDivide(PAGE_ROWS)
                .minus(from.floorDivide(PAGE_ROWS))
                .max(0)
                .min(batch.pages());
        launch(kernels.packMerged(shape, batch), "pack pages", full);
        require(full, ODD_DIRECTION);
        launch(kernels.openShared(shape, batch), "open page");
      }
    }

    private String scratchName(String name) {
      return label + ".merge" + (time.span() ? "." : ".due.") + name;
    }

    private void declare(boolean packed) {
      long staged = (long) heads * batch.stagedPages() * shape.pageElements();
      scratch("staged_lower", StorageFormat.F32, staged);
      scratch("staged_upper", StorageFormat.F32, staged);
      scratch("scores", StorageFormat.F32, (long) heads * batch.room());
      scratch("chosen", StorageFormat.I32, (long) heads * batch.room());
      scratch("refused", StorageFormat.I32, (long) heads * batch.pages());
      if (packed) {
        StorageFormat format = KernelLibrary.storage(shape.segments().getFirst().format());
        scratch("closing", format, (long) heads * batch.pages() * shape.pageElements());
        arguments.put("source", scratchName("closing"));
      }
    }

    private void scratch(String name, StorageFormat format, long elements) {
      builder.scratch(scratchName(name), format, Expression.constant(elements), elements);
      arguments.put(name, scratchName(name));
    }

    private void bind() {
      dims.put(MergeBatch.FROM, pair.mark());
      dims.put(MergeBatch.TO, TOKENS);
      dims.put(MergeBatch.TAIL_ROWS, time.tailRows(pair.mark()));
      dims.put(MergeBatch.RETAINED_FROM, pair.retained(pair.mark()));
      dims.put(MergeBatch.RETAINED_TO, pair.retained(TOKENS));
      bind("lower", pair.lower());
      bind("upper", pair.upper());
    }

    private void bind(String side, AttentionLowering.Layer layer) {
      SegmentDeclaration tail = layer.merged().segments().getLast();
      Map<String, String> own = layer.arguments();
      for (String rows : List.of("k", "v")) {
        arguments.put(rows + "_" + side, ProgramBuilder.get(own, rows));
      }
      arguments.put("tail_" + side, tail.pool());
      dims.put(side + "_tail_table", Expression.constant(tail.tableOffset()));
      bindRetained(side, layer, arguments, dims);
    }

    private void launch(Kernel kernel, String what, Expression... points) {
      List<Expression> grid = new ArrayList<>(List.of(Expression.constant(heads)));
      grid.addAll(List.of(points));
      String text = label + " " + what;
      time.launch(builder, pair.merge().mark(), kernel, text, grid, arguments, dims);
    }

    private void require(Expression points, String otherwise) {
      Program.Step.Require requirement =
          requirement(
              scratchName("refused"),
              Expression.constant(heads).times(points),
              pair.lower(),
              pair.upper(),
              otherwise);
      time.require(builder, pair.merge().mark(), requirement);
    }
  }
}
