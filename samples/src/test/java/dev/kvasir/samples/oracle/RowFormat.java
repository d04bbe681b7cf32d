package dev.kvasir.samples.oracle;

import java.util.Arrays;
import java.util.Locale;

/** How elements of rows that are not coded are stored. */
enum RowFormat {
  F32(Float.BYTES),
  BF16(Short.BYTES),
  F16(Short.BYTES);

  private static final int DROPPED = 0x10000;

  private final int bytes;

  RowFormat(int bytes) {
    this.bytes = bytes;
  }

  static RowFormat named(String name) {
    return valueOf(name.toUpperCase(Locale.ROOT));
  }

  int bytes() {
    return bytes;
  }

  double[] round(double[] values) {
    return Arrays.stream(values).map(this::round).toArray();
  }

  /** {@return the nearest value of this format, of two equally near the even one} */
  double round(double value) {
    return switch (this) {
      case F32 -> (float) value;
      case F16 -> Float.float16ToFloat(Float.floatToFloat16((float) value));
      case BF16 -> {
        int bits = Float.floatToIntBits((float) value);
        int below = bits & -DROPPED;
        int rest = bits - below;
        boolean up = rest > DROPPED / 2 || (rest == DROPPED / 2 && (below & DROPPED) != 0);
        yield Float.intBitsToFloat(up ? below + DROPPED : below);
      }
    };
  }
}
