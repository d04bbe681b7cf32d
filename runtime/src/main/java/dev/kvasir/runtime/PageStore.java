package dev.kvasir.runtime;

import dev.kvasir.plans.Plan;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.memory.BufferDeclaration.Kind;
import dev.kvasir.plans.program.Packing;
import dev.kvasir.plans.program.SegmentDeclaration;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The page pools of a session and its forks, which are a family. Freed when the last of them
 * closes. Safe for use by many threads.
 */
final class PageStore {

  private final Arena arena = Arena.ofShared();
  private final Map<String, MemorySegment> buffers = new HashMap<>();
  private final Map<String, PagePool> pools = new HashMap<>();
  private final SessionMemory.Sizes sizes;
  private int members = 1;

  private PageStore(SessionMemory.Sizes sizes) {
    this.sizes = sizes;
  }

  /**
   * {@return pools with room for all sequences, one of them open}
   *
   * @param sizes what the family reserves
   * @throws OutOfMemoryError when there is no memory; nothing stays allocated then
   */
  static PageStore allocate(Plan plan, SessionMemory.Sizes sizes) {
    PageStore store = new PageStore(sizes);
    try {
      for (BufferDeclaration buffer : plan.memory().buffers()) {
        if (buffer.kind() == Kind.POOL) {
          long bytes = sizes.sequences() * SessionMemory.bytes(plan, buffer);
          store.buffers.put(buffer.name(), LargeMemory.allocate(store.arena, bytes));
        }
      }
      int pageRows = plan.manifest().pageRows();
      for (SegmentDeclaration segment : plan.program().segments()) {
        store.addPools(segment, pageRows);
      }
      MemoryLimit.reserve(sizes.total());
      return store;
    } catch (Throwable thrown) {
      store.arena.close();
      throw thrown;
    }
  }

  private void addPools(SegmentDeclaration segment, int pageRows) {
    PagePool.Part rows = new PagePool.Part(buffer(segment.pool()), segment.pageBytes(pageRows));
    addPool(segment.pool(), List.of(rows));
    if (segment.beside().isPresent()) {
      String beside = segment.beside().get().pool();
      addPool(beside, List.of(new PagePool.Part(buffer(beside), segment.besideBytes(pageRows))));
    }
    if (segment.packing().isPresent()) {
      Packing packing = segment.packing().get();
      List<PagePool.Part> parts = new ArrayList<>();
      parts.add(
          new PagePool.Part(
              buffer(packing.keyPool()),
              packing.key().codes().bytes((long) pageRows * segment.keyDim())));
      parts.add(
          new PagePool.Part(
              buffer(packing.valuePool()),
              packing.value().codes().bytes((long) pageRows * segment.valueDim())));
      parts.add(
          new PagePool.Part(
              buffer(packing.scalePool()),
              StorageFormat.F16.bytes(
                  packing.scaleElements(pageRows, segment.keyDim(), segment.valueDim()))));
      addPool(packing.keyPool(), parts);
    }
  }

  private void addPool(String name, List<PagePool.Part> parts) {
    PagePool known = pools.computeIfAbsent(name, unused -> new PagePool(name, parts));
    long bytes = parts.stream().mapToLong(PagePool.Part::pageBytes).sum();
    if (known.pageBytes() != bytes) {
      throw new KvasirException(
          ErrorCode.PLAN_INCONSISTENT,
          "segments of pool %s have pages of %d and of %d bytes; compile the plan again"
              .formatted(name, known.pageBytes(), bytes));
    }
  }

  private MemorySegment buffer(String name) {
    MemorySegment buffer = buffers.get(name);
    if (buffer == null) {
      throw new KvasirException(
          ErrorCode.PLAN_INCONSISTENT,
          "the plan declares no pool %s; compile it again".formatted(name));
    }
    return buffer;
  }

  /** {@return the buffers of all pools, by name} */
  Map<String, MemorySegment> buffers() {
    return Map.copyOf(buffers);
  }

  /** {@return the pool of a segment's pages: of an unpacked one all, of a packed one the open} */
  PagePool pool(SegmentDeclaration segment) {
    return known(segment.pool());
  }

  /** {@return the pool of the pages in a segment's slots} */
  PagePool slotPool(SegmentDeclaration segment) {
    return known(segment.packing().map(Packing::keyPool).orElseGet(segment::pool));
  }

  /** {@return the pool of pages that lie beside those of rows} */
  PagePool pool(String name) {
    return known(name);
  }

  private PagePool known(String name) {
    PagePool pool = pools.get(name);
    if (pool == null) {
      throw new IllegalStateException("no pool " + name);
    }
    return pool;
  }

  /**
   * Makes room for one more session.
   *
   * @throws KvasirException {@link ErrorCode#FORKS_EXHAUSTED} when all are open
   */
  synchronized void join() {
    int sequences = sizes.sequences();
    if (members == sequences) {
      throw new KvasirException(
          ErrorCode.FORKS_EXHAUSTED,
          sequences == 1
              ? "the session has no room for forks; open it with SessionOptions.forks"
              : "all %d sessions that there is room for are open; close one of them, or open the"
                      .formatted(sequences)
                  + " first with more SessionOptions.forks");
    }
    members++;
  }

  /** Forgets a session, which has given its pages back; the last one frees the memory. */
  synchronized void leave() {
    members--;
    if (members == 0) {
      arena.close();
      MemoryLimit.reserve(-sizes.total());
    }
  }

  /**
   * {@return the bytes of pages, page tables and state of all open sessions, shared pages counted
   * once}
   */
  synchronized long allocatedBytes() {
    return members * sizes.resident()
        + pools.values().stream().mapToLong(PagePool::heldBytes).sum();
  }
}
