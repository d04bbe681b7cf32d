package dev.kvasir.codegen.emit.tornado;

import dev.kvasir.ir.kernel.IntExpression.IntOperator;
import java.lang.classfile.CodeBuilder;

/** Division of ints by positive divisors, rounded down or up whatever the dividend's sign. */
final class IntegerDivision {

  private IntegerDivision() {}

  /** Divides the int on the stack, rounding down. */
  static void floorDivide(MethodWriter writer, int divisor) {
    byLiteral(writer, IntOperator.FLOOR_DIVIDE, divisor);
  }

  /** Replaces the int on the stack by its remainder in 0 .. divisor - 1. */
  static void modulo(MethodWriter writer, int divisor) {
    byLiteral(writer, IntOperator.MODULO, divisor);
  }

  private static void byLiteral(MethodWriter writer, IntOperator operator, int divisor) {
    if (MethodWriter.isPowerOfTwo(divisor)) {
      byPowerOfTwo(writer, operator, divisor);
    } else {
      writer.push(divisor);
      write(writer.code(), operator);
    }
  }

  /**
   * Divides without a division: TornadoVM makes shifts of one by a power of two and writes unsigned
   * shifts as signed ones, which is wrong for negative dividends.
   */
  static void byPowerOfTwo(MethodWriter writer, IntOperator operator, int divisor) {
    CodeBuilder code = writer.code();
    int shift = Integer.numberOfTrailingZeros(divisor);
    if (operator == IntOperator.MODULO) {
      code.loadConstant(divisor - 1).iand();
    } else if (operator == IntOperator.FLOOR_DIVIDE) {
      code.loadConstant(shift).ishr();
    } else {
      code.ineg().loadConstant(shift).ishr().ineg();
    }
  }

  /** Divides two ints on the stack. */
  static void write(CodeBuilder code, IntOperator operator) {
    if (operator == IntOperator.FLOOR_DIVIDE) {
      // A remainder below 0 makes it one less. No shift by 31 asks for the sign: of those,
      // TornadoVM's compiler makes unsigned ones, and prints them as signed.
      pushQuotientAndRemainder(code);
      clamp(code, -1, 0);
    } else if (operator == IntOperator.CEIL_DIVIDE) {
      pushQuotientAndRemainder(code);
      clamp(code, 0, 1);
    } else {
      code.dup_x1().irem().dup_x1().bipush(31).ishr().iand().iadd();
    }
  }

  /** Adds to the int below the one on the stack, clamped. */
  private static void clamp(CodeBuilder code, int least, int most) {
    code.loadConstant(least).invokestatic(TornadoApi.MATH, "max", TornadoApi.INTS_TO_INT);
    code.loadConstant(most).invokestatic(TornadoApi.MATH, "min", TornadoApi.INTS_TO_INT);
    code.iadd();
  }

  private static void pushQuotientAndRemainder(CodeBuilder code) {
    code.dup2().idiv().dup_x2().pop().irem();
  }
}
