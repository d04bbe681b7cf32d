package dev.kvasir.samples.oracle;

import dev.kvasir.samples.oracle.HeadOracle.Seen;
import dev.kvasir.samples.oracle.MergeRule.Pair;
import dev.kvasir.samples.oracle.Row.Slack;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Two layers that merge the rows that one selection chooses, all of them anew each time. Rows are
 * recomputed, with what rounding may do to them; those of the last merge, which the trace shows at
 * its end, are compared with it and are what it has from then on.
 */
final class ChosenMergeOracle {
  /** Directions of which 1 - cosine is smaller are one. */
  private static final double SAME = 0x1p-16;

  /** What single precision may do to a cosine, a norm, or an element of a direction. */
  private static final double SINGLE = 1e-6;

  private final MergeRule rule;
  private final Side lower;
  private final Side upper;
  private int merges;
  private int again;

  /**
   * One of the layers.
   *
   * @param trace what it shows at its end
   */
  record Side(List<ChosenOracle> heads, MergedTrace trace, boolean isLower) {
    double keyNorm(Merged row) {
      return isLower ? row.key().lowerNorm() : row.key().upperNorm();
    }

    double valueNorm(Merged row) {
      return isLower ? row.value().lowerNorm() : row.value().upperNorm();
    }
  }

  /** A row of a layer, and how it is read. */
  private record Of(Row row, Seen seen) {}

  /** What two rows become. */
  private record Merged(Pair key, Pair value, Of lower, Of upper) {
    Of of(Side side) {
      return side.isLower() ? lower : upper;
    }

    int position() {
      return lower.row().position();
    }

    /** One less the cosine of the larger angle; 0 where directions are one. */
    double difference() {
      double difference = 1 - Math.cos(Math.max(key.angle(), value.angle()));
      return difference < SAME ? 0 : difference;
    }
  }

  ChosenMergeOracle(MergeRule rule, Side lower, Side upper) {
    this.rule = rule;
    this.lower = lower;
    this.upper = upper;
  }

  int merges() {
    return merges;
  }

  /** {@return how many rows were merged that had been before, over all merges} */
  int again() {
    return again;
  }

  /**
   * Merges what both layers have just chosen.
   *
   * @param last whether the trace shows at its end what becomes of it
   */
  void run(boolean last) {
    merges++;
    for (int head = 0; head < upper.heads().size(); head++) {
      merge(head, last);
    }
  }

  private void merge(int head, boolean last) {
    ChosenOracle below = lower.heads().get(head);
    ChosenOracle above = upper.heads().get(head);
    List<Merged> rows = new ArrayList<>();
    for (int index = 0; index < above.chosen().size(); index++) {
      Row y = below.chosen().get(index);
      Row x = above.chosen().get(index);
      TraceOracle.require(x.position() == y.position(), "both layers keep one list");
      again += x.isExact() ? 0 : 1;
      Of lowerRow = new Of(y, below.candidate(y));
      Of upperRow = new Of(x, above.candidate(x));
      rows.add(
          new Merged(
              rule.pair(lowerRow.seen().key(), upperRow.seen().key()),
              rule.pair(lowerRow.seen().value(), upperRow.seen().value()),
              lowerRow,
              upperRow));
    }
    Set<Integer> retained = last ? shown(head, rows) : retained(rows);
    become(lower, head, rows, retained, last);
    become(upper, head, rows, retained, last);
  }

  /** Rows that keep their originals. */
  private Set<Integer> retained(List<Merged> rows) {
    int count = rule.retained(rows.size());
    List<Integer> ranked = ranked(rows);
    double least = count == 0 ? 0 : rows.get(ranked.get(count - 1)).difference();
    if (least > 0
        && count < rows.size()
        && least - rows.get(ranked.get(count)).difference() < SINGLE) {
      throw new UndecidedException("two rows differ as much, and the trace does not say which won");
    }
    return new HashSet<>(ranked.subList(0, count));
  }

  private static List<Integer> ranked(List<Merged> rows) {
    return IntStream.range(0, rows.size())
        .boxed()
        .sorted(
            Comparator.comparingDouble((Integer index) -> -rows.get(index).difference())
                .thenComparing(index -> index))
        .toList();
  }

  /** Rows that keep their originals in the trace, of which rounding may decide. */
  private Set<Integer> shown(int head, List<Merged> rows) {
    List<Integer> shown = upper.trace().retained(head);
    String place = upper.trace() + ", head " + head;
    TraceOracle.require(
        shown.equals(lower.trace().retained(head)), place + " retained in both layers");
    int count = rule.retained(rows.size());
    TraceOracle.require(
        shown.size() == count, place + ", retained " + shown.size() + " of " + count);
    List<Integer> ranked = ranked(rows);
    Set<Integer> found = new HashSet<>();
    for (int index = 0; index < rows.size(); index++) {
      Merged row = rows.get(index);
      if (shown.contains(row.position())) {
        found.add(index);
        double least = rows.get(ranked.get(count - 1)).difference();
        boolean expected = ranked.indexOf(index) < count;
        TraceOracle.require(
            expected || (least > 0 && least - row.difference() < SINGLE),
            place + ", row " + row.position() + " retained");
      }
    }
    TraceOracle.require(found.size() == count, place + " retains rows that are kept");
    return found;
  }

  private static void become(
      Side side, int head, List<Merged> rows, Set<Integer> retained, boolean last) {
    ChosenOracle oracle = side.heads().get(head);
    Storage storage = oracle.storage();
    List<Row> read = new ArrayList<>();
    List<Row> directions = new ArrayList<>();
    List<Row> originals = new ArrayList<>();
    for (int index = 0; index < rows.size(); index++) {
      Merged row = rows.get(index);
      Of before = row.of(side);
      if (retained.contains(index)) {
        Row original =
            Row.computed(
                row.position(),
                storage.format().round(before.seen().key()),
                storage.format().round(before.seen().value()),
                rounded(storage.format(), before.seen().key(), before.row().keySlack()),
                rounded(storage.format(), before.seen().value(), before.row().valueSlack()));
        originals.add(original);
        read.add(original);
        directions.add(
            new Row(
                CacheCheck.EMPTY,
                new double[original.key().length],
                new double[original.value().length]));
      } else {
        Part key = part(storage, row.key(), side.keyNorm(row), before.row().keySlack());
        Part value = part(storage, row.value(), side.valueNorm(row), before.row().valueSlack());
        directions.add(
            Row.computed(
                row.position(),
                key.direction(),
                value.direction(),
                key.slackOfDirection(),
                value.slackOfDirection()));
        Row merged =
            Row.computed(row.position(), key.read(), value.read(), key.slack(), value.slack());
        merged.norms(key.norm(), value.norm());
        read.add(merged);
      }
    }
    if (last) {
      new ShownMerge(side, head).adopt(read, directions);
    }
    oracle.merge(read, directions, originals);
  }

  /** A row as it is stored in a format. */
  private static Slack rounded(RowFormat format, double[] row, Slack slack) {
    return slack.length() == 0
        ? slack
        : new Slack(slack.length() + apart(format, row, slack.length()), slack.ofDirection());
  }

  /** A key or value once it is merged. */
  private record Part(double[] direction, double norm, double ofNorm, double ofDirection) {
    Slack slack() {
      return new Slack(ofNorm + norm * ofDirection, ofDirection);
    }

    Slack slackOfDirection() {
      return new Slack(ofDirection, ofDirection);
    }

    double[] read() {
      double[] read = direction.clone();
      for (int element = 0; element < read.length; element++) {
        read[element] *= norm;
      }
      return read;
    }
  }

  private static Part part(Storage storage, Pair pair, double norm, Slack before) {
    boolean isOne = 1 - Math.cos(pair.angle()) < SAME;
    double inDirection = isOne ? 2 * SINGLE : SINGLE / Math.max(Math.sin(pair.angle()), 1e-3);
    double inNorm = before.length() + 2 * SINGLE * norm;
    double half = RowFormat.F16.round(norm);
    double ofNorm =
        Math.max(
            RowFormat.F16.round(norm + inNorm) - half, half - RowFormat.F16.round(norm - inNorm));
    double[] direction = storage.format().round(pair.direction());
    double ofDirection = apart(storage.format(), pair.direction(), inDirection);
    return new Part(direction, half, ofNorm, ofDirection + before.ofDirection());
  }

  /** How far a row may come to lie from its rounded elements if each of them is off by so much. */
  private static double apart(RowFormat format, double[] row, double slack) {
    double squares = 0;
    for (double element : row) {
      double most = format.round(element + slack) - format.round(element);
      double least = format.round(element) - format.round(element - slack);
      squares += Math.pow(Math.max(most, least), 2);
    }
    return Math.sqrt(squares);
  }
}
