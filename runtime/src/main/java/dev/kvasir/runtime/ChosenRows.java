package dev.kvasir.runtime;

import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.program.SegmentDeclaration;
import dev.kvasir.plans.program.SegmentDeclaration.Chosen;
import dev.kvasir.runtime.backend.Workspace;
import java.lang.foreign.MemorySegment;

/** Reads from a session's state which rows a segment holds that were chosen. */
final class ChosenRows {

  private final SegmentDeclaration segment;
  private final Chosen chosen;
  private final MemorySegment positions;
  private final MemorySegment counts;
  private final long room;

  /**
   * @param room rows that each head has room for
   */
  ChosenRows(
      SegmentDeclaration segment,
      Chosen chosen,
      SessionMemory memory,
      Workspace workspace,
      long room) {
    this.segment = segment;
    this.chosen = chosen;
    this.room = room;
    positions = memory.buffer(chosen.positions());
    counts = memory.buffer(chosen.counts());
    workspace.read(positions, StorageFormat.I32);
    workspace.read(counts, StorageFormat.I32);
  }

  /**
   * {@return how many rows the i-th listed head holds}
   *
   * @throws KvasirException {@link ErrorCode#PLAN_INCONSISTENT} when a kernel left another number
   *     there than there is room for
   */
  int count(int head) {
    long element = chosen.countsOffset() + (long) head * chosen.countsStride();
    int count = counts.get(Formats.INT, element * Integer.BYTES);
    if (count < 0 || count > room) {
      throw new KvasirException(
          ErrorCode.PLAN_INCONSISTENT,
          "segment %s holds %d chosen rows of head %d, where it has room for %d; compile the plan again"
              .formatted(segment.name(), count, segment.heads().get(head), room));
    }
    return count;
  }

  /** {@return the rows of all heads} */
  long count() {
    long sum = 0;
    for (int head = 0; head < segment.heads().size(); head++) {
      sum += count(head);
    }
    return sum;
  }

  /** {@return the true position of a row of the i-th listed head} */
  int position(int head, int row) {
    long element = chosen.positionsOffset() + (long) head * chosen.positionsStride() + row;
    return positions.get(Formats.INT, element * Integer.BYTES);
  }
}
