package dev.kvasir.ir.reference;

import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.ir.type.Packing;
import dev.kvasir.ir.type.QuantisedFormat;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Every row that was ever appended to the cache of one layer, three times: as computed, as stored,
 * and, once its page is closed, as decoded from its codes. Nothing is dropped: whether a row can be
 * seen follows from its position, and for selected heads from what the last selection kept. Row j
 * has true position j. Slots of folded heads, once there was a fold, are apart from these rows, and
 * so is what merged heads share with another layer. Compensation rows sum what their rings dropped:
 * rows as they were read last, those that a span pushed out before they were stored as computed.
 * Immutable.
 */
public final class ReferenceCache implements ReferenceValue {
  private static final int PAGE_ROWS = QuantisedFormat.PAGE_ROWS;

  private final int rows;
  private final ReferenceSide keys;
  private final ReferenceSide values;
  private final ReferenceKept kept;
  private final ReferenceSlots slots;
  private final ReferenceMerged merged;

  /** By KV head: before the running span, and after it. */
  private final Map<Integer, Compensation> compensationsBefore;

  private final Map<Integer, Compensation> compensations;

  private ReferenceCache(
      int rows,
      ReferenceSide keys,
      ReferenceSide values,
      ReferenceKept kept,
      ReferenceSlots slots,
      ReferenceMerged merged,
      Map<Integer, Compensation> compensationsBefore,
      Map<Integer, Compensation> compensations) {
    this.rows = rows;
    this.keys = keys;
    this.values = values;
    this.kept = kept;
    this.slots = slots;
    this.merged = merged;
    this.compensationsBefore = compensationsBefore;
    this.compensations = compensations;
  }

  /** {@return a cache without rows} */
  public static ReferenceCache empty() {
    ReferenceSide nothing = ReferenceSide.empty(0, 0);
    return new ReferenceCache(
        0,
        nothing,
        nothing,
        ReferenceKept.NOTHING,
        ReferenceSlots.NOTHING,
        ReferenceMerged.NOTHING,
        Map.of(),
        Map.of());
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
    boolean first = rows == 0;
    ReferenceSide keysBefore = first ? ReferenceSide.empty(type.kvHeads(), type.keyDim()) : keys;
    ReferenceSide valuesBefore =
        first ? ReferenceSide.empty(type.kvHeads(), type.valueDim()) : values;
    ReferenceCache longer =
        new ReferenceCache(
            rows + newKeys.rows(),
            append(type, keysBefore, newKeys),
            append(type, valuesBefore, newValues),
            kept,
            slots,
            merged,
            compensations,
            new HashMap<>(compensations));
    for (int head = 0; head < type.kvHeads(); head++) {
      longer.codeClosedPages(type, head, rows);
      longer.expel(type, head, rows);
    }
    return longer;
  }

  /** {@return number of rows at the last selection, 0 before the first} */
  public int mark() {
    return kept.mark();
  }

  /**
   * {@return positions that the last selection kept, ascending; none before the first}
   *
   * @param kvHead a selected head
   */
  public List<Integer> kept(int kvHead) {
    return kept.list(kvHead);
  }

  /** {@return the queries of the steps since the last selection, as many as one looks back on} */
  public List<ReferenceQuery> observed() {
    return kept.observed();
  }

  /** {@return what of the rows is shared with another layer} */
  public ReferenceMerged merged() {
    return merged;
  }

  /** {@return this cache, sharing rows with another layer} */
  ReferenceCache merging(ReferenceMerged shared) {
    return with(kept, slots, shared);
  }

  /**
   * {@return this cache, sharing chosen rows with another layer: those that keep their originals
   * are what was read}
   *
   * @param lists kept positions of each KV head, ascending
   */
  ReferenceCache merging(
      ReferenceMerged shared, CacheType type, int[][] lists, EvaluationContext context) {
    ReferenceSide newKeys = keys.copy();
    ReferenceSide newValues = values.copy();
    List<List<Integer>> byHead = new ArrayList<>();
    for (int head = 0; head < type.kvHeads(); head++) {
      HeadGroup group = type.groupOf(head);
      byHead.add(Arrays.stream(lists[head]).boxed().toList());
      for (int row : lists[head]) {
        if (shared.retained()[head][row]) {
          RowForm form = form(group, head, row, context.firstPosition(), context.prefill());
          ElementFormat format = group.segments().get(1).format();
          newKeys.store(row, head, candidateKey(row, head, form), format);
          newValues.store(row, head, candidateValue(row, head, form), format);
        }
      }
    }
    return keeping(newKeys, newValues, byHead, shared);
  }

  private ReferenceCache keeping(
      ReferenceSide newKeys,
      ReferenceSide newValues,
      List<List<Integer>> byHead,
      ReferenceMerged shared) {
    return new ReferenceCache(
        rows,
        newKeys,
        newValues,
        ReferenceKept.of(rows, byHead),
        slots,
        shared,
        compensationsBefore,
        compensations);
  }

  /** {@return whether a KV head of a group still has a row} */
  public boolean holds(HeadGroup group, int kvHead, int row) {
    if (group.isFolded()) {
      return row >= slots.mark();
    }
    return !group.isSelected() || kept.holds(kvHead, row);
  }

  /** {@return number of rows at the last fold of these heads, those of their slots before it} */
  public int foldMark(HeadGroup group) {
    return slots.mark() == 0 ? group.segments().getFirst().rows() : slots.mark();
  }

  /**
   * {@return what the last fold left in the slots of a KV head, as it is read; none before the
   * first}
   */
  public List<ReferenceRow> slots(HeadGroup group, int kvHead) {
    return group.isFolded() && slots.mark() > 0
        ? IntStream.range(0, slots.positions()[kvHead].length)
            .mapToObj(slot -> slots.row(kvHead, slot))
            .toList()
        : List.of();
  }

  /** {@return every row that a folded head still has, in its order, as attention read it last} */
  List<ReferenceRow> candidates(HeadGroup group, int kvHead, int firstPosition, boolean prefill) {
    List<ReferenceRow> candidates = new ArrayList<>(slots(group, kvHead));
    for (int row = slots.mark(); row < rows; row++) {
      candidates.add(read(kvHead, row, form(group, kvHead, row, firstPosition, prefill)));
    }
    return candidates;
  }

  /** {@return the mass that steps since the last fold have given to a row, by its candidate} */
  double mass(int kvHead, int candidate) {
    return slots.mass(kvHead, candidate);
  }

  /** {@return this cache, with the mass of its rows, by KV head and candidate} */
  ReferenceCache weighing(double[][] masses) {
    return with(kept, slots.withMasses(masses), merged);
  }

  /**
   * {@return this cache after a fold}
   *
   * @param folded the slots of each KV head, not rounded
   */
  ReferenceCache folded(CacheType type, HeadGroup group, List<List<ReferenceRow>> folded) {
    CacheSegment segment = group.segments().getFirst();
    return with(
        kept, ReferenceSlots.of(rows, type, folded, segment.format(), segment.packing()), merged);
  }

  private ReferenceCache with(
      ReferenceKept newKept, ReferenceSlots newSlots, ReferenceMerged newMerged) {
    return new ReferenceCache(
        rows, keys, values, newKept, newSlots, newMerged, compensationsBefore, compensations);
  }

  /**
   * {@return in which form a row that a KV head still has is read}
   *
   * @param firstPosition where the running span starts, which the cache already holds
   * @param prefill whether the span is part of a prompt
   */
  public RowForm form(HeadGroup group, int kvHead, int row, int firstPosition, boolean prefill) {
    if (prefill && row >= firstPosition) {
      return RowForm.COMPUTED;
    }
    if (group.isMerged()) {
      return merged.isShared(kvHead, row) ? RowForm.MERGED : RowForm.STORED;
    }
    if (!group.isSelected()) {
      return form(group, row, firstPosition);
    }
    boolean coded =
        row < kept.mark()
            && group.segments().getFirst().packing().isPresent()
            && kept.slots()[kvHead][row] < closedRows(kept(kvHead).size());
    return coded ? RowForm.CODED : RowForm.STORED;
  }

  /** {@return this cache, remembering these queries for the next selection} */
  public ReferenceCache observing(List<ReferenceQuery> queries) {
    return with(kept.observing(queries), slots, merged);
  }

  /**
   * {@return this cache after a selection: rows as they are read now, rounded to the format of kept
   * rows, in the order of their list; pages that they fill are coded}
   *
   * @param group the selected heads
   * @param lists kept positions, ascending: one list for all heads of the group, or one for each
   * @param firstPosition where the running span starts
   * @param prefill whether the span is part of a prompt
   * @throws ArithmeticException when f16 cannot hold a step or a minimum
   */
  public ReferenceCache keep(
      CacheType type,
      HeadGroup group,
      List<List<Integer>> lists,
      int firstPosition,
      boolean prefill) {
    CacheSegment segment = group.segments().getFirst();
    ReferenceSide newKeys = keys.copy();
    ReferenceSide newValues = values.copy();
    List<List<Integer>> byHead = new ArrayList<>(Collections.nCopies(type.kvHeads(), List.of()));
    for (int index = 0; index < group.heads().size(); index++) {
      int head = group.heads().get(index);
      List<Integer> list = lists.get(lists.size() == 1 ? 0 : index);
      byHead.set(head, list);
      for (int row : list) {
        RowForm form = form(group, head, row, firstPosition, prefill);
        newKeys.store(row, head, keyRow(row, head, form), segment.format());
        newValues.store(row, head, valueRow(row, head, form), segment.format());
      }
      if (segment.packing().isPresent()) {
        int[] positions = list.stream().mapToInt(Integer::intValue).toArray();
        Packing packing = segment.packing().get();
        for (int first = 0; first < closedRows(positions.length); first += PAGE_ROWS) {
          int[] page = Arrays.copyOfRange(positions, first, first + PAGE_ROWS);
          newKeys.code(packing.key(), head, page);
          newValues.code(packing.value(), head, page);
        }
      }
    }
    return keeping(newKeys, newValues, byHead, merged);
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
            && (row - first) / PAGE_ROWS < closedPages(group, rowsBefore);
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

  /** {@return a row of a KV head in one of its forms} */
  public ReferenceRow read(int kvHead, int row, RowForm form) {
    return new ReferenceRow(row, keyRow(row, kvHead, form), valueRow(row, kvHead, form));
  }

  /**
   * {@return element of a key}
   *
   * @param column {@code head * keyDim + element}
   */
  public double key(CacheType type, int row, int column, RowForm form) {
    if (form == RowForm.MERGED) {
      return merged.keys().element(row, column);
    }
    return keys.in(form)[row * type.kvHeads() * type.keyDim() + column];
  }

  /**
   * {@return element of a value}
   *
   * @param column {@code head * valueDim + element}
   */
  public double value(CacheType type, int row, int column, RowForm form) {
    if (form == RowForm.MERGED) {
      return merged.values().element(row, column);
    }
    return values.in(form)[row * type.kvHeads() * type.valueDim() + column];
  }

  /** {@return a key of which a selection decides, or which is merged} */
  double[] candidateKey(int row, int kvHead, RowForm form) {
    return form == RowForm.MERGED
        ? merged.keys().straightened(row, kvHead)
        : keyRow(row, kvHead, form);
  }

  /** {@return a value as {@link #candidateKey} its key} */
  double[] candidateValue(int row, int kvHead, RowForm form) {
    return form == RowForm.MERGED
        ? merged.values().straightened(row, kvHead)
        : valueRow(row, kvHead, form);
  }

  private double[] keyRow(int row, int kvHead, RowForm form) {
    return form == RowForm.MERGED ? merged.keys().row(row, kvHead) : keys.read(row, kvHead, form);
  }

  private double[] valueRow(int row, int kvHead, RowForm form) {
    return form == RowForm.MERGED
        ? merged.values().row(row, kvHead)
        : values.read(row, kvHead, form);
  }

  /** Where the pages of the last segment of a group start: behind its sink. */
  private static int firstRow(HeadGroup group) {
    return group.sinkRows();
  }

  /** How many of the rows at the front of a list lie in full pages. */
  private static int closedRows(int count) {
    return count / PAGE_ROWS * PAGE_ROWS;
  }

  private static int closedPages(HeadGroup group, int rows) {
    int held = group.isFolded() ? Math.min(rows, group.segments().getFirst().rows()) : rows;
    return Math.max(held - firstRow(group), 0) / PAGE_ROWS;
  }

  private ReferenceSide append(CacheType type, ReferenceSide before, ReferenceTensor tensor) {
    double[] stored =
        ReferenceTensor.of(
                tensor.rows(),
                tensor.columns(),
                (row, column) -> {
                  ElementFormat format =
                      type.groupOf(column / before.headDim()).segmentAt(rows + row).format();
                  return format.round((float) tensor.at(row, column));
                })
            .values();
    return before.append(tensor.values(), stored);
  }

  /** Codes the pages of a head that were not full at {@code rowsBefore} and are now. */
  private void codeClosedPages(CacheType type, int head, int rowsBefore) {
    HeadGroup group = type.groupOf(head);
    CacheSegment segment =
        group.isFolded() ? group.segments().getFirst() : group.segments().getLast();
    if (segment.packing().isEmpty()) {
      return;
    }
    Packing packing = segment.packing().get();
    // The page that the last row fills is coded after the span, in a ring over the oldest one.
    int filledBefore = closedPages(group, rows - 1);
    for (int page = closedPages(group, rowsBefore); page < closedPages(group, rows); page++) {
      int first = firstRow(group) + page * PAGE_ROWS;
      // A page that went out of a ring within the span is never coded.
      if (segment.kind() != CacheSegment.Kind.RING || page >= filledBefore - segment.ringPages()) {
        int[] pageRows = IntStream.range(first, first + PAGE_ROWS).toArray();
        keys.code(packing.key(), head, pageRows);
        values.code(packing.value(), head, pageRows);
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
}
