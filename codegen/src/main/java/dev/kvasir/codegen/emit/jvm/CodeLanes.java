package dev.kvasir.codegen.emit.jvm;

import static dev.kvasir.codegen.emit.jvm.Descriptors.*;

import dev.kvasir.ir.type.ElementFormat;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;

/**
 * Byte-code idioms between codes in blocks ({@link ElementFormat#blockElements}) and f32 {@link
 * Lanes}: a code is a field of one of its block's integers.
 */
final class CodeLanes {

  private final CodeBuilder code;
  private final Lanes lanes;
  private final ElementFormat format;

  /**
   * Writes to {@code code}.
   *
   * @param format a format of codes
   */
  CodeLanes(CodeBuilder code, Lanes lanes, ElementFormat format) {
    this.code = code;
    this.lanes = lanes;
    this.format = format;
  }

  /**
   * Pushes codes of a buffer as f32; {@code element} pushes the number of the first one, a long.
   */
  void load(int segment, Runnable element) {
    CodePlace place = CodePlace.of(code, format, element);
    lanes.readInts(segment, () -> place.pushAddress(code));
    shiftRight(() -> place.pushShift(code));
    mask();
    lanes.toFloats();
  }

  /** Pops codes as f32 into their field of a block and leaves its other fields as they are. */
  void store(int segment, Runnable element) {
    TypeKind kind = lanes.isVector() ? TypeKind.REFERENCE : TypeKind.INT;
    int codes = code.allocateLocal(kind);
    lanes.toInts();
    code.storeLocal(kind, codes);
    CodePlace place = CodePlace.of(code, format, element);
    int others = code.allocateLocal(TypeKind.INT);
    code.loadConstant(format.largestCode());
    place.pushShift(code);
    code.ishl().iconst_m1().ixor().istore(others);
    if (lanes.isVector()) {
      code.aload(codes);
      lanes.lanewise(BINARY, "LSHL", () -> place.pushShift(code));
      lanes.readInts(segment, () -> place.pushAddress(code));
      lanes.lanewise(ASSOCIATIVE, "AND", () -> code.iload(others));
      // Fields do not overlap, so that adding joins them.
      code.invokevirtual(INT_VECTOR, "add", INT_WITH_VECTOR);
    } else {
      lanes.readInts(segment, () -> place.pushAddress(code));
      code.iload(others).iand().iload(codes);
      place.pushShift(code);
      code.ishl().ior();
    }
    lanes.writeInts(segment, () -> place.pushAddress(code));
  }

  /** Turns integers on the stack into the codes of field {@code number} as f32. */
  void take(int number) {
    if (number > 0) {
      shiftRight(() -> code.loadConstant(number * format.bits()));
    }
    if (number < Integer.SIZE / format.bits() - 1) {
      mask();
    }
    lanes.toFloats();
  }

  /**
   * {@return by how many bits a code of field {@code number} is larger once {@link #takeInPlace}
   * has taken it}
   */
  static int scaleInPlace(ElementFormat format, int number) {
    return switch (format) {
      case U8 -> number == Integer.BYTES - 1 ? 0 : number * format.bits();
      case U4 -> number * format.bits() % Short.SIZE;
      case F32, BF16, F16, I32, I8 -> 0;
    };
  }

  /**
   * Turns integers on the stack into the codes of field {@code number} as f32, not moved to the
   * lowest bits; not for a field that reaches the sign.
   */
  void takeInPlace(int number) {
    int scale = scaleInPlace(format, number);
    if (scale < number * format.bits()) {
      lanes.lanewise(BINARY, "LSHR", number * format.bits() - scale);
    }
    lanes.lanewise(ASSOCIATIVE, "AND", format.largestCode() << scale);
    lanes.toFloats();
  }

  private void shiftRight(Runnable bits) {
    if (lanes.isVector()) {
      lanes.lanewise(BINARY, "LSHR", bits);
    } else {
      bits.run();
      code.iushr();
    }
  }

  private void mask() {
    if (lanes.isVector()) {
      lanes.lanewise(ASSOCIATIVE, "AND", format.largestCode());
    } else {
      code.loadConstant(format.largestCode()).iand();
    }
  }
}
