package dev.kvasir.codegen.emit.jvm;

import static dev.kvasir.codegen.emit.jvm.Descriptors.*;

import java.lang.classfile.CodeBuilder;

/** Byte-code idioms between signed bytes and f32 {@link Lanes}. */
final class ByteLanes {

  /** By how many bits a byte is larger once {@link #takeInPlace} has taken it. */
  static final int BITS_IN_PLACE = Integer.SIZE - Byte.SIZE;

  private final CodeBuilder code;
  private final Lanes lanes;

  ByteLanes(CodeBuilder code, Lanes lanes) {
    this.code = code;
    this.lanes = lanes;
  }

  /** Pushes elements of a buffer as f32; {@code offset} pushes a long in bytes. */
  void load(int segment, Runnable offset) {
    if (!lanes.isVector()) {
      code.aload(segment).getstatic(VALUE_LAYOUT, "JAVA_BYTE", LAYOUT_BYTE);
      offset.run();
      code.invokeinterface(SEGMENT, "get", SEGMENT_GET_BYTE);
    } else if (lanes.count() == Integer.BYTES) {
      bytesOfAnInteger(segment, offset);
    } else {
      code.getstatic(BYTE_VECTOR, "SPECIES_" + Byte.SIZE * lanes.count(), SPECIES);
      code.aload(segment);
      offset.run();
      lanes.littleEndian();
      code.invokestatic(BYTE_VECTOR, "fromMemorySegment", BYTE_FROM_SEGMENT);
      lanes.operator(CONVERSION, "B2I");
      lanes.intSpecies();
      code.iconst_0()
          .invokevirtual(BYTE_VECTOR, "convertShape", CONVERT_SHAPE)
          .checkcast(INT_VECTOR);
    }
    lanes.toFloats();
  }

  /** No species holds 4 bytes. */
  private void bytesOfAnInteger(int segment, Runnable offset) {
    new Lanes(code, 1).readInts(segment, offset);
    lanes.broadcastInt();
    lanes.operator(BINARY, "LSHL");
    code.loadConstant(BITS_IN_PLACE);
    lanes.broadcastInt();
    code.loadConstant(-Byte.SIZE)
        .invokevirtual(INT_VECTOR, "addIndex", INT_WITH_INT)
        .invokevirtual(INT_VECTOR, "lanewise", INT_LANEWISE_VECTOR);
    lanes.lanewise(BINARY, "ASHR", BITS_IN_PLACE);
  }

  /**
   * Turns integers on the stack that hold four bytes each into byte {@code number} as f32, times
   * 2^{@value #BITS_IN_PLACE}.
   */
  void takeInPlace(int number) {
    int last = Integer.BYTES - 1;
    if (number < last) {
      lanes.lanewise(BINARY, "LSHL", (last - number) * Byte.SIZE);
    }
    if (number > 0) {
      lanes.lanewise(ASSOCIATIVE, "AND", 0xff << BITS_IN_PLACE);
    }
    lanes.toFloats();
  }
}
