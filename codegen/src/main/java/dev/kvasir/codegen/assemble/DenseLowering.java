package dev.kvasir.codegen.assemble;

import dev.kvasir.codegen.assemble.ProgramBuilder.Location;
import dev.kvasir.codegen.assemble.ProgramBuilder.Mode;
import dev.kvasir.codegen.skeleton.DenseKernels;
import dev.kvasir.codegen.skeleton.GatedProduct;
import dev.kvasir.codegen.skeleton.PanelProducts;
import dev.kvasir.codegen.skeleton.PanelSizes;
import dev.kvasir.codegen.skeleton.Product;
import dev.kvasir.codegen.skeleton.ProductBlock;
import dev.kvasir.codegen.skeleton.RowKernels;
import dev.kvasir.codegen.tile.TileChooser;
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
import java.util.SortedMap;
import java.util.TreeMap;

/** Lowers everything but attention: one launch for each operation. */
final class DenseLowering {

  private static final String GATED = "two matrix products + SwiGLU";

  /** In the name of a kernel that multiplies one row. */
  private static final String ONE_ROW = "m1";

  /** In the name of a kernel that multiplies many rows. */
  private static final String PANELS = "panels";

  private static final Expression ONE = Expression.constant(1);

  private final ProgramBuilder builder;
  private final PanelLowering panels;

  DenseLowering(ProgramBuilder builder) {
    this.builder = builder;
    this.panels = new PanelLowering(builder);
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
      if (mode == Mode.PREFILL && !x.single()) {
        PanelSizes sizes = PanelSizes.of(outputs, x.width());
        panels.launch(
            panelProduct(product(op, PANELS), sizes), result, x, sizes, outputs, arguments);
      } else {
        ProductBlock block = block(outputs, x.width());
        launchProduct(
            mode, product(product(op, ONE_ROW), block), result, x, block, outputs, arguments);
      }
    }
  }

  private Kernel panelProduct(Product product, PanelSizes sizes) {
    int outputs = product.outputs();
    int inputs = product.inputs();
    int columns = sizes.columns() * PanelLowering.checkedBlocks(sizes, outputs, inputs);
    return builder.kernel(
        product.name(),
        summary(product),
        PanelLowering.sizes(sizes),
        () -> PanelProducts.product(product, sizes),
        () ->
            PanelLowering.check(sizes, outputs, inputs)
                .floats("w", columns * inputs)
                .floats("b", columns)
                .floats("r", PanelLowering.resultElements(sizes, outputs, inputs))
                .build());
  }

  private Product product(LinearOp op, String cut) {
    int outputs = op.weight().shape().getFirst();
    int inputs = op.weight().shape().getLast();
    ElementFormat weight = builder.format(op.weight());
    Optional<ElementFormat> bias = op.bias().map(builder::format);
    boolean residual = op.residual().isPresent();
    String name =
        "product_%dx%d_%s_%s%s%s"
            .formatted(
                outputs, inputs, weight.text(), cut, suffix("bias", bias), residual ? "_add" : "");
    return new Product(name, outputs, inputs, weight, bias, residual);
  }

  private static String summary(Product product) {
    return "matrix product"
        + (product.bias().isPresent() ? " + bias" : "")
        + (product.residual() ? " + residual" : "");
  }

  private ProductBlock block(int outputs, int inputs) {
    PlanSizes sizes = builder.sizes();
    int weights =
        TileChooser.vectorWeights(
            (long) outputs * inputs, sizes.profile(), sizes.tiles().vectorWeights());
    return ProductBlock.of(outputs, inputs, weights);
  }

  private static SortedMap<String, Integer> sizes(ProductBlock block) {
    return new TreeMap<>(Map.of("product-rows", 1, "product-columns", block.columns()));
  }

  private Kernel product(Product product, ProductBlock block) {
    int blocks = Math.min(2, product.outputs() / block.columns());
    int columns = blocks * block.columns();
    return builder.kernel(
        product.name(),
        summary(product),
        sizes(block),
        () -> DenseKernels.product(product, block),
        () ->
            productCheck(block, product.inputs(), blocks)
                .floats("w", columns * product.inputs())
                .floats("b", columns)
                .floats("r", columns)
                .build());
  }

  private static String suffix(String what, Optional<ElementFormat> format) {
    return format.map(known -> "_" + what + "_" + known.text()).orElse("");
  }

  private static CheckCase.Builder productCheck(ProductBlock block, int inputs, int blocks) {
    return CheckCase.grid(1, 1, blocks)
        .dim("sequence_rows", 1)
        .floats("x", inputs)
        .floats("y", block.columns() * blocks);
  }

  private void launchProduct(
      Mode mode,
      Kernel kernel,
      Value result,
      Location x,
      ProductBlock block,
      int outputs,
      Map<String, String> arguments) {
    builder.launch(
        mode,
        kernel,
        result.name(),
        List.of(rows(mode, x), Expression.constant(outputs / block.columns())),
        arguments,
        Map.of("sequence_rows", sequenceRows(mode, x)));
  }

  void gatedLinear(GatedLinearOp op, Value result) {
    Location x = builder.location(op.input());
    int outputs = op.gate().shape().getFirst();
    int inputs = op.gate().shape().getLast();
    Location y = builder.activation(result, outputs);
    Map<String, String> arguments =
        new HashMap<>(
            Map.of(
                "x", x.buffer(),
                "gate", builder.weight(op.gate()),
                "up", builder.weight(op.up()),
                "y", y.buffer()));
    op.gateBias().ifPresent(bias -> arguments.put("gate_bias", builder.weight(bias)));
    op.upBias().ifPresent(bias -> arguments.put("up_bias", builder.weight(bias)));
    PanelSizes sizes = PanelSizes.of(outputs, inputs);
    int panelColumns = sizes.columns() * PanelLowering.checkedBlocks(sizes, outputs, inputs);
    GatedProduct ofPanels = product(op, PANELS);
    Kernel kernel =
        builder.kernel(
            ofPanels.name(),
            GATED,
            PanelLowering.sizes(sizes),
            () -> PanelProducts.gatedProduct(ofPanels, sizes),
            () -> gates(PanelLowering.check(sizes, outputs, inputs), panelColumns, inputs));
    panels.launch(kernel, result, x, sizes, outputs, arguments);
    ProductBlock block = block(outputs, inputs);
    int blocks = Math.min(2, outputs / block.columns());
    GatedProduct ofVector = product(op, ONE_ROW);
    Kernel vector =
        builder.kernel(
            ofVector.name(),
            GATED,
            sizes(block),
            () -> DenseKernels.gatedProduct(ofVector, block),
            () -> gates(productCheck(block, inputs, blocks), blocks * block.columns(), inputs));
    launchProduct(Mode.STEP, vector, result, x, block, outputs, arguments);
  }

  private GatedProduct product(GatedLinearOp op, String cut) {
    int outputs = op.gate().shape().getFirst();
    int inputs = op.gate().shape().getLast();
    ElementFormat gate = builder.format(op.gate());
    ElementFormat up = builder.format(op.up());
    Optional<ElementFormat> gateBias = op.gateBias().map(builder::format);
    Optional<ElementFormat> upBias = op.upBias().map(builder::format);
    String name =
        "gated_product_%dx%d_%s_%s_%s%s%s"
            .formatted(
                outputs,
                inputs,
                gate.text(),
                up.text(),
                cut,
                suffix("gate_bias", gateBias),
                suffix("up_bias", upBias));
    return new GatedProduct(name, outputs, inputs, gate, up, gateBias, upBias);
  }

  private static CheckCase gates(CheckCase.Builder check, int columns, int inputs) {
    return check
        .floats("gate", columns * inputs)
        .floats("up", columns * inputs)
        .floats("gate_bias", columns)
        .floats("up_bias", columns)
        .build();
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
