package dev.kvasir.ir.type;

/** How one element is stored in memory. Arithmetic is always done in f32. */
public enum ElementFormat {
  /** IEEE 754 binary32. */
  F32("f32", 4, true),
  /** The upper 16 bits of a binary32, rounded to nearest even. */
  BF16("bf16", 2, true),
  /** IEEE 754 binary16. */
  F16("f16", 2, true),
  /** Two's complement 32-bit integer: positions, page tables, token ids. */
  I32("i32", 4, false);

  private final String text;
  private final int bytes;
  private final boolean floating;

  ElementFormat(String text, int bytes, boolean floating) {
    this.text = text;
    this.bytes = bytes;
    this.floating = floating;
  }

  /** {@return the name used in policies, IR text and plans} */
  public String text() {
    return text;
  }

  /** {@return bytes of one element} */
  public int bytes() {
    return bytes;
  }

  /** {@return whether the element is a number with a fraction} */
  public boolean isFloating() {
    return floating;
  }

  /**
   * {@return the format with this name}
   *
   * @throws IllegalArgumentException when no format has that name
   */
  public static ElementFormat ofText(String text) {
    for (ElementFormat format : values()) {
      if (format.text.equals(text)) {
        return format;
      }
    }
    throw new IllegalArgumentException("unknown element format " + text);
  }

  /** {@return the value that {@code value} has once stored in this format and read back} */
  public float round(float value) {
    return switch (this) {
      case F32 -> value;
      case BF16 -> fromBfloat16(toBfloat16(value));
      case F16 -> Float.float16ToFloat(Float.floatToFloat16(value));
      case I32 -> throw new IllegalStateException("i32 holds no fractions");
    };
  }

  /** {@return the bfloat16 bits nearest to {@code value}, ties to even; NaN stays NaN} */
  public static short toBfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) ((bits >>> 16) | 0x40);
    }
    return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
  }

  /** {@return the float that these bfloat16 bits stand for} */
  public static float fromBfloat16(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }
}
