package dev.kvasir.runtime;

import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.program.Beside;
import dev.kvasir.plans.program.SegmentDeclaration;
import dev.kvasir.runtime.backend.Workspace;
import java.lang.foreign.MemorySegment;

/** The pages that one segment of one session holds beside those of its rows, one for each. */
final class BesidePages {

  private final Beside beside;
  private final HeldPages pages;
  private final MemorySegment content;
  private final Workspace workspace;
  private final int pageRows;

  BesidePages(
      SegmentDeclaration segment,
      Beside beside,
      SessionMemory memory,
      Workspace workspace,
      int pageRows) {
    this.beside = beside;
    this.workspace = workspace;
    this.pageRows = pageRows;
    content = memory.buffer(beside.pool());
    pages =
        new HeldPages(
            memory.pages().pool(beside.pool()),
            memory.buffer(segment.table()),
            workspace,
            segment.heads().size(),
            beside.tableOffset(),
            segment.slots());
  }

  /** {@return the bytes of all pages held} */
  long bytes() {
    return pages.bytes();
  }

  /** {@return the bytes of those pages that others hold as well} */
  long sharedBytes() {
    return pages.sharedBytes();
  }

  /** Makes the table cover so many rows, and no more. */
  void cover(long rowCount) {
    pages.cover(Math.toIntExact(Math.ceilDiv(rowCount, (long) pageRows)));
  }

  /** Makes pages the session's own to which rows from {@code first} on are written. */
  void own(long first) {
    for (long number = first / pageRows; number < pages.held(); number++) {
      pages.own(number);
    }
  }

  /** Shares the pages of another session. */
  void fork(BesidePages source) {
    pages.fork(source.pages, -1);
  }

  /** Makes the content readable by {@link #norm} and {@link #position}. */
  void read() {
    workspace.read(content, beside.format());
  }

  /** {@return an f16 element of the list that begins at {@code list}} */
  float norm(int head, long row, int list) {
    return Formats.get(StorageFormat.F16, content, element(head, row) + list);
  }

  /** {@return an i32 element} */
  int position(int head, long row) {
    return content.get(Formats.INT, element(head, row) * Integer.BYTES);
  }

  private long element(int head, long row) {
    long page = pages.page(head, row / pageRows);
    return page * beside.elements(pageRows) + row % pageRows;
  }
}
