package dev.kvasir.plans;

import dev.kvasir.plans.safetensors.SafetensorsType;

/** How one element of a plan's buffer or tensor is stored. */
public enum StorageFormat {
  /** IEEE 754 binary32. */
  F32("f32", 4),
  /** The upper 16 bits of a binary32. */
  BF16("bf16", 2),
  /** IEEE 754 binary16. */
  F16("f16", 2),
  /** Two's complement 32-bit integer. */
  I32("i32", 4);

  private final String text;
  private final int bytes;

  StorageFormat(String text, int bytes) {
    this.text = text;
    this.bytes = bytes;
  }

  /** {@return the name used in plan files} */
  public String text() {
    return text;
  }

  /** {@return bytes of one element} */
  public int bytes() {
    return bytes;
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

  /** {@return the type of a tensor whose elements are stored in this format} */
  public SafetensorsType tensorType() {
    return switch (this) {
      case F32 -> SafetensorsType.F32;
      case BF16 -> SafetensorsType.BF16;
      case F16 -> SafetensorsType.F16;
      case I32 -> SafetensorsType.I32;
    };
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
