package dev.kvasir.codegen.emit.jvm;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.TileExpression;
import java.util.ArrayList;
import java.util.List;

/**
 * Pointwise phases: numbers the tiles and uniform integers of a map and calls its {@link MapBody}.
 */
final class MapEmitter {

  private final Emission emission;
  private final Kernel kernel;
  private final Kernel.Tile target;
  private final List<Kernel.Tile> tiles = new ArrayList<>();
  private final List<IntExpression> uniforms = new ArrayList<>();

  private MapEmitter(Emission emission, Kernel kernel, Kernel.Tile target) {
    this.emission = emission;
    this.kernel = kernel;
    this.target = target;
    tiles.add(target);
  }

  /** {@return the call of a map's loop} */
  static SharedCall map(Statement.Map map, Emission emission, Kernel kernel) {
    return new MapEmitter(emission, kernel, kernel.tile(map.tile())).call(map.value());
  }

  private SharedCall call(TileExpression value) {
    TileExpression numbered = number(value);
    int lanes = isScalar(value) ? 1 : emission.lanes();
    int whole = target.columns() / lanes * lanes;
    MapBody body =
        new MapBody(
            numbered,
            tiles.stream().map(this::use).toList(),
            uniforms.size(),
            lanes,
            whole > 0,
            whole < target.columns());
    List<IntExpression> arguments = new ArrayList<>();
    arguments.add(IntExpression.constant(target.rows()));
    arguments.add(IntExpression.constant(whole));
    arguments.add(IntExpression.constant(target.columns()));
    for (Kernel.Tile tile : tiles) {
      arguments.add(IntExpression.constant(emission.frame().offset(tile.name())));
    }
    arguments.addAll(uniforms);
    return new SharedCall(emission.shared("map", body, body.type(), body::write), arguments);
  }

  private MapBody.TileUse use(Kernel.Tile tile) {
    return new MapBody.TileUse(tile.type(), tile.rows() > 1, tile.columns() > 1);
  }

  private TileExpression number(TileExpression expression) {
    return switch (expression) {
      case TileExpression.Element element ->
          new TileExpression.Element(
              Integer.toString(numberOf(tiles, kernel.tile(element.tile()))));
      case TileExpression.Spread spread ->
          new TileExpression.Spread(
              Integer.toString(numberOf(tiles, kernel.tile(spread.tile()))), spread.width());
      case TileExpression.Uniform uniform ->
          new TileExpression.Uniform(
              new IntExpression.Variable(Integer.toString(numberOf(uniforms, uniform.value()))));
      case TileExpression.Quotient(TileExpression dividend, int divisor) ->
          new TileExpression.Quotient(number(dividend), divisor);
      case TileExpression.Remainder(TileExpression dividend, int divisor) ->
          new TileExpression.Remainder(number(dividend), divisor);
      case TileExpression.Unary unary ->
          new TileExpression.Unary(unary.operator(), number(unary.operand()));
      case TileExpression.Binary binary ->
          new TileExpression.Binary(
              binary.operator(), number(binary.left()), number(binary.right()));
      case TileExpression.Select select ->
          new TileExpression.Select(
              number(select.condition()), number(select.whenTrue()), number(select.whenFalse()));
      case TileExpression.FloatConstant _,
          TileExpression.RowIndex _,
          TileExpression.ColumnIndex _ ->
          expression;
    };
  }

  private static <T> int numberOf(List<T> known, T wanted) {
    int number = known.indexOf(wanted);
    if (number >= 0) {
      return number;
    }
    known.add(wanted);
    return known.size() - 1;
  }

  /**
   * Whether a map runs one element at a time: vector logarithms differ between compiled and
   * interpreted code, and neither f16 rounding nor division by other integers than powers of two
   * has a vector form.
   */
  private static boolean isScalar(TileExpression expression) {
    return switch (expression) {
      case TileExpression.Unary unary ->
          switch (unary.operator()) {
            case LOG2, ROUND_TO_HALF -> true;
            case EXP2, RSQRT, TO_FLOAT, RINT, FROM_BITS -> isScalar(unary.operand());
          };
      case TileExpression.Quotient(TileExpression dividend, int divisor) ->
          Integer.bitCount(divisor) > 1 || isScalar(dividend);
      case TileExpression.Remainder(TileExpression dividend, int divisor) ->
          Integer.bitCount(divisor) > 1 || isScalar(dividend);
      case TileExpression.Binary binary -> isScalar(binary.left()) || isScalar(binary.right());
      case TileExpression.Select select ->
          isScalar(select.condition())
              || isScalar(select.whenTrue())
              || isScalar(select.whenFalse());
      case TileExpression.FloatConstant _,
          TileExpression.Element _,
          TileExpression.Spread _,
          TileExpression.Uniform _,
          TileExpression.RowIndex _,
          TileExpression.ColumnIndex _ ->
          false;
    };
  }
}
