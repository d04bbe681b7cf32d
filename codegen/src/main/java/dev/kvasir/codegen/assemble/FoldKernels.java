package dev.kvasir.codegen.assemble;

import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.Candidates;
import dev.kvasir.codegen.skeleton.CommitFold;
import dev.kvasir.codegen.skeleton.CompactRows;
import dev.kvasir.codegen.skeleton.FoldLists;
import dev.kvasir.codegen.skeleton.FoldRows;
import dev.kvasir.codegen.skeleton.FoldShape;
import dev.kvasir.codegen.skeleton.GatherKept;
import dev.kvasir.codegen.skeleton.MovedMass;
import dev.kvasir.codegen.skeleton.ObservedMass;
import dev.kvasir.codegen.skeleton.PackPages;
import dev.kvasir.codegen.skeleton.RestRows;
import dev.kvasir.codegen.skeleton.StepMass;
import dev.kvasir.codegen.skeleton.StoreMixed;
import dev.kvasir.codegen.skeleton.UnpackPages;
import dev.kvasir.codegen.tile.TileSize;
import dev.kvasir.ir.kernel.Kernel;
import java.util.function.Function;
import java.util.function.Supplier;

/** The kernels of folds, each built when it is first asked for. */
final class FoldKernels {

  /** Mixed slots of a tile where sums and weights lie in caches. */
  private static final int MOST_SLOTS = 64;

  private final ProgramBuilder builder;

  FoldKernels(ProgramBuilder builder) {
    this.builder = builder;
  }

  private Candidates.Source source(FoldShape fold, SelectionTime time) {
    return new Candidates.Source(time.span(), builder.sizes().spanPages(), fold.room());
  }

  private Kernel kernel(
      String name,
      String summary,
      FoldShape fold,
      Function<String, Kernel> build,
      Function<FoldChecks, CheckCase> check) {
    Supplier<CheckCase> checked = () -> check.apply(new FoldChecks(builder.sizes(), fold));
    return builder.kernel(name, summary, () -> build.apply(name), checked);
  }

  Kernel stepMass(FoldShape fold) {
    return kernel(
        "step_mass_" + fold.text(),
        "QK^T + exp(logit - lse) + sum over query heads and steps",
        fold,
        name -> StepMass.build(name, fold),
        FoldChecks::stepMass);
  }

  Kernel carryMass(FoldShape fold) {
    return kernel(
        "carry_mass_m%d".formatted(fold.massRoom()),
        "sums of mass over steps go on behind a span",
        fold,
        name -> MovedMass.carry(name, fold),
        FoldChecks::carryMass);
  }

  Kernel takeMass(FoldShape fold) {
    return kernel(
        "take_mass_m%dn%d".formatted(fold.fold().slots(), fold.candidates()),
        "sums of mass over steps are handed to a fold",
        fold,
        name -> MovedMass.take(name, fold),
        FoldChecks::takeMass);
  }

  /** {@return the kernel that sums mass over all queries of a span} */
  Kernel observedMass(FoldShape fold) {
    AttentionShape shape = fold.attention();
    int tokens = builder.sizes().tiles().prefillTokens();
    String name = "fold_mass_t%d_%s".formatted(tokens, fold.text());
    return builder.kernel(
        name,
        "QK^T + exp(logit - lse) + sum over a span's queries and query heads",
        builder.sizes().tiles().byName(TileSize.PREFILL_TOKENS),
        () -> ObservedMass.build(name, shape, tokens, source(fold, SelectionTime.SPAN)),
        () -> new FoldChecks(builder.sizes(), fold).observedMass(tokens));
  }

  Kernel foldLists(FoldShape fold) {
    return kernel(
        "fold_lists_m%dh%dn%d"
            .formatted(fold.fold().slots(), fold.fold().mixed(), fold.candidates()),
        "bisected thresholds + lists of rows that stay and rows that are mixed",
        fold,
        name -> FoldLists.build(name, fold),
        FoldChecks::foldLists);
  }

  Kernel unpackPages(FoldShape fold) {
    return kernel(
        "unpack_slots_" + fold.attention().text(),
        "decoding of slots",
        fold,
        name -> UnpackPages.build(name, fold.attention(), fold.slotRoom()),
        FoldChecks::unpackPages);
  }

  Kernel restRows(FoldShape fold, SelectionTime time) {
    return kernel(
        "rest_rows_" + fold.text(),
        "copy of rows that are mixed, with zeros around",
        fold,
        name -> RestRows.gather(name, fold, source(fold, time)),
        checks -> checks.restRows(time));
  }

  Kernel restColumns(FoldShape fold) {
    return kernel(
        "rest_columns_c%dk%dn%d".formatted(fold.channels(), fold.fold().kernel(), fold.mostRest()),
        "rows that are mixed column by column",
        fold,
        name -> RestRows.columns(name, fold),
        FoldChecks::restColumns);
  }

  Kernel compactRows(FoldShape fold, SelectionTime time) {
    return kernel(
        "compact_rows_" + fold.text(),
        "copy of verbatim rows to the first slots, in place",
        fold,
        name -> CompactRows.build(name, fold.attention(), source(fold, time), fold.slotRoom()),
        checks -> checks.compactRows(time));
  }

  Kernel gatherRows(FoldShape fold, SelectionTime time) {
    return kernel(
        "gather_slots_" + fold.text(),
        "copy of verbatim rows to pages that are packed next",
        fold,
        name -> GatherKept.build(name, fold.attention(), source(fold, time), fold.slotRoom()),
        checks -> checks.gatherRows(time));
  }

  /** {@return mixed slots that one grid point makes at most} */
  int tileSlots(FoldShape fold) {
    int most =
        builder.sizes().profile().localBytes().stream()
            .map(bytes -> FoldRows.slotsWithin(fold, bytes))
            .findFirst()
            .orElse(MOST_SLOTS);
    return Math.min(fold.fold().mixed(), Math.min(most, MOST_SLOTS));
  }

  Kernel foldRows(FoldShape fold, int slots) {
    return kernel(
        "fold_rows_c%dt%dm%dk%dn%d"
            .formatted(
                fold.channels(), slots, fold.fold().mixed(), fold.fold().kernel(), fold.mostRest()),
        "convolution + ReLU + softmax over rows + mix of keys and values",
        fold,
        name -> FoldRows.build(name, fold, slots),
        checks -> checks.foldRows(slots));
  }

  Kernel storeMixed(FoldShape fold) {
    return kernel(
        "store_mixed_" + fold.text(),
        "mixed rows and their own rows + page layout + rounding",
        fold,
        name -> StoreMixed.build(name, fold),
        FoldChecks::storeMixed);
  }

  Kernel packSlots(FoldShape fold) {
    return kernel(
        "pack_slots_" + fold.attention().text(),
        "least value + step + codes of full pages of slots",
        fold,
        name -> PackPages.ofChosen(name, fold.attention(), fold.slotRoom()),
        FoldChecks::packSlots);
  }

  Kernel openPage(FoldShape fold) {
    return kernel(
        "open_slots_" + fold.attention().text(),
        "copy of slots behind the last full page",
        fold,
        name -> GatherKept.openPage(name, fold.attention(), fold.slotRoom()),
        FoldChecks::openPage);
  }

  Kernel commitFold(FoldShape fold, SelectionTime time) {
    return kernel(
        "commit_fold_m%dh%d%s"
            .formatted(fold.fold().slots(), fold.fold().mixed(), time.span() ? "" : "_full_tail"),
        "positions of slots from now on",
        fold,
        name -> CommitFold.build(name, fold, time.span()),
        FoldChecks::commitFold);
  }
}
