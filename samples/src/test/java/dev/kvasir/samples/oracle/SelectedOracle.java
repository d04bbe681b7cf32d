package dev.kvasir.samples.oracle;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A KV head that keeps chosen rows and the rows since: kept rows and a tail. A span of a prompt is
 * seen by its own queries, and is then chosen from at once.
 */
class SelectedOracle extends HeadOracle {
  private List<Row> kept = new ArrayList<>();
  private final List<Row> tail = new ArrayList<>();
  private final List<Row> span = new ArrayList<>();
  private int slots;

  SelectedOracle(Storage storage) {
    super(storage);
  }

  @Override
  final void add(List<Row> added) {
    (prefill() ? span : tail).addAll(added);
  }

  @Override
  final List<Seen> seen(int position) {
    return candidates().stream().filter(row -> row.position() <= position).map(this::read).toList();
  }

  @Override
  final void close() {}

  /** {@return kept rows, the tail and the running span, in ascending position} */
  final List<Row> candidates() {
    List<Row> all = new ArrayList<>(kept);
    all.addAll(tail);
    all.addAll(span);
    return all;
  }

  final int tailRows() {
    return tail.size();
  }

  /** {@return slots that the kept rows have} */
  final int slots() {
    return slots;
  }

  /** {@return the rows of the tail as the trace must show them} */
  final Segment tail() {
    return paged(tail, 0, Integer.MAX_VALUE, storage().plain());
  }

  /**
   * Keeps the candidates at these positions, as they are read now; full pages of them are coded.
   *
   * @param room slots that the kept rows have from now on
   */
  void keep(Set<Integer> positions, int room) {
    List<Row> rows = chosen(positions, room);
    for (Row row : rows) {
      Seen read = read(row);
      row.round(storage().format(), read.key(), read.value());
    }
    for (int page = 0; page < rows.size() / CodedPage.ROWS; page++) {
      storage().close(page(rows, page));
    }
    replace(rows, room);
  }

  /** {@return the candidates at these positions} */
  final List<Row> chosen(Set<Integer> positions, int room) {
    List<Row> rows =
        candidates().stream().filter(row -> positions.contains(row.position())).toList();
    if (rows.size() > room) {
      throw new AssertionError(rows.size() + " rows in " + room + " slots");
    }
    return rows;
  }

  /** Has these rows instead of all candidates. */
  final void replace(List<Row> rows, int room) {
    kept = new ArrayList<>(rows);
    tail.clear();
    span.clear();
    slots = room;
  }

  @Override
  List<Segment> segments() {
    int keyDim = kept.getFirst().key().length;
    int valueDim = kept.getFirst().value().length;
    int packed = storage().packed() ? kept.size() / CodedPage.ROWS * CodedPage.ROWS : 0;
    return List.of(
        new Segment(
            List.copyOf(kept),
            slots,
            packed,
            storage().bytes(slots, Integer.MAX_VALUE, keyDim, valueDim),
            Optional.empty()),
        tail());
  }
}
