package dev.kvasir.runtime;

import dev.kvasir.plans.Manifest;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.plans.program.Expression;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/** All memory of one session: cache pages, page tables and the slab of working storage. */
final class SessionMemory implements AutoCloseable {

  private static final int ALIGNMENT = 64;

  /** Marks a table element that no page stands behind, so that a kernel's use of it is an error. */
  static final int NO_PAGE = -1;

  private final Arena arena;
  private final Map<String, MemorySegment> buffers;
  private final long tableBytes;
  private final long poolBytes;
  private final long totalBytes;

  private SessionMemory(Arena arena, Map<String, MemorySegment> buffers, Sizes sizes) {
    this.arena = arena;
    this.buffers = Map.copyOf(buffers);
    tableBytes = sizes.tables();
    poolBytes = sizes.pools();
    totalBytes = sizes.total();
  }

  /** What a session needs, in bytes. */
  record Sizes(long pools, long tables, long scratch) {
    long total() {
      return Math.addExact(Math.addExact(pools, tables), scratch);
    }

    static Sizes of(Plan plan) {
      long pools = 0;
      long tables = 0;
      for (BufferDeclaration buffer : plan.memory().buffers()) {
        switch (buffer.kind()) {
          case POOL -> pools = Math.addExact(pools, bytes(plan, buffer));
          case TABLE -> tables = Math.addExact(tables, bytes(plan, buffer));
          case SCRATCH, WEIGHT, DERIVED -> {}
        }
      }
      return new Sizes(pools, tables, evaluate(plan, plan.memory().scratchBytes()));
    }
  }

  /**
   * {@return the memory of a session, every byte zero except that page tables hold {@link
   * #NO_PAGE}}
   *
   * @param limit most bytes to take
   * @param weights buffers that sessions share, by name
   * @throws KvasirException when it does not fit; nothing is allocated then
   */
  static SessionMemory allocate(Plan plan, MemoryLimit limit, Map<String, MemorySegment> weights) {
    Sizes sizes = Sizes.of(plan);
    limit.require(plan, sizes);
    // Shared, so that the worker pool's threads may use it.
    Arena arena = Arena.ofShared();
    try {
      Map<String, MemorySegment> buffers = new HashMap<>(weights);
      MemorySegment slab = arena.allocate(sizes.scratch(), ALIGNMENT);
      for (BufferDeclaration buffer : plan.memory().buffers()) {
        long bytes = bytes(plan, buffer);
        switch (buffer.kind()) {
          case POOL -> buffers.put(buffer.name(), arena.allocate(bytes, ALIGNMENT));
          case TABLE -> {
            MemorySegment table = arena.allocate(bytes, ALIGNMENT);
            table.fill((byte) NO_PAGE);
            buffers.put(buffer.name(), table);
          }
          case SCRATCH -> buffers.put(buffer.name(), slab.asSlice(buffer.offset(), bytes));
          case WEIGHT, DERIVED -> {}
        }
      }
      return new SessionMemory(arena, buffers, sizes);
    } catch (OutOfMemoryError e) {
      arena.close();
      throw limit.exceeded(plan, sizes, e);
    } catch (IndexOutOfBoundsException e) {
      arena.close();
      throw new KvasirException(
          ErrorCode.PLAN_INCONSISTENT,
          "a scratch buffer of the plan lies outside its slab: %s; compile it again"
              .formatted(e.getMessage()),
          e);
    }
  }

  /** {@return the bytes of one buffer of a session of {@code plan}} */
  static long bytes(Plan plan, BufferDeclaration buffer) {
    return buffer.format().bytes(evaluate(plan, buffer.elements()));
  }

  private static long evaluate(Plan plan, Expression expression) {
    Manifest manifest = plan.manifest();
    return expression
        .compile(CounterIndex.ofSession())
        .evaluate(new long[] {manifest.context(), manifest.span()});
  }

  /** {@return the buffer with this name, shared weights included} */
  MemorySegment buffer(String name) {
    MemorySegment buffer = buffers.get(name);
    if (buffer == null) {
      throw new KvasirException(
          ErrorCode.PLAN_INCONSISTENT,
          "the plan declares no buffer %s; compile it again".formatted(name));
    }
    return buffer;
  }

  /** {@return the size of all page tables} */
  long tableBytes() {
    return tableBytes;
  }

  /** {@return the size of all pages, in use or not} */
  long poolBytes() {
    return poolBytes;
  }

  /** {@return everything that was allocated} */
  long totalBytes() {
    return totalBytes;
  }

  @Override
  public void close() {
    arena.close();
  }
}
