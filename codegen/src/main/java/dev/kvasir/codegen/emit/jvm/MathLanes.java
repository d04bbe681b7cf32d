package dev.kvasir.codegen.emit.jvm;

import static dev.kvasir.codegen.emit.jvm.Descriptors.*;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;

/** Byte-code idioms for functions of one float over {@link Lanes}. */
final class MathLanes {

  /** exp2 is exact to 2.1e-7 on [-126, 126]: a polynomial on the fraction, bits for the rest. */
  private static final float[] EXP2 = {
    0.0013276471f, 0.009675542f, 0.05550713f, 0.2402212f, 0.69314694f, 1.0000001f
  };

  private static final float ROUND_TO_INTEGER = 12582912f;
  private static final float EXP2_LIMIT = 126f;
  private static final int ONE_BITS = 0x3f800000;
  private static final int FRACTION_BITS = 23;

  private final CodeBuilder code;
  private final Lanes lanes;

  MathLanes(CodeBuilder code, Lanes lanes) {
    this.code = code;
    this.lanes = lanes;
  }

  /** The float on the stack, rounded: ties to even. */
  void nearestInteger() {
    if (lanes.isVector()) {
      code.loadConstant(ROUND_TO_INTEGER)
          .invokevirtual(FLOAT_VECTOR, "add", FLOAT_WITH_FLOAT)
          .loadConstant(ROUND_TO_INTEGER)
          .invokevirtual(FLOAT_VECTOR, "sub", FLOAT_WITH_FLOAT);
    } else {
      code.loadConstant(ROUND_TO_INTEGER).fadd().loadConstant(ROUND_TO_INTEGER).fsub();
    }
  }

  /** The float on the stack, rounded to f16; only for one lane. */
  void roundToHalf() {
    if (lanes.isVector()) {
      throw new IllegalStateException("f16 rounding has no vector form");
    }
    code.invokestatic(FLOAT, "floatToFloat16", FLOAT_TO_HALF)
        .invokestatic(FLOAT, "float16ToFloat", HALF_TO_FLOAT);
  }

  /** 2 to the power of the floats on the stack. */
  void exp2() {
    TypeKind kind = lanes.floatKind();
    int x = code.allocateLocal(kind);
    int rounded = code.allocateLocal(kind);
    int polynomial = code.allocateLocal(kind);
    if (lanes.isVector()) {
      vectorExp2(x, rounded, polynomial);
    } else {
      scalarExp2(x, rounded, polynomial);
    }
  }

  private void vectorExp2(int x, int rounded, int polynomial) {
    int below = code.allocateLocal(TypeKind.REFERENCE);
    code.astore(x);
    compareWith(x, "LT", -EXP2_LIMIT);
    code.astore(below);
    code.aload(x).loadConstant(-EXP2_LIMIT).aload(below);
    code.invokevirtual(FLOAT_VECTOR, "blend", FLOAT_BLEND_SCALAR).astore(x);
    code.aload(x).loadConstant(EXP2_LIMIT);
    compareWith(x, "GT", EXP2_LIMIT);
    code.invokevirtual(FLOAT_VECTOR, "blend", FLOAT_BLEND_SCALAR).astore(x);
    code.aload(x)
        .loadConstant(ROUND_TO_INTEGER)
        .invokevirtual(FLOAT_VECTOR, "add", FLOAT_WITH_FLOAT)
        .astore(rounded);
    code.aload(x)
        .aload(rounded)
        .loadConstant(ROUND_TO_INTEGER)
        .invokevirtual(FLOAT_VECTOR, "sub", FLOAT_WITH_FLOAT)
        .invokevirtual(FLOAT_VECTOR, "sub", FLOAT_WITH_VECTOR)
        .astore(x);
    horner(x, polynomial);
    code.aload(polynomial)
        .aload(rounded)
        .invokevirtual(FLOAT_VECTOR, "reinterpretAsInts", INT_SELF);
    lanes.lanewise(BINARY, "LSHL", FRACTION_BITS);
    lanes.lanewise(ASSOCIATIVE, "ADD", ONE_BITS);
    lanes.bitsAsFloats();
    code.invokevirtual(FLOAT_VECTOR, "mul", FLOAT_WITH_VECTOR)
        .fconst_0()
        .aload(below)
        .invokevirtual(FLOAT_VECTOR, "blend", FLOAT_BLEND_SCALAR);
  }

  private void scalarExp2(int x, int rounded, int polynomial) {
    Label inRange = code.newLabel();
    Label end = code.newLabel();
    code.fstore(x).fload(x).loadConstant(-EXP2_LIMIT).fcmpg().ifge(inRange);
    code.fconst_0().goto_(end).labelBinding(inRange);
    code.fload(x).loadConstant(EXP2_LIMIT).invokestatic(MATH, "min", FLOATS_TO_FLOAT).fstore(x);
    code.fload(x).loadConstant(ROUND_TO_INTEGER).fadd().fstore(rounded);
    code.fload(x).fload(rounded).loadConstant(ROUND_TO_INTEGER).fsub().fsub().fstore(x);
    horner(x, polynomial);
    code.fload(polynomial)
        .fload(rounded)
        .invokestatic(FLOAT, "floatToRawIntBits", FLOAT_TO_BITS)
        .loadConstant(FRACTION_BITS)
        .ishl()
        .loadConstant(ONE_BITS)
        .iadd()
        .invokestatic(FLOAT, "intBitsToFloat", BITS_TO_FLOAT)
        .fmul()
        .labelBinding(end);
  }

  private void compareWith(int vector, String comparison, float value) {
    code.aload(vector);
    lanes.operator(COMPARISON, comparison);
    code.loadConstant(value).invokevirtual(FLOAT_VECTOR, "compare", COMPARE_FLOAT);
  }

  /** polynomial = EXP2 at x, highest power first. */
  private void horner(int x, int polynomial) {
    TypeKind kind = lanes.floatKind();
    code.loadConstant(EXP2[0]);
    lanes.broadcastFloat();
    code.storeLocal(kind, polynomial);
    for (int power = 1; power < EXP2.length; power++) {
      code.loadLocal(kind, polynomial).loadLocal(kind, x).loadConstant(EXP2[power]);
      lanes.broadcastFloat();
      lanes.fma();
      code.storeLocal(kind, polynomial);
    }
  }

  /** The binary logarithm of the float on the stack; only for one lane. */
  void log2() {
    code.f2d()
        .invokestatic(MATH, "log", DOUBLE_TO_DOUBLE)
        .loadConstant(1.0 / Math.log(2.0))
        .dmul()
        .d2f();
  }

  /** 1 by the square root of the floats on the stack. */
  void reciprocalSquareRoot() {
    if (lanes.isVector()) {
      int root = code.allocateLocal(TypeKind.REFERENCE);
      code.invokevirtual(FLOAT_VECTOR, "sqrt", FLOAT_SELF).astore(root);
      code.fconst_1();
      lanes.broadcastFloat();
      code.aload(root).invokevirtual(FLOAT_VECTOR, "div", FLOAT_WITH_VECTOR);
    } else {
      int root = code.allocateLocal(TypeKind.DOUBLE);
      code.f2d().invokestatic(MATH, "sqrt", DOUBLE_TO_DOUBLE).dstore(root);
      code.dconst_1().dload(root).ddiv().d2f();
    }
  }
}
