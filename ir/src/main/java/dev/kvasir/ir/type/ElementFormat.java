package dev.kvasir.ir.type;

/** How one element is stored in memory. Arithmetic is always done in f32. */
public enum ElementFormat {
  /** IEEE 754 binary32. */
  F32("f32", 32, true),
  /** The upper 16 bits of a binary32, rounded to nearest even. */
  BF16("bf16", 16, true),
  /** IEEE 754 binary16. */
  F16("f16", 16, true),
  /** Two's complement 32-bit integer: positions, page tables, token ids. */
  I32("i32", 32, false),
  /** Two's complement 8-bit integer, read as a number: a weight before its row's scale. */
  I8("i8", 8, false),
  /** Unsigned 8-bit quantiser code, four to each of the 16 integers of a 64-byte block. */
  U8("u8", 8, false),
  /** Unsigned 4-bit quantiser code, eight to each of the 16 integers of a 64-byte block. */
  U4("u4", 4, false);

  /** Integers of a block of codes. */
  public static final int BLOCK_INTEGERS = 16;

  private final String text;
  private final int bits;
  private final boolean floating;

  ElementFormat(String text, int bits, boolean floating) {
    this.text = text;
    this.bits = bits;
    this.floating = floating;
  }

  /** {@return the name used in policies, IR text and plans} */
  public String text() {
    return text;
  }

  /** {@return bits of one element} */
  public int bits() {
    return bits;
  }

  /**
   * {@return bytes of one element}
   *
   * @throws IllegalStateException for codes, which have no address of their own
   */
  public int bytes() {
    if (isCode()) {
      throw new IllegalStateException(text + " elements lie in blocks, not in bytes of their own");
    }
    return bits / Byte.SIZE;
  }

  /** {@return whether the element is an unsigned code of a quantiser} */
  public boolean isCode() {
    return this == U8 || this == U4;
  }

  /**
   * {@return elements of a 64-byte block of codes}
   *
   * <p>Element e of a block is bits {@code bits * (e / 16)} and up of integer e mod 16, little
   * endian: 16 neighbours are one field of the 16 integers, so that a vector of them takes one
   * load, one shift and one mask.
   *
   * @throws IllegalStateException unless this is a code
   */
  public int blockElements() {
    if (!isCode()) {
      throw new IllegalStateException(text + " elements do not lie in blocks");
    }
    return BLOCK_INTEGERS * Integer.SIZE / bits;
  }

  /** {@return the largest code} */
  public int largestCode() {
    return (1 << bits) - 1;
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
      case I8 -> Math.clamp((float) Math.rint(value), Byte.MIN_VALUE, Byte.MAX_VALUE);
      case I32, U8, U4 -> throw new IllegalStateException(text + " holds no fractions");
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
