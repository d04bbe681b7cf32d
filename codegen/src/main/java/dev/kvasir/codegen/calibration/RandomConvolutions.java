package dev.kvasir.codegen.calibration;

import dev.kvasir.ir.graph.ops.FoldRowsOp;
import dev.kvasir.ir.model.ModelConfig;
import dev.kvasir.ir.model.Weight;
import dev.kvasir.ir.model.WeightType;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.DoubleSupplier;

/**
 * Convolutions that nothing was learned for: weights and biases uniform in +-1 / sqrt(channels *
 * kernel), which is how convolutions usually start, in F16. With alpha 0 they have no effect: mixed
 * slots then hold the heaviest of the rows that are not kept.
 */
public final class RandomConvolutions {

  private RandomConvolutions() {}

  /**
   * {@return weights for every layer of a model}
   *
   * @param place the file that they are for
   * @param fingerprint of the model
   * @param seed the same gives the same weights
   * @param slots into which rows are folded
   * @param mixed how many of them hold mixed rows, 1 to {@code slots}
   * @param kernel taps, odd
   * @param alpha how much of a mixed row is the convolution's, finite
   */
  public static ConvCalibration of(
      String place,
      String fingerprint,
      ModelConfig model,
      long seed,
      int slots,
      int mixed,
      int kernel,
      float alpha) {
    Random random = new Random(seed);
    int channels = 2 * model.headDim();
    double bound = 1 / Math.sqrt((double) channels * kernel);
    DoubleSupplier next = () -> (random.nextDouble() * 2 - 1) * bound;
    Map<String, Weight> weights = new TreeMap<>();
    for (int layer = 0; layer < model.layers(); layer++) {
      List<Long> shape = List.of((long) mixed, (long) channels, (long) kernel);
      put(half(FoldRowsOp.name(layer, ConvCalibration.WEIGHT), shape, next), weights);
      put(half(FoldRowsOp.name(layer, ConvCalibration.BIAS), List.of((long) mixed), next), weights);
      put(single(FoldRowsOp.name(layer, ConvCalibration.ALPHA), alpha), weights);
    }
    return new ConvCalibration(
        place, fingerprint, ConvMethod.RANDOM, OptionalLong.of(seed), slots, weights);
  }

  private static void put(Weight weight, Map<String, Weight> weights) {
    weights.put(weight.name(), weight);
  }

  private static Weight half(String name, List<Long> shape, DoubleSupplier next) {
    int elements = Math.toIntExact(shape.stream().reduce(1L, Math::multiplyExact));
    ByteBuffer bytes = littleEndian(Math.multiplyExact(elements, Short.BYTES));
    for (int index = 0; index < elements; index++) {
      bytes.putShort(Float.floatToFloat16((float) next.getAsDouble()));
    }
    return new Weight(name, WeightType.F16, shape, MemorySegment.ofBuffer(bytes.flip()));
  }

  private static Weight single(String name, float value) {
    ByteBuffer bytes = littleEndian(Float.BYTES).putFloat(value).flip();
    return new Weight(name, WeightType.F32, List.of(1L), MemorySegment.ofBuffer(bytes));
  }

  private static ByteBuffer littleEndian(int size) {
    return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
  }
}
