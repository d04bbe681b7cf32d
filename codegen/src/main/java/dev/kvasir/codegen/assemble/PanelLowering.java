package dev.kvasir.codegen.assemble;

import dev.kvasir.codegen.assemble.ProgramBuilder.Location;
import dev.kvasir.codegen.assemble.ProgramBuilder.Mode;
import dev.kvasir.codegen.skeleton.PanelProducts;
import dev.kvasir.codegen.skeleton.PanelSizes;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.plans.program.Expression;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;

/** Launches of products in prefill; activations are packed once for all products that read them. */
final class PanelLowering {

  /** Weights of two blocks that a check may still read. */
  static final int CHECKED_WEIGHTS = 1 << 18;

  private final ProgramBuilder builder;
  private final Set<String> packed = new HashSet<>();

  PanelLowering(ProgramBuilder builder) {
    this.builder = builder;
  }

  static SortedMap<String, Integer> sizes(PanelSizes sizes) {
    return new TreeMap<>(
        Map.of(
            "product-rows", sizes.rows(),
            "product-columns", sizes.columns(),
            "product-depth", sizes.depth()));
  }

  /** {@return column blocks that a check makes} */
  static int checkedBlocks(PanelSizes sizes, int outputs, int inputs) {
    boolean two = outputs > sizes.columns() && sizes.columns() * inputs <= CHECKED_WEIGHTS;
    return two ? 2 : 1;
  }

  /** {@return a check of one tile of rows; weights and what is added are to be sized} */
  static CheckCase.Builder check(PanelSizes sizes, int outputs, int inputs) {
    int blocks = checkedBlocks(sizes, outputs, inputs);
    return CheckCase.grid(1, blocks, 1)
        .dim("sequence_tiles", 1)
        .dim("tiles", 1)
        .floats("x", PanelSizes.TILE_ROWS * inputs)
        .floats("y", resultElements(sizes, outputs, inputs));
  }

  /** {@return elements up to the last that a check makes} */
  static int resultElements(PanelSizes sizes, int outputs, int inputs) {
    int columns = checkedBlocks(sizes, outputs, inputs) * sizes.columns();
    return (PanelSizes.TILE_ROWS - 1) * outputs + columns;
  }

  /**
   * Adds a launch.
   *
   * @param arguments buffers by name; x is not yet packed
   */
  void launch(
      Kernel kernel,
      Value result,
      Location x,
      PanelSizes sizes,
      int outputs,
      Map<String, String> arguments) {
    Map<String, String> withPacked = new HashMap<>(arguments);
    withPacked.put("x", packed(x));
    builder.launch(
        Mode.PREFILL,
        kernel,
        result.name(),
        List.of(
            Expression.constant(outputs / sizes.columns()),
            Mode.PREFILL.rows().ceilDivide(sizes.rows())),
        withPacked,
        Map.of("sequence_tiles", sequenceTiles(), "tiles", tiles()));
  }

  private Expression sequenceTiles() {
    return Expression.constant(builder.sizes().paddedSpan() / PanelSizes.TILE_ROWS);
  }

  private static Expression tiles() {
    return Mode.PREFILL.rows().ceilDivide(PanelSizes.TILE_ROWS);
  }

  private String packed(Location x) {
    String name = x.buffer() + "_packed";
    if (!packed.add(name)) {
      return name;
    }
    int inputs = x.width();
    int block = PanelProducts.packedInputs(inputs);
    String kernelName = "pack_" + inputs;
    Supplier<Kernel> build = () -> PanelProducts.pack(kernelName, inputs);
    int blocks = Math.min(2, inputs / block);
    Kernel kernel =
        builder.kernel(
            kernelName,
            "rows side by side in tiles of " + PanelSizes.TILE_ROWS,
            build,
            () ->
                CheckCase.grid(1, 1, blocks)
                    .dim("sequence_tiles", 1)
                    .floats("x", PanelSizes.TILE_ROWS * inputs)
                    .floats("y", PanelSizes.TILE_ROWS * block * blocks)
                    .build());
    builder.rows(name, inputs);
    builder.launch(
        Mode.PREFILL,
        kernel,
        name,
        List.of(tiles(), Expression.constant(inputs / block)),
        Map.of("x", x.buffer(), "y", name),
        Map.of("sequence_tiles", sequenceTiles()));
    return name;
  }
}
