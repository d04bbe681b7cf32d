package dev.kvasir.codegen.assemble;

import dev.kvasir.codegen.assemble.ProgramBuilder.Location;
import dev.kvasir.codegen.assemble.ProgramBuilder.Mode;
import dev.kvasir.codegen.skeleton.DenseKernels;
import dev.kvasir.codegen.skeleton.RowKernels;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.graph.ops.ArgmaxOp;
import dev.kvasir.ir.graph.ops.EmbedOp;
import dev.kvasir.ir.graph.ops.GatedLinearOp;
import dev.kvasir.ir.graph.ops.LastRowOp;
import dev.kvasir.ir.graph.ops.LinearOp;
import dev.kvasir.ir.graph.ops.RmsNormOp;
import dev.kvasir.ir.graph.ops.RopeOp;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.Program;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Lowers everything but attention: one launch for each operation. */
final class DenseLowering {

  private static final Expression ONE = Expression.constant(1);

  private final ProgramBuilder builder;

  DenseLowering(ProgramBuilder builder) {
    this.builder = builder;
  }

  private Expression sequenceRows(Mode mode, Location location) {
    return location.single() || mode == Mode.STEP
        ? ONE
        : Expression.constant(builder.sizes().paddedSpan());
  }

  private static Expression rows(Mode mode, Location location) {
    return location.single() ? ONE : mode.rows();
  }

  void embed(EmbedOp op, Value result) {
    int width = op.weight().shape().getLast();
    ElementFormat format = builder.format(op.weight());
    String name = "embedding_" + width + "_" + format.text();
    Kernel kernel =
        builder.kernel(
            name,
            "table look-up",
            () -> RowKernels.embedding(name, width, format),
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
          Map.of("sequence_rows", sequenceRows(mode, y)));
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
            () -> RowKernels.rmsNorm(name, heads, headWidth, op.epsilon(), format),
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
          List.of(rows(mode, x)),
          Map.of("x", x.buffer(), "w", builder.weight(op.weight()), "y", y.buffer()),
          Map.of("sequence_rows", sequenceRows(mode, x), "first_row", firstRow(x, mode)));
    }
  }

  private static Expression firstRow(Location location, Mode mode) {
    Expression first = location.firstRow().get(mode);
    if (first == null) {
      throw new IllegalStateException("no first row of " + location.buffer() + " in " + mode);
    }
    return first;
  }

  void linear(LinearOp op, Value result, String bufferName) {
    Location x = builder.location(op.input());
    int outputs = op.weight().shape().getFirst();
    Location y =
        x.single()
            ? builder.singleRow(result, bufferName, StorageFormat.F32, outputs)
            : builder.activation(result, outputs);
    Map<String, String> arguments =
        new HashMap<>(Map.of("x", x.buffer(), "w", builder.weight(op.weight()), "y", y.buffer()));
    op.bias().ifPresent(bias -> arguments.put("b", builder.weight(bias)));
    op.residual().ifPresent(r -> arguments.put("r", builder.location(r).buffer()));
    for (Mode mode : Mode.values()) {
      int tile = x.single() ? 1 : mode.rowTile();
      Kernel kernel = product(op, tile);
      launchProduct(mode, kernel, result, x, tile, outputs, arguments);
    }
  }

  private Kernel product(LinearOp op, int tile) {
    int outputs = op.weight().shape().getFirst();
    int inputs = op.weight().shape().getLast();
    ElementFormat format = builder.format(op.weight());
    Optional<ElementFormat> bias = op.bias().map(builder::format);
    boolean residual = op.residual().isPresent();
    String name =
        "product_%dx%d_%s_m%d%s%s"
            .formatted(
                outputs, inputs, format.text(), tile, suffix("bias", bias), residual ? "_add" : "");
    int columns = DenseKernels.columnBlock(outputs);
    int blocks = Math.min(2, outputs / columns);
    String summary =
        "matrix product" + (bias.isPresent() ? " + bias" : "") + (residual ? " + residual" : "");
    return builder.kernel(
        name,
        summary,
        () -> DenseKernels.product(name, outputs, inputs, format, bias, tile, residual),
        () ->
            productCheck(tile, outputs, inputs, columns, blocks)
                .floats("w", columns * blocks * inputs)
                .floats("b", columns * blocks)
                .floats("r", (tile - 1) * outputs + columns * blocks)
                .build());
  }

  private static String suffix(String what, Optional<ElementFormat> format) {
    return format.map(known -> "_" + what + "_" + known.text()).orElse("");
  }

  private static CheckCase.Builder productCheck(
      int tile, int outputs, int inputs, int columns, int blocks) {
    return CheckCase.grid(1, 1, blocks)
        .dim("sequence_rows", tile)
        .floats("x", tile * inputs)
        .floats("y", (tile - 1) * outputs + columns * blocks);
  }

  private void launchProduct(
      Mode mode,
      Kernel kernel,
      Value result,
      Location x,
      int tile,
      int outputs,
      Map<String, String> arguments) {
    builder.launch(
        mode,
        kernel,
        result.name(),
        List.of(
            rows(mode, x).ceilDivide(tile),
            Expression.constant(outputs / DenseKernels.columnBlock(outputs))),
        arguments,
        Map.of("sequence_rows", sequenceRows(mode, x)));
  }

  void gatedLinear(GatedLinearOp op, Value result) {
    Location x = builder.location(op.input());
    int outputs = op.gate().shape().getFirst();
    int inputs = op.gate().shape().getLast();
    ElementFormat gate = builder.format(op.gate());
    ElementFormat up = builder.format(op.up());
    Optional<ElementFormat> gateBias = op.gateBias().map(builder::format);
    Optional<ElementFormat> upBias = op.upBias().map(builder::format);
    Location y = builder.activation(result, outputs);
    int columns = DenseKernels.columnBlock(outputs);
    int blocks = Math.min(2, outputs / columns);
    Map<String, String> arguments =
        new HashMap<>(
            Map.of(
                "x", x.buffer(),
                "gate", builder.weight(op.gate()),
                "up", builder.weight(op.up()),
                "y", y.buffer()));
    op.gateBias().ifPresent(bias -> arguments.put("gate_bias", builder.weight(bias)));
    op.upBias().ifPresent(bias -> arguments.put("up_bias", builder.weight(bias)));
    for (Mode mode : Mode.values()) {
      int tile = mode.rowTile();
      String name =
          "gated_product_%dx%d_%s_%s_m%d%s%s"
              .formatted(
                  outputs,
                  inputs,
                  gate.text(),
                  up.text(),
                  tile,
                  suffix("gate_bias", gateBias),
                  suffix("up_bias", upBias));
      Kernel kernel =
          builder.kernel(
              name,
              "two matrix products + SwiGLU",
              () ->
                  DenseKernels.gatedProduct(
                      name, outputs, inputs, gate, up, gateBias, upBias, tile),
              () ->
                  productCheck(tile, outputs, inputs, columns, blocks)
                      .floats("gate", columns * blocks * inputs)
                      .floats("up", columns * blocks * inputs)
                      .floats("gate_bias", columns * blocks)
                      .floats("up_bias", columns * blocks)
                      .build());
      launchProduct(mode, kernel, result, x, tile, outputs, arguments);
    }
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
            () -> RowKernels.rope(name, heads, dim),
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
              "sequence_rows", sequenceRows(mode, x), "position", Expression.counter("position")));
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
            () -> RowKernels.argmax(name, logits.width()),
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
