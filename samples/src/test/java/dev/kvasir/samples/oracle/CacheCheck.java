package dev.kvasir.samples.oracle;

import dev.kvasir.samples.oracle.HeadOracle.Mean;
import dev.kvasir.samples.oracle.HeadOracle.Segment;
import dev.kvasir.samples.oracle.TraceFile.Values;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Compares the cache at the end of a trace, segment by segment, with what the heads must have. */
final class CacheCheck {
  /** Position of a row that stands for others. */
  private static final int SYNTHETIC = -1;

  /** Position of an empty slot. */
  static final int EMPTY = -2;

  /** What a decoded element may be off by, relatively: it is computed in one rounding or two. */
  private static final double DECODED = 0x1p-21;

  /** What a result in single precision may be off by, relatively. */
  private static final double SINGLE = 0x1p-24;

  /** What an element of a row may be off by that was mixed of others, once or more often. */
  private static final double MIXED = 0x1p-14;

  private final TraceFile file;
  private final Map<String, Values> read = new HashMap<>();

  CacheCheck(TraceFile file) {
    this.file = file;
  }

  void check(List<List<HeadOracle>> layers) {
    for (int layer = 0; layer < layers.size(); layer++) {
      checkLayer(layer, layers.get(layer));
    }
  }

  private Values values(String name) {
    return read.computeIfAbsent(name, file::values);
  }

  private void checkLayer(int layer, List<HeadOracle> heads) {
    int[] next = new int[heads.size()];
    for (int number = 0; file.has("layer." + layer + ".cache." + number + ".k"); number++) {
      String prefix = "layer." + layer + ".cache." + number + ".";
      int[] listed = file.integers(prefix + "heads");
      long bytes = 0;
      for (int index = 0; index < listed.length; index++) {
        if (heads.get(listed[index]) instanceof FoldedOracle folded && folded.isUndecided()) {
          next[listed[index]]++;
          bytes = -1;
          continue;
        }
        List<Segment> segments = heads.get(listed[index]).segments();
        TraceOracle.require(next[listed[index]] < segments.size(), prefix + " is one too many");
        Segment segment = segments.get(next[listed[index]]++);
        bytes = bytes < 0 ? -1 : bytes + segment.bytes();
        TraceOracle.require(
            file.has(prefix + "row_bias") == segment.mean().isPresent(),
            prefix + "row_bias is there for a row that stands for others");
        if (segment.mean().isPresent()) {
          checkMean(prefix, index, segment, segment.mean().get());
        } else {
          checkRows(prefix, index, segment);
          checkCodes(prefix, index, segment);
        }
      }
      long found = (long) values(prefix + "bytes").flat()[0];
      TraceOracle.require(
          bytes < 0 || found == bytes, prefix + "bytes are " + bytes + ", got " + found);
    }
    for (int head = 0; head < next.length; head++) {
      int expected =
          heads.get(head) instanceof FoldedOracle ? 2 : heads.get(head).segments().size();
      TraceOracle.require(
          next[head] == expected,
          "layer %d, head %d has %d segments, got %d".formatted(layer, head, expected, next[head]));
    }
  }

  private void checkRows(String prefix, int index, Segment segment) {
    Values keys = values(prefix + "k");
    Values values = values(prefix + "v");
    double[] positions = values(prefix + "position").row(index);
    TraceOracle.require(
        positions.length == segment.slots() && keys.shape().get(1) == segment.slots(),
        "%shas %d slots, got %d".formatted(prefix, segment.slots(), positions.length));
    for (int slot = 0; slot < positions.length; slot++) {
      boolean empty = slot >= segment.rows().size();
      int expected = empty ? EMPTY : segment.rows().get(slot).position();
      TraceOracle.require(
          positions[slot] == expected,
          "%sposition of slot %d is %d, got %s".formatted(prefix, slot, expected, positions[slot]));
      if (!empty) {
        Row row = segment.rows().get(slot);
        double bound = row.isExact() ? row.code().isPresent() ? DECODED : 0 : MIXED;
        checkElements(prefix + "k, slot " + slot, row.key(), keys.row(index, slot), bound);
        checkElements(prefix + "v, slot " + slot, row.value(), values.row(index, slot), bound);
      }
    }
  }

  private void checkMean(String prefix, int index, Segment segment, Mean mean) {
    double[] positions = values(prefix + "position").row(index);
    double[] bias = values(prefix + "row_bias").row(index);
    TraceOracle.require(
        positions.length == segment.slots() && bias.length == segment.slots(),
        "%shas %d rows, got %d".formatted(prefix, segment.slots(), positions.length));
    if (mean.gone() == 0) {
      return;
    }
    TraceOracle.require(
        positions[0] == SYNTHETIC, prefix + "position is that of no token, got " + positions[0]);
    double weight = Math.log(mean.gone());
    TraceOracle.require(
        Math.abs(bias[0] - weight) <= SINGLE * weight,
        "%srow_bias is %s, got %s".formatted(prefix, weight, bias[0]));
    // A mean of pages: the sum of a page's rows, and three roundings to take it in.
    int pages = Math.ceilDiv(mean.gone(), CodedPage.ROWS);
    double bound = mean.largest() * (DECODED + SINGLE * (CodedPage.ROWS + 3 * pages));
    checkWithin(prefix + "k", mean.key(), values(prefix + "k").row(index, 0), bound);
    checkWithin(prefix + "v", mean.value(), values(prefix + "v").row(index, 0), bound);
  }

  private static void checkElements(String place, double[] row, double[] found, double bound) {
    checkWithin(place, row, found, bound * largest(row));
  }

  private static void checkWithin(String place, double[] row, double[] found, double bound) {
    for (int element = 0; element < row.length; element++) {
      TraceOracle.require(
          Math.abs(found[element] - row[element]) <= bound,
          "%s, element %d is %s, got %s".formatted(place, element, row[element], found[element]));
    }
  }

  private static double largest(double[] row) {
    double largest = 0;
    for (double element : row) {
      largest = Math.max(largest, Math.abs(element));
    }
    return largest;
  }

  private void checkCodes(String prefix, int index, Segment segment) {
    TraceOracle.require(
        segment.packed() == 0 || file.has(prefix + "codes_k"), prefix + "codes_k is missing");
    for (int slot = 0; slot < segment.rows().size(); slot++) {
      Row row = segment.rows().get(slot);
      TraceOracle.require(
          row.code().isPresent() == slot < segment.packed(),
          prefix + "slot " + slot + " is coded by the oracle's own rules");
      if (row.code().isPresent()) {
        Row.Code code = row.code().get();
        checkCodes(prefix, "_k", index, slot, code.row(), code.keys());
        checkCodes(prefix, "_v", index, slot, code.row(), code.values());
      }
    }
  }

  private void checkCodes(
      String prefix, String side, int index, int slot, int row, CodedPage page) {
    double[] codes = values(prefix + "codes" + side).row(index, slot);
    int lines = page.steps().length;
    int line = slot / CodedPage.ROWS * lines + row * lines / CodedPage.ROWS;
    for (int channel = 0; channel < codes.length; channel++) {
      TraceOracle.require(
          codes[channel] == page.codes()[row][channel],
          "%scodes%s, slot %d, channel %d is %d, got %s"
              .formatted(prefix, side, slot, channel, page.codes()[row][channel], codes[channel]));
    }
    checkGroups(
        prefix + "quant_scale" + side, index, line, page.steps()[row * lines / CodedPage.ROWS]);
    checkGroups(
        prefix + "quant_zero" + side, index, line, page.minima()[row * lines / CodedPage.ROWS]);
  }

  private void checkGroups(String name, int index, int line, double[] expected) {
    double[] found = values(name).row(index, line);
    for (int column = 0; column < expected.length; column++) {
      TraceOracle.require(
          found[column] == expected[column],
          "%s, group %d of line %d is %s, got %s"
              .formatted(name, column, line, expected[column], found[column]));
    }
  }
}
