package dev.kvasir.benchmarks;

import dev.kvasir.codegen.skeleton.DenseKernels;
import dev.kvasir.codegen.skeleton.MatrixFormat;
import dev.kvasir.codegen.skeleton.PanelProducts;
import dev.kvasir.codegen.skeleton.PanelSizes;
import dev.kvasir.codegen.skeleton.Product;
import dev.kvasir.codegen.skeleton.ProductBlock;
import dev.kvasir.codegen.tile.TargetProfile;
import dev.kvasir.codegen.tile.TileChooser;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.type.ElementFormat;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/** A product of activations with row-major weights, as decode (one row) and prefill have it. */
public final class ProductWork implements Workload {

  private static final int PATTERN_ELEMENTS = 1 << 18;
  private static final int CHECKED = 64;
  private static final double BAR = 1e-4;

  private final int rows;
  private final int outputs;
  private final int inputs;
  private final ElementFormat format;
  private final NativeMemory memory = new NativeMemory();
  private final Optional<Runnable> pack;
  private final GridKernel kernel;
  private final GridKernel.Launch[] copies;
  private final float[] pattern;
  private final float[] scales;
  private final float[] activations;
  private final MemorySegment result;
  private int copy;

  /**
   * Fills activations and weights.
   *
   * @param rows activation rows, 1 or a multiple of 16
   * @param outputs rows of the weights
   * @param inputs columns of the weights
   * @param format how weights are stored
   * @param least bytes of all copies of the weights together, at least
   */
  public ProductWork(
      int rows, int outputs, int inputs, ElementFormat format, Team team, long least) {
    this.rows = rows;
    this.outputs = outputs;
    this.inputs = inputs;
    this.format = format;
    Random random = new Random(4);
    pattern = uniform(random, Math.min(PATTERN_ELEMENTS, outputs * inputs));
    activations = uniform(random, rows * inputs);
    scales = uniform(random, outputs);
    if (!format.isFloating()) {
      for (int i = 0; i < pattern.length; i++) {
        pattern[i] *= Byte.MAX_VALUE;
      }
    }
    result = memory.floats((long) rows * outputs);
    Map<String, MemorySegment> buffers = new HashMap<>();
    MemorySegment x = memory.floats(activations);
    buffers.put("x", x);
    buffers.put("y", result);
    buffers.put("w_scale", memory.floats(scales));
    Product described = new Product("product", outputs, inputs, matrix(), false);
    Kernel product;
    Map<String, Integer> dims;
    int second;
    int third;
    if (rows == 1) {
      TargetProfile profile = TargetProfile.jvm();
      int weights =
          TileChooser.vectorWeights(
              (long) outputs * inputs, profile, TileChooser.vectorWeights(profile));
      ProductBlock block = ProductBlock.of(outputs, inputs, weights);
      product = DenseKernels.product(described, block);
      dims = Map.of("sequence_rows", 1);
      second = 1;
      third = outputs / block.columns();
      pack = Optional.empty();
    } else {
      PanelSizes sizes = PanelSizes.of(outputs, inputs);
      product = PanelProducts.product(described, sizes);
      int tiles = rows / PanelSizes.TILE_ROWS;
      dims = Map.of("sequence_tiles", tiles, "tiles", tiles);
      second = outputs / sizes.columns();
      third = Math.ceilDiv(rows, sizes.rows());
      MemorySegment packed = memory.floats((long) rows * inputs);
      buffers.put("x", packed);
      pack = Optional.of(packing(x, packed, tiles, team));
    }
    kernel = new GridKernel(product, team);
    MemorySegment stored = stored();
    long times = (long) outputs * inputs / pattern.length;
    copies = new GridKernel.Launch[Workload.copies(weightBytes(), least)];
    for (int i = 0; i < copies.length; i++) {
      buffers.put("w", memory.repeated(stored, times));
      copies[i] = kernel.launch(buffers, dims, second, third);
    }
  }

  /** Integers have a factor for each output. */
  private MatrixFormat matrix() {
    MatrixFormat matrix = MatrixFormat.of(format);
    return format.isFloating() ? matrix : matrix.scaled(ElementFormat.F32);
  }

  private Runnable packing(MemorySegment x, MemorySegment packed, int tiles, Team team) {
    GridKernel packing = new GridKernel(PanelProducts.pack("pack", inputs), team);
    GridKernel.Launch launch =
        packing.launch(
            Map.of("x", x, "y", packed),
            Map.of("sequence_tiles", tiles),
            tiles,
            inputs / PanelProducts.packedInputs(inputs));
    return () -> packing.run(launch);
  }

  private static float[] uniform(Random random, int size) {
    float[] numbers = new float[size];
    for (int i = 0; i < size; i++) {
      numbers[i] = 2 * random.nextFloat() - 1;
    }
    return numbers;
  }

  private MemorySegment stored() {
    MemorySegment weights = memory.bytes((long) pattern.length * format.bytes());
    for (int i = 0; i < pattern.length; i++) {
      switch (format) {
        case F32 -> weights.setAtIndex(ValueLayout.JAVA_FLOAT, i, pattern[i]);
        case BF16 ->
            weights.setAtIndex(ValueLayout.JAVA_SHORT, i, ElementFormat.toBfloat16(pattern[i]));
        case F16 -> weights.setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(pattern[i]));
        case I8 -> weights.set(ValueLayout.JAVA_BYTE, i, (byte) format.round(pattern[i]));
        case I32, U8, U4 -> throw new IllegalArgumentException("weights are numbers");
      }
    }
    return weights;
  }

  private double weightBytes() {
    return (double) outputs * inputs * format.bytes();
  }

  @Override
  public List<MemorySegment> memory() {
    return memory.large();
  }

  @Override
  public void run() {
    pack.ifPresent(Runnable::run);
    kernel.run(copies[copy]);
    copy = (copy + 1) % copies.length;
  }

  @Override
  public double bytes() {
    return weightBytes() + (double) rows * (inputs + outputs) * Float.BYTES;
  }

  @Override
  public double operations() {
    return 2.0 * rows * inputs * outputs;
  }

  @Override
  public void check() {
    double error = 0;
    double norm = 0;
    for (int i = 0; i < CHECKED; i++) {
      int row = i % rows;
      int output = (int) ((long) i * outputs / CHECKED);
      double expected = 0;
      for (int k = 0; k < inputs; k++) {
        float weight = pattern[(int) (((long) output * inputs + k) % pattern.length)];
        expected += (double) activations[row * inputs + k] * format.round(weight);
      }
      expected *= format.isFloating() ? 1 : scales[output];
      float found = result.getAtIndex(ValueLayout.JAVA_FLOAT, (long) row * outputs + output);
      error += Math.pow(found - expected, 2);
      norm += Math.pow(expected, 2);
    }
    if (!(Math.sqrt(error / norm) <= BAR)) {
      throw new IllegalStateException(
          "the product differs from its definition by " + Math.sqrt(error / norm));
    }
  }

  @Override
  public void close() {
    memory.close();
  }
}
