package dev.kvasir.plans.program;

import dev.kvasir.plans.StorageFormat;
import java.util.List;

/**
 * A segment: rows of some KV heads of one layer, in pages of one format.
 *
 * <p>Row r lies in logical page r / pageRows. Logical page n of the i-th listed head is found at
 * table element {@code tableOffset + i * slots + n mod slots}, which holds a page number of the
 * pool. A segment whose logical pages exceed its slots reuses the oldest page.
 *
 * @param name for example {@code layer.1.ring}
 * @param layer decoder layer
 * @param heads KV heads that have this segment, ascending
 * @param format element format of keys and values
 * @param keyDim elements of a key row
 * @param valueDim elements of a value row
 * @param pool buffer of pages; page p starts at element p * pageRows * (keyDim + valueDim), keys
 *     first as [keyDim][pageRows], then values as tiles of [pageRows][up to 64]
 * @param table i32 buffer of page numbers
 * @param tableOffset first table element
 * @param slots pages that one head may hold
 * @param rows rows appended so far per head, as a function of {@code tokens}
 * @param firstPosition true position of row 0
 * @param window rows at positions up to current - window are invisible; 0 for no window
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
    int firstPosition,
    int window) {

  /** Copies the list. */
  public SegmentDeclaration {
    heads = List.copyOf(heads);
  }

  /**
   * {@return bytes of one page}
   *
   * @param pageRows rows of a page
   */
  public long pageBytes(int pageRows) {
    return (long) pageRows * (keyDim + valueDim) * format.bytes();
  }
}
