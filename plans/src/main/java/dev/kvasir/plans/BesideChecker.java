package dev.kvasir.plans;

import static dev.kvasir.plans.PlanChecker.require;
import static dev.kvasir.plans.PlanChecker.requireRange;

import dev.kvasir.plans.PlanException.Reason;
import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.memory.BufferDeclaration.Kind;
import dev.kvasir.plans.program.Beside;
import dev.kvasir.plans.program.CompiledExpression;
import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.plans.program.ExpressionException;
import dev.kvasir.plans.program.Program.Mark;
import dev.kvasir.plans.program.Range;
import dev.kvasir.plans.program.SegmentDeclaration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Checks segments that have pages beside those of their rows: no page is reused, and a segment that
 * shares all pages of another is like it.
 */
final class BesideChecker {

  private final Plan plan;
  private final MemoryChecker memory;
  private final MarkChecker marks;
  private final CounterIndex counters;
  private final RangeProof proof = new RangeProof();
  private final Map<String, SegmentDeclaration> owners = new HashMap<>();

  BesideChecker(Plan plan, MemoryChecker memory, MarkChecker marks, CounterIndex counters) {
    this.plan = plan;
    this.memory = memory;
    this.marks = marks;
    this.counters = counters;
  }

  /** Checks a segment whose shape has been checked. */
  void check(String place, SegmentDeclaration segment) throws PlanException {
    if (segment.beside().isEmpty()) {
      return;
    }
    boolean isOrdered =
        segment.chosen().isEmpty() || segment.beside().get() instanceof Beside.Norms;
    require(
        isOrdered && segment.window() == 0,
        place,
        "expected rows in their order and without a window beside pages of their own");
    int pageRows = plan.manifest().pageRows();
    checkRows(place + ": rows", segment, (long) segment.slots() * pageRows);
    switch (segment.beside().get()) {
      case Beside.Norms norms -> {
        requireList(place + ": norms: key_norms", norms.keyNorms(), pageRows);
        requireList(place + ": norms: value_norms", norms.valueNorms(), pageRows);
        require(
            norms.keyNorms() != norms.valueNorms(),
            place + ": norms",
            "expected two lists, got one for keys and values");
        if (norms.shares().isPresent()) {
          checkShares(place + ": norms: shares", segment, norms, norms.shares().get());
        } else {
          owners.put(segment.name(), segment);
        }
      }
      case Beside.Positions positions -> {
        if (positions.counts().isPresent()) {
          checkCounts(place + ": positions: counts", segment, positions.counts().get());
        }
      }
    }
  }

  private void checkCounts(String place, SegmentDeclaration segment, Beside.Counts counts)
      throws PlanException {
    requireRange(place + "_stride", counts.stride(), 0, Integer.MAX_VALUE);
    BufferDeclaration buffer = memory.buffer(place, counts.buffer());
    require(
        buffer.kind() == Kind.STATE && buffer.format() == StorageFormat.I32,
        place,
        "expected state of i32, got %s of %s".formatted(buffer.name(), buffer.format().text()));
    long last = counts.offset() + (long) counts.stride() * (segment.heads().size() - 1);
    require(
        counts.offset() >= 0 && last < memory.elements(buffer),
        place,
        "expected element %d, the last count, among its %d"
            .formatted(counts.offset() < 0 ? counts.offset() : last, memory.elements(buffer)));
  }

  private static void requireList(String place, int first, int pageRows) throws PlanException {
    requireRange(place, first, 0, (Beside.Norms.LISTS - 1L) * pageRows);
    require(
        first % pageRows == 0,
        place,
        "expected a multiple of the %d rows of a page, got %d".formatted(pageRows, first));
  }

  private void checkShares(
      String place, SegmentDeclaration segment, Beside.Norms norms, String name)
      throws PlanException {
    SegmentDeclaration owner = owners.get(name);
    if (owner == null) {
      throw new PlanException(
          Reason.MALFORMED,
          place,
          "expected a segment declared before, with norms and pages of its own, got " + name);
    }
    Beside owned = owner.beside().orElseThrow();
    SegmentDeclaration expected =
        owner
            .of(segment.name(), segment.layer())
            .withBeside(
                new Beside.Norms(
                    owned.pool(),
                    owned.tableOffset(),
                    norms.keyNorms(),
                    norms.valueNorms(),
                    norms.shares()));
    require(
        owner.layer() != segment.layer() && expected.equals(segment),
        place,
        "expected a segment of another layer that is like %s but for its norms".formatted(name));
  }

  /** Rows never outgrow their pages, so that no page is used again. */
  private void checkRows(String place, SegmentDeclaration segment, long most) throws PlanException {
    CompiledExpression rows;
    try {
      rows = segment.rows().compile(counters);
    } catch (ExpressionException e) {
      throw new PlanException(Reason.MALFORMED, place, e.getMessage(), e);
    }
    boolean marked =
        plan.program().marks().stream().map(Mark::name).anyMatch(rows.counters()::contains);
    require(
        marked && !rows.counters().contains(CounterIndex.TOKENS),
        place,
        "expected rows that depend on a mark and not on tokens");
    Optional<String> problem = proof.refute(rows, marks.stepped(), new Range(0, most));
    if (problem.isPresent()) {
      throw new PlanException(Reason.MALFORMED, place, problem.get());
    }
  }
}
