package dev.kvasir.codegen.assemble;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.PrefillAttention;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Check cases of the attention kernels: one KV head, a few pages, a partly filled last one. */
final class AttentionChecks {

  private static final int PAGES = 4;
  private static final int TABLE_STRIDE = 8;
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
    return cache(check, shape).build();
  }

  CheckCase decode(AttentionShape shape) {
    CheckCase.Builder check =
        CheckCase.grid(1, 1, Math.min(maxSplits, 3))
            .dim("tokens", Math.min(TOKENS, sizes.context()))
            .floats("q", shape.queryHeads() * shape.keyDim())
            .floats("partial_maximum", maxSplits * shape.group())
            .floats("partial_sum", maxSplits * shape.group())
            .floats("partial_output", maxSplits * shape.group() * shape.valueDim());
    return cache(check, shape).build();
  }

  CheckCase combine(AttentionShape shape) {
    return CheckCase.grid(1, 1)
        .dim("first_head", 0)
        .dim("splits", Math.min(maxSplits, 3))
        .ints("heads", List.of(0))
        .floats("partial_maximum", maxSplits * shape.group())
        .positive("partial_sum", maxSplits * shape.group())
        .floats("partial_output", maxSplits * shape.group() * shape.valueDim())
        .floats("out", shape.queryHeads() * shape.valueDim())
        .floats("lse", shape.queryHeads())
        .build();
  }

  CheckCase prefill(AttentionShape shape) {
    int span = Math.min(Math.ceilDiv(sizes.context(), 2), Math.min(SPAN / 2, sizes.span()));
    int position = Math.min(SPAN, sizes.context() - span);
    int rows = Math.ceilDiv(span, PlanSizes.ROW_TILE) * PlanSizes.ROW_TILE;
    CheckCase.Builder check =
        CheckCase.grid(1, 1, Math.ceilDiv(span, PrefillAttention.tileTokens(shape.group())))
            .dim("position", position)
            .dim("span", span)
            .ints("ordinals", ordinals())
            .floats("q", rows * shape.queryHeads() * shape.keyDim())
            .floats("raw", Math.ceilDiv(span, SegmentPart.PAGE_ROWS) * shape.pageElements())
            .floats("out", rows * shape.queryHeads() * shape.valueDim())
            .floats("lse", rows * shape.queryHeads());
    return cache(check, shape).build();
  }

  /** {@return 0, 1, 2, ... up to the rows of a tile} */
  static List<Integer> ordinals() {
    return IntStream.range(0, PlanSizes.ROW_TILE).boxed().toList();
  }

  /** Adds a head list, page tables and small pools. */
  private static CheckCase.Builder cache(CheckCase.Builder check, AttentionShape shape) {
    List<Integer> table = new ArrayList<>();
    for (int i = 0; i < shape.segments().size(); i++) {
      SegmentPart segment = shape.segments().get(i);
      check.dim(segment.name() + "_table", i * TABLE_STRIDE);
      check.floats("pages_" + segment.name(), PAGES * shape.pageElements());
      for (int entry = 0; entry < TABLE_STRIDE; entry++) {
        table.add(entry % PAGES);
      }
    }
    return check.dim("first_head", 0).ints("heads", List.of(0)).ints("table", table);
  }
}
