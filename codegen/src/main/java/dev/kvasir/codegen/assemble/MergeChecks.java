package dev.kvasir.codegen.assemble;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.CachedPages;
import dev.kvasir.codegen.skeleton.MergeBatch;
import dev.kvasir.codegen.skeleton.NormPages;
import dev.kvasir.codegen.skeleton.PagedRows;
import dev.kvasir.plans.program.Beside;
import java.util.List;
import java.util.stream.IntStream;

/** Check cases of merges: one head, a batch that begins within a page and goes on in the next. */
final class MergeChecks {

  private static final int PAGE_ROWS = SegmentPart.PAGE_ROWS;

  /** Rows of the first page that are merged already. */
  private static final int BEFORE = 40;

  /** Rows of the tails, and of the span behind them: the second page lies in it as a whole. */
  private static final int TAIL = 14;

  private static final int SPAN = 2 * PAGE_ROWS - BEFORE - TAIL;

  /** Rows of a tail that goes on in the second page. */
  private static final int LONG_TAIL = PAGE_ROWS - BEFORE + 3;

  /** Pages of a pool: two neighbours never share one. */
  private static final int POOL_PAGES = 2;

  private static final int RETAINED_FROM = 62;
  private static final int RETAINED = 5;

  private final PlanSizes sizes;

  MergeChecks(PlanSizes sizes) {
    this.sizes = sizes;
  }

  /** {@return rows that are merged already: some pages, where that many differ} */
  private int from() {
    return sizes.context() >= 4 * PAGE_ROWS
        ? PAGE_ROWS + BEFORE
        : Math.min(BEFORE, sizes.context() / 2);
  }

  private int rows(MergeBatch batch) {
    int most = batch.hasSpan() ? TAIL + Math.min(SPAN, sizes.span()) : LONG_TAIL;
    return Math.min(Math.min(most, batch.most()), Math.max(1, sizes.context() - from()));
  }

  private int inTail(MergeBatch batch) {
    return batch.hasSpan() ? Math.min(TAIL, rows(batch) - 1) : rows(batch);
  }

  private int retained(MergeBatch batch) {
    return Math.min(RETAINED, rows(batch));
  }

  CheckCase stage(AttentionShape shape, MergeBatch batch) {
    CheckCase.Builder check = CheckCase.grid(1, 1, batch.stagedPages());
    return staged(rows(check, shape, batch), shape, batch).ints("table", table(shape)).build();
  }

  CheckCase mergeRows(AttentionShape shape, MergeBatch batch) {
    int pages = Math.ceilDiv(from() + rows(batch), PAGE_ROWS) - from() / PAGE_ROWS;
    CheckCase.Builder check = CheckCase.grid(1, 1, pages);
    return shared(staged(rows(check, shape, batch), shape, batch), shape, batch)
        .floats("scores", batch.room())
        .floats("refused", pages)
        .build();
  }

  CheckCase chooseRetained(MergeBatch batch) {
    return CheckCase.grid(1, 1)
        .dim(MergeBatch.FROM, from())
        .dim(MergeBatch.TO, from() + rows(batch))
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
    return shared(rows(check, shape, batch), shape, batch)
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
    CheckCase.Builder check = CheckCase.grid(1, 1);
    return closing(check, shape, batch)
        .dim(MergeBatch.FROM, from())
        .dim(MergeBatch.TO, from() + rows(batch))
        .dim(shared.name() + "_table", 0)
        .ints("table", table(shape))
        .floats(CachedPages.pages(shared), POOL_PAGES * shape.pageElements())
        .build();
  }

  /** Adds where a batch lies and is read from. */
  private CheckCase.Builder rows(CheckCase.Builder check, AttentionShape shape, MergeBatch batch) {
    check.dim(MergeBatch.TAIL_ROWS, inTail(batch)).dim(MergeBatch.TO, from() + rows(batch));
    // Of positive rows: where two directions cancel, the last digits of what is left are anything.
    for (String side : List.of("lower", "upper")) {
      check.dim(side + "_tail_table", 0).positive("tail_" + side, shape.pageElements());
      if (batch.hasSpan()) {
        int span = rows(batch) - inTail(batch);
        check
            .positive("k_" + side, span * shape.kvHeads() * shape.keyDim())
            .positive("v_" + side, span * shape.kvHeads() * shape.valueDim());
      }
    }
    return check.dim(MergeBatch.FROM, from());
  }

  private static CheckCase.Builder staged(
      CheckCase.Builder check, AttentionShape shape, MergeBatch batch) {
    int elements = batch.stagedPages() * shape.pageElements();
    return check.positive("staged_lower", elements).positive("staged_upper", elements);
  }

  /** Adds where directions and norms go. */
  private static CheckCase.Builder shared(
      CheckCase.Builder check, AttentionShape shape, MergeBatch batch) {
    SegmentPart shared = shape.segments().getFirst();
    return closing(check, shape, batch)
        .dim(shared.name() + "_table", 0)
        .ints("table", table(shape))
        .dim(NormPages.TABLE, 0)
        .floats(NormPages.NORMS, POOL_PAGES * Beside.Norms.LISTS * PAGE_ROWS)
        .floats(CachedPages.pages(shared), POOL_PAGES * shape.pageElements());
  }

  private static CheckCase.Builder closing(
      CheckCase.Builder check, AttentionShape shape, MergeBatch batch) {
    if (shape.segments().getFirst().packing().isPresent()) {
      check.floats("closing", batch.pages() * shape.pageElements());
    }
    return check;
  }

  /** Neighbouring pages of a segment are different ones of the pool. */
  private static List<Integer> table(AttentionShape shape) {
    int entries = Math.max(shape.segments().getFirst().tableEntries(shape.context()), 4);
    return IntStream.range(0, entries).map(page -> page % POOL_PAGES).boxed().toList();
  }
}
