package dev.kvasir.samples.oracle;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A KV head that shares the directions of chosen rows with that of another layer: shared rows in
 * the order of their list, those that keep their originals, and a tail. All of them are chosen from
 * and merged at once.
 */
final class ChosenOracle extends SelectedOracle {
  private final boolean lower;
  private final MergeRule rule;
  private List<Row> chosen = List.of();
  private int room;
  private List<Row> directions = List.of();
  private List<Row> retained = List.of();

  /**
   * @param lower whether the shared rows are counted to this layer
   */
  ChosenOracle(Storage storage, MergeRule rule, boolean lower) {
    super(storage);
    this.rule = rule;
    this.lower = lower;
  }

  @Override
  void keep(Set<Integer> positions, int slots) {
    chosen = chosen(positions, slots);
    room = slots;
  }

  /** {@return the rows that were chosen and are to be merged} */
  List<Row> chosen() {
    return chosen;
  }

  /**
   * Takes what the chosen rows have become.
   *
   * @param rows as they are read from now on, in the order of the list
   * @param shared their directions; zeros at position -2 for those that keep their originals
   * @param originals those that do
   */
  void merge(List<Row> rows, List<Row> shared, List<Row> originals) {
    replace(rows, room);
    directions = shared;
    retained = originals;
  }

  /** {@return originals, in ascending position} */
  List<Row> retained() {
    return retained;
  }

  @Override
  List<Segment> segments() {
    int keyDim = directions.getFirst().key().length;
    int valueDim = directions.getFirst().value().length;
    int originals = rule.retained(slots());
    long norms = pageRows(slots()) * MergedOracle.NORMS * Short.BYTES;
    long bytes = storage().bytes(slots(), Integer.MAX_VALUE, keyDim, valueDim) + norms;
    long ofOriginals = storage().plain().bytes(originals, Integer.MAX_VALUE, keyDim, valueDim);
    return List.of(
        new Segment(new ArrayList<>(directions), slots(), 0, lower ? bytes : 0, Optional.empty()),
        new Segment(
            new ArrayList<>(retained),
            originals,
            0,
            ofOriginals + pageRows(originals) * Integer.BYTES,
            Optional.empty()),
        tail());
  }

  private static long pageRows(int rows) {
    return (long) Math.ceilDiv(rows, CodedPage.ROWS) * CodedPage.ROWS;
  }
}
