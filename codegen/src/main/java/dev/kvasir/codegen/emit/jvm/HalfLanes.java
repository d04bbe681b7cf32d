package dev.kvasir.codegen.emit.jvm;

import static dev.kvasir.codegen.emit.jvm.Descriptors.*;

import dev.kvasir.ir.type.ElementFormat;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;

/** Byte-code idioms between bf16 or f16 elements and f32 {@link Lanes}. */
final class HalfLanes {

  /** 2^112: what f16 bits, moved to f32's place, must be multiplied by. */
  private static final float HALF_FACTOR = 0x1p112f;

  /** Above every finite f16. */
  private static final float HALF_LIMIT = 0x1p16f;

  /** Bits that a fraction of f32 has more than one of f16. */
  private static final int FURTHER_FRACTION_BITS = 13;

  private static final int EXPONENT_BITS = 0x7f800000;

  private final CodeBuilder code;
  private final Lanes lanes;

  HalfLanes(CodeBuilder code, Lanes lanes) {
    this.code = code;
    this.lanes = lanes;
  }

  /** Pushes elements of a buffer as f32; {@code offset} pushes a long in bytes. */
  void load(ElementFormat format, int segment, Runnable offset) {
    boolean bfloat = isBfloat(format);
    if (!lanes.isVector()) {
      code.aload(segment).getstatic(VALUE_LAYOUT, "JAVA_SHORT_UNALIGNED", LAYOUT_SHORT);
      offset.run();
      code.invokeinterface(SEGMENT, "get", SEGMENT_GET_SHORT);
      if (bfloat) {
        code.loadConstant(Short.SIZE).ishl().invokestatic(FLOAT, "intBitsToFloat", BITS_TO_FLOAT);
      } else {
        code.invokestatic(FLOAT, "float16ToFloat", HALF_TO_FLOAT);
      }
    } else if (bfloat) {
      widenShorts(segment, offset, "ZERO_EXTEND_S2I");
      lanes.lanewise(BINARY, "LSHL", Short.SIZE);
      lanes.bitsAsFloats();
    } else {
      widenShorts(segment, offset, "S2I");
      lanes.lanewise(BINARY, "LSHL", FURTHER_FRACTION_BITS);
      halvesToFloats();
    }
  }

  /** Turns integers on the stack that hold two elements each into element {@code number} as f32. */
  void take(ElementFormat format, int number) {
    if (isBfloat(format)) {
      if (number == 0) {
        lanes.lanewise(BINARY, "LSHL", Short.SIZE);
      } else {
        lanes.lanewise(ASSOCIATIVE, "AND", 0xffff0000);
      }
      lanes.bitsAsFloats();
    } else {
      if (number == 0) {
        lanes.lanewise(BINARY, "LSHL", Short.SIZE);
      }
      lanes.lanewise(BINARY, "ASHR", Short.SIZE - FURTHER_FRACTION_BITS);
      halvesToFloats();
    }
  }

  /** Pops one f32 into a buffer, rounded; {@code offset} pushes a long in bytes. */
  void store(ElementFormat format, int segment, Runnable offset) {
    if (lanes.isVector()) {
      throw new IllegalStateException("vectors are stored as f32 or codes only");
    }
    int value = code.allocateLocal(TypeKind.FLOAT);
    code.fstore(value).aload(segment);
    code.getstatic(VALUE_LAYOUT, "JAVA_SHORT_UNALIGNED", LAYOUT_SHORT);
    offset.run();
    if (isBfloat(format)) {
      roundToBfloat16(value);
    } else {
      code.fload(value).invokestatic(FLOAT, "floatToFloat16", FLOAT_TO_HALF);
    }
    code.invokeinterface(SEGMENT, "set", SEGMENT_SET_SHORT);
  }

  private static boolean isBfloat(ElementFormat format) {
    return switch (format) {
      case BF16 -> true;
      case F16 -> false;
      case F32, I32, I8, U8, U4 ->
          throw new IllegalStateException(format + " has no 16-bit elements");
    };
  }

  private void widenShorts(int segment, Runnable offset, String conversion) {
    code.getstatic(SHORT_VECTOR, "SPECIES_" + Short.SIZE * lanes.count(), SPECIES);
    code.aload(segment);
    offset.run();
    lanes.littleEndian();
    code.invokestatic(SHORT_VECTOR, "fromMemorySegment", SHORT_FROM_SEGMENT);
    lanes.operator(CONVERSION, conversion);
    lanes.intSpecies();
    code.iconst_0()
        .invokevirtual(SHORT_VECTOR, "convertShape", CONVERT_SHAPE)
        .checkcast(INT_VECTOR);
  }

  /** Turns f16 bits on the stack, their sign extended and 13 bits up, into numbers. */
  private void halvesToFloats() {
    lanes.lanewise(ASSOCIATIVE, "AND", 0x8fffe000);
    lanes.bitsAsFloats();
    code.loadConstant(HALF_FACTOR).invokevirtual(FLOAT_VECTOR, "mul", FLOAT_WITH_FLOAT);
    keepHalfInfinities();
  }

  /**
   * Numbers of f16's largest exponent, infinities and NaN, now lie at 2^16 and beyond, where no
   * other does: they get f32's largest exponent and keep their fraction.
   */
  private void keepHalfInfinities() {
    int number = code.allocateLocal(TypeKind.REFERENCE);
    code.astore(number).aload(number).aload(number);
    code.invokevirtual(FLOAT_VECTOR, "reinterpretAsInts", INT_SELF);
    lanes.lanewise(ASSOCIATIVE, "OR", EXPONENT_BITS);
    lanes.bitsAsFloats();
    code.aload(number).invokevirtual(FLOAT_VECTOR, "abs", FLOAT_SELF);
    lanes.operator(COMPARISON, "GE");
    code.loadConstant(HALF_LIMIT)
        .invokevirtual(FLOAT_VECTOR, "compare", COMPARE_FLOAT)
        .invokevirtual(FLOAT_VECTOR, "blend", FLOAT_BLEND);
  }

  /** Nearest, ties to even; NaN keeps its upper bits and stays NaN. */
  private void roundToBfloat16(int value) {
    int bits = code.allocateLocal(TypeKind.INT);
    code.fload(value).invokestatic(FLOAT, "floatToRawIntBits", FLOAT_TO_BITS).istore(bits);
    code.fload(value)
        .invokestatic(FLOAT, "isNaN", IS_NAN)
        .ifThenElse(
            nan -> nan.iload(bits).loadConstant(16).iushr().loadConstant(0x40).ior(),
            number ->
                number
                    .iload(bits)
                    .loadConstant(0x7fff)
                    .iadd()
                    .iload(bits)
                    .loadConstant(16)
                    .iushr()
                    .iconst_1()
                    .iand()
                    .iadd()
                    .loadConstant(16)
                    .iushr());
    code.i2s();
  }
}
