package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.type.ElementFormat;

/** Where the pages of a head's segments are, and how many rows they hold. */
public final class PagedRows {

  /** The argument that counts the chosen rows of each list. */
  public static final String COUNTS = "counts";

  /** The dim that says which list is that of the first listed head. */
  public static final String FIRST_LIST = "first_list";

  /** The dim that says how many rows of a segment that is rewritten, but not counted, are there. */
  public static final String HELD = "held";

  /** The dim that says how many lists lie between two heads: 0 where they share one. */
  public static final String LIST_STRIDE = "list_stride";

  /**
   * The end of the dim that says how many lists lie between that of a head's kept rows and the one
   * that counts those {@code isAmongKept}.
   */
  public static final String LISTS = "_lists";

  /** The end of the dim that says how many rows a head has, where they are {@code isSized}. */
  public static final String ROWS = "_rows";

  /** The end of the dim that says how many page table entries a head has. */
  public static final String ENTRIES = "_entries";

  private PagedRows() {}

  /** {@return the KV head of this point: its place in the list of heads is the axis, named} */
  static IntExpression head(KernelBuilder kernel, String heads) {
    return kernel.let(
        "head",
        new IntExpression.BufferElement(heads, kernel.dim("first_head").plus(kernel.axis("head"))));
  }

  /**
   * {@return the table element of a segment's logical page 0, for the listed head of this point}
   */
  static IntExpression tableStart(KernelBuilder kernel, AttentionShape shape, SegmentPart segment) {
    return kernel
        .dim(segment.name() + "_table")
        .plus(kernel.axis("head").times(entries(kernel, shape, segment)));
  }

  /** Budgets of chosen rows differ from layer to layer, and one kernel is to serve all of them. */
  private static IntExpression entries(
      KernelBuilder kernel, AttentionShape shape, SegmentPart segment) {
    return segment.isSized()
        ? kernel.dim(segment.name() + ENTRIES)
        : IntExpression.constant(segment.tableEntries(shape.context()));
  }

  /**
   * {@return the rows that a head of this point holds once {@code tokens} tokens are in the cache,
   * named}
   */
  static IntExpression rows(KernelBuilder kernel, SegmentPart segment, IntExpression tokens) {
    return kernel.let(segment.name() + "_rows", held(kernel, segment, tokens));
  }

  private static IntExpression held(
      KernelBuilder kernel, SegmentPart segment, IntExpression tokens) {
    if (segment.isCounted()) {
      return count(kernel, segment);
    }
    return segment.isSized()
        ? kernel.dim(segment.name() + ROWS)
        : marked(kernel, segment).rows(tokens);
  }

  /** {@return the rows of the list that a head of this point keeps} */
  static IntExpression count(KernelBuilder kernel) {
    return new IntExpression.BufferElement(COUNTS, list(kernel));
  }

  /** {@return the rows that a head of this point keeps in a counted segment} */
  static IntExpression count(KernelBuilder kernel, SegmentPart segment) {
    return segment.isAmongKept()
        ? new IntExpression.BufferElement(
            COUNTS, list(kernel).plus(kernel.dim(segment.name() + LISTS)))
        : count(kernel);
  }

  /** Declares what {@link #held} reads. */
  static void declareHeld(KernelBuilder kernel, AttentionShape shape) {
    if (shape.kept().isCounted()) {
      kernel.reads(COUNTS, ElementFormat.I32);
    }
  }

  /** {@return how many table elements a head has beside its open page} */
  static IntExpression slots(KernelBuilder kernel, AttentionShape shape, SegmentPart segment) {
    if (!segment.isSized()) {
      return IntExpression.constant(segment.slots(shape.context()));
    }
    IntExpression entries = entries(kernel, shape, segment);
    return segment.packing().isPresent() ? entries.minus(1) : entries;
  }

  /** {@return the rows that a head of this point holds of those chosen or folded before} */
  static IntExpression held(KernelBuilder kernel, AttentionShape shape) {
    return shape.kept().isCounted() ? count(kernel) : kernel.dim(HELD);
  }

  /** {@return the list of chosen rows of a head of this point} */
  static IntExpression list(KernelBuilder kernel) {
    return kernel.dim(FIRST_LIST).plus(kernel.axis("head").times(kernel.dim(LIST_STRIDE)));
  }

  /** {@return the true position of a segment's row 0} */
  static IntExpression origin(KernelBuilder kernel, SegmentPart segment) {
    return marked(kernel, segment).origin();
  }

  private static SegmentPart marked(KernelBuilder kernel, SegmentPart segment) {
    segment.mark().ifPresent(kernel::dim);
    return segment;
  }

  /** {@return the page of the pool that holds the open page of a packed segment, named} */
  static IntExpression open(
      KernelBuilder kernel,
      AttentionShape shape,
      SegmentPart segment,
      String table,
      IntExpression tableStart) {
    return kernel.let(
        "open",
        new IntExpression.BufferElement(
            table, tableStart.plus(entries(kernel, shape, segment)).minus(1)));
  }

  /** {@return the page of the pool that holds a segment's logical page, named} */
  static IntExpression physical(
      KernelBuilder kernel,
      AttentionShape shape,
      SegmentPart segment,
      String table,
      IntExpression tableStart,
      IntExpression page) {
    return kernel.let(
        "physical",
        new IntExpression.BufferElement(
            table,
            tableStart.plus(
                segment.isSized() ? page : page.modulo(segment.slots(shape.context())))));
  }
}
