package dev.kvasir.codegen.assemble;

import dev.kvasir.codegen.assemble.ProgramBuilder.Location;
import dev.kvasir.codegen.assemble.ProgramBuilder.Mode;
import dev.kvasir.codegen.skeleton.DenseKernels;
import dev.kvasir.codegen.skeleton.GatedProduct;
import dev.kvasir.codegen.skeleton.MatrixFormat;
import dev.kvasir.codegen.skeleton.PanelProducts;
import dev.kvasir.codegen.skeleton.PanelSizes;
import dev.kvasir.codegen.skeleton.Product;
import dev.kvasir.codegen.skeleton.ProductBlock;
import dev.kvasir.codegen.tile.TileChooser;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.graph.WeightReference;
import dev.kvasir.ir.graph.ops.GatedLinearOp;
import dev.kvasir.ir.graph.ops.LinearOp;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.program.Expression;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Lowers products with weights. The rows of a span go by panels, which are made for the caches of a
 * processor, or by blocks of rows where tiles lie in local memory.
 */
final class ProductLowering {

  private static final String GATED = "two matrix products + SwiGLU";

  /** In the name of a kernel that multiplies panels. */
  private static final String PANELS = "panels";

  private final ProgramBuilder builder;
  private final PanelLowering panels;
  private final boolean byPanels;

  ProductLowering(ProgramBuilder builder) {
    this.builder = builder;
    this.panels = new PanelLowering(builder);
    this.byPanels = builder.sizes().profile().localBytes().isEmpty();
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
    bindScale(arguments, "w", op.weight());
    op.bias().ifPresent(bias -> arguments.put("b", builder.weight(bias)));
    op.residual().ifPresent(r -> arguments.put("r", builder.location(r).buffer()));
    for (Mode mode : Mode.values()) {
      boolean span = mode == Mode.PREFILL && !x.single();
      if (span && byPanels) {
        PanelSizes sizes = PanelSizes.of(outputs, x.width());
        Kernel kernel = panelProduct(product(op, PANELS), sizes);
        panels.launch(kernel, result, x, sizes, outputs, arguments);
      } else {
        ProductBlock block = block(outputs, x.width(), span);
        Kernel kernel = product(product(op, cut(block)), block);
        launch(mode, kernel, result, x, block, outputs, arguments);
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
                .small(MatrixFormat.scaleName("w"), columns)
                .floats("b", columns)
                .floats("r", PanelLowering.resultElements(sizes, outputs, inputs))
                .build());
  }

  /**
   * {@return a product}
   *
   * @param cut how it is cut, part of the kernel's name
   */
  private Product product(LinearOp op, String cut) {
    int outputs = op.weight().shape().getFirst();
    int inputs = op.weight().shape().getLast();
    MatrixFormat weight = format(op.weight(), op.bias());
    boolean residual = op.residual().isPresent();
    String name =
        "product_%dx%d_%s_%s%s%s%s"
            .formatted(
                outputs,
                inputs,
                weight.elements().text(),
                cut,
                suffix("scale", weight.scale()),
                suffix("bias", weight.bias()),
                residual ? "_add" : "");
    return new Product(name, outputs, inputs, weight, residual);
  }

  private MatrixFormat format(WeightReference weight, Optional<WeightReference> bias) {
    return new MatrixFormat(
        builder.format(weight),
        builder.scale(weight).map(builder::format),
        bias.map(builder::format));
  }

  private void bindScale(Map<String, String> arguments, String matrix, WeightReference weight) {
    builder
        .scale(weight)
        .ifPresent(scale -> arguments.put(MatrixFormat.scaleName(matrix), builder.weight(scale)));
  }

  private static String cut(ProductBlock block) {
    return "m" + block.rows();
  }

  private static String summary(Product product) {
    return "matrix product"
        + (product.weight().scale().isPresent() ? " * scale of each output" : "")
        + (product.weight().bias().isPresent() ? " + bias" : "")
        + (product.residual() ? " + residual" : "");
  }

  /**
   * {@return what a grid point makes}
   *
   * @param span whether of many rows
   */
  private ProductBlock block(int outputs, int inputs, boolean span) {
    if (span) {
      return ProductBlock.ofRows(outputs, PanelSizes.TILE_ROWS);
    }
    PlanSizes sizes = builder.sizes();
    int weights =
        TileChooser.vectorWeights(
            (long) outputs * inputs, sizes.profile(), sizes.tiles().vectorWeights());
    return ProductBlock.of(outputs, inputs, weights);
  }

  private static SortedMap<String, Integer> sizes(ProductBlock block) {
    return new TreeMap<>(Map.of("product-rows", block.rows(), "product-columns", block.columns()));
  }

  private Kernel product(Product product, ProductBlock block) {
    int outputs = product.outputs();
    int inputs = product.inputs();
    int columns = checkedColumns(block, outputs, inputs);
    return builder.kernel(
        product.name(),
        summary(product),
        sizes(block),
        () -> DenseKernels.product(product, block),
        () ->
            check(block, outputs, inputs)
                .floats("w", columns * inputs)
                .small(MatrixFormat.scaleName("w"), columns)
                .floats("b", columns)
                .floats("r", (block.rows() - 1) * outputs + columns)
                .build());
  }

  private static String suffix(String what, Optional<ElementFormat> format) {
    return format.map(known -> "_" + what + "_" + known.text()).orElse("");
  }

  /** {@return outputs that a check makes: those of two points unless that takes long} */
  private static int checkedColumns(ProductBlock block, int outputs, int inputs) {
    boolean two =
        outputs > block.columns()
            && (block.rows() == 1 || block.columns() * inputs <= PanelLowering.CHECKED_WEIGHTS);
    return two ? 2 * block.columns() : block.columns();
  }

  private static CheckCase.Builder check(ProductBlock block, int outputs, int inputs) {
    int columns = checkedColumns(block, outputs, inputs);
    return CheckCase.grid(1, 1, columns / block.columns())
        .dim("sequence_rows", block.rows())
        .floats("x", block.rows() * inputs)
        .floats("y", (block.rows() - 1) * outputs + columns);
  }

  private void launch(
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
        List.of(
            x.rows(mode).ceilDivide(block.rows()), Expression.constant(outputs / block.columns())),
        arguments,
        Map.of("sequence_rows", builder.sequenceRows(mode, x)));
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
    bindScale(arguments, "gate", op.gate());
    bindScale(arguments, "up", op.up());
    op.gateBias().ifPresent(bias -> arguments.put("gate_bias", builder.weight(bias)));
    op.upBias().ifPresent(bias -> arguments.put("up_bias", builder.weight(bias)));
    for (Mode mode : Mode.values()) {
      boolean span = mode == Mode.PREFILL;
      if (span && byPanels) {
        PanelSizes sizes = PanelSizes.of(outputs, inputs);
        Kernel kernel = panelGates(product(op, PANELS), sizes);
        panels.launch(kernel, result, x, sizes, outputs, arguments);
      } else {
        ProductBlock block = block(outputs, inputs, span);
        Kernel kernel = gates(product(op, cut(block)), block);
        launch(mode, kernel, result, x, block, outputs, arguments);
      }
    }
  }

  private Kernel panelGates(GatedProduct product, PanelSizes sizes) {
    int outputs = product.outputs();
    int inputs = product.inputs();
    int columns = sizes.columns() * PanelLowering.checkedBlocks(sizes, outputs, inputs);
    return builder.kernel(
        product.name(),
        GATED,
        PanelLowering.sizes(sizes),
        () -> PanelProducts.gatedProduct(product, sizes),
        () -> gates(PanelLowering.check(sizes, outputs, inputs), columns, inputs));
  }

  private Kernel gates(GatedProduct product, ProductBlock block) {
    int outputs = product.outputs();
    int inputs = product.inputs();
    int columns = checkedColumns(block, outputs, inputs);
    return builder.kernel(
        product.name(),
        GATED,
        sizes(block),
        () -> DenseKernels.gatedProduct(product, block),
        () -> gates(check(block, outputs, inputs), columns, inputs));
  }

  private GatedProduct product(GatedLinearOp op, String cut) {
    int outputs = op.gate().shape().getFirst();
    int inputs = op.gate().shape().getLast();
    MatrixFormat gate = format(op.gate(), op.gateBias());
    MatrixFormat up = format(op.up(), op.upBias());
    String name =
        "gated_product_%dx%d_%s_%s_%s%s%s%s%s"
            .formatted(
                outputs,
                inputs,
                gate.elements().text(),
                up.elements().text(),
                cut,
                suffix("gate_scale", gate.scale()),
                suffix("up_scale", up.scale()),
                suffix("gate_bias", gate.bias()),
                suffix("up_bias", up.bias()));
    return new GatedProduct(name, outputs, inputs, gate, up);
  }

  private static CheckCase gates(CheckCase.Builder check, int columns, int inputs) {
    return check
        .floats("gate", columns * inputs)
        .floats("up", columns * inputs)
        .small(MatrixFormat.scaleName("gate"), columns)
        .small(MatrixFormat.scaleName("up"), columns)
        .floats("gate_bias", columns)
        .floats("up_bias", columns)
        .build();
  }
}
