package dev.kvasir.runtime;

import dev.kvasir.plans.Manifest;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.program.CompiledExpression;
import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.plans.program.SegmentDeclaration;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which pages of a session's pools its segments hold.
 *
 * <p>A slot gets a page when the first logical page falls into it and keeps it: a later logical
 * page of the same slot overwrites the rows. A segment that holds fewer rows than before gives
 * pages back.
 */
final class CachePages {

  private static final int VALUE_TILE = 64;

  /** Free pages of one pool, a stack. */
  private static final class Pool {
    private final String name;
    private final int[] free;
    private int count;

    Pool(String name, long pages) {
      this.name = name;
      free = new int[Math.toIntExact(pages)];
      // Low pages are taken first.
      for (int page = free.length - 1; page >= 0; page--) {
        free[count++] = page;
      }
    }

    int take() {
      if (count == 0) {
        throw new KvasirException(
            ErrorCode.PLAN_INCONSISTENT,
            "pool %s has no page left of its %d; compile the plan again"
                .formatted(name, free.length));
      }
      return free[--count];
    }

    void give(int page) {
      free[count++] = page;
    }
  }

  /** One segment and the slots that each of its heads has pages in. */
  private static final class Holding {
    private final SegmentDeclaration segment;
    private final CompiledExpression rows;
    private final Pool pool;
    private final MemorySegment poolBuffer;
    private final MemorySegment table;
    private final long pageBytes;
    private final int headCount;
    private final int slots;
    private int held;

    Holding(
        SegmentDeclaration segment,
        CompiledExpression rows,
        Pool pool,
        MemorySegment poolBuffer,
        MemorySegment table,
        long pageBytes) {
      this.segment = segment;
      this.rows = rows;
      this.pool = pool;
      this.poolBuffer = poolBuffer;
      this.table = table;
      this.pageBytes = pageBytes;
      headCount = segment.heads().size();
      slots = segment.slots();
    }

    long element(int head, long slot) {
      return (segment.tableOffset() + (long) head * slots + slot) * Integer.BYTES;
    }
  }

  private final Holding[] holdings;
  private final int pageRows;
  private final int context;
  private final int maxSpan;
  private final long tableBytes;
  private final long reservedBytes;
  private final long[] counters = new long[CounterIndex.PROGRAM_COUNTERS.size()];

  CachePages(Plan plan, SessionMemory memory) {
    Manifest manifest = plan.manifest();
    pageRows = manifest.pageRows();
    context = manifest.context();
    maxSpan = manifest.span();
    tableBytes = memory.tableBytes();
    reservedBytes = memory.poolBytes() + memory.tableBytes();
    CounterIndex index = CounterIndex.ofProgram(plan.program());
    Map<String, Pool> pools = new HashMap<>();
    Map<String, Long> pageSizes = new HashMap<>();
    List<Holding> all = new ArrayList<>();
    for (SegmentDeclaration segment : plan.program().segments()) {
      long pageBytes = segment.pageBytes(pageRows);
      MemorySegment poolBuffer = memory.buffer(segment.pool());
      Long earlier = pageSizes.putIfAbsent(segment.pool(), pageBytes);
      if (earlier != null && earlier != pageBytes) {
        throw new KvasirException(
            ErrorCode.PLAN_INCONSISTENT,
            "segments of pool %s have pages of %d and of %d bytes; compile the plan again"
                .formatted(segment.pool(), earlier, pageBytes));
      }
      Pool pool =
          pools.computeIfAbsent(
              segment.pool(), name -> new Pool(name, poolBuffer.byteSize() / pageBytes));
      all.add(
          new Holding(
              segment,
              segment.rows().compile(index),
              pool,
              poolBuffer,
              memory.buffer(segment.table()),
              pageBytes));
    }
    holdings = all.toArray(Holding[]::new);
  }

  /** Makes the tables cover the rows that each segment holds at {@code tokens}. */
  void cover(int tokens) {
    for (Holding holding : holdings) {
      int needed = (int) Math.min(logicalPages(holding, tokens), holding.slots);
      while (holding.held < needed) {
        for (int head = 0; head < holding.headCount; head++) {
          holding.table.set(Formats.INT, holding.element(head, holding.held), holding.pool.take());
        }
        holding.held++;
      }
      while (holding.held > needed) {
        holding.held--;
        for (int head = holding.headCount - 1; head >= 0; head--) {
          long element = holding.element(head, holding.held);
          holding.pool.give(holding.table.get(Formats.INT, element));
          holding.table.set(Formats.INT, element, SessionMemory.NO_PAGE);
        }
      }
    }
  }

  /**
   * {@return whether computing rows from {@code position} to {@code tokens} reuses a page with rows
   * that the token at {@code position} can see}
   */
  boolean overwritesVisibleRows(int position, int tokens) {
    for (Holding holding : holdings) {
      SegmentDeclaration segment = holding.segment;
      long reused = (logicalPages(holding, tokens) - holding.slots) * pageRows;
      long lastReused = Math.min(reused, rows(holding, position)) - 1;
      long oldestVisible =
          segment.window() == 0
              ? 0
              : (long) position - segment.window() + 1 - segment.firstPosition();
      if (lastReused >= Math.max(0, oldestVisible)) {
        return true;
      }
    }
    return false;
  }

  /** {@return what is held with {@code tokens} true tokens in the cache} */
  CacheStats stats(int tokens) {
    long pages = 0;
    long kept = 0;
    long evicted = 0;
    for (Holding holding : holdings) {
      long rows = rows(holding, tokens);
      long first = firstRow(holding, tokens);
      pages += holding.pageBytes * holding.held * holding.headCount;
      kept += (rows - first) * holding.headCount;
      evicted += first * holding.headCount;
    }
    return new CacheStats(pages + tableBytes, kept, tokens, evicted, reservedBytes);
  }

  /** {@return copies of all rows held with {@code tokens} true tokens in the cache} */
  List<SegmentSnapshot> snapshots(int tokens) {
    List<SegmentSnapshot> snapshots = new ArrayList<>();
    for (Holding holding : holdings) {
      snapshots.add(snapshot(holding, tokens));
    }
    return List.copyOf(snapshots);
  }

  private SegmentSnapshot snapshot(Holding holding, int tokens) {
    SegmentDeclaration segment = holding.segment;
    long first = firstRow(holding, tokens);
    int rows = Math.toIntExact(rows(holding, tokens) - first);
    int keyDim = segment.keyDim();
    int valueDim = segment.valueDim();
    int[] positions = new int[rows];
    float[] keys = new float[Math.multiplyExact(holding.headCount * rows, keyDim)];
    float[] values = new float[Math.multiplyExact(holding.headCount * rows, valueDim)];
    for (int row = 0; row < rows; row++) {
      positions[row] = Math.toIntExact(segment.firstPosition() + first + row);
      long slot = (first + row) / pageRows % holding.slots;
      int inPage = (int) ((first + row) % pageRows);
      for (int head = 0; head < holding.headCount; head++) {
        long page = holding.table.get(Formats.INT, holding.element(head, slot));
        long start = page * pageRows * (keyDim + valueDim);
        int target = head * rows + row;
        for (int column = 0; column < keyDim; column++) {
          keys[target * keyDim + column] =
              element(holding, start + (long) column * pageRows + inPage);
        }
        long valueStart = start + (long) keyDim * pageRows;
        for (int column = 0; column < valueDim; column++) {
          values[target * valueDim + column] =
              element(holding, valueStart + valueElement(column, inPage, valueDim));
        }
      }
    }
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
        holding.pageBytes * holding.held * holding.headCount);
  }

  private long valueElement(int column, int row, int valueDim) {
    int tileStart = column - column % VALUE_TILE;
    int width = Math.min(VALUE_TILE, valueDim - tileStart);
    return (long) tileStart * pageRows + (long) row * width + (column - tileStart);
  }

  private static float element(Holding holding, long index) {
    return Formats.get(holding.segment.format(), holding.poolBuffer, index);
  }

  private long firstRow(Holding holding, int tokens) {
    return Math.max(0, logicalPages(holding, tokens) - holding.slots) * pageRows;
  }

  private long logicalPages(Holding holding, int tokens) {
    return Math.ceilDiv(rows(holding, tokens), (long) pageRows);
  }

  private long rows(Holding holding, int tokens) {
    CounterIndex.set(counters, context, maxSpan, tokens, 0);
    return holding.rows.evaluate(counters);
  }
}
