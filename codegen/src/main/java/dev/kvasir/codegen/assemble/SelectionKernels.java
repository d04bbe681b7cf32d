package dev.kvasir.codegen.assemble;

import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.CandidatePositions;
import dev.kvasir.codegen.skeleton.CandidateRoom;
import dev.kvasir.codegen.skeleton.Candidates;
import dev.kvasir.codegen.skeleton.ChooseRows;
import dev.kvasir.codegen.skeleton.CommitChoice;
import dev.kvasir.codegen.skeleton.CompactRows;
import dev.kvasir.codegen.skeleton.GatherKept;
import dev.kvasir.codegen.skeleton.KeepQuery;
import dev.kvasir.codegen.skeleton.ObservedMass;
import dev.kvasir.codegen.skeleton.PackPages;
import dev.kvasir.codegen.skeleton.RebuildRows;
import dev.kvasir.codegen.skeleton.ScoreRows;
import dev.kvasir.codegen.skeleton.ScoreShape;
import dev.kvasir.codegen.skeleton.StageChosen;
import dev.kvasir.codegen.skeleton.UnpackPages;
import dev.kvasir.codegen.tile.TileSize;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.type.Selection;

/** The kernels of selections, each built when it is first asked for. */
final class SelectionKernels {

  private final ProgramBuilder builder;
  private final SelectionChecks checks;
  private final int listRoom;
  private final CandidateRoom room;

  /**
   * No kernels yet.
   *
   * @param listRoom elements of a list of chosen rows
   * @param room how lists over candidates lie
   */
  SelectionKernels(ProgramBuilder builder, int listRoom, CandidateRoom room) {
    this.builder = builder;
    this.checks = new SelectionChecks(builder.sizes(), listRoom, room);
    this.listRoom = listRoom;
    this.room = room;
  }

  private Candidates.Source source(AttentionShape shape, SelectionTime time) {
    int rebuilt = shape.isMerged() ? listRoom : 0;
    return new Candidates.Source(time.span(), builder.sizes().spanPages(), room, rebuilt);
  }

  private static String suffix(SelectionTime time) {
    return time.span() ? "" : "_full_tail";
  }

  Kernel keepQuery(AttentionShape shape) {
    String name = "keep_query_h%dg%dd%d".formatted(shape.kvHeads(), shape.group(), shape.keyDim());
    return builder.kernel(
        name,
        "copy of a step's query for the next selection",
        () -> KeepQuery.build(name, shape),
        () -> checks.keepQuery(shape));
  }

  Kernel candidatePositions() {
    String name = "candidate_positions";
    return builder.kernel(
        name,
        "true positions of kept rows, tail and span",
        () -> CandidatePositions.build(name, room, listRoom),
        checks::candidatePositions);
  }

  /**
   * {@return the kernel that sums mass}
   *
   * @param observe queries that are kept for a full tail, of which no more may be read
   */
  Kernel observedMass(AttentionShape shape, SelectionTime time, int observe) {
    int most = builder.sizes().tiles().prefillTokens();
    int tokens = time.span() ? most : Math.min(most, Integer.lowestOneBit(observe));
    String name = "observed_mass_t%d_%s%s".formatted(tokens, shape.text(), suffix(time));
    return builder.kernel(
        name,
        "QK^T + exp(logit - lse) + sum over observed queries and query heads",
        builder.sizes().tiles().byName(TileSize.PREFILL_TOKENS),
        () -> ObservedMass.build(name, shape, tokens, source(shape, time)),
        () -> checks.observedMass(shape, time, tokens));
  }

  Kernel scoreRows(Selection selection, int heads) {
    ScoreShape.Score score =
        switch (selection.score()) {
          case Selection.Max _ -> new ScoreShape.Maximum();
          case Selection.Average _ -> new ScoreShape.Average();
          case Selection.ByTask _ -> new ScoreShape.ByTask();
          case Selection.Random(int seed, int _) -> new ScoreShape.Random(seed);
        };
    ScoreShape shape =
        new ScoreShape(
            selection.perHead() ? 1 : heads,
            selection.window(),
            selection.pool(),
            score,
            room.elements());
    String name =
        "score_rows_%s_h%dw%dp%d"
            .formatted(text(selection.score()), shape.heads(), shape.window(), shape.pool());
    return builder.kernel(
        name,
        "pooling or windows + sum over heads",
        () -> ScoreRows.build(name, shape),
        () -> checks.scoreRows(shape));
  }

  private static String text(Selection.Score score) {
    return switch (score) {
      case Selection.Max _ -> "max";
      case Selection.Average _ -> "average";
      case Selection.ByTask _ -> "by_task";
      case Selection.Random(int seed, int _) -> "random" + Integer.toUnsignedString(seed);
    };
  }

  Kernel chooseRows(Selection selection) {
    String name = "choose_rows_w" + selection.window();
    return builder.kernel(
        name,
        "bisected threshold + list of chosen rows",
        () -> ChooseRows.build(name, selection.window(), room.elements(), listRoom),
        () -> checks.chooseRows(selection.window()));
  }

  Kernel compactRows(AttentionShape shape, SelectionTime time) {
    String name = "compact_rows_" + shape.text() + suffix(time);
    return builder.kernel(
        name,
        "copy of chosen rows to kept pages, in place",
        () -> CompactRows.build(name, shape, source(shape, time), listRoom),
        () -> checks.compactRows(shape, time));
  }

  Kernel unpackPages(AttentionShape shape) {
    String name = "unpack_pages_" + shape.text();
    return builder.kernel(
        name,
        "decoding of kept rows",
        () -> UnpackPages.build(name, shape, listRoom),
        () -> checks.unpackPages(shape));
  }

  Kernel rebuildRows(AttentionShape shape) {
    String name = "rebuild_rows_" + shape.text();
    return builder.kernel(
        name,
        "norm * direction of kept rows, or their originals",
        () -> RebuildRows.build(name, shape, listRoom),
        () -> checks.rebuildRows(shape));
  }

  Kernel stageChosen(AttentionShape shape, SelectionTime time) {
    String name = "stage_chosen_" + shape.text() + suffix(time);
    return builder.kernel(
        name,
        "copy of chosen rows of a layer that are merged next",
        () -> StageChosen.build(name, shape, source(shape, time), listRoom),
        () -> checks.stageChosen(shape, time));
  }

  Kernel gatherKept(AttentionShape shape, SelectionTime time) {
    String name = "gather_kept_" + shape.text() + suffix(time);
    return builder.kernel(
        name,
        "copy of chosen rows to pages that are packed next",
        () -> GatherKept.build(name, shape, source(shape, time), listRoom),
        () -> checks.gatherKept(shape, time));
  }

  Kernel packChosen(AttentionShape shape) {
    String name = "pack_chosen_" + shape.text();
    return builder.kernel(
        name,
        "least value + step + codes of full pages of chosen rows",
        () -> PackPages.ofChosen(name, shape, listRoom),
        () -> checks.packChosen(shape));
  }

  Kernel openPage(AttentionShape shape) {
    String name = "open_kept_" + shape.text();
    return builder.kernel(
        name,
        "copy of chosen rows behind the last full page",
        () -> GatherKept.openPage(name, shape, listRoom),
        () -> checks.openPage(shape));
  }

  Kernel commitChoice() {
    String name = "commit_choice";
    return builder.kernel(
        name,
        "positions and number of the rows kept from now on",
        () -> CommitChoice.build(name, listRoom),
        checks::commitChoice);
  }
}
