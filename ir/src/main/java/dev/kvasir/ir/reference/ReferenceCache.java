package dev.kvasir.ir.reference;

import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.ElementFormat;
import java.util.Arrays;

/**
 * Every row that was ever appended to the cache of one layer, twice: as computed and as stored.
 * Nothing is dropped: whether a row can be seen follows from its position alone. Row j has true
 * position j. Immutable.
 */
public final class ReferenceCache implements ReferenceValue {
  private static final double[] EMPTY = {};

  private final int rows;
  private final double[] rawKeys;
  private final double[] rawValues;
  private final double[] storedKeys;
  private final double[] storedValues;

  private ReferenceCache(
      int rows, double[] rawKeys, double[] rawValues, double[] storedKeys, double[] storedValues) {
    this.rows = rows;
    this.rawKeys = rawKeys;
    this.rawValues = rawValues;
    this.storedKeys = storedKeys;
    this.storedValues = storedValues;
  }

  /** {@return a cache without rows} */
  public static ReferenceCache empty() {
    return new ReferenceCache(0, EMPTY, EMPTY, EMPTY, EMPTY);
  }

  /** {@return number of rows} */
  public int rows() {
    return rows;
  }

  /**
   * {@return this cache and more rows}
   *
   * @param type says how each row of each head is stored
   * @param keys [new rows, kvHeads * keyDim]
   * @param values [new rows, kvHeads * valueDim]
   */
  public ReferenceCache append(CacheType type, ReferenceTensor keys, ReferenceTensor values) {
    return new ReferenceCache(
        rows + keys.rows(),
        concatenate(rawKeys, keys.values()),
        concatenate(rawValues, values.values()),
        concatenate(storedKeys, store(type, keys, type.keyDim())),
        concatenate(storedValues, store(type, values, type.valueDim())));
  }

  /**
   * {@return element of a key}
   *
   * @param column {@code head * keyDim + element}
   * @param raw as computed instead of as stored
   */
  public double key(CacheType type, int row, int column, boolean raw) {
    return (raw ? rawKeys : storedKeys)[row * type.kvHeads() * type.keyDim() + column];
  }

  /**
   * {@return element of a value}
   *
   * @param column {@code head * valueDim + element}
   * @param raw as computed instead of as stored
   */
  public double value(CacheType type, int row, int column, boolean raw) {
    return (raw ? rawValues : storedValues)[row * type.kvHeads() * type.valueDim() + column];
  }

  private double[] store(CacheType type, ReferenceTensor tensor, int headDim) {
    return ReferenceTensor.of(
            tensor.rows(),
            tensor.columns(),
            (row, column) -> {
              ElementFormat format = type.groupOf(column / headDim).segmentAt(rows + row).format();
              return format.round((float) tensor.at(row, column));
            })
        .values();
  }

  private static double[] concatenate(double[] first, double[] second) {
    double[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }
}
