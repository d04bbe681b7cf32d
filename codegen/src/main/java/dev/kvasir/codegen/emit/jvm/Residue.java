package dev.kvasir.codegen.emit.jvm;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.View;
import java.util.OptionalLong;

/**
 * What the form of a view alone tells of where it starts.
 *
 * @param modulus what places are known up to
 */
record Residue(long modulus) {

  /**
   * {@return the number of a view's first element mod the modulus, where the form tells it; of a
   * view of tiles, that of the first element of each}
   */
  OptionalLong ofStart(View view) {
    OptionalLong row =
        switch (view.layout()) {
          case View.Layout.Rows rows when rows.groupStride() == 0 ->
              product(of(view.row()), rows.rowStride());
          case View.Layout.Rows _ -> whole(view);
          case View.Layout.Columns columns ->
              columns.strip() == columns.rows() ? of(view.row()) : whole(view);
          case View.Layout.Tiles tiles when tiles.height() < tiles.rows() -> whole(view);
          case View.Layout.Tiles tiles ->
              tiles.columns() % tiles.width() == 0
                      && (long) tiles.width() * tiles.height() % modulus == 0
                  ? product(of(view.row()), tiles.width())
                  : unknown();
        };
    return sum(sum(product(of(view.block()), view.blockStride()), row), of(view.offset()));
  }

  /** {@return 0 for a view that starts with the block's first row} */
  private OptionalLong whole(View view) {
    return of(view.row()).equals(known(0)) ? known(0) : unknown();
  }

  private OptionalLong of(IntExpression expression) {
    return switch (expression) {
      case IntExpression.Constant(int value) -> known(value);
      case IntExpression.Binary binary -> of(binary);
      case IntExpression.Variable _,
          IntExpression.Dimension _,
          IntExpression.Axis _,
          IntExpression.BufferElement _,
          IntExpression.TileElement _ ->
          unknown();
    };
  }

  private OptionalLong of(IntExpression.Binary binary) {
    OptionalLong left = of(binary.left());
    OptionalLong right = of(binary.right());
    return switch (binary.operator()) {
      case ADD -> sum(left, right);
      case MULTIPLY -> {
        if (binary.right() instanceof IntExpression.Constant(int factor)) {
          yield product(left, factor);
        }
        yield binary.left() instanceof IntExpression.Constant(int factor)
            ? product(right, factor)
            : unknown();
      }
      case SUBTRACT,
          MINIMUM,
          MAXIMUM,
          FLOOR_DIVIDE,
          CEIL_DIVIDE,
          MODULO,
          LESS,
          LESS_OR_EQUAL,
          EQUAL,
          AND,
          OR ->
          unknown();
    };
  }

  private OptionalLong sum(OptionalLong left, OptionalLong right) {
    return left.isPresent() && right.isPresent()
        ? known(left.getAsLong() + right.getAsLong())
        : unknown();
  }

  private OptionalLong product(OptionalLong value, long factor) {
    if (factor % modulus == 0) {
      return known(0);
    }
    return value.isPresent() ? known(value.getAsLong() * Math.floorMod(factor, modulus)) : value;
  }

  private OptionalLong known(long value) {
    return OptionalLong.of(Math.floorMod(value, modulus));
  }

  private static OptionalLong unknown() {
    return OptionalLong.empty();
  }
}
