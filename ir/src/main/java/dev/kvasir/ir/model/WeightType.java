package dev.kvasir.ir.model;

import dev.kvasir.ir.type.ElementFormat;
import java.util.Optional;

/**
 * The element types a model file can hold; the floating ones are usable as weights, and I8 with a
 * scale for each output.
 */
public enum WeightType {
  F32(4),
  F16(2),
  BF16(2),
  I32(4),
  I64(8),
  I8(1),
  U8(1);

  private final int bytes;

  WeightType(int bytes) {
    this.bytes = bytes;
  }

  /** {@return the size of one element in bytes} */
  public int bytes() {
    return bytes;
  }

  /** {@return the format by which kernels read such weights, empty for integers that are none} */
  public Optional<ElementFormat> format() {
    return switch (this) {
      case F32 -> Optional.of(ElementFormat.F32);
      case F16 -> Optional.of(ElementFormat.F16);
      case BF16 -> Optional.of(ElementFormat.BF16);
      case I8 -> Optional.of(ElementFormat.I8);
      case I32, I64, U8 -> Optional.empty();
    };
  }
}
