package dev.kvasir.samples.oracle;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What one KV head has in the cache. A run appends its rows, attends, and is closed; a run is a
 * span of a prompt or a step.
 */
abstract class HeadOracle {
  private final Storage storage;
  private int tokens;
  private int before;
  private boolean prefill;

  HeadOracle(Storage storage) {
    this.storage = storage;
  }

  /**
   * A row that a query sees.
   *
   * @param bias what is added to its logit
   * @param keySlack how long the difference may be between the key and what the kernels read
   * @param valueSlack likewise of the value
   */
  record Seen(double[] key, double[] value, double bias, double keySlack, double valueSlack) {
    /** A row that is known to the bit. */
    Seen(double[] key, double[] value, double bias) {
      this(key, value, bias, 0, 0);
    }
  }

  /**
   * Rows that a trace shows at its end under one segment.
   *
   * @param rows in the order of the file
   * @param slots rows that the file has; those behind {@code rows} are empty
   * @param packed how many of them, at the front, are in packed pages
   * @param bytes of this head alone
   * @param mean what stands for rows that are gone; there are no {@code rows} then
   */
  record Segment(List<Row> rows, int slots, int packed, long bytes, Optional<Mean> mean) {}

  /**
   * What stands for rows that are gone.
   *
   * @param gone how many, 0 for none, which nothing stands for
   * @param key the mean of their keys
   * @param value the mean of their values
   * @param largest the largest magnitude of their elements
   */
  record Mean(int gone, double[] key, double[] value, double largest) {}

  final Storage storage() {
    return storage;
  }

  /** {@return true tokens, the running ones included} */
  final int tokens() {
    return tokens;
  }

  /** {@return true tokens before the running ones} */
  final int before() {
    return before;
  }

  final boolean prefill() {
    return prefill;
  }

  /** Appends the rows of a run. */
  final void append(List<Row> rows, boolean partOfPrompt) {
    prefill = partOfPrompt;
    before = tokens;
    tokens += rows.size();
    for (Row row : rows) {
      row.round(storage.format());
    }
    add(rows);
  }

  /** Takes rows as they are stored, in which form the running query of a step sees its own row. */
  abstract void add(List<Row> rows);

  /** {@return what a query of the running rows sees} */
  abstract List<Seen> seen(int position);

  /** Ends a run: its attention is done. */
  abstract void close();

  /** {@return what the trace must show at its end, segment by segment} */
  abstract List<Segment> segments();

  /** {@return a row as the running queries read it: what is prefilled now, as it was computed} */
  final Seen read(Row row) {
    return prefill && row.position() >= before
        ? new Seen(row.computedKey(), row.computedValue(), 0)
        : new Seen(row.key(), row.value(), 0, row.keySlack().length(), row.valueSlack().length());
  }

  /** {@return a row as a selection or a merge behind the running queries takes it} */
  final Seen candidate(Row row) {
    return prefill && row.position() >= before
        ? new Seen(row.computedKey(), row.computedValue(), 0)
        : new Seen(
            row.candidateKey(),
            row.candidateValue(),
            0,
            row.keySlack().length(),
            row.valueSlack().length());
  }

  /** {@return a segment of rows from {@code first} on, of which full pages are packed} */
  final Segment paged(List<Row> all, int firstPage, int mostPages, Storage stored) {
    List<Row> rows = all.subList(firstPage * CodedPage.ROWS, all.size());
    int packed = stored.packed() ? rows.size() / CodedPage.ROWS * CodedPage.ROWS : 0;
    int keyDim = all.isEmpty() ? 0 : all.getFirst().key().length;
    int valueDim = all.isEmpty() ? 0 : all.getFirst().value().length;
    return new Segment(
        List.copyOf(rows),
        rows.size(),
        packed,
        stored.bytes(all.size(), mostPages, keyDim, valueDim),
        Optional.empty());
  }

  /** {@return the rows of a page} */
  static List<Row> page(List<Row> rows, int page) {
    return new ArrayList<>(rows.subList(page * CodedPage.ROWS, (page + 1) * CodedPage.ROWS));
  }
}
