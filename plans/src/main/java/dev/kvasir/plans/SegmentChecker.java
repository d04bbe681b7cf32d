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
import dev.kvasir.plans.program.PackedFormat;
import dev.kvasir.plans.program.PackedFormat.Per;
import dev.kvasir.plans.program.Packing;
import dev.kvasir.plans.program.SegmentDeclaration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/** Checks segments against pools, page tables and the formula of the cache's bytes. */
final class SegmentChecker {

  // Of all rows and kv_bytes together at all samples.
  private static final long MAX_OPERATIONS = 1 << 27;

  private static final int MAX_SLOTS = 1 << 26;
  private static final int PACKED_MULTIPLE = 16;

  private final Plan plan;
  private final MemoryChecker memory;
  private final CounterIndex counters;
  private final List<long[]> samples;
  private final ChosenChecker chosen;
  private final BesideChecker beside;
  private final MeansChecker means;
  private long operations;

  SegmentChecker(Plan plan, MemoryChecker memory, MarkChecker marks) {
    this.plan = plan;
    this.memory = memory;
    this.counters = CacheSamples.counters(plan.program());
    this.samples = new CacheSamples(plan).all();
    this.chosen = new ChosenChecker(plan, memory, marks, counters);
    this.beside = new BesideChecker(plan, memory, marks, counters);
    this.means = new MeansChecker(plan, memory, counters);
  }

  void check() throws PlanException {
    Map<String, NavigableMap<Long, Long>> tables = new HashMap<>();
    PoolChecker pools = new PoolChecker(plan, memory);
    for (SegmentDeclaration segment : plan.program().segments()) {
      checkShape(segment);
      chosen.check(place(segment), segment);
      means.check(place(segment), segment);
      beside.check(place(segment), segment);
      if (segment.shares().isEmpty()) {
        checkTable(segment, tables);
        pools.check(place(segment), segment);
      }
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
    requireRange(place + ": window", segment.window(), 0, Integer.MAX_VALUE);
    require(
        segment.format().tensorType().floating(),
        place + ": format",
        "expected a floating-point format, got " + segment.format().text());
    if (segment.packing().isPresent()) {
      Packing packing = segment.packing().get();
      checkFormat(place + ": packing: key", packing.key(), segment.keyDim());
      checkFormat(place + ": packing: value", packing.value(), segment.valueDim());
      require(
          packing.value().per() == Per.TOKEN,
          place + ": packing: value: per",
          "expected token, got " + packing.value().per().text());
    }
  }

  private void checkFormat(String place, PackedFormat format, int dim) throws PlanException {
    require(
        format.codes().isCode(),
        place + ": codes",
        "expected u8 or u4, got " + format.codes().text());
    require(
        dim % PACKED_MULTIPLE == 0,
        place,
        "expected rows of a multiple of %d elements, got %d".formatted(PACKED_MULTIPLE, dim));
    int group = format.group();
    requireRange(place + ": group", group, PACKED_MULTIPLE, 1 << 16);
    int pageRows = plan.manifest().pageRows();
    switch (format.per()) {
      case CHANNEL ->
          require(
              pageRows % group == 0,
              place + ": group",
              "expected a divisor of the %d rows of a page, got %d".formatted(pageRows, group));
      case TOKEN ->
          require(
              dim % group == 0
                  && (PageLayout.VALUE_TILE % group == 0 || group % PageLayout.VALUE_TILE == 0),
              place + ": group",
              "expected a divisor of the %d elements of a row that divides %d or is a multiple of it,"
                      .formatted(dim, PageLayout.VALUE_TILE)
                  + " got "
                  + group);
    }
  }

  private void checkTable(SegmentDeclaration segment, Map<String, NavigableMap<Long, Long>> tables)
      throws PlanException {
    String place = place(segment) + ": table";
    BufferDeclaration table = memory.buffer(place, segment.table());
    require(table.kind() == Kind.TABLE, place, "expected a page table, got " + table.name());
    // Ends by beginnings of what other segments have.
    NavigableMap<Long, Long> taken = tables.computeIfAbsent(table.name(), name -> new TreeMap<>());
    long heads = segment.heads().size();
    take(place, table, segment.tableOffset(), heads * segment.tableEntries(), taken);
    if (segment.beside().isPresent()) {
      take(place, table, segment.beside().get().tableOffset(), heads * segment.slots(), taken);
    }
  }

  private void take(
      String place,
      BufferDeclaration table,
      long begin,
      long entries,
      NavigableMap<Long, Long> taken)
      throws PlanException {
    require(
        begin >= 0 && begin + entries <= memory.elements(table),
        place,
        "expected %d elements from %d within its %d"
            .formatted(entries, begin, memory.elements(table)));
    Map.Entry<Long, Long> before = taken.lowerEntry(begin + entries);
    if (before != null && before.getValue() > begin) {
      throw new PlanException(
          Reason.MALFORMED,
          place,
          "expected elements of its own, got element %d of another segment"
              .formatted(Math.max(begin, before.getKey())));
    }
    taken.put(begin, begin + entries);
  }

  private void checkBytes() throws PlanException {
    long[] expected = new long[samples.size()];
    for (BufferDeclaration buffer : plan.memory().buffers()) {
      if (buffer.kind() == Kind.TABLE || buffer.kind() == Kind.STATE) {
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
          "expected %d, the pages and page tables of all segments, at %s, got %d"
              .formatted(expected[i], CacheSamples.text(counters, samples.get(i)), bytes));
    }
  }

  private long[] rows(SegmentDeclaration segment) throws PlanException {
    String place = place(segment) + ": rows";
    CompiledExpression expression = compile(place, segment.rows());
    long[] rows = new long[samples.size()];
    // Where a mark is used, rows are dropped when it is set.
    boolean grows =
        plan.program().marks().stream()
            .noneMatch(mark -> expression.counters().contains(mark.name()));
    long least = 0;
    for (int i = 0; i < rows.length; i++) {
      rows[i] = value(place, expression, samples.get(i));
      if (rows[i] < least || rows[i] > Integer.MAX_VALUE) {
        throw new PlanException(
            Reason.MALFORMED,
            place + " at " + CacheSamples.text(counters, samples.get(i)),
            "expected %d to %d, got %d".formatted(least, Integer.MAX_VALUE, rows[i]));
      }
      least = grows ? rows[i] : 0;
    }
    return rows;
  }

  private CompiledExpression compile(String place, Expression expression) throws PlanException {
    try {
      CompiledExpression compiled = expression.compile(counters);
      operations += (long) compiled.steps() * samples.size();
      if (operations > MAX_OPERATIONS) {
        throw new PlanException(
            Reason.TOO_LARGE,
            place,
            "expected at most %d operations in all formulas of rows and bytes"
                .formatted(MAX_OPERATIONS));
      }
      return compiled;
    } catch (ExpressionException e) {
      throw new PlanException(Reason.MALFORMED, place, e.getMessage(), e);
    }
  }

  private long value(String place, CompiledExpression expression, long[] sample)
      throws PlanException {
    try {
      return expression.evaluate(sample);
    } catch (ExpressionException e) {
      throw new PlanException(Reason.MALFORMED, place, e.getMessage(), e);
    }
  }
}
