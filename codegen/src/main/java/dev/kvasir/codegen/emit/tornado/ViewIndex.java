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
    column.run();
    writer.times(columns.strip());
    if (columns.paired()) {
      pushPaired(() -> pushRow(row));
    } else {
      pushRow(row);
      if (columns.strip() < columns.rows()) {
        writer.remainderOf(columns.strip());
      }
    }
    writer.plus();
    if (columns.strip() < columns.rows()) {
      pushRow(row);
      writer.dividedBy(columns.strip()).times(Math.toIntExact(columns.strideOfStrips())).plus();
    }
  }

  /** Pushes the place in its line of an element of a row of paired lines. */
  private void pushPaired(Runnable element) {
    int half = View.Layout.PAIRS / 2;
    element.run();
    writer.remainderOf(half).times(2);
    element.run();
    writer.dividedBy(half).remainderOf(2).plus();
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
      pushInTile(tiles, column);
      writer.plus();
      return;
    }
    // (c - c mod width) * height + row * w + place(c mod width)
    column.run();
    writer.dividedBy(width).times(width * tiles.height());
    row.run();
    pushWidth(tiles, column);
    writer.plus();
    pushInTile(tiles, column);
    writer.plus();
  }

  private void pushInTile(View.Layout.Tiles tiles, Runnable column) {
    Runnable natural =
        () -> {
          column.run();
          if (view.columns() > tiles.width()) {
            writer.remainderOf(tiles.width());
          }
        };
    if (!tiles.pairedAt(0)) {
      natural.run();
    } else if (wholeColumns(tiles) >= view.columns()) {
      pushPaired(column);
    } else {
      inWholeTile(tiles, column, () -> pushPaired(column), natural);
    }
  }

  /** {@return columns in front of the last tile that is narrower than the others} */
  private static int wholeColumns(View.Layout.Tiles tiles) {
    return tiles.columns() / tiles.width() * tiles.width();
  }

  private void inWholeTile(
      View.Layout.Tiles tiles, Runnable column, Runnable whole, Runnable narrow) {
    CodeBuilder code = writer.code();
    Label narrower = code.newLabel();
    Label end = code.newLabel();
    column.run();
    writer.push(wholeColumns(tiles));
    code.if_icmpge(narrower);
    whole.run();
    code.goto_(end).labelBinding(narrower);
    narrow.run();
    code.labelBinding(end);
  }

  /** Multiplies the row on the stack by the width of the tile of {@code column}. */
  private void pushWidth(View.Layout.Tiles tiles, Runnable column) {
    if (wholeColumns(tiles) >= view.columns()) {
      writer.times(tiles.width());
      return;
    }
    inWholeTile(
        tiles,
        column,
        () -> writer.push(tiles.width()),
        () -> writer.push(tiles.columns() - wholeColumns(tiles)));
    writer.code().imul();
  }
}
