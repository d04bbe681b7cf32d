package dev.kvasir.codegen.assemble;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.CachedPages;
import dev.kvasir.codegen.skeleton.CandidatePositions;
import dev.kvasir.codegen.skeleton.CandidateRoom;
import dev.kvasir.codegen.skeleton.Candidates;
import dev.kvasir.codegen.skeleton.KeepQuery;
import dev.kvasir.codegen.skeleton.ObservedMass;
import dev.kvasir.codegen.skeleton.PackedLayout;
import dev.kvasir.codegen.skeleton.PagedRows;
import dev.kvasir.codegen.skeleton.RebuildRows;
import dev.kvasir.codegen.skeleton.ScoreShape;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/** Check cases of selections: one list, a page and a bit of kept rows, a short tail and span. */
final class SelectionChecks {

  private static final int KEPT = AttentionChecks.KEPT;
  private static final int TAIL = 9;
  private static final int SPAN = 21;
  private static final int OBSERVED = 5;

  /** Tokens at the last selection: more than are kept. */
  private static final int MARK = 150;

  private static final int CHOSEN = SegmentPart.PAGE_ROWS + 3;

  private final PlanSizes sizes;
  private final int listRoom;
  private final CandidateRoom room;

  SelectionChecks(PlanSizes sizes, int listRoom, CandidateRoom room) {
    this.sizes = sizes;
    this.listRoom = listRoom;
    this.room = room;
  }

  CheckCase keepQuery(AttentionShape shape) {
    int width = shape.queryHeads() * shape.keyDim();
    return CheckCase.grid(1, shape.kvHeads())
        .dim(KeepQuery.SLOT, 1)
        .floats("q", width)
        .floats("lse", shape.queryHeads())
        .floats("kept_q", 2 * width)
        .floats("kept_lse", 2 * shape.queryHeads())
        .build();
  }

  CheckCase candidatePositions() {
    return CheckCase.grid(1, 1, Math.ceilDiv(KEPT, SegmentPart.PAGE_ROWS) + 1)
        .dim(PagedRows.FIRST_LIST, 0)
        .dim(CandidatePositions.TAIL_ORIGIN, MARK)
        .dim("more", TAIL)
        .ints("positions", ascending(2 * SegmentPart.PAGE_ROWS, 2))
        .ints(PagedRows.COUNTS, List.of(KEPT))
        .floats("candidate_positions", CandidateRoom.GUARD + KEPT + TAIL)
        .build();
  }

  CheckCase observedMass(AttentionShape shape, SelectionTime time, int tokens) {
    int span = time.span() ? span() : 0;
    int queries = time.span() ? span : OBSERVED;
    int rows = Math.ceilDiv(queries, tokens) * tokens;
    CheckCase.Builder check =
        source(CheckCase.grid(1, 1, 2 + 1 + (time.span() ? 1 : 0)), shape, time)
            .dim(ObservedMass.FIRST_QUERY, queries - Math.min(queries, OBSERVED))
            .dim(ObservedMass.END_QUERY, queries)
            .dim(ObservedMass.QUERY_ORIGIN, MARK + TAIL - (time.span() ? 0 : OBSERVED))
            .ints("ordinals", AttentionChecks.ordinals(sizes))
            .floats("q", rows * shape.queryHeads() * shape.keyDim())
            .positive("lse", rows * shape.queryHeads())
            .floats("mass", CandidateRoom.GUARD + KEPT + TAIL + span);
    if (shape.isMerged()) {
      check.floats(RebuildRows.REBUILT, 2 * shape.pageElements());
    }
    return check.build();
  }

  CheckCase scoreRows(ScoreShape shape) {
    int rows = KEPT + TAIL;
    return CheckCase.grid(1, 1, Math.ceilDiv(rows, SegmentPart.PAGE_ROWS))
        .dim(PagedRows.FIRST_LIST, 0)
        .dim("more", TAIL)
        .dim("protected_from", MARK + TAIL - OBSERVED)
        .dim("salt", 1)
        .dim(ScoreShape.TASK, 1)
        .positive("mass", mass(shape, rows))
        .ints("candidate_positions", candidates())
        .ints(PagedRows.COUNTS, List.of(KEPT))
        .floats("scores", 2 * CandidateRoom.GUARD + rows + CandidateRoom.GUARD)
        .build();
  }

  /** A plan whose selections have fewer candidates has less room for each head. */
  private int mass(ScoreShape shape, int rows) {
    int read = CandidateRoom.of(rows).elements();
    return (shape.heads() - 1) * room.elements() + Math.max(room.elements(), read);
  }

  CheckCase chooseRows(int window) {
    return CheckCase.grid(1, 1)
        .dim(PagedRows.FIRST_LIST, 0)
        .dim("more", TAIL)
        .dim("protected_from", MARK + TAIL - OBSERVED)
        .dim("choose", Math.ceilDiv(CHOSEN / 2, window))
        .positive("scores", candidates().size())
        .ints("candidate_positions", candidates())
        .ints(PagedRows.COUNTS, List.of(KEPT))
        .floats("chosen", listRoom)
        .floats("chosen_positions", listRoom)
        .floats("chosen_counts", 1)
        .build();
  }

  CheckCase compactRows(AttentionShape shape, SelectionTime time) {
    return chosen(source(CheckCase.grid(1, 1), shape, time)).build();
  }

  /** {@return a case of so many blocks of chosen rows, wherever they go} */
  CheckCase.Builder chosenRows(AttentionShape shape, SelectionTime time, int blocks) {
    return chosen(source(CheckCase.grid(1, 1, blocks), shape, time))
        .floats("unpacked", 2 * shape.pageElements());
  }

  CheckCase stageChosen(AttentionShape shape, SelectionTime time) {
    return chosen(source(CheckCase.grid(1, 1, 2), shape, time))
        .floats(RebuildRows.REBUILT, 2 * shape.pageElements())
        .floats("staged", 2 * shape.pageElements())
        .build();
  }

  /** Of closed pages it is directions that are there before. */
  CheckCase rebuildRows(AttentionShape shape) {
    return AttentionChecks.cache(CheckCase.grid(1, 1, 2), shape, MARK)
        .floats(RebuildRows.REBUILT, 2 * shape.pageElements())
        .build();
  }

  CheckCase gatherKept(AttentionShape shape, SelectionTime time) {
    return chosen(source(CheckCase.grid(1, 1, 2), shape, time))
        .floats("closing", 2 * shape.pageElements())
        .floats("unpacked", 2 * shape.pageElements())
        .build();
  }

  CheckCase unpackPages(AttentionShape shape) {
    return AttentionChecks.cache(CheckCase.grid(1, 1, 2), shape, MARK)
        .floats("unpacked", 2 * shape.pageElements())
        .build();
  }

  CheckCase packChosen(AttentionShape shape) {
    SegmentPart kept = shape.kept();
    PackedLayout layout =
        new PackedLayout(kept.packing().orElseThrow(), shape.keyDim(), shape.valueDim());
    return CheckCase.grid(1, 1, 1)
        .dim("chosen_pages", 1)
        .dim(PagedRows.LIST_STRIDE, 0)
        .dim(kept.name() + "_table", 0)
        .dim(kept.name() + PagedRows.ENTRIES, 2)
        .ints("table", table(shape))
        .ints("chosen_counts", List.of(CHOSEN))
        .floats("source", shape.pageElements())
        .floats("refused", 1)
        .floats(PackedLayout.keyCodes(kept), layout.keyElements())
        .floats(PackedLayout.valueCodes(kept), layout.valueElements())
        .floats(PackedLayout.scales(kept), layout.scaleElements())
        .build();
  }

  CheckCase openPage(AttentionShape shape) {
    SegmentPart kept = shape.kept();
    return CheckCase.grid(1, 1)
        .dim(PagedRows.LIST_STRIDE, 0)
        .dim(kept.name() + "_table", 0)
        .dim(kept.name() + PagedRows.ENTRIES, 2)
        .ints("table", table(shape))
        .ints("chosen_counts", List.of(CHOSEN))
        .floats("closing", 2 * shape.pageElements())
        .floats(CachedPages.pages(kept), shape.pageElements())
        .build();
  }

  /** Every page is page 0, the open one too. */
  private static List<Integer> table(AttentionShape shape) {
    SegmentPart kept = shape.kept();
    return Collections.nCopies(kept.isCounted() ? 2 : kept.tableEntries(shape.context()), 0);
  }

  CheckCase commitChoice() {
    return CheckCase.grid(1, 1)
        .dim(PagedRows.FIRST_LIST, 0)
        .ints("chosen_positions", ascending(CHOSEN, 3))
        .ints("chosen_counts", List.of(CHOSEN))
        .floats("positions", CHOSEN)
        .floats(PagedRows.COUNTS, 1)
        .build();
  }

  private int span() {
    return Math.min(SPAN, sizes.span());
  }

  /** Adds where candidates are read from. */
  private CheckCase.Builder source(
      CheckCase.Builder check, AttentionShape shape, SelectionTime time) {
    if (time.span()) {
      check.dim("span", span()).dim("position", MARK + TAIL).floats("raw", shape.pageElements());
    }
    check.dim(Candidates.TAIL_ROWS, TAIL);
    return AttentionChecks.cache(check, shape, MARK);
  }

  /** Adds a list whose rows lie in all places there are. */
  private CheckCase.Builder chosen(CheckCase.Builder check) {
    return check
        .ints("chosen", IntStream.range(KEPT + TAIL - CHOSEN, KEPT + TAIL).boxed().toList())
        .ints("chosen_counts", List.of(CHOSEN));
  }

  /** {@return true positions of all candidates, with guards} */
  private static List<Integer> candidates() {
    return IntStream.range(-CandidateRoom.GUARD, KEPT + TAIL + 2 * CandidateRoom.GUARD)
        .mapToObj(c -> c < KEPT ? 2 * c : MARK + c - KEPT)
        .toList();
  }

  private static List<Integer> ascending(int count, int step) {
    return IntStream.range(0, count).mapToObj(i -> i * step).toList();
  }
}
