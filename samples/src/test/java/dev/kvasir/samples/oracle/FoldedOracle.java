package dev.kvasir.samples.oracle;

import java.util.ArrayList;
import java.util.List;

/**
 * A KV head that folds its rows: slots and a tail. Rows fill the slots, then the tail; a span of a
 * prompt is seen by its own queries first.
 */
final class FoldedOracle extends HeadOracle {
  private final int room;
  private List<Row> slots = new ArrayList<>();
  private final List<Row> tail = new ArrayList<>();
  private final List<Row> span = new ArrayList<>();
  private int held;
  private boolean folded;
  private boolean undecided;

  /**
   * @param room how many slots there are
   */
  FoldedOracle(Storage storage, int room) {
    super(storage);
    this.room = room;
  }

  @Override
  void add(List<Row> added) {
    held += added.size();
    if (prefill()) {
      span.addAll(added);
    } else {
      added.forEach(this::place);
    }
  }

  @Override
  List<Seen> seen(int position) {
    return candidates().stream().filter(row -> row.position() <= position).map(this::read).toList();
  }

  @Override
  void close() {}

  /** {@return slots, the tail and the running span, in this order} */
  List<Row> candidates() {
    List<Row> all = new ArrayList<>(slots);
    all.addAll(tail);
    all.addAll(span);
    return all;
  }

  /** {@return rows behind the slots, the running span's included} */
  int beyondSlots() {
    return held - room;
  }

  /**
   * {@return whether rounding has left open what a fold kept, so that nothing more can be said of
   * the head}
   */
  boolean isUndecided() {
    return undecided;
  }

  /** Ends a run with a fold of which nothing can be said. */
  void giveUp() {
    undecided = true;
    held = room;
    tail.clear();
    span.clear();
  }

  /** Ends a run without a fold: pages of slots that it has filled are coded. */
  void settle() {
    List<Row> rows = new ArrayList<>(span);
    span.clear();
    rows.forEach(this::place);
    for (int page = 0; !folded && page < slots.size() / CodedPage.ROWS; page++) {
      if (slots.get(page * CodedPage.ROWS).code().isEmpty()) {
        storage().close(page(slots, page));
      }
    }
  }

  private void place(Row row) {
    if (slots.size() < room) {
      slots.add(row);
    } else {
      tail.add(row);
    }
  }

  /** Ends a run with a fold, which leaves these rows; full pages of them are coded. */
  void fold(List<Row> rows) {
    slots = new ArrayList<>(rows);
    for (int page = 0; page < slots.size() / CodedPage.ROWS; page++) {
      storage().close(page(slots, page));
    }
    held = room;
    tail.clear();
    span.clear();
    folded = true;
  }

  @Override
  List<Segment> segments() {
    return List.of(
        paged(slots, 0, Integer.MAX_VALUE, storage()),
        paged(tail, 0, Integer.MAX_VALUE, storage().plain()));
  }
}
