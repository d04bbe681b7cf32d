package dev.kvasir.samples;

import dev.kvasir.plans.safetensors.SafetensorsType;
import dev.kvasir.plans.safetensors.SafetensorsWriter;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;

/**
 * Random values of one tensor, normally distributed: norms around 1, biases around 0, and matrices
 * so that a product has about the variance of its input. Values are drawn from a table, because a
 * billion draws from a normal distribution take minutes.
 */
final class RandomWeights implements SafetensorsWriter.Filler {
  private static final int TABLE = 1 << 16;
  private static final double NORM_DEVIATION = 0.1;
  private static final double BIAS_DEVIATION = 0.3;

  private final SafetensorsType type;
  private final long seed;
  private final int[] table = new int[TABLE];

  /** Draws the table of the tensor {@code name}. */
  RandomWeights(String name, List<Long> shape, SafetensorsType type, long seed) {
    this.type = type;
    this.seed = seed * 31 + name.hashCode();
    Random random = new Random(this.seed);
    boolean norm = name.endsWith("norm.weight");
    double mean = norm ? 1 : 0;
    double deviation =
        norm
            ? NORM_DEVIATION
            : name.endsWith(".bias") ? BIAS_DEVIATION : 1 / Math.sqrt(shape.getLast());
    for (int entry = 0; entry < TABLE; entry++) {
      table[entry] = encode((float) (mean + deviation * random.nextGaussian()));
    }
  }

  private int encode(float value) {
    return switch (type) {
      case F32 -> Float.floatToRawIntBits(value);
      case F16 -> Float.floatToFloat16(value);
      case BF16 -> Float.floatToRawIntBits(value) >>> Short.SIZE;
      case I32, I64, U8 -> throw new IllegalArgumentException("no weights of type " + type);
    };
  }

  @Override
  public void fill(long offset, ByteBuffer chunk) {
    SplittableRandom random = new SplittableRandom(seed + offset);
    while (chunk.hasRemaining()) {
      // Four values out of one draw.
      long bits = random.nextLong();
      for (int part = 0; part < 4 && chunk.hasRemaining(); part++) {
        int value = table[(int) (bits >>> (part * Short.SIZE)) & (TABLE - 1)];
        if (type == SafetensorsType.F32) {
          chunk.putInt(value);
        } else {
          chunk.putShort((short) value);
        }
      }
    }
  }
}
