package dev.kvasir.codegen.assemble;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.CachedPages;
import dev.kvasir.codegen.skeleton.CompensationRow;
import dev.kvasir.codegen.skeleton.NormPages;
import dev.kvasir.codegen.skeleton.PackedLayout;
import dev.kvasir.codegen.skeleton.PagedRows;
import dev.kvasir.ir.type.Packing;
import dev.kvasir.plans.program.Beside;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/** Check cases of the attention kernels: one KV head, a few pages, a partly filled last one. */
final class AttentionChecks {

  private static final int PAGES = 4;

  /** Rows that were chosen before: a page and a bit. */
  static final int KEPT = SegmentPart.PAGE_ROWS + 6;

  /** Rows that kept their originals. */
  private static final int RETAINED = 5;

  private static final int TABLE_STRIDE = 8;

  /** Rows in the open page, and rows after them that close it. */
  private static final int HELD = 20;

  private static final int CLOSING_SPAN = 50;
  private static final int TOKENS = 2 * SegmentPart.PAGE_ROWS + 9;
  private static final int SPAN = SegmentPart.PAGE_ROWS + 6;

  private final PlanSizes sizes;
  private final int maxSplits;

  AttentionChecks(PlanSizes sizes, int maxSplits) {
    this.sizes = sizes;
    this.maxSplits = maxSplits;
  }

  CheckCase stage(AttentionShape shape) {
    int span = Math.min(SPAN, sizes.span());
    int pages = Math.ceilDiv(span, SegmentPart.PAGE_ROWS);
    return CheckCase.grid(1, 1, pages)
        .dim("span", span)
        .floats("k", span * shape.kvHeads() * shape.keyDim())
        .floats("v", span * shape.kvHeads() * shape.valueDim())
        .floats("raw", pages * shape.pageElements())
        .build();
  }

  CheckCase append(AttentionShape shape) {
    int span = Math.min(SPAN, sizes.span());
    CheckCase.Builder check =
        CheckCase.grid(1, 1, Math.ceilDiv(span, SegmentPart.PAGE_ROWS))
            .dim("position", 0)
            .dim("span", span)
            .floats("k", span * shape.kvHeads() * shape.keyDim())
            .floats("v", span * shape.kvHeads() * shape.valueDim());
    return cache(check, shape, 0).build();
  }

  CheckCase decode(AttentionShape shape) {
    CheckCase.Builder check =
        CheckCase.grid(1, 1, Math.min(maxSplits, 3))
            .dim("tokens", decodeTokens(shape))
            .floats("q", shape.queryHeads() * shape.keyDim())
            .floats("partial_maximum", maxSplits * shape.group())
            .floats("partial_sum", maxSplits * shape.group())
            .floats("partial_output", maxSplits * shape.group() * shape.valueDim());
    return cache(check, shape, Math.min(TOKENS, sizes.context()) / 2).build();
  }

  /** Heads with a compensation row are attended when it is there, if the context allows it. */
  private int decodeTokens(AttentionShape shape) {
    int tokens = shape.compensated() ? expelling(shape) + 9 : TOKENS;
    return Math.min(tokens, sizes.context());
  }

  /** Tokens at which a ring has filled all its pages and one more. */
  private static int expelling(AttentionShape shape) {
    SegmentPart ring = shape.segments().getLast();
    return ring.firstPosition() + (ring.slots(shape.context()) + 1) * SegmentPart.PAGE_ROWS;
  }

  /** What a page holds goes, and so do rows that are in the ring and in the span. */
  CheckCase expelRows(AttentionShape shape) {
    int position = expelling(shape) - 20;
    int span = 3 * SegmentPart.PAGE_ROWS;
    CheckCase.Builder check =
        CheckCase.grid(1, 1)
            .dim("position", position)
            .dim("span", span)
            .floats("k", span * shape.kvHeads() * shape.keyDim())
            .floats("v", span * shape.kvHeads() * shape.valueDim());
    return cache(check, shape, 0).build();
  }

  CheckCase expelPage(AttentionShape shape) {
    return cache(CheckCase.grid(1, 1).dim("tokens", expelling(shape)), shape, 0).build();
  }

  CheckCase combine(AttentionShape shape) {
    return CheckCase.grid(1, 1)
        .dim("first_head", 0)
        .dim("splits", Math.min(maxSplits, 3))
        .ints("heads", List.of(0))
        // Nothing may cancel in maximum + log(sum), which can be one number alone.
        .positive("partial_maximum", maxSplits * shape.group())
        .atLeastOne("partial_sum", maxSplits * shape.group())
        .floats("partial_output", maxSplits * shape.group() * shape.valueDim())
        .floats("out", shape.queryHeads() * shape.valueDim())
        .floats("lse", shape.queryHeads())
        .build();
  }

  CheckCase prefill(AttentionShape shape) {
    int span = Math.min(Math.ceilDiv(sizes.context(), 2), Math.min(SPAN / 2, sizes.span()));
    int position =
        Math.min(shape.compensated() ? expelling(shape) + 7 : SPAN, sizes.context() - span);
    int tokens = sizes.tiles().prefillTokens();
    int rows = Math.ceilDiv(span, tokens) * tokens;
    CheckCase.Builder check =
        CheckCase.grid(1, 1, rows / tokens)
            .dim("position", position)
            .dim("span", span)
            .ints(AttentionLowering.ORDINALS, ordinals(sizes))
            .floats("q", rows * shape.queryHeads() * shape.keyDim())
            .floats("raw", Math.ceilDiv(span, SegmentPart.PAGE_ROWS) * shape.pageElements())
            .floats("out", rows * shape.queryHeads() * shape.valueDim())
            .floats("lse", rows * shape.queryHeads());
    return cache(check, shape, position / 2).build();
  }

  CheckCase gather(AttentionShape shape, SegmentPart segment) {
    CheckCase.Builder check =
        CheckCase.grid(1, 1, 1)
            .floats("k", CLOSING_SPAN * shape.kvHeads() * shape.keyDim())
            .floats("v", CLOSING_SPAN * shape.kvHeads() * shape.valueDim())
            .floats("closing", shape.pageElements());
    return cache(closing(check, segment), shape, 0).build();
  }

  CheckCase packSpan(AttentionShape shape, SegmentPart segment) {
    return pack(closing(CheckCase.grid(1, 1, 1), segment), shape, segment).build();
  }

  CheckCase packOpen(AttentionShape shape, SegmentPart segment) {
    CheckCase.Builder check =
        CheckCase.grid(1, 1, 1).dim("tokens", segment.firstPosition() + SegmentPart.PAGE_ROWS);
    return pack(check, shape, segment).build();
  }

  private static CheckCase.Builder closing(CheckCase.Builder check, SegmentPart segment) {
    return check.dim("position", segment.firstPosition() + HELD).dim("span", CLOSING_SPAN);
  }

  /** Every page is page 0, and page 0 is all there is, so that the kernel writes all of it. */
  static CheckCase.Builder pack(
      CheckCase.Builder check, AttentionShape shape, SegmentPart segment) {
    PackedLayout layout =
        new PackedLayout(segment.packing().orElseThrow(), shape.keyDim(), shape.valueDim());
    segment.mark().ifPresent(mark -> check.dim(mark, leastMark(shape)));
    return check
        .floats("source", shape.pageElements())
        .floats("refused", 1)
        .floats(PackedLayout.keyCodes(segment), layout.keyElements())
        .floats(PackedLayout.valueCodes(segment), layout.valueElements())
        .floats(PackedLayout.scales(segment), layout.scaleElements())
        .dim(segment.name() + "_table", 0)
        .ints("table", Collections.nCopies(segment.tableEntries(shape.context()), 0));
  }

  /** {@return 0, 1, 2, ... up to the tokens of a tile} */
  static List<Integer> ordinals(PlanSizes sizes) {
    return IntStream.range(0, sizes.tiles().prefillTokens()).boxed().toList();
  }

  /**
   * Adds a head list, page tables and small pools.
   *
   * @param selected tokens at the last selection, if there are selections
   */
  static CheckCase.Builder cache(CheckCase.Builder check, AttentionShape shape, int selected) {
    if (shape.compensated()) {
      check
          .dim(CompensationRow.FIRST_MEAN, 0)
          .floats(CompensationRow.MEANS, CompensationRow.elements(shape));
    }
    List<Integer> table = new ArrayList<>();
    for (SegmentPart segment : shape.segments()) {
      check.dim(segment.name() + "_table", table.size());
      if (segment.isSized()) {
        check.dim(segment.name() + PagedRows.ENTRIES, TABLE_STRIDE);
      }
      if (segment.isSized() && !segment.isCounted()) {
        check.dim(segment.name() + PagedRows.ROWS, Math.min(RETAINED, selected));
      }
      if (segment.hasNorms()) {
        check
            .dim(NormPages.TABLE, 0)
            .dim(NormPages.KEYS, 2 * SegmentPart.PAGE_ROWS)
            .dim(NormPages.VALUES, 3 * SegmentPart.PAGE_ROWS)
            .floats(NormPages.NORMS, PAGES * Beside.Norms.LISTS * SegmentPart.PAGE_ROWS);
      }
      if (segment.isAmongKept()) {
        check.dim(segment.name() + PagedRows.LISTS, 1);
      } else if (segment.isCounted()) {
        int kept = Math.min(KEPT, selected);
        check
            .dim(PagedRows.FIRST_LIST, 0)
            .dim(PagedRows.LIST_STRIDE, 0)
            .ints(PagedRows.COUNTS, List.of(kept, Math.min(RETAINED, kept)));
      }
      if (segment.isChosen() && !segment.isCounted()) {
        check.dim(PagedRows.HELD, KEPT).dim(PagedRows.LIST_STRIDE, 0);
      }
      segment.mark().ifPresent(mark -> check.dim(mark, Math.max(selected, leastMark(shape))));
      check.floats(CachedPages.pages(segment), PAGES * shape.pageElements());
      segment.packing().ifPresent(packing -> codes(check, shape, segment, packing));
      // An open page comes behind all others, and expelled rows come where a ring is full.
      boolean whole = segment.packing().isPresent() || shape.compensated() || leastMark(shape) > 0;
      int entries = whole ? segment.tableEntries(shape.context()) : 0;
      for (int entry = 0; entry < Math.max(TABLE_STRIDE, entries); entry++) {
        table.add(entry % PAGES);
      }
    }
    return check.dim("first_head", 0).ints("heads", List.of(0)).ints("table", table);
  }

  /** {@return the slots that are filled before rows are first folded, 0 where they never are} */
  private static int leastMark(AttentionShape shape) {
    return shape.segments().stream()
        .filter(segment -> segment.isChosen() && !segment.isCounted())
        .mapToInt(segment -> segment.segment().rows())
        .findFirst()
        .orElse(0);
  }

  private static void codes(
      CheckCase.Builder check, AttentionShape shape, SegmentPart segment, Packing packing) {
    PackedLayout layout = new PackedLayout(packing, shape.keyDim(), shape.valueDim());
    check
        .floats(PackedLayout.keyCodes(segment), PAGES * layout.keyElements())
        .floats(PackedLayout.valueCodes(segment), PAGES * layout.valueElements())
        .small(PackedLayout.scales(segment), PAGES * layout.scaleElements());
  }
}
