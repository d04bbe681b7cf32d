package dev.kvasir.codegen.assemble;

import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.ChooseRetained;
import dev.kvasir.codegen.skeleton.CountRetained;
import dev.kvasir.codegen.skeleton.MergeBatch;
import dev.kvasir.codegen.skeleton.MergeRows;
import dev.kvasir.codegen.skeleton.OpenShared;
import dev.kvasir.codegen.skeleton.PackPages;
import dev.kvasir.codegen.skeleton.RetainRows;
import dev.kvasir.codegen.skeleton.StageMerged;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.type.Merge;

/** The kernels of merges, each built when it is first asked for. */
final class MergeKernels {

  private final ProgramBuilder builder;
  private final MergeChecks checks;

  MergeKernels(ProgramBuilder builder) {
    this.builder = builder;
    this.checks = new MergeChecks(builder.sizes());
  }

  private static String suffix(MergeBatch batch) {
    // Chosen rows are collected before, at either time.
    return batch.hasSpan() || batch.isChosen() ? "" : "_full_tail";
  }

  Kernel stage(AttentionShape shape, MergeBatch batch) {
    String name = "stage_merged_" + shape.text() + suffix(batch);
    return builder.kernel(
        name,
        "rows of two layers as they will lie in shared pages",
        () -> StageMerged.build(name, shape, batch),
        () -> checks.stage(shape, batch));
  }

  Kernel mergeRows(AttentionShape shape, Merge merge, MergeBatch batch) {
    String t = merge.t().movePointRight(Merge.DECIMALS).toBigInteger().toString();
    String name = "merge_rows_t" + t + "_" + shape.text() + suffix(batch);
    return builder.kernel(
        name,
        "angles + norms + SLERP of two layers' rows",
        () -> MergeRows.build(name, shape, batch, merge.t().doubleValue()),
        () -> checks.mergeRows(shape, batch));
  }

  Kernel chooseRetained(AttentionShape shape, MergeBatch batch) {
    String rows = batch.isChosen() ? "of_chosen" : "tail" + tail(shape);
    String name = "choose_retained_" + rows + suffix(batch);
    return builder.kernel(
        name,
        "bisected threshold + list of retained rows",
        () -> ChooseRetained.build(name, shape, batch),
        () -> checks.chooseRetained(batch));
  }

  private static int tail(AttentionShape shape) {
    return shape.segments().getLast().segment().rows();
  }

  /**
   * {@return the kernel that counts what is retained of chosen rows}
   *
   * @param listRoom elements of a list of chosen rows
   */
  Kernel countRetained(AttentionShape shape, Merge merge, int listRoom) {
    String name =
        "count_retained_%dof%d".formatted(merge.retainNumerator(), merge.retainDenominator());
    return builder.kernel(
        name,
        "number of retained rows of each list",
        () -> CountRetained.build(name, shape.segments().get(1), merge, listRoom),
        checks::countRetained);
  }

  Kernel retainRows(AttentionShape shape, MergeBatch batch) {
    String name = "retain_rows_" + shape.text() + suffix(batch);
    return builder.kernel(
        name,
        "copy of retained rows of two layers, whose directions are hidden",
        () -> RetainRows.build(name, shape, batch),
        () -> checks.retainRows(shape, batch));
  }

  Kernel packMerged(AttentionShape shape, MergeBatch batch) {
    String name = "pack_merged_" + shape.text() + suffix(batch);
    return builder.kernel(
        name,
        "least value + step + codes of full pages of directions",
        () -> PackPages.ofMerged(name, shape, batch),
        () -> checks.packMerged(shape));
  }

  Kernel openShared(AttentionShape shape, MergeBatch batch) {
    String name = "open_shared_" + shape.text() + suffix(batch);
    return builder.kernel(
        name,
        "copy of directions behind the last full page",
        () -> OpenShared.build(name, shape, batch),
        () -> checks.openShared(shape, batch));
  }
}
