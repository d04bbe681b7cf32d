package dev.kvasir.codegen.emit.tornado;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.View;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;

/**
 * Where element (r, c) of a view lies in its buffer. All arithmetic is 32-bit: an array of the
 * target has at most 2^31 - 1 elements and a kernel stays within its buffers.
 */
final class ViewIndex {

  private final MethodWriter writer;
  private final UniformPhase.Window window;
  private final View view;

  ViewIndex(KernelMethod method, UniformPhase.Window window) {
    this.writer = method.writer();
    this.window = window;
    this.view = window.view();
  }

  /** Pushes the index of (row, column) in the buffer. */
  void push(Runnable row, Runnable column) {
    writer.push(window.origin());
    switch (view.layout()) {
      case View.Layout.Rows rows -> pushRows(rows, row, column);
      case View.Layout.Columns columns -> pushColumns(columns, row, column);
      case View.Layout.Tiles tiles -> pushTiles(tiles, row, column);
    }
    writer.plus();
  }

  private void pushColumns(View.Layout.Columns columns, Runnable row, Runnable column) {
    requireNaturalOrder(columns.paired());
    column.run();
    writer.times(columns.strip());
    pushRow(row);
    if (columns.strip() < columns.rows()) {
      writer.remainderOf(columns.strip()).plus();
      pushRow(row);
      writer.dividedBy(columns.strip()).times(Math.toIntExact(columns.strideOfStrips()));
    }
    writer.plus();
  }

  /** Only 16-bit elements are paired, which the target has no buffers of. */
  private void requireNaturalOrder(boolean paired) {
    if (paired) {
      throw new IllegalStateException("paired elements in " + view.buffer());
    }
  }

  private void pushRow(Runnable row) {
    row.run();
    if (!(view.row() instanceof IntExpression.Constant(int value) && value == 0)) {
      writer.push(window.row()).plus();
    }
  }

  private void pushRows(View.Layout.Rows rows, Runnable row, Runnable column) {
    int group = rows.group();
    int groupStride = Math.toIntExact(rows.groupStride());
    int rowStride = Math.toIntExact(rows.rowStride());
    pushRow(row);
    if (groupStride == 0 || rows.groupStride() == group * rows.rowStride()) {
      writer.times(rowStride);
    } else if (group == 1) {
      writer.times(groupStride);
    } else {
      writer.dividedBy(group).times(groupStride);
      pushRow(row);
      writer.remainderOf(group).times(rowStride).plus();
    }
    column.run();
    writer.plus();
  }

  private void pushTiles(View.Layout.Tiles tiles, Runnable row, Runnable column) {
    requireNaturalOrder(tiles.paired());
    if (tiles.height() == tiles.rows()) {
      pushStrip(tiles, () -> pushRow(row), column);
      return;
    }
    pushStrip(
        tiles,
        () -> {
          pushRow(row);
          writer.remainderOf(tiles.height());
        },
        column);
    pushRow(row);
    writer.dividedBy(tiles.height()).times(Math.toIntExact(tiles.strideOfStrips())).plus();
  }

  private void pushStrip(View.Layout.Tiles tiles, Runnable row, Runnable column) {
    int width = tiles.width();
    if (view.columns() <= width) {
      row.run();
      writer.times(tiles.widthAt(0));
      column.run();
      writer.plus();
      return;
    }
    // (c - c mod width) * height + row * w + c mod width
    column.run();
    writer.dividedBy(width).times(width * tiles.height());
    row.run();
    pushWidth(tiles, column);
    writer.plus();
    column.run();
    writer.remainderOf(width).plus();
  }

  /** Multiplies the row on the stack by the width of the tile of {@code column}. */
  private void pushWidth(View.Layout.Tiles tiles, Runnable column) {
    int last = tiles.columns() / tiles.width() * tiles.width();
    CodeBuilder code = writer.code();
    if (last >= view.columns()) {
      writer.times(tiles.width());
      return;
    }
    column.run();
    writer.push(last);
    Label narrow = code.newLabel();
    Label end = code.newLabel();
    code.if_icmpge(narrow);
    writer.push(tiles.width());
    code.goto_(end).labelBinding(narrow);
    writer.push(tiles.columns() - last);
    code.labelBinding(end).imul();
  }
}
