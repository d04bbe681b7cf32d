package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.plans.PageLayout;
import java.util.List;

/**
 * What specialises an attention kernel: one head group of one or more layers.
 *
 * @param queryHeads query heads of the layer
 * @param kvHeads KV heads of the layer
 * @param keyDim elements of a key row
 * @param valueDim elements of a value row
 * @param scale factor on q.k
 * @param segments the head group's segments, in the order they are attended
 * @param context most true tokens
 * @param compensated whether a row stands for what the ring has dropped
 */
public record AttentionShape(
    int queryHeads,
    int kvHeads,
    int keyDim,
    int valueDim,
    double scale,
    List<SegmentPart> segments,
    int context,
    boolean compensated) {

  /** Copies the list. */
  public AttentionShape {
    segments = List.copyOf(segments);
  }

  /** Heads without a compensation row. */
  public AttentionShape(
      int queryHeads,
      int kvHeads,
      int keyDim,
      int valueDim,
      double scale,
      List<SegmentPart> segments,
      int context) {
    this(queryHeads, kvHeads, keyDim, valueDim, scale, segments, context, false);
  }

  /** {@return the last segment: of streaming heads, the ring} */
  SegmentPart ring() {
    return segments.getLast();
  }

  /** {@return query heads that share a KV head} */
  public int group() {
    return queryHeads / kvHeads;
  }

  /** {@return the segments that take new rows} */
  public List<SegmentPart> appended() {
    return segments.stream().filter(SegmentPart::isAppended).toList();
  }

  /**
   * {@return the segment of rows that were chosen or folded}
   *
   * @throws java.util.NoSuchElementException when the group has none
   */
  public SegmentPart kept() {
    return segments.stream().filter(SegmentPart::isChosen).findFirst().orElseThrow();
  }

  /** {@return whether rows are directions with norms, which two layers share} */
  public boolean isMerged() {
    return segments.stream().anyMatch(SegmentPart::hasNorms);
  }

  /** {@return elements of a page: 64 key rows and 64 value rows} */
  public int pageElements() {
    return plainPage().elements();
  }

  /** {@return the layout of pages that are written and read once} */
  PageLayout plainPage() {
    return PageLayout.plain(keyDim, valueDim);
  }

  /** {@return a short name that tells shapes apart in a plan: {@code sink4_ring256_bf16} } */
  public String text() {
    StringBuilder text = new StringBuilder();
    for (SegmentPart segment : segments) {
      text.append(segment.text()).append('_').append(segment.format().text()).append('_');
      segment.packing().ifPresent(packing -> text.append(PackedLayout.text(packing)).append('_'));
    }
    if (compensated) {
      text.append("compensated_");
    }
    return text.append('g').append(group()).append('d').append(keyDim).toString();
  }
}
