package dev.kvasir.benchmarks.fusion;

import static dev.kvasir.benchmarks.fusion.LayerRows.DIM;

import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.plans.PageLayout;
import dev.kvasir.plans.StorageFormat;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Rows in pages, as kernels have them. */
final class FusedPages {

  /** Pages of f32 that are written and read once. */
  static final PageLayout RAW = PageLayout.plain(DIM, DIM);

  /** Pages of a cache of bf16. */
  static final PageLayout CACHED = PageLayout.streamed(StorageFormat.BF16, DIM, DIM);

  private FusedPages() {}

  /** Puts a row of a layer into a page of f32. */
  static void putRaw(LayerRows rows, int head, int row, MemorySegment pages, int page) {
    long start = (long) page * RAW.elements();
    int place = row % PageLayout.ROWS;
    for (int i = 0; i < DIM; i++) {
      pages.setAtIndex(
          ValueLayout.JAVA_FLOAT,
          start + RAW.keyElement(place, i),
          LayerRows.element(rows.keys[head], row, i));
      pages.setAtIndex(
          ValueLayout.JAVA_FLOAT,
          start + RAW.valueElement(place, i),
          LayerRows.element(rows.values[head], row, i));
    }
  }

  /**
   * Puts a row of a layer into a page of bf16.
   *
   * @param place row of the page
   */
  static void put(LayerRows rows, int head, int row, MemorySegment pages, int page, int place) {
    long start = (long) page * CACHED.elements();
    for (int i = 0; i < DIM; i++) {
      pages.setAtIndex(
          ValueLayout.JAVA_SHORT,
          start + CACHED.keyElement(place, i),
          rows.keys[head][row * DIM + i]);
      pages.setAtIndex(
          ValueLayout.JAVA_SHORT,
          start + CACHED.valueElement(place, i),
          rows.values[head][row * DIM + i]);
    }
  }

  /**
   * Compares a row of a page with keys and values, to the bit.
   *
   * @param place row of the page
   * @param keys rows, of which {@code row} is meant
   * @throws IllegalStateException when it differs
   */
  static void require(
      MemorySegment pages, int page, int place, short[] keys, short[] values, int row) {
    long start = (long) page * CACHED.elements();
    for (int i = 0; i < DIM; i++) {
      short key = pages.getAtIndex(ValueLayout.JAVA_SHORT, start + CACHED.keyElement(place, i));
      short value = pages.getAtIndex(ValueLayout.JAVA_SHORT, start + CACHED.valueElement(place, i));
      if (key != keys[row * DIM + i] || value != values[row * DIM + i]) {
        throw new IllegalStateException(
            "row %d of page %d differs at channel %d: key %s for %s"
                .formatted(
                    place,
                    page,
                    i,
                    ElementFormat.fromBfloat16(key),
                    ElementFormat.fromBfloat16(keys[row * DIM + i])));
      }
    }
  }
}
