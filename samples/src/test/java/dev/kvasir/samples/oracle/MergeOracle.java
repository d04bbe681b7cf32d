package dev.kvasir.samples.oracle;

import dev.kvasir.samples.oracle.HeadOracle.Seen;
import dev.kvasir.samples.oracle.MergeRule.Pair;
import dev.kvasir.samples.oracle.MergedOracle.SharedRow;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Two layers that merge. What they have become is recomputed and compared with what the trace shows
 * at its end; as merged rows stay, that is how attention has read them since, but for those that
 * waited for their page to be coded.
 */
final class MergeOracle {
  /** What single precision may do to a norm, relatively. */
  private static final double NORM_SLACK = 2e-6;

  private static final double HIDDEN = -1;

  /** Of the codes of a page so many may be neighbours of those that are expected. */
  private static final double OTHER_CODES = 0.02;

  private final MergeRule rule;
  private final List<MergedOracle> lower;
  private final List<MergedOracle> upper;
  private final MergedTrace lowerTrace;
  private final MergedTrace upperTrace;
  private int merges;
  private int nearTies;

  MergeOracle(
      MergeRule rule,
      List<MergedOracle> lower,
      List<MergedOracle> upper,
      MergedTrace lowerTrace,
      MergedTrace upperTrace) {
    this.rule = rule;
    this.lower = lower;
    this.upper = upper;
    this.lowerTrace = lowerTrace;
    this.upperTrace = upperTrace;
  }

  int merges() {
    return merges;
  }

  int nearTies() {
    return nearTies;
  }

  /** Merges if it is time to; both layers have attended. */
  void run(TraceFile file, int step) {
    MergedOracle first = upper.getFirst();
    boolean due = first.prefill() || first.tailRows() == rule.tail();
    for (MergedTrace trace : List.of(lowerTrace, upperTrace)) {
      String kept = trace.kept(step);
      TraceOracle.require(due == file.has(kept), kept + " is there: " + !due);
    }
    if (!due) {
      return;
    }
    merges++;
    for (int head = 0; head < upper.size(); head++) {
      merge(head);
      checkKept(head, file.values(lowerTrace.kept(step)), lower.get(head));
      checkKept(head, file.values(upperTrace.kept(step)), upper.get(head));
    }
  }

  /** Rows that keep their originals from now on, those before among them. */
  private static void checkKept(int head, TraceFile.Values kept, MergedOracle oracle) {
    TraceOracle.require(
        Arrays.stream(kept.row(head))
            .mapToObj(position -> (int) position)
            .toList()
            .equals(oracle.retainedPositions()),
        "rows kept are those retained");
  }

  private void merge(int head) {
    List<Row> lowerBatch = lower.get(head).batch();
    List<Row> upperBatch = upper.get(head).batch();
    List<Pair> keys = new ArrayList<>();
    List<Pair> values = new ArrayList<>();
    for (int index = 0; index < upperBatch.size(); index++) {
      Seen y = lower.get(head).read(lowerBatch.get(index));
      Seen x = upper.get(head).read(upperBatch.get(index));
      keys.add(rule.pair(y.key(), x.key()));
      values.add(rule.pair(y.value(), x.value()));
    }
    Set<Integer> retained = retained(head, keys, values);
    lower.get(head).merge(shared(head, lowerTrace, true, keys, values, retained));
    upper.get(head).merge(shared(head, upperTrace, false, keys, values, retained));
    List<List<Row>> lowerPages = lower.get(head).fullPages();
    List<List<Row>> upperPages = upper.get(head).fullPages();
    int firstPage = upper.get(head).mark() / CodedPage.ROWS - upperPages.size();
    for (int page = 0; page < upperPages.size(); page++) {
      code(head, firstPage + page, lowerTrace, lower.get(head).storage(), lowerPages.get(page));
      code(head, firstPage + page, upperTrace, upper.get(head).storage(), upperPages.get(page));
    }
  }

  /** The rows of a batch, counted within it, that the trace says keep their originals. */
  private Set<Integer> retained(int head, List<Pair> keys, List<Pair> values) {
    int mark = upper.get(head).mark();
    int rows = mark + keys.size();
    Set<Integer> found = new HashSet<>();
    for (int position : upperTrace.retained(head)) {
      if (position >= mark && position < rows) {
        found.add(position - mark);
      }
    }
    String place = upperTrace + ", head " + head + ", rows " + mark + " to " + rows;
    TraceOracle.require(
        upperTrace.retained(head).equals(lowerTrace.retained(head)),
        place + " retained in both layers");
    int expected = rule.retained(rows) - rule.retained(mark);
    TraceOracle.require(
        found.size() == expected, place + ", retained " + found.size() + " of " + expected);
    Map<Integer, Double> angles = new HashMap<>();
    for (int index = 0; index < keys.size(); index++) {
      angles.put(index, Math.max(keys.get(index).angle(), values.get(index).angle()));
    }
    List<Integer> ranked =
        IntStream.range(0, keys.size())
            .boxed()
            .sorted((one, other) -> Double.compare(angle(angles, other), angle(angles, one)))
            .toList();
    for (int other : new HashSet<>(found)) {
      if (!ranked.subList(0, expected).contains(other)) {
        // The least that is retained: no further below than rounding can put it.
        int least = ranked.get(expected - 1);
        double slack = slack(keys, values, least) + slack(keys, values, other);
        TraceOracle.require(
            angle(angles, least) - angle(angles, other) <= slack,
            place + ", row " + other + " retained in the place of " + least);
        nearTies++;
      }
    }
    return found;
  }

  private static double angle(Map<Integer, Double> angles, int index) {
    return angles.getOrDefault(index, 0.0);
  }

  private static double slack(List<Pair> keys, List<Pair> values, int index) {
    return Math.max(keys.get(index).angleSlack(), values.get(index).angleSlack());
  }

  private List<SharedRow> shared(
      int head,
      MergedTrace trace,
      boolean isLower,
      List<Pair> keys,
      List<Pair> values,
      Set<Integer> retained) {
    MergedOracle oracle = isLower ? lower.get(head) : upper.get(head);
    int first = oracle.mark();
    List<SharedRow> rows = new ArrayList<>();
    for (int index = 0; index < keys.size(); index++) {
      int position = first + index;
      Pair key = keys.get(index);
      Pair value = values.get(index);
      String place = trace + ", head " + head + ", row " + position;
      if (retained.contains(index)) {
        TraceOracle.require(trace.position(head, position) == CacheCheck.EMPTY, place + " hidden");
        TraceOracle.require(trace.keyNorm(head, position) == HIDDEN, place + " flagged");
        Row zeros =
            new Row(
                CacheCheck.EMPTY,
                new double[key.direction().length],
                new double[value.direction().length]);
        rows.add(new SharedRow(zeros, 0, 0, true));
        continue;
      }
      TraceOracle.require(trace.position(head, position) == position, place + " at its position");
      double keyNorm = trace.keyNorm(head, position);
      double valueNorm = trace.valueNorm(head, position);
      checkNorm(place + ", key", isLower ? key.lowerNorm() : key.upperNorm(), keyNorm);
      checkNorm(place + ", value", isLower ? value.lowerNorm() : value.upperNorm(), valueNorm);
      Row row = new Row(position, key.direction(), value.direction());
      row.round(oracle.storage().format());
      if (!trace.isCoded(position)) {
        double[] foundKey = trace.key(head, position);
        double[] foundValue = trace.value(head, position);
        checkDirection(place + ", key", oracle.storage().format(), key, foundKey);
        checkDirection(place + ", value", oracle.storage().format(), value, foundValue);
        row.round(oracle.storage().format(), foundKey, foundValue);
      }
      rows.add(new SharedRow(row, keyNorm, valueNorm, false));
    }
    return rows;
  }

  private static void checkNorm(String place, double expected, double found) {
    double least = RowFormat.F16.round(expected * (1 - NORM_SLACK));
    double most = RowFormat.F16.round(expected * (1 + NORM_SLACK));
    TraceOracle.require(
        least <= found && found <= most,
        "%s has a norm of %s, got %s".formatted(place, expected, found));
  }

  private static void checkDirection(String place, RowFormat format, Pair pair, double[] found) {
    double slack = pair.directionSlack();
    for (int element = 0; element < found.length; element++) {
      double expected = pair.direction()[element];
      TraceOracle.require(
          format.round(expected - slack) <= found[element]
              && found[element] <= format.round(expected + slack),
          "%s, element %d of the direction is %s, got %s"
              .formatted(place, element, expected, found[element]));
    }
  }

  /** Compares the codes of a page with those of its rows, and reads rows as they are decoded. */
  private static void code(int head, int page, MergedTrace trace, Storage storage, List<Row> rows) {
    if (!storage.packed()) {
      return;
    }
    storage.close(rows);
    CodedPage keys = rows.getFirst().code().orElseThrow().keys();
    CodedPage values = rows.getFirst().code().orElseThrow().values();
    String place = trace + ", head " + head + ", page " + page;
    int first = page * CodedPage.ROWS;
    int others = 0;
    int all = 0;
    for (int row = 0; row < CodedPage.ROWS; row++) {
      double[] keyCodes = trace.keyCodes(head, first + row);
      double[] valueCodes = trace.valueCodes(head, first + row);
      others += otherCodes(place, keys.codes()[row], keyCodes);
      others += otherCodes(place, values.codes()[row], valueCodes);
      all += keyCodes.length + valueCodes.length;
    }
    TraceOracle.require(others <= OTHER_CODES * all, place + " has " + others + " other codes");
    for (int row = 0; row < CodedPage.ROWS; row++) {
      Row coded = rows.get(row);
      checkDecoded(place, keys.decoded(row), trace.key(head, first + row), keys);
      checkDecoded(place, values.decoded(row), trace.value(head, first + row), values);
      coded.decoded(trace.key(head, first + row), trace.value(head, first + row));
    }
  }

  private static int otherCodes(String place, int[] expected, double[] found) {
    int others = 0;
    for (int channel = 0; channel < expected.length; channel++) {
      double difference = Math.abs(expected[channel] - found[channel]);
      TraceOracle.require(
          difference <= 1,
          "%s, code of channel %d is %d, got %s"
              .formatted(place, channel, expected[channel], found[channel]));
      others += difference == 0 ? 0 : 1;
    }
    return others;
  }

  /** A code may be a neighbour and steps may round to another f16, but no more. */
  private static void checkDecoded(
      String place, double[] expected, double[] found, CodedPage page) {
    double largest = 0;
    for (double[] line : page.steps()) {
      for (double step : line) {
        largest = Math.max(largest, step);
      }
    }
    for (int channel = 0; channel < expected.length; channel++) {
      TraceOracle.require(
          Math.abs(expected[channel] - found[channel]) <= 1.1 * largest,
          "%s, channel %d is read as %s, got %s"
              .formatted(place, channel, expected[channel], found[channel]));
    }
  }
}
