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
  private final Marks marks;
  private final int pageRows;
  private final int context;
  private final int maxSpan;
  private final long[] before;
  private final long[] unmarked;
  private final long[] after;

  CachePages(Plan plan, SessionMemory memory, Workspace workspace, Marks marks) {
    this.memory = memory;
    this.workspace = workspace;
    this.marks = marks;
    before = marks.counters();
    unmarked = marks.counters();
    after = marks.counters();
    Manifest manifest = plan.manifest();
    pageRows = manifest.pageRows();
    context = manifest.context();
    maxSpan = manifest.span();
    CounterIndex index = CounterIndex.ofProgram(plan.program());
    segments =
        plan.program().segments().stream()
            .map(segment -> new SegmentPages(segment, index, memory, workspace, marks, pageRows))
            .toArray(SegmentPages[]::new);
  }

  /**
   * Makes the tables cover a run that begins with {@code position} tokens in the cache and ends
   * with {@code tokens}, and the rules after it. {@link #settle} gives back what is left over.
   *
   * @param generated whether the run is a step, after which rules set the marks that are due, and
   *     no span of a prompt, which sets all
   */
  void cover(boolean generated, int position, int tokens) {
    set(before, position);
    setAfter(generated, tokens);
    set(unmarked, tokens);
    for (SegmentPages segment : segments) {
      long first = segment.rows(before);
      long most = Math.max(first, segment.rows(after));
      if (generated && segment.mark() != Marks.NONE) {
        most = Math.max(most, segment.rows(unmarked));
      }
      segment.cover(first, most);
      boolean isRewritten = segment.isChosen() || segment.isAmongChosen();
      if (isRewritten && marks.isSet(segment.mark(), generated, tokens)) {
        segment.ownAll();
      }
    }
  }

  /** Gives back the pages of rows that are no longer there with {@code tokens} tokens. */
  void settle(int tokens) {
    set(before, tokens);
    for (SegmentPages segment : segments) {
      if (segment.mark() != Marks.NONE) {
        segment.cover(segment.rows(before));
      }
    }
  }

  /** Gives back the pages that a run has taken which was taken back to {@code position}. */
  void takeBack(int position) {
    set(before, position);
    for (SegmentPages segment : segments) {
      segment.cover(segment.rows(before));
    }
  }

  /** Takes over the pages of a session with {@code position} tokens in the cache. */
  void fork(CachePages source, int position) {
    set(before, position);
    for (int i = 0; i < segments.length; i++) {
      segments[i].fork(source.segments[i], segments[i].rows(before));
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
   * overwrites rows that the token at {@code position} can see; chosen rows not counted}
   */
  boolean overwritesVisibleRows(boolean generated, int position, int tokens) {
    set(before, position);
    setAfter(generated, tokens);
    for (SegmentPages segment : segments) {
      if (segment.takesRows()
          && segment.overwritesVisibleRows(
              segment.rows(before), segment.rows(after), segment.firstPosition(before), position)) {
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
    long synthetic = 0;
    set(before, tokens);
    for (SegmentPages segment : segments) {
      int heads = segment.segment().heads().size();
      long rows = segment.rows(before);
      allocated += segment.bytes();
      shared += segment.sharedBytes();
      if (segment.isAmongChosen()) {
        kept += segment.counts(memory, rows).orElseThrow().count();
      } else if (segment.isChosen()) {
        long chosen =
            marks.isBeforeFirst(segment.mark())
                ? rows * heads
                : segment.counts(memory, rows).orElseThrow().count();
        kept += segment.isOwner() ? chosen : 0;
        evicted += Math.min(marks.value(segment.mark()), tokens) * heads - chosen;
      } else if (segment.isOwner()) {
        long first = segment.firstRow(rows);
        kept += (rows - first) * heads;
        evicted += first * heads;
        synthetic += first > 0 && segment.segment().means().isPresent() ? heads : 0;
      }
    }
    return new CacheStats(allocated, shared, kept, synthetic, tokens, evicted, sizes.cache());
  }

  /** {@return the bytes that the session and its family hold, shared pages counted once} */
  long familyBytes() {
    return memory.pages().allocatedBytes();
  }

  /** {@return copies of all rows and means held with {@code tokens} true tokens in the cache} */
  List<SegmentSnapshot> snapshots(int tokens) {
    set(before, tokens);
    List<SegmentSnapshot> snapshots = new ArrayList<>();
    for (SegmentPages segment : segments) {
      long rows = segment.rows(before);
      snapshots.add(
          SegmentReader.snapshot(
              segment,
              segment.isChosen() && !marks.isBeforeFirst(segment.mark()),
              memory,
              workspace,
              pageRows,
              rows,
              segment.firstPosition(before)));
      segment
          .segment()
          .means()
          .ifPresent(
              means ->
                  snapshots.add(
                      MeanRows.snapshot(
                          segment.segment(), means, memory, workspace, segment.firstRow(rows))));
    }
    return List.copyOf(snapshots);
  }

  /** Shows an observer the rows of segments that were chosen at {@code tokens}. */
  void show(TraceObserver observer, int tokens) {
    set(before, tokens);
    for (SegmentPages segment : segments) {
      boolean isShown = segment.isChosen() || segment.hasPositions();
      if (isShown
          && !segment.isAmongChosen()
          && marks.value(segment.mark()) == tokens
          && !marks.isBeforeFirst(segment.mark())) {
        observer.chosen(
            segment.segment().layer(),
            segment.segment().heads(),
            segment.chosenPositions(memory, segment.rows(before)));
      }
    }
  }

  private void set(long[] counters, int tokens) {
    CounterIndex.set(counters, context, maxSpan, tokens, 0);
    marks.write(counters);
  }

  private void setAfter(boolean generated, int tokens) {
    CounterIndex.set(after, context, maxSpan, tokens, 0);
    marks.writeAfter(after, generated, tokens);
  }
}
