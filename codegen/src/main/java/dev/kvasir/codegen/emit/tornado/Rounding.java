package dev.kvasir.codegen.emit.tornado;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;

/**
 * Rounding to integers, ties to even, by exact arithmetic: adding and taking away a large number
 * would be simplified by compilers that may reorder sums.
 */
final class Rounding {

  private Rounding() {}

  /** Replaces the float on the stack, at most 2^22 in magnitude, by the nearest integer. */
  static void rint(MethodWriter writer) {
    CodeBuilder code = writer.code();
    writer.enter();
    Local value = writer.declareFloat("value");
    writer.push(value);
    code.f2i();
    Local whole = writer.declareInt("whole");
    push(writer, value, whole);
    code.i2f();
    writer.exit();
  }

  /**
   * Pushes the integer nearest to {@code value}.
   *
   * @param whole {@code value} rounded towards 0
   */
  static void push(MethodWriter writer, Local value, Local whole) {
    CodeBuilder code = writer.code();
    writer.push(value).push(whole);
    code.i2f().fsub().fconst_2().fmul();
    Local rest = writer.declareFloat("rest");
    // Away from 0 where the rest is a half or more, but for a half on an even integer.
    writer.push(rest);
    code.f2i();
    Local away = writer.declareInt("away");
    writer.push(whole).push(away);
    Label between = code.newLabel();
    writer.push(rest).push(away);
    code.i2f().fcmpl().ifne(between);
    writer.push(whole).push(1);
    code.iand().imul();
    code.labelBinding(between).iadd();
  }
}
