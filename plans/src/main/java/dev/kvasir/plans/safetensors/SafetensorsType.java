package dev.kvasir.plans.safetensors;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/** The element types that Kvasir reads and writes; the constant's name is the file's spelling. */
public enum SafetensorsType {
  /** IEEE 754 binary32. */
  F32(4),
  /** IEEE 754 binary16. */
  F16(2),
  /** The upper half of a binary32. */
  BF16(2),
  /** Two's complement, 32 bits. */
  I32(4),
  /** Two's complement, 64 bits. */
  I64(8),
  /** Two's complement, 8 bits. */
  I8(1),
  /** Unsigned, 8 bits. */
  U8(1);

  private final int bytes;

  SafetensorsType(int bytes) {
    this.bytes = bytes;
  }

  /** {@return the size of one element in bytes} */
  public int bytes() {
    return bytes;
  }

  /** {@return whether elements are floating-point numbers} */
  public boolean floating() {
    return switch (this) {
      case F32, F16, BF16 -> true;
      case I32, I64, I8, U8 -> false;
    };
  }

  /** {@return the type that a header spells {@code name}, empty when Kvasir does not read it} */
  public static Optional<SafetensorsType> named(String name) {
    return Arrays.stream(values()).filter(type -> type.name().equals(name)).findFirst();
  }

  /** {@return every spelling, for messages} */
  static String spellings() {
    return Arrays.stream(values()).map(SafetensorsType::name).collect(Collectors.joining(", "));
  }
}
