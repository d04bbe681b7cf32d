package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.plans.program.Beside;
import java.util.Optional;

/**
 * The norms of rows that are directions, a page of four lists of 64 beside each page of rows, and
 * which two of the lists a kernel reads.
 */
public final class NormPages {

  /** The argument that holds the pages. */
  public static final String NORMS = "norms";

  /** The dim that says where the page table of the norms starts. */
  public static final String TABLE = "norms_table";

  /** The dim that says where in a page the norms of keys start. */
  public static final String KEYS = "key_norms";

  /** The dim that says where in a page the norms of values start. */
  public static final String VALUES = "value_norms";

  private static final int PAGE_ROWS = SegmentPart.PAGE_ROWS;

  private final KernelBuilder kernel;
  private final AttentionShape shape;
  private final SegmentPart segment;
  private final String table;
  private final PageRows.Norms tiles;

  /** Declares the buffer and tiles for attention. */
  NormPages(KernelBuilder kernel, AttentionShape shape, SegmentPart segment, String table) {
    this.kernel = kernel;
    this.shape = shape;
    this.segment = segment;
    this.table = table;
    kernel.reads(NORMS, ElementFormat.F16);
    tiles =
        new PageRows.Norms(
            kernel.tile("key_norm", 1, PAGE_ROWS), kernel.tile("value_norm", 1, PAGE_ROWS));
  }

  /** {@return rows of a page with the norms beside them, which are loaded here} */
  PageRows of(PageRows rows, IntExpression page) {
    IntExpression physical = page(kernel, shape, segment, table, page);
    kernel.load(tiles.keys(), list(physical, kernel.dim(KEYS)));
    kernel.load(tiles.values(), list(physical, kernel.dim(VALUES)));
    return new PageRows() {
      @Override
      public Optional<Norms> norms() {
        return Optional.of(tiles);
      }

      @Override
      public void score(String queries, String logits) {
        rows.score(queries, logits);
      }

      // What is hidden in a page that is seen as a whole is 0, and adds nothing by itself.
      @Override
      public void accumulate(String probabilities, String output, boolean guarded) {
        rows.accumulate(probabilities, output, guarded);
      }
    };
  }

  private static View list(IntExpression physical, IntExpression first) {
    return View.rows(NORMS, 1, PAGE_ROWS, physical, Beside.Norms.LISTS * (long) PAGE_ROWS)
        .at(first);
  }

  /** {@return the page of the pool that lies beside a page of rows, named} */
  static IntExpression page(
      KernelBuilder kernel,
      AttentionShape shape,
      SegmentPart segment,
      String table,
      IntExpression page) {
    IntExpression start = kernel.axis("head").times(PagedRows.slots(kernel, shape, segment));
    return kernel.let(
        "norms_page",
        new IntExpression.BufferElement(table, kernel.dim(TABLE).plus(start).plus(page)));
  }

  /**
   * {@return one norm}
   *
   * @param physical its page
   * @param list which of the four lists
   * @param row row of the page
   */
  static View norm(IntExpression physical, int list, IntExpression row) {
    return View.rows(NORMS, 1, 1, physical, Beside.Norms.LISTS * (long) PAGE_ROWS)
        .at(row.plus(list * PAGE_ROWS));
  }

  /**
   * {@return the norms of all rows of a page, one below the other}
   *
   * @param physical its page
   * @param list which of the four lists
   */
  static View norms(IntExpression physical, int list) {
    return new View(
        NORMS,
        new View.Layout.Rows(PAGE_ROWS, 0, 1),
        PAGE_ROWS,
        1,
        physical,
        Beside.Norms.LISTS * (long) PAGE_ROWS,
        IntExpression.constant(list * PAGE_ROWS),
        IntExpression.constant(0));
  }
}
