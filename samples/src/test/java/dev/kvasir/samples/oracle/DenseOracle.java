package dev.kvasir.samples.oracle;

import java.util.ArrayList;
import java.util.List;

/** A KV head that keeps every row. */
final class DenseOracle extends HeadOracle {
  private final List<Row> rows = new ArrayList<>();
  private int closedPages;

  DenseOracle(Storage storage) {
    super(storage);
  }

  @Override
  void add(List<Row> added) {
    rows.addAll(added);
  }

  @Override
  List<Seen> seen(int position) {
    return rows.stream().filter(row -> row.position() <= position).map(this::read).toList();
  }

  @Override
  void close() {
    for (; closedPages < rows.size() / CodedPage.ROWS; closedPages++) {
      storage().close(page(rows, closedPages));
    }
  }

  @Override
  List<Segment> segments() {
    return List.of(paged(rows, 0, Integer.MAX_VALUE, storage()));
  }
}
