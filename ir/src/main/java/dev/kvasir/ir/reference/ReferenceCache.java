package dev.kvasir.ir.reference;

import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.ir.type.Packing;
import dev.kvasir.ir.type.QuantisedFormat;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Every row that was ever appended to the cache of one layer, three times: as computed, as stored,
 * and, once its page is closed, as decoded from its codes. Nothing is dropped: whether a row can be
 * seen follows from its position alone. Row j has true position j. Compensation rows sum what their
 * rings dropped: rows as they were read last, those that a span pushed out before they were stored
 * as computed. Immutable.
 */
public final class ReferenceCache implements ReferenceValue {
  private final int rows;
  private final Side keys;
  private final Side values;

  /** By KV head: before the running span, and after it. */
  private final Map<Integer, Compensation> compensationsBefore;

  private final Map<Integer, Compensation> compensations;

  /** Keys or values, [rows, kvHeads * head dimension]; rows that are not coded are NaN. */
  private record Side(double[] computed, double[] stored, double[] coded) {
    double[] in(RowForm form) {
      return switch (form) {
        case COMPUTED -> computed;
        case STORED -> stored;
        case CODED -> coded;
      };
    }
  }

  private ReferenceCache(
      int rows, Side keys, Side values, Map<Integer, Compensation> compensationsBefore) {
    this.rows = rows;
    this.keys = keys;
    this.values = values;
    this.compensationsBefore = compensationsBefore;
    this.compensations = new HashMap<>(compensationsBefore);
  }

  /** {@return a cache without rows} */
  public static ReferenceCache empty() {
    Side nothing = new Side(new double[0], new double[0], new double[0]);
    return new ReferenceCache(0, nothing, nothing, Map.of());
  }

  /** {@return number of rows} */
  public int rows() {
    return rows;
  }

  /**
   * {@return this cache and more rows; pages that they fill are coded}
   *
   * @param type says how each row of each head is stored
   * @param newKeys [new rows, kvHeads * keyDim]
   * @param newValues [new rows, kvHeads * valueDim]
   * @throws ArithmeticException when f16 cannot hold a step or a minimum
   */
  public ReferenceCache append(CacheType type, ReferenceTensor newKeys, ReferenceTensor newValues) {
    ReferenceCache longer =
        new ReferenceCache(
            rows + newKeys.rows(),
            append(type, keys, newKeys, type.keyDim()),
            append(type, values, newValues, type.valueDim()),
            compensations);
    for (int head = 0; head < type.kvHeads(); head++) {
      longer.codeClosedPages(type, head, rows);
      longer.expel(type, head, rows);
    }
    return longer;
  }

  /**
   * {@return in which form a row is read that was in the cache before the running span, or lies in
   * the open page}
   *
   * @param row the row
   * @param rowsBefore rows that the cache held before the running span
   */
  public static RowForm form(HeadGroup group, int row, int rowsBefore) {
    int first = firstRow(group);
    boolean closed =
        group.segmentAt(row).packing().isPresent()
            && (row - first) / QuantisedFormat.PAGE_ROWS < closedPages(group, rowsBefore);
    return closed ? RowForm.CODED : RowForm.STORED;
  }

  /**
   * {@return the compensation row that the running span sees, if it stands for any rows}
   *
   * <p>A step drops the page that its own row takes over before it attends. Whatever else is
   * dropped is compensated from the next run on: all that a prefill drops, and in a packed ring the
   * page whose place the one that a run has filled takes.
   *
   * @param prefill whether the running span is part of a prompt
   */
  public Optional<Compensation> compensation(HeadGroup group, int head, boolean prefill) {
    boolean later = prefill || group.segments().getLast().packing().isPresent();
    return Optional.ofNullable((later ? compensationsBefore : compensations).get(head));
  }

  /**
   * {@return element of a key}
   *
   * @param column {@code head * keyDim + element}
   */
  public double key(CacheType type, int row, int column, RowForm form) {
    return keys.in(form)[row * type.kvHeads() * type.keyDim() + column];
  }

  /**
   * {@return element of a value}
   *
   * @param column {@code head * valueDim + element}
   */
  public double value(CacheType type, int row, int column, RowForm form) {
    return values.in(form)[row * type.kvHeads() * type.valueDim() + column];
  }

  /** Where the pages of the last segment of a group start: behind its sink. */
  private static int firstRow(HeadGroup group) {
    return group.sinkRows();
  }

  private static int closedPages(HeadGroup group, int rows) {
    return Math.max(rows - firstRow(group), 0) / QuantisedFormat.PAGE_ROWS;
  }

  private Side append(CacheType type, Side before, ReferenceTensor tensor, int headDim) {
    double[] stored =
        ReferenceTensor.of(
                tensor.rows(),
                tensor.columns(),
                (row, column) -> {
                  ElementFormat format =
                      type.groupOf(column / headDim).segmentAt(rows + row).format();
                  return format.round((float) tensor.at(row, column));
                })
            .values();
    double[] notCoded = new double[stored.length];
    Arrays.fill(notCoded, Double.NaN);
    return new Side(
        concatenate(before.computed(), tensor.values()),
        concatenate(before.stored(), stored),
        concatenate(before.coded(), notCoded));
  }

  /** Codes the pages of a head that were not full at {@code rowsBefore} and are now. */
  private void codeClosedPages(CacheType type, int head, int rowsBefore) {
    HeadGroup group = type.groupOf(head);
    CacheSegment segment = group.segments().getLast();
    if (segment.packing().isEmpty()) {
      return;
    }
    Packing packing = segment.packing().get();
    // The page that the last row fills is coded after the span, in a ring over the oldest one.
    int filledBefore = closedPages(group, rows - 1);
    for (int page = closedPages(group, rowsBefore); page < closedPages(group, rows); page++) {
      int first = firstRow(group) + page * QuantisedFormat.PAGE_ROWS;
      // A page that went out of a ring within the span is never coded.
      if (segment.kind() != CacheSegment.Kind.RING || page >= filledBefore - segment.ringPages()) {
        codePage(keys, packing.key(), type.kvHeads(), type.keyDim(), head, first);
        codePage(values, packing.value(), type.kvHeads(), type.valueDim(), head, first);
      }
    }
  }

  /** Adds the rows that went out of a ring since {@code rowsBefore} to the head's compensation. */
  private void expel(CacheType type, int head, int rowsBefore) {
    HeadGroup group = type.groupOf(head);
    int from = group.expelledRows(rowsBefore);
    int to = group.expelledRows(rows);
    if (from == to) {
      return;
    }
    @Nullable Compensation before = compensations.get(head);
    double[] keySum = before == null ? new double[type.keyDim()] : before.keySum().clone();
    double[] valueSum = before == null ? new double[type.valueDim()] : before.valueSum().clone();
    for (int row = firstRow(group) + from; row < firstRow(group) + to; row++) {
      boolean coded = !Double.isNaN(key(type, row, head * type.keyDim(), RowForm.CODED));
      RowForm stored = row < rowsBefore ? RowForm.STORED : RowForm.COMPUTED;
      RowForm form = coded ? RowForm.CODED : stored;
      for (int element = 0; element < keySum.length; element++) {
        keySum[element] += key(type, row, head * type.keyDim() + element, form);
      }
      for (int element = 0; element < valueSum.length; element++) {
        valueSum[element] += value(type, row, head * type.valueDim() + element, form);
      }
    }
    compensations.put(head, new Compensation(to, keySum, valueSum));
  }

  private static void codePage(
      Side side, QuantisedFormat format, int kvHeads, int headDim, int head, int firstRow) {
    boolean perChannel =
        switch (format.per()) {
          case CHANNEL -> true;
          case TOKEN -> false;
        };
    int lines = perChannel ? headDim : QuantisedFormat.PAGE_ROWS;
    int length = perChannel ? QuantisedFormat.PAGE_ROWS : headDim;
    for (int line = 0; line < lines; line++) {
      for (int start = 0; start < length; start += format.group()) {
        int[] places = new int[format.group()];
        for (int index = 0; index < places.length; index++) {
          int row = firstRow + (perChannel ? start + index : line);
          int channel = perChannel ? line : start + index;
          places[index] = (row * kvHeads + head) * headDim + channel;
        }
        double[] group = Arrays.stream(places).mapToDouble(place -> side.stored()[place]).toArray();
        ReferenceQuantiser.Coded coded = ReferenceQuantiser.code(format, group);
        for (int index = 0; index < places.length; index++) {
          side.coded()[places[index]] = coded.decoded(index);
        }
      }
    }
  }

  private static double[] concatenate(double[] first, double[] second) {
    double[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }
}
