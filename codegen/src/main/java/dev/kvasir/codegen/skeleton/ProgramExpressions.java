package dev.kvasir.codegen.skeleton;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.plans.program.Expression;

/**
 * Uniform integers of kernels as expressions of a plan's program: the arithmetic of segments is
 * written once and serves both.
 */
public final class ProgramExpressions {

  private ProgramExpressions() {}

  /** {@return the kernel expression that stands for a counter of the program} */
  public static IntExpression counter(String name) {
    return new IntExpression.Dimension(name);
  }

  /**
   * {@return the same value over the program's counters}
   *
   * @param expression built from constants and {@link #counter}s
   */
  public static Expression of(IntExpression expression) {
    return switch (expression) {
      case IntExpression.Constant constant -> Expression.constant(constant.value());
      case IntExpression.Dimension dimension -> Expression.counter(dimension.name());
      case IntExpression.Binary binary -> join(binary);
      case IntExpression.Variable _,
          IntExpression.Axis _,
          IntExpression.BufferElement _,
          IntExpression.TileElement _ ->
          throw new IllegalArgumentException("only counters and constants: " + expression);
    };
  }

  private static Expression join(IntExpression.Binary binary) {
    Expression left = of(binary.left());
    Expression right = of(binary.right());
    return switch (binary.operator()) {
      case ADD -> left.plus(right);
      case SUBTRACT -> left.minus(right);
      case MULTIPLY -> left.times(right);
      case FLOOR_DIVIDE -> left.floorDivide(right);
      case CEIL_DIVIDE -> left.ceilDivide(right);
      case MODULO -> left.mod(right);
      case MINIMUM -> left.min(right);
      case MAXIMUM -> left.max(right);
      case LESS -> left.lessThan(right);
      case LESS_OR_EQUAL -> left.lessOrEqual(right);
      case EQUAL -> left.equalTo(right);
      case AND, OR -> throw new IllegalArgumentException("programs have no " + binary.operator());
    };
  }
}
