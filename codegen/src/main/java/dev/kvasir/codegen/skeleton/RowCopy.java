package dev.kvasir.codegen.skeleton;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;

/** Copies one key row and one value row from activations [rows, heads * dim] into a page. */
final class RowCopy {

  private final KernelBuilder kernel;
  private final AttentionShape shape;
  private final RowMove rows;

  RowCopy(KernelBuilder kernel, AttentionShape shape) {
    this.kernel = kernel;
    this.shape = shape;
    kernel.reads("k", ElementFormat.F32);
    kernel.reads("v", ElementFormat.F32);
    this.rows = new RowMove(kernel, shape);
  }

  /**
   * Copies.
   *
   * @param from activation row
   * @param head KV head
   * @param pages buffer of pages
   * @param page page of that buffer
   * @param row row within the page
   */
  void copy(
      IntExpression from,
      IntExpression head,
      PageBuffer pages,
      IntExpression page,
      IntExpression row) {
    kernel.load(rows.key, activation("k", from, head, shape.keyDim()));
    kernel.load(rows.value, activation("v", from, head, shape.valueDim()));
    rows.store(pages, page, row);
  }

  /**
   * Copies from one page to the same row of another.
   *
   * @param from buffer of pages
   * @param source page of that buffer
   * @param pages buffer of pages
   * @param page page of that buffer
   * @param row row within both pages
   */
  void move(
      PageBuffer from,
      IntExpression source,
      PageBuffer pages,
      IntExpression page,
      IntExpression row) {
    rows.load(from, source, row);
    rows.store(pages, page, row);
  }

  private View activation(String buffer, IntExpression row, IntExpression head, int dim) {
    return View.rows(buffer, 1, dim, row, (long) shape.kvHeads() * dim).at(head.times(dim));
  }
}
