package dev.kvasir.samples;

import dev.kvasir.plans.safetensors.SafetensorsType;
import dev.kvasir.plans.safetensors.SafetensorsWriter;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;

/**
 * Random values of one tensor, normally distributed: norms around 1, biases around 0, and matrices
 * so that a product has about the variance of its input. A matrix of signed bytes has its scales in
 * a tensor of their own, positive and of different size. Values are drawn from a table, because a
 * billion draws from a normal distribution take minutes.
 */
final class RandomWeights implements SafetensorsWriter.Filler {
  private static final int TABLE = 1 << 16;
  private static final double NORM_DEVIATION = 0.1;
  private static final double BIAS_DEVIATION = 0.3;

  /** Of signed bytes; almost none is beyond the largest. */
  private static final double BYTE_DEVIATION = 32;

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
    double deviation = BYTE_DEVIATION;
    if (type != SafetensorsType.I8) {
      deviation =
          norm
              ? NORM_DEVIATION
              : name.endsWith(".bias") ? BIAS_DEVIATION : 1 / Math.sqrt(shape.getLast());
    }
    for (int entry = 0; entry < TABLE; entry++) {
      table[entry] = encode((float) (mean + deviation * random.nextGaussian()));
    }
  }

  /** {@return scales for the outputs of a matrix of signed bytes with {@code inputs} columns} */
  static RandomWeights scales(String name, long inputs, SafetensorsType type, long seed) {
    RandomWeights scales = new RandomWeights(name, List.of(1L), type, seed);
    Random random = new Random(scales.seed);
    for (int entry = 0; entry < TABLE; entry++) {
      double spread = 0.5 + random.nextDouble();
      scales.table[entry] =
          scales.encode((float) (spread / BYTE_DEVIATION / Math.sqrt((double) inputs)));
    }
    return scales;
  }

  private int encode(float value) {
    return switch (type) {
      case F32 -> Float.floatToRawIntBits(value);
      case F16 -> Float.floatToFloat16(value);
      case BF16 -> Float.floatToRawIntBits(value) >>> Short.SIZE;
      case I8 -> Math.clamp(Math.round(value), -Byte.MAX_VALUE, Byte.MAX_VALUE);
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
        switch (type.bytes()) {
          case Byte.BYTES -> chunk.put((byte) value);
          case Short.BYTES -> chunk.putShort((short) value);
          default -> chunk.putInt(value);
        }
      }
    }
  }
}
