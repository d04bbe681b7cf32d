package dev.kvasir.runtime;

import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.program.Beside;
import dev.kvasir.plans.program.SegmentDeclaration;
import dev.kvasir.runtime.backend.Workspace;
import java.lang.foreign.MemorySegment;

/** The pages that one segment of one session holds beside those of its rows, one for each. */
final class BesidePages {

  private final Beside beside;
  private final int heads;
  private final int slots;
  private final PagePool pool;
  private final MemorySegment content;
  private final MemorySegment table;
  private final Workspace workspace;
  private final int pageRows;
  private int held;

  BesidePages(
      SegmentDeclaration segment,
      Beside beside,
      SessionMemory memory,
      Workspace workspace,
      int pageRows) {
    this.beside = beside;
    this.workspace = workspace;
    this.pageRows = pageRows;
    heads = segment.heads().size();
    slots = segment.slots();
    pool = memory.pages().pool(beside.pool());
    content = memory.buffer(beside.pool());
    table = memory.buffer(segment.table());
  }

  /** {@return the bytes of all pages held} */
  long bytes() {
    return (long) heads * held * pool.pageBytes();
  }

  /** {@return the bytes of those pages that others hold as well} */
  long sharedBytes() {
    long shared = 0;
    for (int head = 0; head < heads; head++) {
      for (int number = 0; number < held; number++) {
        shared += pool.shared(page(head, number)) ? pool.pageBytes() : 0;
      }
    }
    return shared;
  }

  /** Makes the table cover so many rows, and no more. */
  void cover(long rowCount) {
    int needed = Math.toIntExact(Math.ceilDiv(rowCount, (long) pageRows));
    while (held < needed) {
      for (int head = 0; head < heads; head++) {
        put(head, held, pool.take());
      }
      held++;
    }
    while (held > needed) {
      held--;
      for (int head = heads - 1; head >= 0; head--) {
        pool.give(page(head, held));
        put(head, held, SessionMemory.NO_PAGE);
      }
    }
  }

  /** Makes pages the session's own to which rows from {@code first} on are written. */
  void own(long first) {
    for (int number = Math.toIntExact(first / pageRows); number < held; number++) {
      for (int head = 0; head < heads; head++) {
        int page = page(head, number);
        int own = pool.own(page);
        if (own != page) {
          put(head, number, own);
        }
      }
    }
  }

  /** Shares the pages of another session. */
  void fork(BesidePages source) {
    held = source.held;
    for (int head = 0; head < heads; head++) {
      for (int number = 0; number < held; number++) {
        int page = source.page(head, number);
        pool.share(page);
        put(head, number, page);
      }
    }
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
    long page = page(head, Math.toIntExact(row / pageRows));
    return page * beside.elements(pageRows) + row % pageRows;
  }

  private int page(int head, int number) {
    return table.get(Formats.INT, place(head, number));
  }

  private void put(int head, int number, int page) {
    table.set(Formats.INT, place(head, number), page);
    workspace.written(table, StorageFormat.I32);
  }

  private long place(int head, int number) {
    return (beside.tableOffset() + (long) head * slots + number) * Integer.BYTES;
  }
}
