package dev.kvasir.plans;

import static dev.kvasir.plans.PlanChecker.require;
import static dev.kvasir.plans.PlanChecker.requireRange;

import dev.kvasir.plans.Manifest.ModelReference;
import dev.kvasir.plans.PlanException.Reason;
import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.memory.BufferDeclaration.Kind;
import dev.kvasir.plans.program.CompiledExpression;
import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.ExpressionException;
import dev.kvasir.plans.program.SegmentDeclaration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** Checks segments against pools, page tables and the formula of the cache's bytes. */
final class SegmentChecker {

  private static final int MAX_SAMPLES = 4_096;
  private static final int MAX_SLOTS = 1 << 26;

  private final Plan plan;
  private final MemoryChecker memory;
  private final CounterIndex counters;
  private final long context;
  private final List<Long> samples;

  SegmentChecker(Plan plan, MemoryChecker memory) {
    this.plan = plan;
    this.memory = memory;
    this.context = plan.manifest().context();
    this.counters =
        CounterIndex.of(
            List.of(CounterIndex.CONTEXT, CounterIndex.MAX_SPAN, CounterIndex.TOKENS),
            plan.program().segments());
    this.samples = samples(context, plan.manifest().pageRows());
  }

  void check() throws PlanException {
    Map<String, BitSet> tables = new HashMap<>();
    Map<String, Long> pools = new HashMap<>();
    Map<String, SegmentDeclaration> firstOfPool = new HashMap<>();
    for (SegmentDeclaration segment : plan.program().segments()) {
      checkShape(segment);
      checkTable(segment, tables);
      checkPool(segment, pools, firstOfPool);
    }
    checkBytes();
  }

  private static String place(SegmentDeclaration segment) {
    return PlanFormat.PROGRAM + ": segment " + segment.name();
  }

  private void checkShape(SegmentDeclaration segment) throws PlanException {
    String place = place(segment);
    ModelReference model = plan.manifest().model();
    requireRange(place + ": layer", segment.layer(), 0, model.layers() - 1);
    require(!segment.heads().isEmpty(), place + ": heads", "expected at least one, got none");
    int previous = -1;
    for (int head : segment.heads()) {
      requireRange(place + ": heads", head, previous + 1, model.kvHeads() - 1);
      previous = head;
    }
    requireRange(place + ": key_dim", segment.keyDim(), 1, 1 << 16);
    requireRange(place + ": value_dim", segment.valueDim(), 1, 1 << 16);
    requireRange(place + ": slots", segment.slots(), 1, MAX_SLOTS);
    requireRange(place + ": first_position", segment.firstPosition(), 0, Integer.MAX_VALUE);
    requireRange(place + ": window", segment.window(), 0, Integer.MAX_VALUE);
  }

  private void checkTable(SegmentDeclaration segment, Map<String, BitSet> tables)
      throws PlanException {
    String place = place(segment) + ": table";
    BufferDeclaration table = memory.buffer(place, segment.table());
    require(table.kind() == Kind.TABLE, place, "expected a page table, got " + table.name());
    long entries = (long) segment.heads().size() * segment.tableEntries();
    require(
        segment.tableOffset() >= 0 && segment.tableOffset() + entries <= memory.elements(table),
        place,
        "expected %d elements from %d within its %d"
            .formatted(entries, segment.tableOffset(), memory.elements(table)));
    BitSet taken = tables.computeIfAbsent(table.name(), name -> new BitSet());
    int end = (int) (segment.tableOffset() + entries);
    int next = taken.nextSetBit(segment.tableOffset());
    require(
        next < 0 || next >= end,
        place,
        "expected elements of its own, got element %d of another segment".formatted(next));
    taken.set(segment.tableOffset(), end);
  }

  private void checkPool(
      SegmentDeclaration segment,
      Map<String, Long> pools,
      Map<String, SegmentDeclaration> firstOfPool)
      throws PlanException {
    String place = place(segment) + ": pool";
    BufferDeclaration pool = memory.buffer(place, segment.pool());
    require(
        pool.kind() == Kind.POOL && pool.format() == segment.format(),
        place,
        "expected a pool of %s pages, got %s".formatted(segment.format().text(), pool.name()));
    SegmentDeclaration first = firstOfPool.putIfAbsent(pool.name(), segment);
    long elements = pageElements(segment);
    // A page number means an offset only where all pages are equally large.
    require(
        first == null || pageElements(first) == elements,
        place,
        "expected pages of one size in a pool, got two");
    long pages =
        pools.merge(pool.name(), (long) segment.heads().size() * segment.slots(), Long::sum);
    require(
        pages <= memory.elements(pool) / elements,
        place,
        "expected room for %d pages of %d elements, got %d elements"
            .formatted(pages, elements, memory.elements(pool)));
  }

  private long pageElements(SegmentDeclaration segment) {
    return (long) plan.manifest().pageRows() * (segment.keyDim() + segment.valueDim());
  }

  private void checkBytes() throws PlanException {
    long[] expected = new long[samples.size()];
    for (BufferDeclaration buffer : plan.memory().buffers()) {
      if (buffer.kind() == Kind.TABLE) {
        for (int i = 0; i < expected.length; i++) {
          expected[i] += memory.bytes(buffer);
        }
      }
    }
    Map<String, long[]> rowsOfText = new HashMap<>();
    for (SegmentDeclaration segment : plan.program().segments()) {
      long[] rows = rowsOfText.get(segment.rows().text());
      if (rows == null) {
        rows = rows(segment);
        rowsOfText.put(segment.rows().text(), rows);
      }
      for (int i = 0; i < expected.length; i++) {
        expected[i] +=
            segment.heads().size() * segment.residentBytes(rows[i], plan.manifest().pageRows());
      }
    }
    String place = PlanFormat.MEMORY + ": kv_bytes";
    CompiledExpression formula = compile(place, plan.memory().kvBytes());
    for (int i = 0; i < expected.length; i++) {
      long bytes = value(place, formula, samples.get(i));
      require(
          bytes == expected[i],
          place,
          "expected %d, the pages and page tables of all segments, at tokens = %d, got %d"
              .formatted(expected[i], samples.get(i), bytes));
    }
  }

  private long[] rows(SegmentDeclaration segment) throws PlanException {
    String place = place(segment) + ": rows";
    CompiledExpression expression = compile(place, segment.rows());
    long[] rows = new long[samples.size()];
    long least = 0;
    for (int i = 0; i < rows.length; i++) {
      rows[i] = value(place, expression, samples.get(i));
      requireRange(place + " at tokens = " + samples.get(i), rows[i], least, Integer.MAX_VALUE);
      least = rows[i];
    }
    return rows;
  }

  private CompiledExpression compile(String place, Expression expression) throws PlanException {
    try {
      return expression.compile(counters);
    } catch (ExpressionException e) {
      throw new PlanException(Reason.MALFORMED, place, e.getMessage(), e);
    }
  }

  private long value(String place, CompiledExpression expression, long tokens)
      throws PlanException {
    try {
      return expression.evaluate(new long[] {context, plan.manifest().span(), tokens});
    } catch (ExpressionException e) {
      throw new PlanException(Reason.MALFORMED, place, e.getMessage(), e);
    }
  }

  /** {@return token counts around the borders of pages, all of them where they are few} */
  private static List<Long> samples(long context, int pageRows) {
    TreeSet<Long> samples = new TreeSet<>(List.of(0L, 1L, context - 1, context));
    long pages = Math.ceilDiv(context, pageRows);
    long stride = Math.max(1, pages / (MAX_SAMPLES / 3));
    for (long page = 0; page <= pages; page += stride) {
      samples.addAll(List.of(page * pageRows - 1, page * pageRows, page * pageRows + 1));
    }
    for (long tokens = 0; tokens <= Math.min(context, MAX_SAMPLES); tokens++) {
      samples.add(tokens);
    }
    return new ArrayList<>(samples.subSet(0L, context + 1));
  }
}
