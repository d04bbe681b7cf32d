package dev.kvasir.runtime;

import dev.kvasir.plans.Plan;
import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.memory.BufferDeclaration.Kind;
import dev.kvasir.runtime.backend.BufferBytes;
import dev.kvasir.runtime.backend.Workspace;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/**
 * All memory of one session: page tables, state and the slab of working storage, which are its own,
 * and the page pools, which it shares with its forks.
 */
final class SessionMemory implements AutoCloseable {

  private static final int ALIGNMENT = 64;

  /** Marks a table element that no page stands behind, so that a kernel's use of it is an error. */
  static final int NO_PAGE = -1;

  private final Arena arena;
  private final PageStore pages;
  private final Map<String, MemorySegment> buffers;
  private final Sizes sizes;

  private SessionMemory(
      Arena arena, PageStore pages, Map<String, MemorySegment> buffers, Sizes sizes) {
    this.arena = arena;
    this.pages = pages;
    this.buffers = Map.copyOf(buffers);
    this.sizes = sizes;
  }

  /**
   * What a session needs, in bytes.
   *
   * @param sequences sessions that there is to be room for: the first one and its forks
   * @param pools page pools of one session
   * @param tables page tables of one session
   * @param state what one session keeps beside its rows
   * @param scratch working storage of one session
   */
  record Sizes(int sequences, long pools, long tables, long state, long scratch) {

    /** {@return pages, page tables and state of all sequences} */
    long cache() {
      return Math.multiplyExact(sequences, Math.addExact(pools, resident()));
    }

    /** {@return what the cache of one session takes whether or not it holds pages} */
    long resident() {
      return Math.addExact(tables, state);
    }

    /** {@return working storage of all sequences} */
    long working() {
      return Math.multiplyExact(sequences, scratch);
    }

    long total() {
      return Math.addExact(cache(), working());
    }

    static Sizes of(Plan plan, int sequences) {
      long pools = 0;
      long tables = 0;
      long state = 0;
      for (BufferDeclaration buffer : plan.memory().buffers()) {
        switch (buffer.kind()) {
          case POOL -> pools = Math.addExact(pools, bytes(plan, buffer));
          case TABLE -> tables = Math.addExact(tables, bytes(plan, buffer));
          case STATE -> state = Math.addExact(state, bytes(plan, buffer));
          case SCRATCH, WEIGHT, DERIVED -> {}
        }
      }
      return new Sizes(
          sequences, pools, tables, state, BufferBytes.of(plan, plan.memory().scratchBytes()));
    }
  }

  /**
   * {@return the memory of a session, every byte zero except that page tables hold {@link
   * #NO_PAGE}}
   *
   * @param forks further sessions that the pools are to have room for
   * @param limit most bytes to take, those of all forks included
   * @param weights buffers that sessions share, by name
   * @throws KvasirException when it does not fit; nothing is allocated then
   */
  static SessionMemory allocate(
      Plan plan, int forks, MemoryLimit limit, Map<String, MemorySegment> weights) {
    Sizes sizes = Sizes.of(plan, 1 + forks);
    limit.require(plan, sizes);
    PageStore pages;
    try {
      pages = PageStore.allocate(plan, sizes);
    } catch (OutOfMemoryError e) {
      throw limit.exceeded(plan, sizes, e);
    }
    return allocate(plan, pages, sizes, limit, weights);
  }

  /**
   * {@return memory for a fork: the same pools, tables and working storage of its own}
   *
   * @throws KvasirException {@link ErrorCode#FORKS_EXHAUSTED} when the pools have no room for it
   */
  SessionMemory fork(Plan plan, MemoryLimit limit, Map<String, MemorySegment> weights) {
    pages.join();
    return allocate(plan, pages, sizes, limit, weights);
  }

  /** Takes what is a session's own; leaves the pools when that fails. */
  private static SessionMemory allocate(
      Plan plan,
      PageStore pages,
      Sizes sizes,
      MemoryLimit limit,
      Map<String, MemorySegment> weights) {
    // Shared, so that the worker pool's threads may use it.
    Arena arena = Arena.ofShared();
    try {
      Map<String, MemorySegment> buffers = new HashMap<>(weights);
      buffers.putAll(pages.buffers());
      MemorySegment slab = arena.allocate(sizes.scratch(), ALIGNMENT);
      for (BufferDeclaration buffer : plan.memory().buffers()) {
        long bytes = bytes(plan, buffer);
        switch (buffer.kind()) {
          case TABLE -> {
            MemorySegment table = arena.allocate(bytes, ALIGNMENT);
            table.fill((byte) NO_PAGE);
            buffers.put(buffer.name(), table);
          }
          case STATE -> buffers.put(buffer.name(), arena.allocate(bytes, ALIGNMENT));
          case SCRATCH -> buffers.put(buffer.name(), slab.asSlice(buffer.offset(), bytes));
          case POOL, WEIGHT, DERIVED -> {}
        }
      }
      return new SessionMemory(arena, pages, buffers, sizes);
    } catch (OutOfMemoryError e) {
      abandon(arena, pages);
      throw limit.exceeded(plan, sizes, e);
    } catch (IndexOutOfBoundsException e) {
      abandon(arena, pages);
      throw new KvasirException(
          ErrorCode.PLAN_INCONSISTENT,
          "a scratch buffer of the plan lies outside its slab: %s; compile it again"
              .formatted(e.getMessage()),
          e);
    }
  }

  private static void abandon(Arena arena, PageStore pages) {
    arena.close();
    pages.leave();
  }

  /** {@return the bytes of one buffer of a session of {@code plan}} */
  static long bytes(Plan plan, BufferDeclaration buffer) {
    return BufferBytes.of(plan, buffer);
  }

  /** {@return the buffer with this name, pools and shared weights included} */
  MemorySegment buffer(String name) {
    MemorySegment buffer = buffers.get(name);
    if (buffer == null) {
      throw new KvasirException(
          ErrorCode.PLAN_INCONSISTENT,
          "the plan declares no buffer %s; compile it again".formatted(name));
    }
    return buffer;
  }

  /** Takes over the state of another session. */
  void copyState(SessionMemory source, Plan plan, Workspace from, Workspace to) {
    for (BufferDeclaration declared : plan.memory().buffers()) {
      if (declared.kind() == Kind.STATE) {
        MemorySegment content = source.buffer(declared.name());
        from.read(content, declared.format());
        MemorySegment target = buffer(declared.name());
        target.copyFrom(content);
        to.written(target, declared.format());
      }
    }
  }

  /** Makes the state what it was when the session opened. */
  void clearState(Plan plan, Workspace workspace) {
    for (BufferDeclaration declared : plan.memory().buffers()) {
      if (declared.kind() == Kind.STATE) {
        MemorySegment state = buffer(declared.name());
        state.fill((byte) 0);
        workspace.written(state, declared.format());
      }
    }
  }

  /** {@return the page pools, shared with forks} */
  PageStore pages() {
    return pages;
  }

  /** {@return what was reserved} */
  Sizes sizes() {
    return sizes;
  }

  /** Frees what is the session's own, and the pools when it is the last that has them. */
  @Override
  public void close() {
    arena.close();
    pages.leave();
  }
}
