package dev.kvasir.samples.oracle;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A KV head that keeps its first rows and the recent ones (DuoAttention, StreamingLLM). A query at
 * p sees positions below {@code sink} and above {@code p - recent}.
 *
 * <p>The rows behind the sink lie in pages of 64, of which the latest stay. A ring of plain pages
 * has ceil(recent / 64) + 1 of them, its open page included; a ring of packed ones has room for
 * ceil((recent - 1) / 64), at least one, and an open page. The oldest page goes when a new one
 * would be one too many: a plain one when its first row comes, a packed one when it is full.
 *
 * <p>With compensation (RazorAttention, equations 4 and 5) one more row stands for all rows in
 * pages that are gone: the mean of their keys and of their values, its logit raised by the
 * logarithm of their number. Means are over rows as the cache had them; rows that come and go
 * within one span, before they are stored, count as computed. A step sees what its own row has
 * driven out of a plain ring; else what goes in a run is seen from the next run on.
 */
final class StreamingOracle extends HeadOracle {
  private final int sink;
  private final int recent;
  private final boolean compensated;
  private final List<Row> sinkRows = new ArrayList<>();
  private final List<Row> ringRows = new ArrayList<>();
  private int closedPages;
  private int gone;
  private double[] goneKeys = new double[0];
  private double[] goneValues = new double[0];
  private double largestGone;

  StreamingOracle(Storage storage, int sink, int recent, boolean compensated) {
    super(storage);
    this.sink = sink;
    this.recent = recent;
    this.compensated = compensated;
  }

  private int mostPages() {
    return storage().packed()
        ? Math.max(1, Math.ceilDiv(recent - 1, CodedPage.ROWS))
        : Math.ceilDiv(recent, CodedPage.ROWS) + 1;
  }

  /** How many of the ring's pages are gone, in all. */
  private int gonePages() {
    int pages =
        storage().packed()
            ? ringRows.size() / CodedPage.ROWS
            : Math.ceilDiv(ringRows.size(), CodedPage.ROWS);
    return Math.max(0, pages - mostPages());
  }

  @Override
  void add(List<Row> added) {
    for (Row row : added) {
      (row.position() < sink ? sinkRows : ringRows).add(row);
    }
    if (!prefill() && !storage().packed()) {
      expel();
    }
  }

  @Override
  List<Seen> seen(int position) {
    List<Seen> seen = new ArrayList<>();
    for (Row row : sinkRows) {
      if (row.position() <= position) {
        seen.add(read(row));
      }
    }
    for (Row row : ringRows) {
      if (row.position() <= position && row.position() > position - recent) {
        seen.add(read(row));
      }
    }
    if (gone > 0) {
      seen.add(new Seen(mean(goneKeys), mean(goneValues), Math.log(gone)));
    }
    return seen;
  }

  @Override
  void close() {
    if (storage().packed()) {
      // Of the pages that a span fills before its last row, only those that stay are coded.
      int stay = (ringRows.size() - 1) / CodedPage.ROWS - mostPages();
      for (; closedPages < ringRows.size() / CodedPage.ROWS; closedPages++) {
        if (closedPages >= stay) {
          storage().close(page(ringRows, closedPages));
        }
      }
    }
    expel();
  }

  /** Adds rows that went since the last call to the sums that the compensation row is made of. */
  private void expel() {
    int all = gonePages() * CodedPage.ROWS;
    if (!compensated || gone == all) {
      return;
    }
    for (Row row : ringRows.subList(gone, all)) {
      boolean stored = row.position() < before() || row.code().isPresent();
      double[] key = stored ? row.key() : row.computedKey();
      double[] value = stored ? row.value() : row.computedValue();
      goneKeys = plus(goneKeys, key);
      goneValues = plus(goneValues, value);
      for (double element : key) {
        largestGone = Math.max(largestGone, Math.abs(element));
      }
      for (double element : value) {
        largestGone = Math.max(largestGone, Math.abs(element));
      }
    }
    gone = all;
  }

  /** {@return how many rows the compensation row stands for} */
  int gone() {
    return gone;
  }

  private double[] mean(double[] sums) {
    double[] mean = sums.clone();
    for (int element = 0; element < mean.length; element++) {
      mean[element] /= gone;
    }
    return mean;
  }

  private static double[] plus(double[] sums, double[] row) {
    double[] both = row.clone();
    for (int element = 0; element < sums.length; element++) {
      both[element] += sums[element];
    }
    return both;
  }

  @Override
  List<Segment> segments() {
    List<Segment> segments = new ArrayList<>();
    if (sink > 0) {
      segments.add(paged(sinkRows, 0, Integer.MAX_VALUE, storage().plain()));
    }
    segments.add(paged(ringRows, gonePages(), mostPages(), storage()));
    if (compensated) {
      segments.add(means());
    }
    return segments;
  }

  private Segment means() {
    Row any = sinkRows.isEmpty() ? ringRows.getFirst() : sinkRows.getFirst();
    long elements = (long) any.key().length + any.value().length;
    return new Segment(
        List.of(),
        Math.min(gone, 1),
        0,
        elements * Float.BYTES,
        Optional.of(new Mean(gone, mean(goneKeys), mean(goneValues), largestGone)));
  }
}
