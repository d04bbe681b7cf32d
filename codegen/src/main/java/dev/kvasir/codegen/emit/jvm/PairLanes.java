package dev.kvasir.codegen.emit.jvm;

import static dev.kvasir.codegen.emit.jvm.Descriptors.*;

import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;

/** Byte-code idioms over pairs of neighbouring f32 elements, each pair a 64-bit lane. */
final class PairLanes {

  private final CodeBuilder code;
  private final int pairs;

  /**
   * Writes to {@code code}.
   *
   * @param pairs lanes: 2, 4 or 8
   */
  PairLanes(CodeBuilder code, int pairs) {
    this.code = code;
    this.pairs = pairs;
  }

  /** Pushes pairs of a buffer; {@code offset} pushes a long in bytes. */
  void load(int segment, Runnable offset) {
    species(LONG_VECTOR, Long.SIZE);
    code.aload(segment);
    offset.run();
    code.getstatic(BYTE_ORDER, "LITTLE_ENDIAN", BYTE_ORDER)
        .invokestatic(LONG_VECTOR, "fromMemorySegment", LONG_FROM_SEGMENT);
  }

  /** Pushes pairs of a tile. */
  void loadTile(int array, Runnable index) {
    new Lanes(code, 2 * pairs).loadFloats(array, index);
    code.invokevirtual(FLOAT_VECTOR, "reinterpretAsLongs", LONG_SELF);
  }

  /** Turns pairs into their element {@code number}, 0 or 1, as floats of half the size. */
  void take(int number) {
    if (number == 1) {
      code.getstatic(OPERATORS, "LSHR", BINARY)
          .loadConstant((long) Integer.SIZE)
          .invokevirtual(LONG_VECTOR, "lanewise", LONG_LANEWISE_SCALAR);
    }
    code.getstatic(OPERATORS, "L2I", CONVERSION);
    species(INT_VECTOR, Integer.SIZE);
    code.iconst_0()
        .invokevirtual(LONG_VECTOR, "convertShape", CONVERT_SHAPE)
        .checkcast(INT_VECTOR)
        .invokevirtual(INT_VECTOR, "reinterpretAsFloats", FLOAT_SELF);
  }

  /** Pops floats into a tile. */
  void store(int array, Runnable index) {
    code.aload(array);
    index.run();
    code.invokevirtual(FLOAT_VECTOR, "intoArray", FLOAT_INTO_ARRAY);
  }

  private void species(ClassDesc vector, int laneBits) {
    code.getstatic(vector, "SPECIES_" + pairs * laneBits, SPECIES);
  }
}
