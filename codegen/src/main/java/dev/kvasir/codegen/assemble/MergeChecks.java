package dev.kvasir.codegen.assemble;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.CachedPages;
import dev.kvasir.codegen.skeleton.MergeBatch;
import dev.kvasir.codegen.skeleton.NormPages;
import dev.kvasir.codegen.skeleton.PagedRows;
import dev.kvasir.plans.program.Beside;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/** Check cases of merges: one head, a batch that begins within a page and goes on in the next. */
final class MergeChecks {

  private static final int PAGE_ROWS = SegmentPart.PAGE_ROWS;

  /** Rows that are merged already. */
  private static final int FROM = PAGE_ROWS + 40;

  /** Rows of the tails, and of the span behind them. */
  private static final int TAIL = 14;

  private static final int SPAN = 13;
  private static final int RETAINED_FROM = 62;
  private static final int RETAINED = 5;

  private final PlanSizes sizes;

  MergeChecks(PlanSizes sizes) {
    this.sizes = sizes;
  }

  private int rows(MergeBatch batch) {
    int most = batch.span() ? TAIL + Math.min(SPAN, sizes.span()) : TAIL + SPAN;
    return Math.min(most, batch.most());
  }

  private int retained(MergeBatch batch) {
    return Math.min(RETAINED, rows(batch));
  }

  CheckCase mergeRows(AttentionShape shape, MergeBatch batch) {
    int pages = Math.ceilDiv(FROM + rows(batch), PAGE_ROWS) - FROM / PAGE_ROWS;
    CheckCase.Builder check = CheckCase.grid(1, 1, pages);
    return batch(check, shape, batch)
        .floats("scores", batch.room())
        .floats("refused", pages)
        .build();
  }

  CheckCase chooseRetained(MergeBatch batch) {
    return CheckCase.grid(1, 1)
        .dim(MergeBatch.FROM, FROM)
        .dim(MergeBatch.TO, FROM + rows(batch))
        .dim(MergeBatch.RETAINED_FROM, RETAINED_FROM)
        .dim(MergeBatch.RETAINED_TO, RETAINED_FROM + retained(batch))
        .positive("scores", batch.room())
        .floats("chosen", batch.room())
        .build();
  }

  CheckCase retainRows(AttentionShape shape, MergeBatch batch) {
    SegmentPart retained = shape.segments().get(1);
    CheckCase.Builder check = CheckCase.grid(1, 1, 2);
    for (String side : List.of("lower", "upper")) {
      check
          .dim(side + "_retained_table", 0)
          .dim(side + "_positions_table", 0)
          .floats("retained_" + side, 2 * shape.pageElements())
          .floats("positions_" + side, 2 * PAGE_ROWS);
    }
    int last = rows(batch) - 1;
    int first = last - retained(batch) + 1;
    return batch(check, shape, batch)
        .dim(MergeBatch.RETAINED_FROM, RETAINED_FROM)
        .dim(MergeBatch.RETAINED_TO, RETAINED_FROM + retained(batch))
        .dim(retained.name() + PagedRows.ENTRIES, 2)
        .ints("chosen", IntStream.rangeClosed(first, last).boxed().toList())
        .build();
  }

  CheckCase packMerged(AttentionShape shape) {
    SegmentPart shared = shape.segments().getFirst();
    return AttentionChecks.pack(
            CheckCase.grid(1, 1, 1)
                .dim(MergeBatch.FROM, PAGE_ROWS - 1)
                .dim(MergeBatch.TO, PAGE_ROWS),
            shape,
            shared)
        .build();
  }

  CheckCase openShared(AttentionShape shape, MergeBatch batch) {
    SegmentPart shared = shape.segments().getFirst();
    return shared(CheckCase.grid(1, 1), shape, batch)
        .floats(CachedPages.pages(shared), shape.pageElements())
        .build();
  }

  /** Adds where a batch lies, and where it is read from and written to. */
  private CheckCase.Builder batch(CheckCase.Builder check, AttentionShape shape, MergeBatch batch) {
    SegmentPart shared = shape.segments().getFirst();
    int inTail = batch.span() ? Math.min(TAIL, rows(batch) - 1) : rows(batch);
    check.dim(MergeBatch.TAIL_ROWS, inTail);
    // Of positive rows: where two directions cancel, the last digits of what is left are anything.
    for (String side : List.of("lower", "upper")) {
      check.dim(side + "_tail_table", 0).positive("tail_" + side, shape.pageElements());
      if (batch.span()) {
        int span = rows(batch) - inTail;
        check
            .positive("k_" + side, span * shape.kvHeads() * shape.keyDim())
            .positive("v_" + side, span * shape.kvHeads() * shape.valueDim());
      }
    }
    return shared(check, shape, batch)
        .dim(NormPages.TABLE, 0)
        .floats(NormPages.NORMS, Beside.Norms.LISTS * PAGE_ROWS)
        .floats(CachedPages.pages(shared), shape.pageElements());
  }

  /** Every page is page 0. */
  private CheckCase.Builder shared(
      CheckCase.Builder check, AttentionShape shape, MergeBatch batch) {
    SegmentPart shared = shape.segments().getFirst();
    int entries = Math.max(shared.tableEntries(shape.context()), FROM / PAGE_ROWS + 2);
    if (shared.packing().isPresent()) {
      check.floats("closing", batch.pages() * shape.pageElements());
    }
    return check
        .dim(MergeBatch.FROM, FROM)
        .dim(MergeBatch.TO, FROM + rows(batch))
        .dim(shared.name() + "_table", 0)
        .ints("table", Collections.nCopies(entries, 0));
  }
}
