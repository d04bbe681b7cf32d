package dev.kvasir.codegen.skeleton;

import static dev.kvasir.ir.kernel.TileExpression.constant;
import static dev.kvasir.ir.kernel.TileExpression.element;
import static dev.kvasir.ir.kernel.TileExpression.integer;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.plans.program.Beside;

/**
 * Writes the rows that one of two merged layers keeps, to be looked at by a selection and merged
 * again, into plain pages of scratch: norm times direction, and where a direction is hidden the
 * retained row. Directions are made one long, which storing leaves them only nearly: norms would
 * take that on, each time anew. Retained rows lie in the order of the hidden ones, so that the
 * number of hidden rows before one is its slot. Directions of closed pages were put where they are
 * read here by {@link UnpackPages}. Grid: sequence, head, page of chosen rows.
 */
public final class RebuildRows {

  /** The argument that holds rebuilt rows: pages for each head. */
  public static final String REBUILT = "rebuilt";

  private static final int PAGE_ROWS = SegmentPart.PAGE_ROWS;

  private final KernelBuilder kernel;
  private final AttentionShape shape;
  private final SegmentPart shared;
  private final SegmentPart retained;
  private final String table;
  private final PageBuffer rebuilt;
  private final PageBuffer directions;
  private final PageBuffer originals;
  private final RowMove rows;
  private final int listRoom;
  private final String seen;
  private final String hidden;
  private final String keyNorm;
  private final String valueNorm;
  private final String square;
  private final String keySquares;
  private final String valueSquares;

  private RebuildRows(KernelBuilder kernel, AttentionShape shape, int listRoom) {
    this.kernel = kernel;
    this.shape = shape;
    this.listRoom = listRoom;
    shared = shape.kept();
    retained = shape.segments().get(1);
    table = kernel.reads("table", ElementFormat.I32);
    kernel.reads(PagedRows.COUNTS, ElementFormat.I32);
    kernel.reads(NormPages.NORMS, ElementFormat.F16);
    kernel.reads(CachedPages.pages(shared), shared.format());
    kernel.reads(CachedPages.pages(retained), retained.format());
    rebuilt =
        new PageBuffer(
            shared.packing().isPresent()
                ? kernel.updates(REBUILT, ElementFormat.F32)
                : kernel.writes(REBUILT, ElementFormat.F32),
            shape.plainPage());
    directions = PageBuffer.of(shape, shared);
    originals = PageBuffer.of(shape, retained);
    rows = new RowMove(kernel, shape);
    seen = kernel.intTile("seen", 1, 1);
    hidden = kernel.intTile("hidden", 1, 1);
    keyNorm = kernel.tile("key_norm", 1, 1);
    valueNorm = kernel.tile("value_norm", 1, 1);
    square = kernel.tile("square", 1, 1);
    keySquares = kernel.tile("key_squares", 1, shape.keyDim());
    valueSquares = kernel.tile("value_squares", 1, shape.valueDim());
  }

  /**
   * {@return the kernel}
   *
   * @param name its name in the plan
   * @param shape a head group whose chosen rows are merged
   * @param listRoom elements of a list of chosen rows; the scratch has room for as many rows per
   *     head
   */
  public static Kernel build(String name, AttentionShape shape, int listRoom) {
    KernelBuilder kernel = new KernelBuilder(name, "head", "page");
    new RebuildRows(kernel, shape, listRoom).write();
    return kernel.build();
  }

  private void write() {
    IntExpression number = kernel.axis("page");
    IntExpression count = kernel.let("count", PagedRows.count(kernel));
    IntExpression first = kernel.let("first", number.times(PAGE_ROWS));
    kernel.when(
        first.less(count),
        () -> {
          countHidden(number);
          IntExpression norms = NormPages.page(kernel, shape, shared, table, number);
          IntExpression target = kernel.let("target", GatherKept.page(kernel, listRoom, number));
          if (shared.packing().isEmpty()) {
            IntExpression start = PagedRows.tableStart(kernel, shape, shared);
            IntExpression page = PagedRows.physical(kernel, shape, shared, table, start, number);
            rebuild(norms, directions, page, target, count.minus(first));
            return;
          }
          kernel.choose(
              number.less(count.floorDivide(PAGE_ROWS)),
              () -> rebuild(norms, rebuilt, target, target, IntExpression.constant(PAGE_ROWS)),
              () -> {
                IntExpression start = PagedRows.tableStart(kernel, shape, shared);
                IntExpression open = PagedRows.open(kernel, shape, shared, table, start);
                rebuild(norms, directions, open, target, count.minus(first));
              });
        });
  }

  /** Leaves in {@code seen} how many directions of the pages before are hidden. */
  private void countHidden(IntExpression number) {
    String norms = kernel.tile("page_norms", 1, PAGE_ROWS);
    String pageHidden = kernel.intTile("page_hidden", 1, PAGE_ROWS);
    String sums = kernel.intTile("page_sums", 1, PAGE_ROWS);
    kernel.map(seen, integer(0));
    kernel.loop(
        "page_before",
        IntExpression.constant(0),
        number,
        page -> {
          IntExpression physical = NormPages.page(kernel, shape, shared, table, page);
          kernel.load(
              norms,
              View.rows(
                      NormPages.NORMS,
                      1,
                      PAGE_ROWS,
                      physical,
                      Beside.Norms.LISTS * (long) PAGE_ROWS)
                  .at(kernel.dim(NormPages.KEYS)));
          kernel.map(pageHidden, isHidden(norms));
          kernel.scan(sums, seen, pageHidden);
        });
  }

  private void rebuild(
      IntExpression norms,
      PageBuffer source,
      IntExpression page,
      IntExpression target,
      IntExpression count) {
    kernel.loop(
        "row",
        IntExpression.constant(0),
        count.minimum(IntExpression.constant(PAGE_ROWS)),
        row -> {
          kernel.load(keyNorm, norm(norms, NormPages.KEYS, row));
          kernel.map(hidden, isHidden(keyNorm));
          kernel.choose(
              new IntExpression.TileElement(hidden, 0, 0),
              this::loadRetained,
              () -> {
                kernel.load(valueNorm, norm(norms, NormPages.VALUES, row));
                rows.load(source, page, row);
                lengthen(rows.key, keySquares, keyNorm);
                lengthen(rows.value, valueSquares, valueNorm);
              });
          rows.store(rebuilt, target, row);
        });
  }

  /** Makes a row as long as its norm. */
  private void lengthen(String row, String squares, String norm) {
    kernel.map(squares, element(row).times(element(row)));
    kernel.sumColumns(square, squares);
    kernel.map(square, element(norm).times(Direction.inverseRoot(square)));
    kernel.map(row, element(row).times(element(square)));
  }

  private static TileExpression isHidden(String norm) {
    return element(norm).less(constant(0)).select(integer(1), integer(0));
  }

  private View norm(IntExpression physical, String list, IntExpression row) {
    return NormPages.norm(physical, 0, kernel.dim(list).plus(row));
  }

  private void loadRetained() {
    IntExpression slot = kernel.let("slot", new IntExpression.TileElement(seen, 0, 0));
    IntExpression start = PagedRows.tableStart(kernel, shape, retained);
    IntExpression page =
        PagedRows.physical(kernel, shape, retained, table, start, slot.floorDivide(PAGE_ROWS));
    rows.load(originals, page, slot.modulo(PAGE_ROWS));
    kernel.map(seen, element(seen).plus(integer(1)));
  }
}
