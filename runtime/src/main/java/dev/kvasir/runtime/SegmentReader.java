package dev.kvasir.runtime;

import dev.kvasir.plans.PackedCodes;
import dev.kvasir.plans.PageLayout;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.program.Beside;
import dev.kvasir.plans.program.PackedFormat;
import dev.kvasir.plans.program.Packing;
import dev.kvasir.plans.program.SegmentDeclaration;
import dev.kvasir.runtime.backend.Workspace;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Copies the rows of a segment out of its pages. */
final class SegmentReader {

  private final SegmentPages pages;
  private final SegmentDeclaration segment;
  private final SessionMemory memory;
  private final Workspace workspace;
  private final int pageRows;
  private final int heads;
  private final int keyDim;
  private final int valueDim;
  private final PageLayout layout;
  private final long base;
  private final long first;
  private final int rows;
  private final Optional<ChosenRows> chosen;
  private final Optional<RowCounts> counts;
  private final int closedRows;
  private final float[] keys;
  private final float[] values;

  private SegmentReader(
      SegmentPages pages,
      boolean listed,
      SessionMemory memory,
      Workspace workspace,
      int pageRows,
      long rowCount,
      long base) {
    this.workspace = workspace;
    this.base = base;
    this.pages = pages;
    this.memory = memory;
    this.pageRows = pageRows;
    segment = pages.segment();
    heads = segment.heads().size();
    keyDim = segment.keyDim();
    valueDim = segment.valueDim();
    layout =
        segment.packing().isPresent()
            ? PageLayout.plain(keyDim, valueDim)
            : PageLayout.streamed(segment.format(), keyDim, valueDim);
    first = pages.firstRow(rowCount);
    rows = Math.toIntExact(rowCount - first);
    chosen = listed ? Optional.of(pages.chosenRows(memory, rowCount)) : Optional.empty();
    counts = listed || pages.isAmongChosen() ? pages.counts(memory, rowCount) : Optional.empty();
    int mostClosed = 0;
    for (int head = 0; head < heads; head++) {
      mostClosed = Math.max(mostClosed, closedRows(head));
    }
    closedRows = mostClosed;
    keys = new float[Math.multiplyExact(heads * rows, keyDim)];
    values = new float[Math.multiplyExact(heads * rows, valueDim)];
  }

  /**
   * {@return a copy of the rows of a segment that has received {@code rowCount} rows}
   *
   * @param listed whether state says which rows these are
   * @param base true position of row 0
   */
  static SegmentSnapshot snapshot(
      SegmentPages pages,
      boolean listed,
      SessionMemory memory,
      Workspace workspace,
      int pageRows,
      long rowCount,
      long base) {
    return new SegmentReader(pages, listed, memory, workspace, pageRows, rowCount, base).read();
  }

  private SegmentSnapshot read() {
    Optional<PackedRows> packed =
        segment.packing().filter(unused -> closedRows > 0).map(this::readClosed);
    MemorySegment pool = read(segment.pool(), segment.format());
    for (int head = 0; head < heads; head++) {
      for (int row = closedRows(head); row < heldRows(head); row++) {
        long slot =
            segment.packing().isPresent()
                ? segment.slots()
                : (first + row) / pageRows % segment.slots();
        readRow(pool, pages.page(head, slot), head * rows + row, inPage(row));
      }
    }
    Optional<SegmentSnapshot.Norms> norms = norms();
    int[] positions = positions();
    norms.ifPresent(lists -> hide(positions, lists.keys()));
    return new SegmentSnapshot(
        segment.name(),
        segment.layer(),
        segment.heads(),
        rows,
        positions,
        keyDim,
        valueDim,
        keys,
        values,
        packed,
        norms,
        Optional.empty(),
        pages.bytes());
  }

  /** {@return the rows of a head that are not empty} */
  private int heldRows(int head) {
    return counts.map(lists -> lists.count(head)).orElse(rows);
  }

  /** {@return the rows of a head that are codes; all before its open page} */
  private int closedRows(int head) {
    if (segment.packing().isEmpty()) {
      return 0;
    }
    return (int) (pages.logicalPages(first + heldRows(head)) * pageRows - first);
  }

  private Optional<SegmentSnapshot.Norms> norms() {
    if (segment.beside().isPresent() && segment.beside().get() instanceof Beside.Norms lists) {
      return Optional.of(
          new SegmentSnapshot.Norms(norms(lists.keyNorms()), norms(lists.valueNorms())));
    }
    return Optional.empty();
  }

  private float[] norms(int list) {
    BesidePages beside = pages.beside().orElseThrow();
    float[] norms = new float[Math.multiplyExact(heads, rows)];
    for (int head = 0; head < heads; head++) {
      for (int row = 0; row < heldRows(head); row++) {
        norms[head * rows + row] = beside.norm(head, row, list);
      }
    }
    return norms;
  }

  private int[] positions() {
    int[] positions = new int[Math.multiplyExact(heads, rows)];
    Arrays.fill(positions, SegmentSnapshot.EMPTY);
    if (pages.hasPositions()) {
      int[][] listed = pages.chosenPositions(memory, rows);
      for (int head = 0; head < heads; head++) {
        System.arraycopy(listed[head], 0, positions, head * rows, listed[head].length);
      }
      return positions;
    }
    for (int head = 0; head < heads; head++) {
      for (int row = 0; row < heldRows(head); row++) {
        int of = head;
        int at = row;
        positions[head * rows + row] =
            chosen
                .map(lists -> lists.position(of, at))
                .orElseGet(() -> Math.toIntExact(base + first + at));
      }
    }
    return positions;
  }

  private static void hide(int[] positions, float[] keyNorms) {
    for (int row = 0; row < positions.length; row++) {
      if (keyNorms[row] < 0) {
        positions[row] = SegmentSnapshot.EMPTY;
      }
    }
  }

  private MemorySegment read(String pool, StorageFormat format) {
    MemorySegment buffer = memory.buffer(pool);
    workspace.read(buffer, format);
    return buffer;
  }

  private int inPage(int row) {
    return (int) ((first + row) % pageRows);
  }

  private void readRow(MemorySegment pool, long page, int target, int row) {
    long start = page * layout.elements();
    for (int column = 0; column < keyDim; column++) {
      keys[target * keyDim + column] =
          Formats.get(segment.format(), pool, start + layout.keyElement(row, column));
    }
    for (int column = 0; column < valueDim; column++) {
      values[target * valueDim + column] =
          Formats.get(segment.format(), pool, start + layout.valueElement(row, column));
    }
  }

  private PackedRows readClosed(Packing packing) {
    Coded key = new Coded(packing.key(), keyDim);
    Coded value = new Coded(packing.value(), valueDim);
    MemorySegment keyPool = read(packing.keyPool(), packing.key().codes());
    MemorySegment valuePool = read(packing.valuePool(), packing.value().codes());
    MemorySegment scales = read(packing.scalePool(), StorageFormat.F16);
    long scaleElements = packing.scaleElements(pageRows, keyDim, valueDim);
    PageLayout codes = PageLayout.codes(packing.value().codes().bits(), keyDim, valueDim);
    for (int head = 0; head < heads; head++) {
      int closed = closedRows(head);
      for (int row = 0; row < closed; row++) {
        int inPage = inPage(row);
        long page = pages.page(head, (first + row) / pageRows % segment.slots());
        long keyStart = page * pageRows * keyDim;
        long valueStart = page * pageRows * valueDim;
        long scaleStart = page * scaleElements;
        long valueScales = scaleStart + 2 * packing.key().groups(pageRows, keyDim);
        for (int column = 0; column < keyDim; column++) {
          long element = keyStart + codes.keyElement(inPage, column);
          keys[(head * rows + row) * keyDim + column] =
              key.read(keyPool, element, scales, scaleStart, head, row, column);
        }
        for (int column = 0; column < valueDim; column++) {
          long element = valueStart + codes.valueElement(inPage, column) - codes.valuesOffset();
          values[(head * rows + row) * valueDim + column] =
              value.read(valuePool, element, scales, valueScales, head, row, column);
        }
      }
    }
    return new PackedRows(
        closedRows,
        key.codes,
        key.steps,
        key.mins,
        key.shape(),
        value.codes,
        value.steps,
        value.mins,
        value.shape());
  }

  /** Keys or values of closed pages. */
  private final class Coded {

    private final PackedFormat format;
    private final int dim;
    private final int groupRows;
    private final int groupColumns;
    private final byte[] codes;
    private final float[] steps;
    private final float[] mins;

    Coded(PackedFormat format, int dim) {
      this.format = format;
      this.dim = dim;
      groupRows =
          switch (format.per()) {
            case CHANNEL -> format.group();
            case TOKEN -> 1;
          };
      groupColumns =
          switch (format.per()) {
            case CHANNEL -> 1;
            case TOKEN -> format.group();
          };
      codes = new byte[Math.multiplyExact(heads * closedRows, dim)];
      steps = new float[heads * (closedRows / groupRows) * (dim / groupColumns)];
      mins = new float[steps.length];
    }

    List<Integer> shape() {
      return List.of(heads, closedRows / groupRows, dim / groupColumns);
    }

    /** Reads one element with its step and min, and gives what it stands for. */
    float read(
        MemorySegment pool,
        long element,
        MemorySegment scales,
        long scaleStart,
        int head,
        int row,
        int column) {
      int code = PackedCodes.get(pool, format.codes().bits(), element);
      long place =
          switch (format.per()) {
            case CHANNEL -> (long) (inPage(row) / groupRows) * dim + column;
            case TOKEN -> (long) (column / groupColumns) * pageRows + inPage(row);
          };
      float step = Formats.get(StorageFormat.F16, scales, scaleStart + place);
      long mins = scaleStart + format.groups(pageRows, dim) + place;
      float min = Formats.get(StorageFormat.F16, scales, mins);
      codes[(head * closedRows + row) * dim + column] = (byte) code;
      int group =
          (head * (closedRows / groupRows) + row / groupRows) * (dim / groupColumns)
              + column / groupColumns;
      steps[group] = step;
      this.mins[group] = min;
      return step * code + min;
    }
  }
}
