package dev.kvasir.samples.oracle;

import dev.kvasir.samples.oracle.ChosenMergeOracle.Side;
import java.util.List;

/**
 * What a trace shows at its end of the rows that one KV head has merged last: compared with what is
 * expected, and taken over.
 *
 * @param side the layer
 */
record ShownMerge(Side side, int head) {
  private static final double HIDDEN = -1;

  /** Of the codes of a page so many may be neighbours of those that are expected. */
  private static final double OTHER_CODES = 0.02;

  /**
   * Replaces rows by what the trace has.
   *
   * @param read rows as they are expected to be read; of those that keep their originals nothing is
   *     replaced
   * @param directions of the rows, zeros at position -2 for those
   */
  void adopt(List<Row> read, List<Row> directions) {
    MergedTrace trace = side.trace();
    code(directions);
    for (int slot = 0; slot < read.size(); slot++) {
      Row row = read.get(slot);
      Row direction = directions.get(slot);
      String place = trace + ", head " + head + ", slot " + slot;
      TraceOracle.require(
          trace.position(head, slot) == direction.position(),
          place + " is position " + direction.position());
      if (direction.position() == CacheCheck.EMPTY) {
        TraceOracle.require(trace.keyNorm(head, slot) == HIDDEN, place + " is flagged");
        direction.decoded(trace.key(head, slot), trace.value(head, slot));
        continue;
      }
      double[] key = trace.key(head, slot);
      double[] value = trace.value(head, slot);
      if (!trace.isCoded(slot)) {
        checkWithin(place + ", key", direction.key(), key, direction.keySlack().length());
        checkWithin(place + ", value", direction.value(), value, direction.valueSlack().length());
      }
      direction.decoded(key, value);
      double[] keyRead = times(key, trace.keyNorm(head, slot));
      double[] valueRead = times(value, trace.valueNorm(head, slot));
      if (!trace.isCoded(slot)) {
        checkWithin(place + ", key read", row.key(), keyRead, row.keySlack().length());
        checkWithin(place + ", value read", row.value(), valueRead, row.valueSlack().length());
      } else {
        checkNorm(place + ", key", row.key(), row.keySlack().length(), trace.keyNorm(head, slot));
        checkNorm(
            place + ", value", row.value(), row.valueSlack().length(), trace.valueNorm(head, slot));
      }
      row.known(keyRead, valueRead);
      row.norms(trace.keyNorm(head, slot), trace.valueNorm(head, slot));
    }
  }

  /** A direction is one long but for its rounding. */
  private static void checkNorm(String place, double[] expected, double slack, double found) {
    double norm = norm(expected);
    TraceOracle.require(
        Math.abs(found - norm) <= slack + 0.01 * norm,
        "%s has a norm of %s, got %s".formatted(place, norm, found));
  }

  private static void checkWithin(String place, double[] row, double[] found, double slack) {
    double[] apart = row.clone();
    for (int element = 0; element < apart.length; element++) {
      apart[element] -= found[element];
    }
    // What the trace multiplies is rounded once more.
    TraceOracle.require(
        norm(apart) <= slack + 2e-7 * norm(row),
        "%s is %s from what is expected, at most %s".formatted(place, norm(apart), slack));
  }

  /** Compares the codes of full pages with those of the expected directions. */
  private void code(List<Row> directions) {
    for (int page = 0;
        side.heads().get(head).storage().packed() && page < directions.size() / CodedPage.ROWS;
        page++) {
      List<Row> rows = HeadOracle.page(directions, page);
      Storage storage = side.heads().get(head).storage();
      storage.close(rows);
      CodedPage keys = rows.getFirst().code().orElseThrow().keys();
      CodedPage values = rows.getFirst().code().orElseThrow().values();
      int others = 0;
      int all = 0;
      for (int row = 0; row < CodedPage.ROWS; row++) {
        int slot = page * CodedPage.ROWS + row;
        double[] keyCodes = side.trace().keyCodes(head, slot);
        double[] valueCodes = side.trace().valueCodes(head, slot);
        others += otherCodes(keys.codes()[row], keyCodes);
        others += otherCodes(values.codes()[row], valueCodes);
        all += keyCodes.length + valueCodes.length;
      }
      TraceOracle.require(
          others <= OTHER_CODES * all,
          "%s, head %d, page %d has %d other codes".formatted(side.trace(), head, page, others));
    }
  }

  private int otherCodes(int[] expected, double[] found) {
    int others = 0;
    for (int channel = 0; channel < expected.length; channel++) {
      double difference = Math.abs(expected[channel] - found[channel]);
      TraceOracle.require(
          difference <= 1, side.trace() + ", head " + head + " has a code that is no neighbour");
      others += difference == 0 ? 0 : 1;
    }
    return others;
  }

  private static double[] times(double[] row, double factor) {
    double[] product = row.clone();
    for (int element = 0; element < product.length; element++) {
      product[element] *= factor;
    }
    return product;
  }

  private static double norm(double[] row) {
    double squares = 0;
    for (double element : row) {
      squares += element * element;
    }
    return Math.sqrt(squares);
  }
}
