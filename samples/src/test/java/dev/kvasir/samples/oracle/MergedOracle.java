package dev.kvasir.samples.oracle;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * A KV head that shares the directions of its rows with that of another layer: shared rows, those
 * that keep their originals, and a tail. A span of a prompt is seen by its own queries, and is then
 * merged at once.
 */
final class MergedOracle extends HeadOracle {
  /** Of the f16 norms of one row, those of keys and values in both layers. */
  static final int NORMS = 4;

  private final List<SharedRow> shared = new ArrayList<>();
  private final List<Row> retained = new ArrayList<>();
  private final List<Row> tail = new ArrayList<>();
  private final List<Row> span = new ArrayList<>();
  private final boolean lower;
  private int closedPages;

  /**
   * @param lower whether the shared rows are counted to this layer
   */
  MergedOracle(Storage storage, boolean lower) {
    super(storage);
    this.lower = lower;
  }

  /**
   * A row that is merged.
   *
   * @param row its direction; of a row that keeps its original, zeros at position -2
   * @param keyNorm what the direction of the key is multiplied by
   * @param valueNorm likewise of the value
   * @param hidden whether it keeps its original
   */
  record SharedRow(Row row, double keyNorm, double valueNorm, boolean hidden) {
    Seen seen() {
      return new Seen(times(row.key(), keyNorm), times(row.value(), valueNorm), 0);
    }

    private static double[] times(double[] row, double factor) {
      return Arrays.stream(row).map(element -> element * factor).toArray();
    }
  }

  @Override
  void add(List<Row> added) {
    (prefill() ? span : tail).addAll(added);
  }

  @Override
  List<Seen> seen(int position) {
    List<Seen> seen = new ArrayList<>();
    shared.stream().filter(row -> !row.hidden()).map(SharedRow::seen).forEach(seen::add);
    retained.stream().map(this::read).forEach(seen::add);
    batch().stream().filter(row -> row.position() <= position).map(this::read).forEach(seen::add);
    return seen;
  }

  @Override
  void close() {}

  /** {@return the rows that are not merged yet} */
  List<Row> batch() {
    List<Row> all = new ArrayList<>(tail);
    all.addAll(span);
    return all;
  }

  int tailRows() {
    return tail.size();
  }

  /** {@return the tokens at the last merge} */
  int mark() {
    return shared.size();
  }

  List<Integer> retainedPositions() {
    return retained.stream().map(Row::position).toList();
  }

  /** Takes what the rows of the batch have become, in their order. */
  void merge(List<SharedRow> rows) {
    List<Row> batch = batch();
    for (int index = 0; index < batch.size(); index++) {
      if (rows.get(index).hidden()) {
        Row row = batch.get(index);
        Seen read = read(row);
        row.round(storage().format(), read.key(), read.value());
        retained.add(row);
      }
    }
    shared.addAll(rows);
    tail.clear();
    span.clear();
  }

  /** {@return the pages of shared rows that are full and not coded yet, which are from now on} */
  List<List<Row>> fullPages() {
    List<List<Row>> pages = new ArrayList<>();
    for (; closedPages < shared.size() / CodedPage.ROWS; closedPages++) {
      pages.add(page(shared.stream().map(SharedRow::row).toList(), closedPages));
    }
    return pages;
  }

  @Override
  List<Segment> segments() {
    // What the trace shows of shared rows is checked where they are merged, codes and all.
    List<Row> directions = shared.stream().map(SharedRow::row).toList();
    int keyDim = directions.getFirst().key().length;
    int valueDim = directions.getFirst().value().length;
    long norms = (long) pages(directions.size()) * CodedPage.ROWS * NORMS * Short.BYTES;
    long positions = (long) pages(retained.size()) * CodedPage.ROWS * Integer.BYTES;
    long bytes = storage().bytes(directions.size(), Integer.MAX_VALUE, keyDim, valueDim) + norms;
    Segment originals = paged(retained, 0, Integer.MAX_VALUE, storage().plain());
    return List.of(
        new Segment(directions, directions.size(), 0, lower ? bytes : 0, Optional.empty()),
        new Segment(
            originals.rows(),
            originals.slots(),
            originals.packed(),
            originals.bytes() + positions,
            Optional.empty()),
        paged(tail, 0, Integer.MAX_VALUE, storage().plain()));
  }

  private static int pages(int rows) {
    return Math.ceilDiv(rows, CodedPage.ROWS);
  }
}
