package dev.kvasir.samples.oracle;

import java.util.Optional;

/** A key and a value of one KV head: as computed, and as the cache has them now. */
final class Row {
  private final int position;
  private final double[] computedKey;
  private final double[] computedValue;
  private double[] key;
  private double[] value;
  private Optional<Code> code = Optional.empty();

  /**
   * The codes of a row in a packed page.
   *
   * @param row which row of the page it is
   */
  record Code(CodedPage keys, CodedPage values, int row) {}

  Row(int position, double[] key, double[] value) {
    this.position = position;
    computedKey = key;
    computedValue = value;
    this.key = key;
    this.value = value;
  }

  int position() {
    return position;
  }

  double[] computedKey() {
    return computedKey;
  }

  double[] computedValue() {
    return computedValue;
  }

  double[] key() {
    return key;
  }

  double[] value() {
    return value;
  }

  Optional<Code> code() {
    return code;
  }

  /** Stores what is read now in an element format. */
  void round(RowFormat format) {
    round(format, key, value);
  }

  /** Stores a given key and value in an element format. */
  void round(RowFormat format, double[] newKey, double[] newValue) {
    key = format.round(newKey);
    value = format.round(newValue);
    code = Optional.empty();
  }

  /** Replaces the row by what its codes stand for. */
  void code(Code newCode) {
    code = Optional.of(newCode);
    key = newCode.keys().decoded(newCode.row());
    value = newCode.values().decoded(newCode.row());
  }
}
