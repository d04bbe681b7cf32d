package dev.kvasir.runtime;

import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.program.SegmentDeclaration;
import dev.kvasir.plans.program.SegmentDeclaration.Means;
import dev.kvasir.runtime.backend.Workspace;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;

/** Copies the rows that stand for what a segment has dropped out of a session's state. */
final class MeanRows {

  private MeanRows() {}

  /**
   * {@return a copy of the row of each head, without rows while nothing is gone}
   *
   * @param dropped rows of each head that are gone
   */
  static SegmentSnapshot snapshot(
      SegmentDeclaration segment,
      Means means,
      SessionMemory memory,
      Workspace workspace,
      long dropped) {
    MemorySegment state = memory.buffer(means.buffer());
    workspace.read(state, StorageFormat.F32);
    int heads = segment.heads().size();
    int keyDim = segment.keyDim();
    int valueDim = segment.valueDim();
    int rows = dropped > 0 ? 1 : 0;
    float[] keys = new float[heads * rows * keyDim];
    float[] values = new float[heads * rows * valueDim];
    for (int head = 0; head < heads * rows; head++) {
      long start = means.offset() + (long) head * (keyDim + valueDim);
      copy(state, start, keys, head * keyDim, keyDim);
      copy(state, start + keyDim, values, head * valueDim, valueDim);
    }
    int[] positions = new int[heads * rows];
    Arrays.fill(positions, SegmentSnapshot.SYNTHETIC);
    float[] bias = new float[heads * rows];
    Arrays.fill(bias, (float) Math.log((double) dropped));
    return new SegmentSnapshot(
        segment.name() + ".mean",
        segment.layer(),
        segment.heads(),
        rows,
        positions,
        keyDim,
        valueDim,
        keys,
        values,
        Optional.empty(),
        Optional.empty(),
        Optional.of(bias),
        StorageFormat.F32.bytes((long) heads * (keyDim + valueDim)));
  }

  private static void copy(
      MemorySegment state, long element, float[] target, int start, int elements) {
    for (int column = 0; column < elements; column++) {
      target[start + column] = Formats.get(StorageFormat.F32, state, element + column);
    }
  }
}
