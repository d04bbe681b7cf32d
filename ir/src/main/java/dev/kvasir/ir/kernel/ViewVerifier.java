package dev.kvasir.ir.kernel;

import dev.kvasir.ir.type.ElementFormat;

/** The rules of a view, as far as they are static. */
final class ViewVerifier {

  private ViewVerifier() {}

  static void verify(View view, KernelScope scope) {
    if (view.rows() < 1 || view.columns() < 1) {
      throw scope.broken(
          "a view is at least 1 x 1, got %d x %d".formatted(view.rows(), view.columns()));
    }
    if (view.blockStride() < 0) {
      throw scope.broken("block stride " + view.blockStride() + " is negative");
    }
    ExpressionVerifier.verify(view.block(), scope);
    ExpressionVerifier.verify(view.offset(), scope);
    ExpressionVerifier.verify(view.row(), scope);
    int firstRow = knownFirstRow(view);
    if (firstRow < 0) {
      throw scope.broken("first row " + firstRow + " is negative");
    }
    if (scope.buffer(view.buffer()).format().isCode()) {
      requireWholeFields(view, scope);
    }
    switch (view.layout()) {
      case View.Layout.Rows layout -> rows(view, layout, firstRow, scope);
      case View.Layout.Columns layout -> columns(view, layout, firstRow, scope);
      case View.Layout.Tiles layout -> tiles(view, layout, firstRow, scope);
    }
  }

  private static void columns(
      View view, View.Layout.Columns layout, int firstRow, KernelScope scope) {
    if (firstRow + (long) view.rows() > layout.rows()) {
      throw scope.broken(
          "rows %d to %d leave columns of %d"
              .formatted(firstRow, firstRow + (long) view.rows(), layout.rows()));
    }
    strips(view, layout.rows(), layout.strip(), layout.paired(), scope);
    if (layout.strip() < layout.rows() && view.columns() > layout.columns()) {
      throw scope.broken(
          "a view of %d columns on strips of %d".formatted(view.columns(), layout.columns()));
    }
    if (layout.paired()) {
      pairs(view, layout.strip(), scope);
    }
  }

  private static void tiles(View view, View.Layout.Tiles layout, int firstRow, KernelScope scope) {
    if (layout.width() < 1) {
      throw scope.broken("tiles are at least 1 wide, got " + layout.width());
    }
    if (view.columns() > layout.columns()) {
      throw scope.broken(
          "a view of %d columns on a block of %d".formatted(view.columns(), layout.columns()));
    }
    if (firstRow + (long) view.rows() > layout.rows()) {
      throw scope.broken(
          "rows %d to %d leave tiles of %d rows"
              .formatted(firstRow, firstRow + (long) view.rows(), layout.rows()));
    }
    strips(view, layout.rows(), layout.height(), false, scope);
    if (layout.paired()) {
      pairs(view, layout.width(), scope);
      int last = (view.columns() - 1) / layout.width() * layout.width();
      if (layout.pairedAt(last) && view.columns() - last < layout.width()) {
        throw scope.broken("a view of %d columns cuts a paired line".formatted(view.columns()));
      }
    }
  }

  private static void strips(View view, int rows, int strip, boolean paired, KernelScope scope) {
    if (strip < 1 || rows % strip != 0) {
      throw scope.broken("strips of %d rows do not divide %d".formatted(strip, rows));
    }
    boolean all = view.row().equals(IntExpression.constant(0)) && view.rows() == rows;
    if ((strip < rows || paired) && view.rows() > 1 && !all) {
      throw scope.broken(
          "a view of several strips or pairs of rows shows one row or all, got " + view.rows());
    }
  }

  private static void pairs(View view, int line, KernelScope scope) {
    ElementFormat format = scope.buffer(view.buffer()).format();
    if (line != View.Layout.PAIRS || format.bits() != Short.SIZE) {
      throw scope.broken(
          "paired lines hold %d elements of 16 bits, got %d of %s"
              .formatted(View.Layout.PAIRS, line, format.text()));
    }
  }

  private static void rows(View view, View.Layout.Rows layout, int firstRow, KernelScope scope) {
    if (layout.group() < 1 || layout.groupStride() < 0 || layout.rowStride() < 0) {
      throw scope.broken("rows need a group of at least 1 and strides of at least 0");
    }
    if (view.rows() > layout.group() && view.rows() % layout.group() != 0) {
      throw scope.broken(
          "groups of %d rows do not divide %d rows".formatted(layout.group(), view.rows()));
    }
    if (layout.groupStride() == 0 && firstRow + (long) view.rows() > layout.group()) {
      throw scope.broken(
          "rows %d to %d leave the only group of %d"
              .formatted(firstRow, firstRow + (long) view.rows(), layout.group()));
    }
  }

  /** Fails unless every run of neighbours starts where a field of a block of codes does. */
  private static void requireWholeFields(View view, KernelScope scope) {
    boolean strides =
        switch (view.layout()) {
          case View.Layout.Rows(int group, long groupStride, long rowStride) ->
              (group == 1 || isMultiple(rowStride)) && isMultiple(groupStride);
          case View.Layout.Columns layout ->
              isMultiple(layout.strip()) && isMultiple(view.row()) && isMultiple(view.rows());
          case View.Layout.Tiles layout ->
              isMultiple(layout.width()) && isMultiple(layout.columns());
        };
    if (!strides || !isMultiple(view.blockStride()) || !isMultiple(view.offset())) {
      throw scope.broken(
          "runs of codes begin at multiples of %d elements, not so in %s"
              .formatted(ElementFormat.BLOCK_INTEGERS, KernelPrinter.print(view)));
    }
  }

  private static boolean isMultiple(long elements) {
    return elements % ElementFormat.BLOCK_INTEGERS == 0;
  }

  /** {@return whether the form of an expression alone shows that it is a multiple of 16} */
  private static boolean isMultiple(IntExpression expression) {
    return switch (expression) {
      case IntExpression.Constant(int value) -> isMultiple(value);
      case IntExpression.Binary binary ->
          switch (binary.operator()) {
            case MULTIPLY -> isMultiple(binary.left()) || isMultiple(binary.right());
            case ADD, SUBTRACT, MINIMUM, MAXIMUM ->
                isMultiple(binary.left()) && isMultiple(binary.right());
            case FLOOR_DIVIDE, CEIL_DIVIDE, MODULO, LESS, LESS_OR_EQUAL, EQUAL, AND, OR -> false;
          };
      case IntExpression.Variable _,
          IntExpression.Dimension _,
          IntExpression.Axis _,
          IntExpression.BufferElement _,
          IntExpression.TileElement _ ->
          false;
    };
  }

  /** {@return the first row where it is a constant, else 0, which it is at least} */
  private static int knownFirstRow(View view) {
    return view.row() instanceof IntExpression.Constant(int value) ? value : 0;
  }

  /** Fails when two elements of a view could be one: a store to it has no meaning. */
  static void requireDistinctElements(View view, KernelScope scope) {
    if (!(view.layout() instanceof View.Layout.Rows layout)) {
      return;
    }
    long side = Math.min(view.rows(), layout.group());
    long groups = groups(view, layout);
    boolean rowsInGroups =
        apart(side, layout.rowStride(), view.columns())
            && apart(groups, layout.groupStride(), extent(side, layout.rowStride(), view));
    boolean groupsInRows =
        apart(groups, layout.groupStride(), view.columns())
            && apart(side, layout.rowStride(), extent(groups, layout.groupStride(), view));
    if (!rowsInGroups && !groupsInRows) {
      throw scope.broken("rows of the stored view overlap");
    }
  }

  private static long groups(View view, View.Layout.Rows layout) {
    if (layout.groupStride() == 0) {
      return 1;
    }
    int first = knownFirstRow(view);
    boolean known = view.row() instanceof IntExpression.Constant;
    int startInGroup = known ? first % layout.group() : layout.group() - 1;
    return Math.ceilDiv(startInGroup + (long) view.rows(), layout.group());
  }

  private static long extent(long count, long stride, View view) {
    return (count - 1) * stride + view.columns();
  }

  private static boolean apart(long count, long stride, long extent) {
    return count == 1 || stride >= extent;
  }
}
