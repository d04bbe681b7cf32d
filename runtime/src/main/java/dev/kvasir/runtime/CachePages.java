package dev.kvasir.runtime;

import dev.kvasir.plans.Manifest;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.runtime.backend.Workspace;
import java.util.ArrayList;
import java.util.List;

/** Which pages of the family's pools the segments of a session hold. */
final class CachePages {

  private final SegmentPages[] segments;
  private final SessionMemory memory;
  private final Workspace workspace;
  private final int pageRows;
  private final int context;
  private final int maxSpan;
  private final Marks marks;
  private final long[] counters;

  CachePages(Plan plan, SessionMemory memory, Workspace workspace, Marks marks) {
    this.memory = memory;
    this.marks = marks;
    counters = marks.counters();
    this.workspace = workspace;
    Manifest manifest = plan.manifest();
    pageRows = manifest.pageRows();
    context = manifest.context();
    maxSpan = manifest.span();
    CounterIndex index = CounterIndex.ofProgram(plan.program());
    segments =
        plan.program().segments().stream()
            .map(segment -> new SegmentPages(segment, index, memory, workspace, pageRows))
            .toArray(SegmentPages[]::new);
  }

  /**
   * Makes the tables cover a run that begins with {@code position} tokens in the cache and ends
   * with {@code tokens}, and the rules after it.
   */
  void cover(int position, int tokens) {
    for (SegmentPages segment : segments) {
      segment.cover(rows(segment, position), rows(segment, tokens));
    }
  }

  /** Takes over the pages of a session with {@code position} tokens in the cache. */
  void fork(CachePages source, int position) {
    for (int i = 0; i < segments.length; i++) {
      segments[i].fork(source.segments[i], rows(segments[i], position));
    }
  }

  /** Gives all pages back. */
  void release() {
    for (SegmentPages segment : segments) {
      segment.release();
    }
  }

  /**
   * {@return whether computing rows from {@code position} to {@code tokens}, rules not counted,
   * overwrites rows that the token at {@code position} can see}
   */
  boolean overwritesVisibleRows(int position, int tokens) {
    for (SegmentPages segment : segments) {
      long after = rows(segment, tokens);
      long before = rows(segment, position);
      if (segment.overwritesVisibleRows(before, after, segment.firstPosition(counters), position)) {
        return true;
      }
    }
    return false;
  }

  /** {@return what is held with {@code tokens} true tokens in the cache} */
  CacheStats stats(int tokens) {
    SessionMemory.Sizes sizes = memory.sizes();
    long allocated = sizes.resident();
    long shared = 0;
    long kept = 0;
    long evicted = 0;
    for (SegmentPages segment : segments) {
      int heads = segment.segment().heads().size();
      long rows = rows(segment, tokens);
      long first = segment.firstRow(rows);
      allocated += segment.bytes();
      shared += segment.sharedBytes();
      kept += (rows - first) * heads;
      evicted += first * heads;
    }
    return new CacheStats(allocated, shared, kept, tokens, evicted, sizes.cache());
  }

  /** {@return the bytes that the session and its family hold, shared pages counted once} */
  long familyBytes() {
    return memory.pages().allocatedBytes();
  }

  /** {@return copies of all rows held with {@code tokens} true tokens in the cache} */
  List<SegmentSnapshot> snapshots(int tokens) {
    List<SegmentSnapshot> snapshots = new ArrayList<>();
    for (SegmentPages segment : segments) {
      snapshots.add(
          SegmentReader.snapshot(
              segment,
              memory,
              workspace,
              pageRows,
              rows(segment, tokens),
              segment.firstPosition(counters)));
    }
    return List.copyOf(snapshots);
  }

  private long rows(SegmentPages segment, int tokens) {
    CounterIndex.set(counters, context, maxSpan, tokens, 0);
    marks.write(counters);
    return segment.rows(counters);
  }
}
