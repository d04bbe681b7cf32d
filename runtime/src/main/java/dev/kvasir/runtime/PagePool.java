package dev.kvasir.runtime;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Pages of one kind, which the sessions of a family hold and share. A page number stands for a page
 * in each of the pool's buffers. Safe for use by many threads; taking and giving allocate nothing.
 */
final class PagePool {

  /**
   * One buffer.
   *
   * @param buffer page p is at p * pageBytes
   * @param pageBytes bytes of a page in it
   */
  record Part(MemorySegment buffer, long pageBytes) {}

  private final String name;
  private final List<Part> parts;
  private final long pageBytes;
  private final int[] free;
  private final int[] holders;
  private int count;

  /**
   * @param name what the pool is called in messages
   * @param parts buffers with room for equally many pages
   */
  PagePool(String name, List<Part> parts) {
    this.name = name;
    this.parts = List.copyOf(parts);
    pageBytes = parts.stream().mapToLong(Part::pageBytes).sum();
    long pages =
        parts.stream()
            .mapToLong(part -> part.buffer().byteSize() / part.pageBytes())
            .min()
            .orElseThrow();
    free = new int[Math.toIntExact(pages)];
    holders = new int[free.length];
    // Low pages are taken first.
    for (int page = free.length - 1; page >= 0; page--) {
      free[count++] = page;
    }
  }

  /** {@return the bytes of a page in all buffers together} */
  long pageBytes() {
    return pageBytes;
  }

  /** {@return a page that nobody holds, now held once} */
  synchronized int take() {
    if (count == 0) {
      throw new KvasirException(
          ErrorCode.PLAN_INCONSISTENT,
          "pool %s has no page left of its %d; compile the plan again"
              .formatted(name, free.length));
    }
    int page = free[--count];
    holders[page] = 1;
    return page;
  }

  /** Holds a page once more. */
  synchronized void share(int page) {
    holders[page]++;
  }

  /** Holds a page once less; the last holder frees it. */
  synchronized void give(int page) {
    if (--holders[page] == 0) {
      free[count++] = page;
    }
  }

  /** {@return whether others hold the page as well} */
  synchronized boolean shared(int page) {
    return holders[page] > 1;
  }

  /** {@return a page with the content of {@code page}, held once} */
  synchronized int copy(int page) {
    int target = take();
    for (int i = 0; i < parts.size(); i++) {
      Part part = parts.get(i);
      long bytes = part.pageBytes();
      MemorySegment.copy(part.buffer(), page * bytes, part.buffer(), target * bytes, bytes);
    }
    return target;
  }

  /**
   * {@return {@code page} when nobody else holds it, else a copy, which its caller holds instead}
   */
  synchronized int own(int page) {
    if (holders[page] == 1) {
      return page;
    }
    int target = copy(page);
    give(page);
    return target;
  }

  /** {@return the bytes of all pages that somebody holds, each counted once} */
  synchronized long heldBytes() {
    return (free.length - count) * pageBytes;
  }
}
