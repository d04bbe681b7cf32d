package dev.kvasir.plans;

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
}
