package dev.kvasir.plans;

import dev.kvasir.plans.safetensors.SafetensorsType;
import java.util.Arrays;

/** How one element of a plan's buffer or tensor is stored. */
public enum StorageFormat {
  /** IEEE 754 binary32. */
  F32("f32", 32),
  /** The upper 16 bits of a binary32. */
  BF16("bf16", 16),
  /** IEEE 754 binary16. */
  F16("f16", 16),
  /** Two's complement 32-bit integer. */
  I32("i32", 32),
  /** Two's complement 8-bit integer: a weight before its row's scale. */
  I8("i8", 8),
  /** Unsigned codes of 8 bits, in the blocks of {@link PackedCodes}. */
  U8("u8", 8),
  /** Unsigned codes of 4 bits, in the blocks of {@link PackedCodes}. */
  U4("u4", 4);

  private final String text;
  private final int bits;

  StorageFormat(String text, int bits) {
    this.text = text;
    this.bits = bits;
  }

  /** {@return the name used in plan files} */
  public String text() {
    return text;
  }

  /** {@return bits of one element} */
  public int bits() {
    return bits;
  }

  /** {@return whether elements are unsigned codes, which lie in blocks} */
  public boolean isCode() {
    return switch (this) {
      case U8, U4 -> true;
      case F32, BF16, F16, I32, I8 -> false;
    };
  }

  /**
   * {@return the bytes of a buffer of {@code elements} elements; of codes whole blocks}
   *
   * @throws ArithmeticException when no long holds them
   */
  public long bytes(long elements) {
    return isCode()
        ? PackedCodes.bytes(bits, elements)
        : Math.multiplyExact(elements, (long) (bits / Byte.SIZE));
  }

  /** {@return the feature that a plan with rows in this format needs of its runtime} */
  public String feature() {
    return "format." + text;
  }

  /** {@return whether a feature of a plan is one of these formats} */
  public static boolean isFeature(String feature) {
    return Arrays.stream(values()).anyMatch(format -> format.feature().equals(feature));
  }

  /**
   * {@return the format with this name}
   *
   * @throws IllegalArgumentException when no format has that name
   */
  public static StorageFormat ofText(String text) {
    for (StorageFormat format : values()) {
      if (format.text.equals(text)) {
        return format;
      }
    }
    throw new IllegalArgumentException("unknown storage format " + text);
  }

  /**
   * {@return the type of a tensor that holds elements of this format; of codes the bytes of their
   * blocks}
   */
  public SafetensorsType tensorType() {
    return switch (this) {
      case F32 -> SafetensorsType.F32;
      case BF16 -> SafetensorsType.BF16;
      case F16 -> SafetensorsType.F16;
      case I32 -> SafetensorsType.I32;
      case I8 -> SafetensorsType.I8;
      case U8, U4 -> SafetensorsType.U8;
    };
  }

  /** {@return the elements of the tensor that holds {@code elements} elements of this format} */
  public long tensorElements(long elements) {
    return isCode() ? bytes(elements) : elements;
  }

  /** {@return the bf16 nearest to {@code value}, ties to even; a NaN stays a NaN} */
  public static short bf16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      // Its payload may lie in the lower half alone, so that a bit of the upper half is set.
      return (short) ((bits >>> Short.SIZE) | 0x40);
    }
    int lastKept = (bits >>> Short.SIZE) & 1;
    return (short) ((bits + 0x7fff + lastKept) >>> Short.SIZE);
  }
}
