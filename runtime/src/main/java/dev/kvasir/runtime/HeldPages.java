package dev.kvasir.runtime;

import dev.kvasir.plans.StorageFormat;
import dev.kvasir.runtime.backend.Workspace;
import java.lang.foreign.MemorySegment;

/** The pages of one pool that a segment of a session holds: in the first slots of every head. */
final class HeldPages {

  private final PagePool pool;
  private final MemorySegment table;
  private final Workspace workspace;
  private final int heads;
  private final long offset;
  private final int entries;
  private int held;

  /**
   * No pages.
   *
   * @param table page table
   * @param offset its element for slot 0 of head 0
   * @param entries its elements from one head to the next
   */
  HeldPages(
      PagePool pool,
      MemorySegment table,
      Workspace workspace,
      int heads,
      long offset,
      int entries) {
    this.pool = pool;
    this.table = table;
    this.workspace = workspace;
    this.heads = heads;
    this.offset = offset;
    this.entries = entries;
  }

  /** {@return the slots of a head that have a page} */
  int held() {
    return held;
  }

  /** {@return the bytes of all pages} */
  long bytes() {
    return (long) heads * held * pool.pageBytes();
  }

  /** {@return the bytes of those pages that others hold as well} */
  long sharedBytes() {
    long shared = 0;
    for (int head = 0; head < heads; head++) {
      for (int slot = 0; slot < held; slot++) {
        shared += pool.shared(page(head, slot)) ? pool.pageBytes() : 0;
      }
    }
    return shared;
  }

  /** Gives so many slots of each head a page, and no more. */
  void cover(int needed) {
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

  /** Makes the pages in one slot of all heads the session's own. */
  void own(long slot) {
    for (int head = 0; head < heads; head++) {
      int page = page(head, slot);
      int own = pool.own(page);
      if (own != page) {
        put(head, slot, own);
      }
    }
  }

  /**
   * Shares the pages of another session.
   *
   * @param copied the slot whose pages are copied, -1 for none
   */
  void fork(HeldPages source, long copied) {
    held = source.held;
    for (int head = 0; head < heads; head++) {
      for (int slot = 0; slot < held; slot++) {
        int page = source.page(head, slot);
        if (slot == copied) {
          page = pool.copy(page);
        } else {
          pool.share(page);
        }
        put(head, slot, page);
      }
    }
  }

  /** {@return the page number in a slot of a head} */
  int page(int head, long slot) {
    return table.get(Formats.INT, element(head, slot));
  }

  /** Writes the page number in a slot of a head. */
  void put(int head, long slot, int page) {
    table.set(Formats.INT, element(head, slot), page);
    workspace.written(table, StorageFormat.I32);
  }

  private long element(int head, long slot) {
    return (offset + (long) head * entries + slot) * Integer.BYTES;
  }
}
