package dev.kvasir.codegen.emit.tornado;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;

/**
 * Conversion of f16 by integer and float arithmetic: the target's own conversions, and reading a
 * float's bits, do not compile everywhere. With e the 5 bits of the exponent and m the 10 of the
 * mantissa, a number is (m + 1024) * 2^(e - 25), and 2 * m * 2^-25 where e is 0. All products are
 * exact in whatever order, and no intermediate is below the range of normal f32.
 *
 * <p>There are no infinities and no NaN: e = 31 counts as one more exponent, so that 0x7c00 is
 * 65536, and what rounds to 65536 or more is stored as 0x7c00.
 */
final class Half {

  private static final int MANTISSA_BITS = 10;
  private static final int HIDDEN = 1 << MANTISSA_BITS;
  private static final int SIGN = 0x8000;

  /** The exponent's bit that does not go into the shift: 11 bits by up to 15 fit an int. */
  private static final int HIGH_EXPONENT = 16 << MANTISSA_BITS;

  private static final float OVERFLOW = 0x1p16f;

  private Half() {}

  /** Replaces the bits on the stack, as a signed short, by their value. */
  static void decode(MethodWriter writer) {
    CodeBuilder code = writer.code();
    writer.enter();
    Local bits = writer.declareInt("bits");
    writer.push(bits).push(HIDDEN - 1);
    code.iand();
    Local mantissa = writer.declareInt("mantissa");
    writer.push(bits).push(MANTISSA_BITS);
    code.ishr();
    writer.push(31);
    code.iand();
    Local exponent = writer.declareInt("exponent");
    writer.push(exponent);
    choose(
        code,
        code::ifne,
        () -> writer.push(mantissa).push(HIDDEN).plus(),
        () -> writer.push(mantissa).times(2));
    writer.push(exponent).remainderOf(16);
    code.ishl().i2f();
    writer.push(bits).push(HIGH_EXPONENT);
    code.iand();
    choose(code, code::ifne, () -> code.loadConstant(0x1p-9f), () -> code.loadConstant(0x1p-25f));
    code.fmul();
    Local magnitude = writer.declareFloat("magnitude");
    writer.push(bits);
    choose(
        code,
        code::iflt,
        () -> {
          writer.push(magnitude);
          code.fneg();
        },
        () -> writer.push(magnitude));
    writer.exit();
  }

  private interface Jump {
    CodeBuilder to(Label target);
  }

  private static void choose(CodeBuilder code, Jump jump, Runnable taken, Runnable otherwise) {
    Label target = code.newLabel();
    Label end = code.newLabel();
    jump.to(target);
    otherwise.run();
    code.goto_(end).labelBinding(target);
    taken.run();
    code.labelBinding(end);
  }

  /** Replaces the float on the stack by the bits of the nearest f16, ties to even, in an int. */
  static void encode(MethodWriter writer) {
    CodeBuilder code = writer.code();
    writer.enter();
    Local value = writer.declareFloat("value");
    magnitude(writer, value);
    Local scaled = writer.declareFloat("scaled");
    code.iconst_0();
    Local exponent = writer.declareInt("exponent");
    normalise(writer, scaled, exponent);
    writer.push(scaled);
    code.f2i();
    Local mantissa = writer.declareInt("mantissa");
    Rounding.push(writer, scaled, mantissa);
    // Carries go from the mantissa into the exponent, whose hidden bit adds 1 to it.
    writer.push(exponent).times(HIDDEN).plus();
    writer.push(value);
    code.fconst_0().fcmpg();
    choose(code, code::iflt, () -> writer.push(SIGN), () -> writer.push(0));
    code.ior();
    writer.exit();
  }

  /**
   * Pushes |value| * 2^24, the number of smallest steps in it; what is no number counts as large.
   */
  private static void magnitude(MethodWriter writer, Local value) {
    CodeBuilder code = writer.code();
    writer.push(value);
    code.fconst_0().fcmpg();
    choose(
        code,
        code::iflt,
        () -> {
          writer.push(value);
          code.fneg();
        },
        () -> writer.push(value));
    Local magnitude = writer.declareFloat("magnitude");
    writer.push(magnitude);
    code.loadConstant(OVERFLOW).fcmpg();
    choose(code, code::iflt, () -> writer.push(magnitude), () -> code.loadConstant(OVERFLOW));
    code.loadConstant(0x1p24f).fmul();
  }

  /** Halves {@code scaled} until it is below 2048, and counts. */
  private static void normalise(MethodWriter writer, Local scaled, Local exponent) {
    CodeBuilder code = writer.code();
    for (int step = 16; step > 0; step /= 2) {
      Label small = code.newLabel();
      writer.push(scaled);
      code.loadConstant((float) (1L << (MANTISSA_BITS + step))).fcmpl().iflt(small);
      writer.push(scaled);
      code.loadConstant(1f / (1 << step)).fmul();
      writer.store(scaled);
      code.iinc(exponent.slot(), step);
      code.labelBinding(small);
    }
  }
}
