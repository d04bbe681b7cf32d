package dev.kvasir.plans;

import static dev.kvasir.plans.PlanChecker.require;

import dev.kvasir.plans.PlanException.Reason;
import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.memory.BufferDeclaration.Kind;
import dev.kvasir.plans.program.CompiledExpression;
import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.plans.program.ExpressionException;
import dev.kvasir.plans.program.Program.Mark;
import dev.kvasir.plans.program.SegmentDeclaration;
import dev.kvasir.plans.program.SegmentDeclaration.Means;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * Checks segments with means of dropped rows: those lie in state, each in a place of its own, and
 * rows are only ever dropped in the order in which they came.
 */
final class MeansChecker {

  private final MemoryChecker memory;
  private final CounterIndex counters;
  private final List<Mark> marks;
  // Ends by beginnings of what other segments have, by buffer.
  private final Map<String, NavigableMap<Long, Long>> taken = new HashMap<>();

  MeansChecker(Plan plan, MemoryChecker memory, CounterIndex counters) {
    this.memory = memory;
    this.counters = counters;
    this.marks = plan.program().marks();
  }

  /** Checks a segment whose shape has been checked. */
  void check(String segmentPlace, SegmentDeclaration segment) throws PlanException {
    if (segment.means().isEmpty()) {
      return;
    }
    Means means = segment.means().get();
    String place = segmentPlace + ": means";
    BufferDeclaration buffer = memory.buffer(place, means.buffer());
    require(
        buffer.kind() == Kind.STATE && buffer.format() == StorageFormat.F32,
        place,
        "expected state of f32, got %s of %s".formatted(buffer.name(), buffer.format().text()));
    long begin = means.offset();
    long end = begin + (long) segment.heads().size() * (segment.keyDim() + segment.valueDim());
    require(
        begin >= 0 && end <= memory.elements(buffer),
        place,
        "expected %d elements from %d within its %d"
            .formatted(end - begin, begin, memory.elements(buffer)));
    NavigableMap<Long, Long> others =
        taken.computeIfAbsent(buffer.name(), unused -> new TreeMap<>());
    Map.Entry<Long, Long> before = others.lowerEntry(end);
    require(
        before == null || before.getValue() <= begin,
        place,
        "expected elements of its own, got some of another segment from %d".formatted(begin));
    others.put(begin, end);
    require(
        segment.chosen().isEmpty() && !rowsUseMarks(segmentPlace + ": rows", segment),
        place,
        "expected rows that are dropped in their order, got chosen ones or such that depend on a"
            + " mark");
  }

  private boolean rowsUseMarks(String place, SegmentDeclaration segment) throws PlanException {
    try {
      CompiledExpression rows = segment.rows().compile(counters);
      return marks.stream().anyMatch(mark -> rows.counters().contains(mark.name()));
    } catch (ExpressionException e) {
      throw new PlanException(Reason.MALFORMED, place, e.getMessage(), e);
    }
  }
}
