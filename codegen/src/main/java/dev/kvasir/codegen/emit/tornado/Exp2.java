package dev.kvasir.codegen.emit.tornado;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;

/**
 * 2^x with its relative error under the code's own control: libraries of devices promise less than
 * the kernel IR does. x = n + f with n = floor(x); 2^f is 1 + f * q(f), q of degree 5 (minimax for
 * the relative error on [0, 1], 2e-9; 9e-8 as evaluated in f32). 2^n is a product of powers of two
 * none of whose partial products leaves the range of normal f32, in whatever order a compiler that
 * may reassociate multiplies them.
 */
final class Exp2 {

  private static final float LIMIT = 126;
  private static final int MANTISSA_BITS = 23;
  private static final int HIDDEN = 1 << MANTISSA_BITS;
  private static final int BIAS = 127;

  /** q, highest power first. */
  private static final float[] COEFFICIENTS = {
    2.1612913e-4f, 1.2467846e-3f, 9.675452e-3f, 5.5485282e-2f, 2.4022931e-1f, 6.9314706e-1f
  };

  private Exp2() {}

  /** Replaces x on the stack by 2^x: exactly 0 for x below -126; x above 126 counts as 126. */
  static void write(MethodWriter writer) {
    CodeBuilder code = writer.code();
    writer.enter();
    Local x = writer.declareFloat("x");
    Label inRange = code.newLabel();
    Label end = code.newLabel();
    writer.push(x);
    code.loadConstant(-LIMIT).fcmpg().ifge(inRange);
    code.fconst_0().goto_(end).labelBinding(inRange);
    inRange(writer, x);
    code.labelBinding(end);
    writer.exit();
  }

  /**
   * Replaces the bits of 0, or of a normal positive number, by that number: the target's own way to
   * do so does not compile everywhere.
   */
  static void fromBits(MethodWriter writer) {
    CodeBuilder code = writer.code();
    writer.enter();
    Local bits = writer.declareInt("bits");
    Label zero = code.newLabel();
    Label end = code.newLabel();
    writer.push(bits);
    code.ifeq(zero);
    writer.push(bits).push(HIDDEN - 1);
    code.iand();
    writer.push(HIDDEN).plus();
    code.i2f().loadConstant(1f / HIDDEN).fmul();
    writer.push(bits).push(MANTISSA_BITS);
    code.ishr().loadConstant(BIAS).isub();
    power(writer, writer.declareInt("exponent"));
    code.goto_(end).labelBinding(zero);
    code.fconst_0().labelBinding(end);
    writer.exit();
  }

  private static void inRange(MethodWriter writer, Local x) {
    CodeBuilder code = writer.code();
    writer.push(x);
    code.loadConstant(LIMIT).invokestatic(TornadoApi.MATH, "min", TornadoApi.FLOATS_TO_FLOAT);
    writer.store(x);
    // Above 0 a conversion to int rounds down.
    writer.push(x);
    code.loadConstant(LIMIT + 1).fadd().f2i().loadConstant((int) LIMIT + 1).isub();
    Local exponent = writer.declareInt("exponent");
    writer.push(x).push(exponent);
    code.i2f().fsub();
    Local fraction = writer.declareFloat("fraction");
    polynomial(writer, fraction);
    power(writer, exponent);
  }

  private static void polynomial(MethodWriter writer, Local fraction) {
    CodeBuilder code = writer.code();
    code.loadConstant(COEFFICIENTS[0]);
    for (int i = 1; i < COEFFICIENTS.length; i++) {
      writer.push(fraction);
      code.fmul().loadConstant(COEFFICIENTS[i]).fadd();
    }
    writer.push(fraction);
    code.fmul().fconst_1().fadd();
  }

  /** Multiplies the stack by 2^exponent. */
  private static void power(MethodWriter writer, Local exponent) {
    CodeBuilder code = writer.code();
    Label raised = code.newLabel();
    writer.push(exponent);
    code.ifge(raised);
    code.loadConstant(0x1p-126f).fmul();
    writer.push(exponent).push((int) LIMIT).plus().store(exponent);
    code.labelBinding(raised);
    // 0 <= exponent <= 127 = 5 * 25 + 2
    writer.push(exponent).push(5);
    code.idiv();
    Local fifth = writer.declareInt("fifth");
    writer.push(1).push(fifth);
    code.ishl().i2f();
    Local factor = writer.declareFloat("factor");
    for (int i = 0; i < 5; i++) {
      writer.push(factor);
      code.fmul();
    }
    writer.push(1).push(exponent).push(fifth).times(5);
    code.isub().ishl().i2f().fmul();
  }
}
