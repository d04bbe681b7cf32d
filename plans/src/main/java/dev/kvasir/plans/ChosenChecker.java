package dev.kvasir.plans;

import static dev.kvasir.plans.PlanChecker.require;
import static dev.kvasir.plans.PlanChecker.requireRange;

import dev.kvasir.plans.PlanException.Reason;
import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.memory.BufferDeclaration.Kind;
import dev.kvasir.plans.program.CompiledExpression;
import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.plans.program.ExpressionException;
import dev.kvasir.plans.program.Program.Mark;
import dev.kvasir.plans.program.Range;
import dev.kvasir.plans.program.SegmentDeclaration;
import dev.kvasir.plans.program.SegmentDeclaration.Chosen;
import java.util.List;
import java.util.Optional;

/** Checks segments with chosen rows: their lists lie in state, and have room for all rows. */
final class ChosenChecker {

  private final Plan plan;
  private final MemoryChecker memory;
  private final MarkChecker marks;
  private final CounterIndex counters;
  private final RangeProof proof = new RangeProof();

  ChosenChecker(Plan plan, MemoryChecker memory, MarkChecker marks, CounterIndex counters) {
    this.plan = plan;
    this.memory = memory;
    this.marks = marks;
    this.counters = counters;
  }

  /** Checks a segment whose shape has been checked. */
  void check(String segmentPlace, SegmentDeclaration segment) throws PlanException {
    if (segment.chosen().isEmpty()) {
      return;
    }
    Chosen chosen = segment.chosen().get();
    String place = segmentPlace + ": chosen";
    int heads = segment.heads().size();
    requireRange(place + ": positions_stride", chosen.positionsStride(), 0, Integer.MAX_VALUE);
    requireRange(place + ": counts_stride", chosen.countsStride(), 0, Integer.MAX_VALUE);
    require(
        heads == 1 || chosen.positionsStride() == 0 == (chosen.countsStride() == 0),
        place,
        "expected one list for all heads or one for each, got strides of %d and %d"
            .formatted(chosen.positionsStride(), chosen.countsStride()));
    room(place + ": counts", chosen.counts(), chosen.countsOffset(), chosen.countsStride(), heads);
    long room =
        room(
            place + ": positions",
            chosen.positions(),
            chosen.positionsOffset(),
            chosen.positionsStride(),
            heads);
    if (heads > 1 && chosen.positionsStride() > 0) {
      room = Math.min(room, chosen.positionsStride());
    }
    int pageRows = plan.manifest().pageRows();
    long slots = (long) segment.slots() * pageRows;
    // A page of codes is full; the rows after the last one lie in the open page.
    long held = segment.packing().isPresent() ? slots + pageRows - 1 : slots;
    checkRows(segmentPlace + ": rows", segment, Math.min(room, held));
  }

  /** {@return the elements from the beginning of the last list to the end of the buffer} */
  private long room(String place, String name, int offset, int stride, int heads)
      throws PlanException {
    BufferDeclaration buffer = memory.buffer(place, name);
    require(
        buffer.kind() == Kind.STATE && buffer.format() == StorageFormat.I32,
        place,
        "expected state of i32, got %s of %s".formatted(buffer.name(), buffer.format().text()));
    long last = offset + (long) stride * (heads - 1);
    require(
        offset >= 0 && last < memory.elements(buffer),
        place,
        "expected element %d, where the last list begins, among its %d"
            .formatted(offset < 0 ? offset : last, memory.elements(buffer)));
    return memory.elements(buffer) - last;
  }

  private void checkRows(String place, SegmentDeclaration segment, long most) throws PlanException {
    CompiledExpression rows;
    try {
      rows = segment.rows().compile(counters);
    } catch (ExpressionException e) {
      throw new PlanException(Reason.MALFORMED, place, e.getMessage(), e);
    }
    List<String> used =
        plan.program().marks().stream().map(Mark::name).filter(rows.counters()::contains).toList();
    require(
        used.size() == 1,
        place,
        "expected chosen rows to depend on the one mark of their choice, got %d marks"
            .formatted(used.size()));
    int initial =
        plan.program().marks().stream()
            .filter(mark -> used.contains(mark.name()))
            .mapToInt(Mark::initial)
            .sum();
    require(
        initial > 0 || !rows.counters().contains(CounterIndex.TOKENS),
        place,
        "expected as many chosen rows as at their choice, got rows that depend on tokens");
    Optional<String> problem = proof.refute(rows, marks.stepped(), new Range(0, most));
    if (problem.isPresent()) {
      throw new PlanException(Reason.MALFORMED, place, problem.get());
    }
  }
}
