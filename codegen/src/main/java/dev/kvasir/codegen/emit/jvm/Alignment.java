package dev.kvasir.codegen.emit.jvm;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.View;

/** What the form of a view alone tells of where it starts. */
final class Alignment {

  private static final long ANY = 1L << 32;

  private Alignment() {}

  /** {@return the largest known power of two that divides the number of a view's first element} */
  static long ofStart(View view) {
    long block = product(of(view.block()), lowest(view.blockStride()));
    long row =
        switch (view.layout()) {
          case View.Layout.Rows rows ->
              Math.min(
                  lowest(rows.groupStride()), product(of(view.row()), lowest(rows.rowStride())));
          case View.Layout.Columns _ -> of(view.row());
          case View.Layout.Tiles tiles ->
              product(of(view.row()), Math.min(lowest(tiles.width()), lowest(tiles.columns())));
        };
    return Math.min(Math.min(block, row), of(view.offset()));
  }

  private static long of(IntExpression expression) {
    return switch (expression) {
      case IntExpression.Constant(int value) -> lowest(value);
      case IntExpression.Binary binary ->
          switch (binary.operator()) {
            case MULTIPLY -> product(of(binary.left()), of(binary.right()));
            case ADD, SUBTRACT, MINIMUM, MAXIMUM -> Math.min(of(binary.left()), of(binary.right()));
            case FLOOR_DIVIDE, CEIL_DIVIDE, MODULO, LESS, LESS_OR_EQUAL, EQUAL, AND, OR -> 1;
          };
      case IntExpression.Variable _,
          IntExpression.Dimension _,
          IntExpression.Axis _,
          IntExpression.BufferElement _,
          IntExpression.TileElement _ ->
          1;
    };
  }

  private static long product(long left, long right) {
    return Math.min(ANY, left * right);
  }

  private static long lowest(long value) {
    return value == 0 ? ANY : Math.min(ANY, Long.lowestOneBit(value));
  }
}
