package dev.kvasir.plans.program;

import dev.kvasir.plans.StorageFormat;
import java.util.List;
import java.util.Optional;

/**
 * A segment: rows of some KV heads of one layer, in pages of one format.
 *
 * <p>Row r lies in logical page r / pageRows. Logical page n of the i-th listed head is found at
 * table element {@code tableOffset + i * slots + n mod slots}, which holds a page number of the
 * pool. A segment whose logical pages exceed its slots reuses the oldest page.
 *
 * <p>A segment with a packing has closed pages, whose rows are codes, and for each head one open
 * page of the pool for the rows after them, fewer than pageRows between two runs. Each head then
 * has {@code slots + 1} table elements: logical page n, once closed, at {@code tableOffset + i *
 * (slots + 1) + n mod slots}, which holds a page number of the packing's pools; the open page at
 * {@code tableOffset + i * (slots + 1) + slots}.
 *
 * <p>Of a segment with chosen rows, {@link Chosen} says which they are; its {@code rows} are then
 * the rows that each head has room for, and the pages cover those.
 *
 * <p>Of a segment with means, {@link Means} says where one more row of each head lies, which stands
 * for all rows that the segment has dropped.
 *
 * @param name for example {@code layer.1.ring}
 * @param layer decoder layer
 * @param heads KV heads that have this segment, ascending
 * @param format element format of keys and values; of a packed segment, of its open pages
 * @param keyDim elements of a key row
 * @param valueDim elements of a value row
 * @param pool buffer of pages; page p starts at element p * pageRows * (keyDim + valueDim), keys
 *     first as [keyDim][pageRows], then values as tiles of [pageRows][up to 64]
 * @param table i32 buffer of page numbers
 * @param tableOffset first table element
 * @param slots pages that one head may hold, an open page beside closed ones not counted
 * @param rows rows appended so far per head, as a function of {@code tokens} and marks
 * @param firstPosition true position of row 0, likewise; without meaning once rows are chosen
 * @param window rows at positions up to current - window are invisible; 0 for no window
 * @param packing how closed pages are stored; empty when all pages are alike
 * @param chosen where to read which rows these are; empty when their positions follow each other
 * @param beside what else there is of each row, in pages of its own; empty for nothing
 * @param means where the means of dropped rows lie; empty when nothing stands for them
 */
public record SegmentDeclaration(
    String name,
    int layer,
    List<Integer> heads,
    StorageFormat format,
    int keyDim,
    int valueDim,
    String pool,
    String table,
    int tableOffset,
    int slots,
    Expression rows,
    Expression firstPosition,
    int window,
    Optional<Packing> packing,
    Optional<Chosen> chosen,
    Optional<Beside> beside,
    Optional<Means> means) {

  /**
   * Which rows a segment holds that were chosen from all: each list has its own number of rows, in
   * ascending position, and the rows after those are empty.
   *
   * <p>Slot r of the i-th listed head holds the row of true position {@code
   * positions[positionsOffset + i * positionsStride + r]}, when r is less than {@code
   * counts[countsOffset + i * countsStride]}. With strides of 0 all heads have one list. Position
   * -1 is that of a row made from several.
   *
   * <p>The one mark that {@code rows} depend on is that of the choice. Where it begins above 0,
   * rows may also come before it is first set: until then they depend on {@code tokens}, and slot r
   * holds the row of true position {@code firstPosition + r}.
   *
   * @param positions i32 buffer of the session's state
   * @param positionsOffset first element
   * @param positionsStride elements from one head's list to the next
   * @param counts i32 buffer of the session's state
   * @param countsOffset first element
   * @param countsStride elements from one head's count to the next
   */
  public record Chosen(
      String positions,
      int positionsOffset,
      int positionsStride,
      String counts,
      int countsOffset,
      int countsStride) {}

  /**
   * What stands for the rows that a segment has dropped: for each head, the mean of their keys and
   * the mean of their values, which attention sees as one row whose logit has the logarithm of
   * their number added. While that is 0, there is no such row.
   *
   * <p>The i-th listed head has its mean key at {@code offset + i * (keyDim + valueDim)}, followed
   * by its mean value.
   *
   * @param buffer f32 buffer of the session's state
   * @param offset first element
   */
  public record Means(String buffer, int offset) {}

  /** Copies the list. */
  public SegmentDeclaration {
    heads = List.copyOf(heads);
  }

  /** A segment with nothing beside its rows and no means. */
  public SegmentDeclaration(
      String name,
      int layer,
      List<Integer> heads,
      StorageFormat format,
      int keyDim,
      int valueDim,
      String pool,
      String table,
      int tableOffset,
      int slots,
      Expression rows,
      Expression firstPosition,
      int window,
      Optional<Packing> packing,
      Optional<Chosen> chosen) {
    this(
        name,
        layer,
        heads,
        format,
        keyDim,
        valueDim,
        pool,
        table,
        tableOffset,
        slots,
        rows,
        firstPosition,
        window,
        packing,
        chosen,
        Optional.empty(),
        Optional.empty());
  }

  /** {@return this segment with something beside its rows} */
  public SegmentDeclaration withBeside(Beside pages) {
    return copy(name, layer, Optional.of(pages), means);
  }

  /** {@return this segment, with means of the rows that it drops} */
  public SegmentDeclaration withMeans(Means kept) {
    return copy(name, layer, beside, Optional.of(kept));
  }

  /** {@return this segment under another name, of another layer} */
  public SegmentDeclaration of(String otherName, int otherLayer) {
    return copy(otherName, otherLayer, beside, means);
  }

  private SegmentDeclaration copy(
      String newName, int newLayer, Optional<Beside> pages, Optional<Means> kept) {
    return new SegmentDeclaration(
        newName,
        newLayer,
        heads,
        format,
        keyDim,
        valueDim,
        pool,
        table,
        tableOffset,
        slots,
        rows,
        firstPosition,
        window,
        packing,
        chosen,
        pages,
        kept);
  }

  /** {@return the segment whose pages and table elements this one has too, if any} */
  public Optional<String> shares() {
    return beside.flatMap(Beside::shares);
  }

  /** {@return the table elements of one head} */
  public int tableEntries() {
    return packing.isPresent() ? slots + 1 : slots;
  }

  /**
   * {@return bytes of one page of the pool}
   *
   * @param pageRows rows of a page
   */
  public long pageBytes(int pageRows) {
    return format.bytes((long) pageRows * (keyDim + valueDim));
  }

  /**
   * {@return bytes of one page in a slot: of the pool, or of the three pools of the packing
   * together}
   *
   * @param pageRows rows of a page
   */
  public long slotBytes(int pageRows) {
    return packing
        .map(
            packed ->
                packed.key().codes().bytes((long) pageRows * keyDim)
                    + packed.value().codes().bytes((long) pageRows * valueDim)
                    + StorageFormat.F16.bytes(packed.scaleElements(pageRows, keyDim, valueDim)))
        .orElseGet(() -> pageBytes(pageRows));
  }

  /**
   * {@return bytes of one page beside those of the rows, 0 where there is none}
   *
   * @param pageRows rows of a page
   */
  public long besideBytes(int pageRows) {
    return beside.map(pages -> pages.format().bytes(pages.elements(pageRows))).orElse(0L);
  }

  /**
   * {@return the cache bytes of one head that holds {@code rowCount} rows, between two runs; what
   * is shared counts where it is owned}
   *
   * @param pageRows rows of a page
   */
  public long residentBytes(long rowCount, int pageRows) {
    if (shares().isPresent()) {
      return 0;
    }
    return Math.ceilDiv(rowCount, (long) pageRows) * besideBytes(pageRows)
        + rowBytes(rowCount, pageRows);
  }

  private long rowBytes(long rowCount, int pageRows) {
    if (packing.isEmpty()) {
      return Math.min(Math.ceilDiv(rowCount, (long) pageRows), slots) * pageBytes(pageRows);
    }
    // The open page comes with the first row and stays.
    return Math.min(rowCount / pageRows, slots) * slotBytes(pageRows)
        + Math.min(rowCount, 1) * pageBytes(pageRows);
  }
}
