package dev.kvasir.benchmarks;

import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.Packing;
import dev.kvasir.ir.type.QuantisedFormat;
import java.util.Locale;
import java.util.Optional;

/** How the cache of a benchmark is stored. */
public enum CacheFormat implements RowFormat {
  /** Binary32. */
  F32(ElementFormat.F32),
  /** The upper halves of binary32. */
  BF16(ElementFormat.BF16),
  /** Binary16. */
  F16(ElementFormat.F16),
  /** Keys and values in 8 bits, one step and minimum for each row; the open page in bf16. */
  INT8(ElementFormat.BF16),
  /** Keys as those of {@link #INT8}, values as those of {@link #INT4}. */
  K8V4(ElementFormat.BF16),
  /** Keys in 4 bits per channel over 32 rows, values in 4 bits per token over 32 channels. */
  INT4(ElementFormat.BF16);

  private static final int INT4_GROUP = 32;

  private final ElementFormat plain;

  CacheFormat(ElementFormat plain) {
    this.plain = plain;
  }

  @Override
  public ElementFormat plain() {
    return plain;
  }

  @Override
  public Optional<Packing> packing(int headDim) {
    QuantisedFormat row = new QuantisedFormat(8, QuantisedFormat.Per.TOKEN, headDim);
    QuantisedFormat channel = new QuantisedFormat(4, QuantisedFormat.Per.CHANNEL, INT4_GROUP);
    QuantisedFormat token = new QuantisedFormat(4, QuantisedFormat.Per.TOKEN, INT4_GROUP);
    return switch (this) {
      case F32, BF16, F16 -> Optional.empty();
      case INT8 -> Optional.of(new Packing(row, row));
      case K8V4 -> Optional.of(new Packing(row, token));
      case INT4 -> Optional.of(new Packing(channel, token));
    };
  }

  @Override
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }
}
