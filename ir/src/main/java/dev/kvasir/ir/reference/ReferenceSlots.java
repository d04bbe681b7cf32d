package dev.kvasir.ir.reference;

import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.Packing;
import dev.kvasir.ir.type.QuantisedFormat;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What the folded heads of a layer have in their slots since the last fold, and the mass that steps
 * have given to their rows since.
 *
 * @param mark rows at that fold, 0 before the first
 * @param positions of each KV head and slot
 * @param keys of each slot
 * @param values of each slot
 * @param masses of each KV head by candidate; no masses before the first step
 */
record ReferenceSlots(
    int mark, int[][] positions, ReferenceSide keys, ReferenceSide values, double[][] masses) {
  static final ReferenceSlots NOTHING =
      new ReferenceSlots(
          0, new int[0][], ReferenceSide.empty(0, 0), ReferenceSide.empty(0, 0), new double[0][]);

  /**
   * Slots after a fold.
   *
   * @param rows by KV head; no rows for heads that are not folded
   * @param format in which slots are stored
   * @param packing how their full pages are coded
   */
  static ReferenceSlots of(
      int mark,
      CacheType type,
      List<List<ReferenceRow>> rows,
      ElementFormat format,
      Optional<Packing> packing) {
    int slots = rows.stream().mapToInt(List::size).max().orElse(0);
    int[][] positions = new int[rows.size()][slots];
    double[] keys = new double[slots * type.kvHeads() * type.keyDim()];
    double[] values = new double[slots * type.kvHeads() * type.valueDim()];
    for (int head = 0; head < rows.size(); head++) {
      for (int slot = 0; slot < rows.get(head).size(); slot++) {
        ReferenceRow row = rows.get(head).get(slot);
        positions[head][slot] = row.position();
        int place = slot * type.kvHeads() + head;
        System.arraycopy(row.key(), 0, keys, place * type.keyDim(), type.keyDim());
        System.arraycopy(row.value(), 0, values, place * type.valueDim(), type.valueDim());
      }
    }
    ReferenceSide keySide =
        ReferenceSide.empty(type.kvHeads(), type.keyDim()).append(keys, round(keys, format));
    ReferenceSide valueSide =
        ReferenceSide.empty(type.kvHeads(), type.valueDim()).append(values, round(values, format));
    for (int head = 0; head < rows.size() && packing.isPresent(); head++) {
      int full = rows.get(head).size() / QuantisedFormat.PAGE_ROWS * QuantisedFormat.PAGE_ROWS;
      for (int first = 0; first < full; first += QuantisedFormat.PAGE_ROWS) {
        int[] page = IntStream.range(first, first + QuantisedFormat.PAGE_ROWS).toArray();
        keySide.code(packing.get().key(), head, page);
        valueSide.code(packing.get().value(), head, page);
      }
    }
    return new ReferenceSlots(mark, positions, keySide, valueSide, new double[0][]);
  }

  ReferenceSlots withMasses(double[][] others) {
    return new ReferenceSlots(mark, positions, keys, values, others);
  }

  /** How much a candidate has got from steps since the last fold. */
  double mass(int kvHead, int candidate) {
    return masses.length > 0 && candidate < masses[kvHead].length ? masses[kvHead][candidate] : 0;
  }

  /** What a slot holds, as it is read. */
  ReferenceRow row(int kvHead, int slot) {
    return new ReferenceRow(
        positions[kvHead][slot], keys.read(slot, kvHead), values.read(slot, kvHead));
  }

  private static double[] round(double[] elements, ElementFormat format) {
    return Arrays.stream(elements).map(element -> format.round((float) element)).toArray();
  }
}
