package dev.kvasir.samples.oracle;

import java.util.Optional;

/** A key and a value of one KV head: as computed, and as the cache has them now. */
final class Row {
  /** Position of a row that is mixed of others. */
  static final int MIXED = -1;

  private final int position;
  private final boolean exact;
  private final double[] computedKey;
  private final double[] computedValue;
  private double[] key;
  private double[] value;
  private Slack keySlack = Slack.NONE;
  private Slack valueSlack = Slack.NONE;
  private Optional<Norms> norms = Optional.empty();
  private Optional<Code> code = Optional.empty();

  /**
   * How long the difference may be between what is computed here and what the kernels have.
   *
   * @param length of the difference
   * @param ofDirection that of the difference of their directions
   */
  record Slack(double length, double ofDirection) {
    static final Slack NONE = new Slack(0, 0);
  }

  /** The norms that are stored of a row that has its direction from elsewhere. */
  record Norms(double ofKey, double ofValue) {}

  /**
   * The codes of a row in a packed page.
   *
   * @param row which row of the page it is
   */
  record Code(CodedPage keys, CodedPage values, int row) {}

  Row(int position, double[] key, double[] value) {
    this(position, key, value, true);
  }

  private Row(int position, double[] key, double[] value, boolean exact) {
    this.position = position;
    this.exact = exact;
    computedKey = key;
    computedValue = value;
    this.key = key;
    this.value = value;
  }

  /**
   * {@return a row that is mixed of others}
   *
   * @param exact whether it is one of them, so that nothing was rounded
   */
  static Row mixed(double[] key, double[] value, boolean exact) {
    return new Row(MIXED, key, value, exact);
  }

  /** {@return a row that was computed of others, and is read in this form from then on} */
  static Row computed(
      int position, double[] key, double[] value, Slack keySlack, Slack valueSlack) {
    Row row = new Row(position, key, value, false);
    row.keySlack = keySlack;
    row.valueSlack = valueSlack;
    return row;
  }

  Slack keySlack() {
    return keySlack;
  }

  Slack valueSlack() {
    return valueSlack;
  }

  int position() {
    return position;
  }

  /** {@return whether the trace must have it to the bit} */
  boolean isExact() {
    return exact;
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

  /** Stores norms apart from directions, whose lengths are 1 but for their rounding. */
  void norms(double ofKey, double ofValue) {
    norms = Optional.of(new Norms(ofKey, ofValue));
  }

  /** {@return the key that a selection looks at and a merge takes, as long as its norm says} */
  double[] candidateKey() {
    return norms.map(known -> ofLength(key, known.ofKey())).orElse(key);
  }

  /** {@return the value likewise} */
  double[] candidateValue() {
    return norms.map(known -> ofLength(value, known.ofValue())).orElse(value);
  }

  private static double[] ofLength(double[] row, double length) {
    double squares = 0;
    for (double element : row) {
      squares += element * element;
    }
    double[] result = row.clone();
    for (int element = 0; squares > 0 && element < row.length; element++) {
      result[element] *= length / Math.sqrt(squares);
    }
    return result;
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

  /** Reads the row as a trace has decoded it. */
  void decoded(double[] newKey, double[] newValue) {
    key = newKey;
    value = newValue;
    code = Optional.empty();
  }

  /** Reads the row as a trace has it, to the bit. */
  void known(double[] newKey, double[] newValue) {
    decoded(newKey, newValue);
    keySlack = Slack.NONE;
    valueSlack = Slack.NONE;
  }

  /** Replaces the row by what its codes stand for. */
  void code(Code newCode) {
    code = Optional.of(newCode);
    key = newCode.keys().decoded(newCode.row());
    value = newCode.values().decoded(newCode.row());
  }
}
