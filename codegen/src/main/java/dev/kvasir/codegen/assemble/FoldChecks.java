package dev.kvasir.codegen.assemble;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.CandidateRoom;
import dev.kvasir.codegen.skeleton.FoldRows;
import dev.kvasir.codegen.skeleton.FoldShape;
import dev.kvasir.codegen.skeleton.MovedMass;
import dev.kvasir.codegen.skeleton.StepMass;
import java.util.List;
import java.util.stream.IntStream;

/** Check cases of folds: one head, slots and a short tail, a few rows that are mixed. */
final class FoldChecks {

  private static final int PAGE_ROWS = SegmentPart.PAGE_ROWS;
  private static final int TAIL = 9;
  private static final int REST = 40;

  private final FoldShape fold;
  private final AttentionShape shape;
  private final SelectionChecks rows;

  FoldChecks(PlanSizes sizes, FoldShape fold) {
    this.fold = fold;
    this.shape = fold.attention();
    this.rows = new SelectionChecks(sizes, fold.slotRoom(), fold.room());
  }

  private int slots() {
    return fold.fold().slots();
  }

  private int candidates() {
    return slots() + Math.min(TAIL, fold.fold().block());
  }

  CheckCase stepMass() {
    int held = Math.min(slots(), AttentionChecks.KEPT);
    CheckCase.Builder check =
        CheckCase.grid(1, 1, Math.ceilDiv(held, PAGE_ROWS) + 1)
            .floats("q", shape.queryHeads() * shape.keyDim())
            .positive("lse", shape.queryHeads())
            .floats("mass_before", fold.massRoom())
            .floats("mass_after", fold.massRoom());
    return AttentionChecks.cache(check, shape, 0)
        .dim("held", held)
        .dim("tail_rows", Math.min(TAIL, fold.fold().block()))
        .dim(StepMass.BEFORE, held + 1)
        .build();
  }

  CheckCase observedMass(int tokens) {
    return rows.observedMass(shape, SelectionTime.SPAN, tokens);
  }

  CheckCase carryMass() {
    return CheckCase.grid(1, 1)
        .dim(StepMass.BEFORE, slots())
        .dim("rows_after", candidates())
        .dim(MovedMass.FROM, 1)
        .dim("to", 0)
        .floats("mass_0", fold.massRoom())
        .floats("mass_1", fold.massRoom())
        .build();
  }

  CheckCase takeMass() {
    return CheckCase.grid(1, 1)
        .dim(MovedMass.FROM, 1)
        .floats("mass_0", fold.massRoom())
        .floats("mass_1", fold.massRoom())
        .floats("mass", fold.room().elements())
        .build();
  }

  CheckCase foldLists() {
    int blocks = Math.ceilDiv(candidates(), 2 * CandidateRoom.GUARD);
    return CheckCase.grid(1, 1)
        .dim("candidates", candidates())
        .positive("mass", CandidateRoom.GUARD + blocks * 2 * CandidateRoom.GUARD)
        .floats("chosen", slots())
        .floats("rest", candidates())
        .floats("residual", slots())
        .floats("chosen_counts", 1)
        .floats("rest_counts", 1)
        .floats("slot_counts", 1)
        .build();
  }

  CheckCase unpackPages() {
    return rows.unpackPages(shape);
  }

  CheckCase restRows(SelectionTime time) {
    return rows.chosenRows(shape, time, 2)
        .floats("rest_rows", 2 * PAGE_ROWS * fold.channels())
        .build();
  }

  CheckCase restColumns() {
    int elements = fold.lineElements() * fold.channels();
    return CheckCase.grid(1, 1, 1)
        .floats("rest_rows", elements)
        .floats("rest_columns", elements)
        .build();
  }

  CheckCase compactRows(SelectionTime time) {
    return rows.compactRows(shape, time);
  }

  CheckCase gatherRows(SelectionTime time) {
    return rows.gatherKept(shape, time);
  }

  CheckCase foldRows(int slots) {
    return CheckCase.grid(1, 1, 1)
        .dim(FoldRows.FIRST_SLOT, 0)
        .ints("rest_counts", List.of(REST))
        .floats("rest_rows", (PAGE_ROWS + fold.fold().halo()) * fold.channels())
        .floats("rest_columns", fold.lineElements() * fold.channels())
        .small("weight", slots * fold.fold().kernel() * fold.channels())
        .floats("bias", slots)
        .floats("mixed", slots * fold.channels())
        .build();
  }

  CheckCase storeMixed() {
    int mixed = fold.fold().mixed();
    return AttentionChecks.cache(CheckCase.grid(1, 1), shape, 0)
        .floats("mixed", mixed * fold.channels())
        .floats("rest_rows", (mixed + fold.fold().halo()) * fold.channels())
        .ints("residual", IntStream.range(0, mixed).boxed().toList())
        .floats("alpha", 1)
        .floats("closing", fold.slotRoom() / PAGE_ROWS * shape.pageElements())
        .build();
  }

  CheckCase packSlots() {
    return rows.packChosen(shape);
  }

  CheckCase openPage() {
    return rows.openPage(shape);
  }

  CheckCase commitFold() {
    int verbatim = fold.fold().verbatim();
    int held = Math.min(slots(), AttentionChecks.KEPT);
    int first = held + TAIL - Math.min(verbatim, held);
    return CheckCase.grid(1, 1)
        .dim("held", held)
        .dim("tail_rows", TAIL / 2)
        .dim("tail_origin", slots())
        .dim("position", slots() + TAIL / 2)
        .dim("unfolded", 0)
        .ints("chosen", IntStream.range(first, first + Math.max(1, verbatim)).boxed().toList())
        .ints("positions", IntStream.range(0, slots()).map(slot -> 2 * slot).boxed().toList())
        .floats("counts", 1)
        .build();
  }
}
