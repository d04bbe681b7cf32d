package dev.kvasir.runtime;

import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.program.Beside;
import dev.kvasir.plans.program.SegmentDeclaration;
import dev.kvasir.runtime.backend.Workspace;
import java.lang.foreign.MemorySegment;

/** Reads from a session's state how many rows each head has of a segment that was chosen. */
final class RowCounts {

  private final SegmentDeclaration segment;
  private final Beside.Counts place;
  private final MemorySegment counts;
  private final long room;

  /**
   * @param room rows that each head has room for
   */
  RowCounts(
      SegmentDeclaration segment,
      Beside.Counts place,
      SessionMemory memory,
      Workspace workspace,
      long room) {
    this.segment = segment;
    this.place = place;
    this.room = room;
    counts = memory.buffer(place.buffer());
    workspace.read(counts, StorageFormat.I32);
  }

  /**
   * {@return how many rows the i-th listed head holds}
   *
   * @throws KvasirException {@link ErrorCode#PLAN_INCONSISTENT} when a kernel left another number
   *     there than there is room for
   */
  int count(int head) {
    long element = place.offset() + (long) head * place.stride();
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
}
