package dev.kvasir.codegen.assemble;

import dev.kvasir.codegen.assemble.ProgramBuilder.Location;
import dev.kvasir.codegen.assemble.ProgramBuilder.Mode;
import dev.kvasir.codegen.skeleton.RowKernels;
import dev.kvasir.codegen.tile.TileChooser;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.graph.ops.ArgmaxOp;
import dev.kvasir.ir.graph.ops.EmbedOp;
import dev.kvasir.ir.graph.ops.LastRowOp;
import dev.kvasir.ir.graph.ops.RmsNormOp;
import dev.kvasir.ir.graph.ops.RopeOp;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.Program;
import java.util.List;
import java.util.Map;

/** Lowers what takes activations a row at a time: one launch for each operation. */
final class RowLowering {

  private final ProgramBuilder builder;
  private final int rowElements;

  RowLowering(ProgramBuilder builder) {
    this.builder = builder;
    this.rowElements = TileChooser.rowElements(builder.sizes().profile());
  }

  void embed(EmbedOp op, Value result) {
    int width = op.weight().shape().getLast();
    ElementFormat format = builder.format(op.weight());
    String name = "embedding_" + width + "_" + format.text();
    Kernel kernel =
        builder.kernel(
            name,
            "table look-up",
            () -> RowKernels.embedding(name, width, format, rowElements),
            () ->
                CheckCase.grid(1, 2)
                    .dim("sequence_rows", 2)
                    .ints("tokens", List.of(3, 0))
                    .floats("table", 4 * width)
                    .floats("y", 2 * width)
                    .build());
    Location y = builder.activation(result, width);
    for (Mode mode : Mode.values()) {
      builder.launch(
          mode,
          kernel,
          result.name(),
          List.of(mode.rows()),
          Map.of("tokens", Program.TOKENS, "table", builder.weight(op.weight()), "y", y.buffer()),
          Map.of("sequence_rows", builder.sequenceRows(mode, y)));
    }
  }

  void rmsNorm(RmsNormOp op, Value result) {
    Location x = builder.location(op.input());
    int width = x.width();
    int heads = op.heads();
    int headWidth = width / heads;
    ElementFormat format = builder.format(op.weight());
    String shape = heads == 1 ? String.valueOf(width) : heads + "x" + headWidth;
    String name = "rms_norm_" + shape + "_" + format.text();
    Kernel kernel =
        builder.kernel(
            name,
            heads == 1 ? "mean square, scale, weight" : "mean square, scale, weight of each head",
            () -> RowKernels.rmsNorm(name, heads, headWidth, op.epsilon(), format, rowElements),
            () ->
                CheckCase.grid(1, 2)
                    .dim("sequence_rows", 2)
                    .dim("first_row", 1)
                    .floats("x", 3 * width)
                    .floats("w", headWidth)
                    .floats("y", 2 * width)
                    .build());
    Location y =
        x.single()
            ? builder.singleRow(result, result.name(), StorageFormat.F32, width)
            : builder.activation(result, width);
    for (Mode mode : Mode.values()) {
      builder.launch(
          mode,
          kernel,
          result.name(),
          List.of(x.rows(mode)),
          Map.of("x", x.buffer(), "w", builder.weight(op.weight()), "y", y.buffer()),
          Map.of("sequence_rows", builder.sequenceRows(mode, x), "first_row", firstRow(x, mode)));
    }
  }

  private static Expression firstRow(Location location, Mode mode) {
    Expression first = location.firstRow().get(mode);
    if (first == null) {
      throw new IllegalStateException("no first row of " + location.buffer() + " in " + mode);
    }
    return first;
  }

  void rope(RopeOp op, Value result, RotaryTables tables) {
    Location x = builder.location(op.input());
    int heads = op.heads();
    int dim = op.headDim();
    String name = "rope_%dx%d".formatted(heads, dim);
    int position = 3;
    Kernel kernel =
        builder.kernel(
            name,
            "rotation of all heads",
            () -> RowKernels.rope(name, heads, dim, rowElements),
            () ->
                CheckCase.grid(1, 2)
                    .dim("sequence_rows", 2)
                    .dim("position", position)
                    .floats("x", 2 * heads * dim)
                    .floats("cosines", (position + 2) * dim / 2)
                    .floats("sines", (position + 2) * dim / 2)
                    .floats("y", 2 * heads * dim)
                    .build());
    builder.observe(op.input(), heads, dim, false);
    Location y = builder.activation(result, x.width());
    for (Mode mode : Mode.values()) {
      builder.launch(
          mode,
          kernel,
          result.name(),
          List.of(mode.rows()),
          Map.of(
              "x", x.buffer(),
              "cosines", tables.cosines(builder, op),
              "sines", tables.sines(builder, op),
              "y", y.buffer()),
          Map.of(
              "sequence_rows",
              builder.sequenceRows(mode, x),
              "position",
              Expression.counter("position")));
    }
    builder.observe(result, heads, dim, false);
  }

  void lastRow(LastRowOp op, Value result) {
    Location x = builder.location(op.input());
    builder.locate(
        result,
        new Location(
            x.buffer(),
            x.width(),
            Map.of(
                Mode.PREFILL, Expression.counter("span").minus(1),
                Mode.STEP, Expression.constant(0)),
            true));
  }

  void argmax(ArgmaxOp op, Value result) {
    Location logits = builder.location(op.input());
    String name = "argmax_" + logits.width();
    Kernel kernel =
        builder.kernel(
            name,
            "index of the largest",
            () -> RowKernels.argmax(name, logits.width(), rowElements),
            () -> CheckCase.grid(1).floats("logits", logits.width()).floats("next", 1).build());
    Location next = builder.singleRow(result, Program.NEXT, StorageFormat.I32, 1);
    for (Mode mode : Mode.values()) {
      builder.launch(
          mode,
          kernel,
          result.name(),
          List.of(),
          Map.of("logits", logits.buffer(), "next", next.buffer()),
          Map.of());
    }
  }
}
