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

  /** Chosen rows: a page and a bit. */
  private static final int CHOSEN = PAGE_ROWS + 3;

  private static final int RETAINED_FROM = 62;
  private static final int RETAINED = 5;

  private final PlanSizes sizes;

  MergeChecks(PlanSizes sizes) {
    this.sizes = sizes;
  }

  /** {@return rows that are merged already: some pages, where that many differ} */
  private int from(MergeBatch batch) {
    if (batch.isChosen()) {
      return 0;
    }
    return sizes.context() >= 4 * PAGE_ROWS
        ? PAGE_ROWS + BEFORE
        : Math.min(BEFORE, sizes.context() / 2);
  }

  private int rows(MergeBatch batch) {
    if (batch.isChosen()) {
      return Math.min(CHOSEN, batch.tail());
    }
    int most = batch.hasSpan() ? TAIL + Math.min(SPAN, sizes.span()) : LONG_TAIL;
    return Math.min(Math.min(most, batch.most()), Math.max(1, sizes.context() - from(batch)));
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
    int pages = pages(batch);
    CheckCase.Builder check = CheckCase.grid(1, 1, pages);
    return shared(staged(rows(check, shape, batch), shape, batch), shape, batch)
        .floats("scores", room(batch))
        .floats("refused", pages)
        .build();
  }

  CheckCase chooseRetained(MergeBatch batch) {
    CheckCase.Builder check = CheckCase.grid(1, 1);
    return retained(batch.isChosen() ? lists(check, batch) : span(check, batch), batch)
        .positive("scores", room(batch))
        .floats("chosen", room(batch))
        .build();
  }

  /** Of three lists. */
  CheckCase countRetained() {
    return CheckCase.grid(1, 3)
        .dim(PagedRows.FIRST_LIST, 0)
        .dim("retained" + PagedRows.LISTS, 3)
        .ints("chosen_counts", List.of(CHOSEN, 0, 1))
        .floats(PagedRows.COUNTS, 6)
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
    CheckCase.Builder rows = retained(rows(check, shape, batch), batch);
    if (batch.isChosen()) {
      staged(rows, shape, batch);
    }
    return shared(rows, shape, batch)
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
        .dim(MergeBatch.FROM, from(batch))
        .dim(MergeBatch.TO, from(batch) + rows(batch))
        .dim(shared.name() + "_table", 0)
        .ints("table", table(shape))
        .floats(CachedPages.pages(shared), POOL_PAGES * shape.pageElements())
        .build();
  }

  /** {@return elements of a list over the rows that are looked at} */
  private int room(MergeBatch batch) {
    return batch.isChosen() ? MergeBatch.ofChosen(pages(batch) * PAGE_ROWS).room() : batch.room();
  }

  private int pages(MergeBatch batch) {
    return Math.ceilDiv(from(batch) + rows(batch), PAGE_ROWS) - from(batch) / PAGE_ROWS;
  }

  private CheckCase.Builder span(CheckCase.Builder check, MergeBatch batch) {
    return check.dim(MergeBatch.FROM, from(batch)).dim(MergeBatch.TO, from(batch) + rows(batch));
  }

  /** Adds a list of chosen rows, and how many of them are retained. */
  private CheckCase.Builder lists(CheckCase.Builder check, MergeBatch batch) {
    int rows = rows(batch);
    return check
        .dim(PagedRows.FIRST_LIST, 0)
        .dim(PagedRows.LIST_STRIDE, 0)
        .dim("retained" + PagedRows.LISTS, 1)
        .ints(PagedRows.COUNTS, List.of(rows, retained(batch)))
        .ints("chosen_counts", List.of(rows))
        .ints("chosen_positions", IntStream.range(0, rows).map(row -> 3 * row).boxed().toList());
  }

  private CheckCase.Builder retained(CheckCase.Builder check, MergeBatch batch) {
    return check
        .dim(MergeBatch.RETAINED_FROM, RETAINED_FROM)
        .dim(MergeBatch.RETAINED_TO, RETAINED_FROM + retained(batch));
  }

  /** Adds where a batch lies and is read from. */
  private CheckCase.Builder rows(CheckCase.Builder check, AttentionShape shape, MergeBatch batch) {
    if (batch.isChosen()) {
      return lists(check, batch).dim(MergeBatch.CHOSEN_PAGES, pages(batch));
    }
    check.dim(MergeBatch.TAIL_ROWS, inTail(batch)).dim(MergeBatch.TO, from(batch) + rows(batch));
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
    return check.dim(MergeBatch.FROM, from(batch));
  }

  private CheckCase.Builder staged(
      CheckCase.Builder check, AttentionShape shape, MergeBatch batch) {
    int pages = batch.isChosen() ? pages(batch) : batch.stagedPages();
    int elements = pages * shape.pageElements();
    return check.positive("staged_lower", elements).positive("staged_upper", elements);
  }

  /** Adds where directions and norms go. */
  private CheckCase.Builder shared(
      CheckCase.Builder check, AttentionShape shape, MergeBatch batch) {
    SegmentPart shared = shape.segments().getFirst();
    return closing(check, shape, batch)
        .dim(shared.name() + "_table", 0)
        .dim(shared.name() + PagedRows.ENTRIES, shared.tableEntries(shape.context()))
        .ints("table", table(shape))
        .dim(NormPages.TABLE, 0)
        .floats(NormPages.NORMS, POOL_PAGES * Beside.Norms.LISTS * PAGE_ROWS)
        .floats(CachedPages.pages(shared), POOL_PAGES * shape.pageElements());
  }

  private CheckCase.Builder closing(
      CheckCase.Builder check, AttentionShape shape, MergeBatch batch) {
    if (shape.segments().getFirst().packing().isPresent()) {
      int pages = batch.isChosen() ? pages(batch) : batch.pages();
      check.floats("closing", pages * shape.pageElements());
    }
    return check;
  }

  /** Neighbouring pages of a segment are different ones of the pool. */
  private static List<Integer> table(AttentionShape shape) {
    int entries = Math.max(shape.segments().getFirst().tableEntries(shape.context()), 4);
    return IntStream.range(0, entries).map(page -> page % POOL_PAGES).boxed().toList();
  }
}
