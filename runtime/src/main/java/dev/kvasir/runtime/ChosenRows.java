package dev.kvasir.runtime;

import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.program.SegmentDeclaration.Chosen;
import dev.kvasir.runtime.backend.Workspace;
import java.lang.foreign.MemorySegment;

/** Reads from a session's state which rows a segment holds that were chosen. */
final class ChosenRows {

  private final Chosen chosen;
  private final MemorySegment positions;
  private final RowCounts counts;

  /**
   * @param counts how many they are
   */
  ChosenRows(Chosen chosen, RowCounts counts, SessionMemory memory, Workspace workspace) {
    this.chosen = chosen;
    this.counts = counts;
    positions = memory.buffer(chosen.positions());
    workspace.read(positions, StorageFormat.I32);
  }

  /** {@return how many rows the i-th listed head holds, see {@link RowCounts#count(int)}} */
  int count(int head) {
    return counts.count(head);
  }

  /** {@return the true position of a row of the i-th listed head} */
  int position(int head, int row) {
    long element = chosen.positionsOffset() + (long) head * chosen.positionsStride() + row;
    return positions.get(Formats.INT, element * Integer.BYTES);
  }
}
