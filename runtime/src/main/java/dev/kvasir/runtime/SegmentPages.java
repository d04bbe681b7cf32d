package dev.kvasir.runtime;

import dev.kvasir.plans.program.Beside;
import dev.kvasir.plans.program.CompiledExpression;
import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.plans.program.SegmentDeclaration;
import dev.kvasir.runtime.backend.Workspace;
import java.util.Optional;

/**
 * The pages that one segment of one session holds.
 *
 * <p>A slot gets a page when the first logical page falls into it and keeps it: a later logical
 * page of the same slot overwrites the rows. A segment that holds fewer rows than before gives
 * pages back. The logical pages of a packed segment are its closed ones; its open page comes with
 * the first row and stays.
 *
 * <p>A segment whose pages are those of another holds none itself.
 *
 * <p>A page that a fork holds as well is copied before a run may write to it; of a segment with
 * chosen rows, all are before rows are chosen again, and rows may also be added before that.
 */
final class SegmentPages {

  private final SegmentDeclaration segment;
  private final CompiledExpression rows;
  private final CompiledExpression firstPosition;
  private final int mark;
  private final HeldPages pages;
  private final PagePool openPool;
  private final Workspace workspace;
  private final int pageRows;
  private final boolean packed;
  private final boolean takesRows;
  private final int slots;
  private final boolean owner;
  private final Optional<BesidePages> beside;
  private boolean open;
  private boolean forked;

  SegmentPages(
      SegmentDeclaration segment,
      CounterIndex index,
      SessionMemory memory,
      Workspace workspace,
      Marks marks,
      int pageRows) {
    this.workspace = workspace;
    this.segment = segment;
    this.pageRows = pageRows;
    rows = segment.rows().compile(index);
    firstPosition = segment.firstPosition().compile(index);
    mark = marks.first(rows.counters());
    takesRows =
        (segment.chosen().isEmpty() && ofPositions().isEmpty())
            || rows.counters().contains(CounterIndex.TOKENS);
    pages =
        new HeldPages(
            memory.pages().slotPool(segment),
            memory.buffer(segment.table()),
            workspace,
            segment.heads().size(),
            segment.tableOffset(),
            segment.tableEntries());
    openPool = memory.pages().pool(segment);
    packed = segment.packing().isPresent();
    slots = segment.slots();
    owner = segment.shares().isEmpty();
    beside =
        segment.beside().map(lists -> new BesidePages(segment, lists, memory, workspace, pageRows));
  }

  SegmentDeclaration segment() {
    return segment;
  }

  /** {@return the mark that the number of rows depends on, {@link Marks#NONE} without one} */
  int mark() {
    return mark;
  }

  /** {@return whether the rows are some of all, whose positions are listed beside them} */
  boolean hasPositions() {
    return segment.beside().isPresent() && segment.beside().get() instanceof Beside.Positions;
  }

  /** {@return whether the rows were chosen, and may be chosen anew} */
  boolean isChosen() {
    return segment.chosen().isPresent();
  }

  /** {@return whether the rows are some of those of another segment, chosen anew with them} */
  boolean isAmongChosen() {
    return ofPositions().isPresent();
  }

  private Optional<Beside.Counts> ofPositions() {
    return segment.beside().isPresent()
            && segment.beside().get() instanceof Beside.Positions positions
        ? positions.counts()
        : Optional.empty();
  }

  /**
   * {@return how many rows each head has; empty where all have those that {@link #rows} says}
   *
   * @param rowCount rows that each head has room for
   */
  Optional<RowCounts> counts(SessionMemory memory, long rowCount) {
    Optional<Beside.Counts> place =
        segment
            .chosen()
            .map(
                chosen ->
                    new Beside.Counts(
                        chosen.counts(), chosen.countsOffset(), chosen.countsStride()))
            .or(this::ofPositions);
    return place.map(counts -> new RowCounts(segment, counts, memory, workspace, rowCount));
  }

  /** {@return whether rows are added to those that it has} */
  boolean takesRows() {
    return takesRows;
  }

  /**
   * {@return where to read which rows were chosen}
   *
   * @param rowCount rows that each head has room for
   */
  ChosenRows chosenRows(SessionMemory memory, long rowCount) {
    RowCounts counts = counts(memory, rowCount).orElseThrow();
    return new ChosenRows(segment.chosen().orElseThrow(), counts, memory, workspace);
  }

  /** {@return the true positions of each head's chosen rows, ascending} */
  int[][] chosenPositions(SessionMemory memory, long rowCount) {
    if (hasPositions()) {
      return listedPositions(counts(memory, rowCount), Math.toIntExact(rowCount));
    }
    ChosenRows chosen = chosenRows(memory, rowCount);
    int[][] positions = new int[segment.heads().size()][];
    for (int head = 0; head < positions.length; head++) {
      positions[head] = new int[chosen.count(head)];
      for (int row = 0; row < positions[head].length; row++) {
        positions[head][row] = chosen.position(head, row);
      }
    }
    return positions;
  }

  private int[][] listedPositions(Optional<RowCounts> counts, int rowCount) {
    BesidePages lists = beside().orElseThrow();
    int[][] positions = new int[segment.heads().size()][];
    for (int head = 0; head < positions.length; head++) {
      int of = head;
      positions[head] = new int[counts.map(each -> each.count(of)).orElse(rowCount)];
      for (int row = 0; row < positions[head].length; row++) {
        positions[head][row] = lists.position(head, row);
      }
    }
    return positions;
  }

  /** {@return what lies beside the rows, ready to be read} */
  Optional<BesidePages> beside() {
    beside.ifPresent(BesidePages::read);
    return beside;
  }

  /** {@return the rows that the segment has received at these counters} */
  long rows(long[] counters) {
    return rows.evaluate(counters);
  }

  /** {@return the true position of row 0 at these counters} */
  long firstPosition(long[] counters) {
    return firstPosition.evaluate(counters);
  }

  /** {@return the pages in slots of a segment that has received so many rows, reused ones too} */
  long logicalPages(long rowCount) {
    return packed ? rowCount / pageRows : Math.ceilDiv(rowCount, (long) pageRows);
  }

  /** {@return the first row that is still there} */
  long firstRow(long rowCount) {
    return Math.max(0, logicalPages(rowCount) - slots) * pageRows;
  }

  /** {@return the page number in a slot of a head} */
  int page(int head, long slot) {
    return pages.page(head, slot);
  }

  /** {@return the page number of a head's open page} */
  int openPage(int head) {
    return page(head, slots);
  }

  /** {@return whether the segment's pages are its own and not those of another segment} */
  boolean isOwner() {
    return owner;
  }

  /** {@return the bytes of all pages held} */
  long bytes() {
    if (!owner) {
      return 0;
    }
    long openBytes = open ? segment.heads().size() * openPool.pageBytes() : 0;
    return beside.map(BesidePages::bytes).orElse(0L) + pages.bytes() + openBytes;
  }

  /** {@return the bytes of those pages that others hold as well} */
  long sharedBytes() {
    if (!owner) {
      return 0;
    }
    return beside.map(BesidePages::sharedBytes).orElse(0L) + pages.sharedBytes();
  }

  /** Makes the table cover so many rows, and no more. */
  void cover(long rowCount) {
    if (!owner) {
      return;
    }
    if (beside.isPresent()) {
      beside.get().cover(rowCount);
    }
    pages.cover((int) Math.min(logicalPages(rowCount), slots));
    if (packed) {
      coverOpenPages(rowCount > 0);
    }
  }

  /**
   * Makes the table cover a run that begins with {@code before} rows, and its rules.
   *
   * @param most most rows in the run and after it
   */
  void cover(long before, long most) {
    cover(most);
    if (forked && owner && takesRows) {
      if (beside.isPresent()) {
        beside.get().own(before);
      }
      long end = logicalPages(most);
      for (long page = Math.max(before / pageRows, end - slots); page < end; page++) {
        pages.own(page % slots);
      }
    }
  }

  private void coverOpenPages(boolean needed) {
    if (open == needed) {
      return;
    }
    open = needed;
    for (int head = 0; head < segment.heads().size(); head++) {
      if (needed) {
        pages.put(head, slots, openPool.take());
      } else {
        openPool.give(openPage(head));
        pages.put(head, slots, SessionMemory.NO_PAGE);
      }
    }
  }

  /** Makes all pages the session's own: any of them may be written to. */
  void ownAll() {
    if (forked && owner) {
      beside.ifPresent(lists -> lists.own(0));
      // An open page always is.
      for (int slot = 0; slot < pages.held(); slot++) {
        pages.own(slot);
      }
    }
  }

  /**
   * Takes over the pages of a session with {@code rowCount} rows: shares full pages and copies
   * those that have room for more rows. Where none are added to chosen rows it is open pages alone,
   * of which it is not known how full they are.
   */
  void fork(SegmentPages source, long rowCount) {
    if (!owner) {
      return;
    }
    source.forked = true;
    forked = true;
    beside.ifPresent(lists -> lists.fork(source.beside.orElseThrow()));
    open = source.open;
    boolean partlyFilled = rowCount % pageRows != 0;
    boolean copied = !packed && takesRows && partlyFilled;
    pages.fork(source.pages, copied ? (logicalPages(rowCount) - 1) % slots : -1);
    if (open) {
      boolean used = partlyFilled || isChosen();
      for (int head = 0; head < segment.heads().size(); head++) {
        int page = used ? openPool.copy(source.openPage(head)) : openPool.take();
        pages.put(head, slots, page);
      }
    }
  }

  /** Gives all pages back. */
  void release() {
    if (!owner) {
      return;
    }
    beside.ifPresent(lists -> lists.cover(0));
    pages.cover(0);
    if (packed) {
      coverOpenPages(false);
    }
  }

  /**
   * {@return whether computing rows {@code before} to {@code after} overwrites rows that the token
   * at {@code position} can see}
   *
   * @param base true position of row 0
   */
  boolean overwritesVisibleRows(long before, long after, long base, long position) {
    long oldestVisible = segment.window() == 0 ? 0 : position - segment.window() + 1 - base;
    // The last page of a packed segment is closed by a rule, after all that can be cancelled.
    long written = packed ? Math.max(0, after - 1) / pageRows : logicalPages(after);
    long reused = (written - slots) * pageRows;
    long lastOverwritten = Math.min(reused, before) - 1;
    if (packed && written > before / pageRows && before % pageRows != 0) {
      // The open page was packed, and then used for other rows.
      lastOverwritten = before - 1;
    }
    return lastOverwritten >= Math.max(0, oldestVisible);
  }
}
