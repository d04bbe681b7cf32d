package dev.kvasir.benchmarks.gpu;

import dev.kvasir.benchmarks.RowFormat;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.Packing;
import dev.kvasir.ir.type.QuantisedFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** How the cache of a benchmark on a GPU is stored. Codes have groups of a whole row. */
enum GpuFormat implements RowFormat {
  /** Binary32. */
  F32(ElementFormat.F32, 0, 0),
  /** Binary16. */
  F16(ElementFormat.F16, 0, 0),
  /** Keys and values in 8 bits, one step and minimum a row; the open page in f16. */
  INT8(ElementFormat.F16, 8, 8),
  /** Keys in 8 bits, values in 4. */
  K8V4(ElementFormat.F16, 8, 4),
  /** Keys and values in 4 bits. */
  INT4(ElementFormat.F16, 4, 4);

  private final ElementFormat plain;
  private final int keyBits;
  private final int valueBits;

  GpuFormat(ElementFormat plain, int keyBits, int valueBits) {
    this.plain = plain;
    this.keyBits = keyBits;
    this.valueBits = valueBits;
  }

  /** {@return those that show that the others would work} */
  static List<GpuFormat> quick() {
    return List.of(F16, INT4);
  }

  @Override
  public ElementFormat plain() {
    return plain;
  }

  @Override
  public Optional<Packing> packing(int headDim) {
    return keyBits == 0
        ? Optional.empty()
        : Optional.of(new Packing(row(keyBits, headDim), row(valueBits, headDim)));
  }

  private static QuantisedFormat row(int bits, int headDim) {
    return new QuantisedFormat(bits, QuantisedFormat.Per.TOKEN, headDim);
  }

  @Override
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }
}
