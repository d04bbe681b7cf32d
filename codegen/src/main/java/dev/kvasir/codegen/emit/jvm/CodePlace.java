package dev.kvasir.codegen.emit.jvm;

import dev.kvasir.ir.type.ElementFormat;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;

/**
 * Where codes lie, once computed: the integer of the first one, and the bit at which its field
 * starts. See {@link ElementFormat#blockElements}.
 *
 * @param address local slot of the integer's byte offset, a long
 * @param shift local slot of the bit, an int
 */
record CodePlace(int address, int shift) {

  private static final int BLOCK_BYTES = 64;

  /**
   * Computes a place.
   *
   * @param element pushes the number of the first code in its buffer, a long
   */
  static CodePlace of(CodeBuilder code, ElementFormat format, Runnable element) {
    int first = code.allocateLocal(TypeKind.LONG);
    int address = code.allocateLocal(TypeKind.LONG);
    int shift = code.allocateLocal(TypeKind.INT);
    int block = Integer.numberOfTrailingZeros(format.blockElements());
    int field = Integer.numberOfTrailingZeros(ElementFormat.BLOCK_INTEGERS);
    int fields = format.blockElements() / ElementFormat.BLOCK_INTEGERS;
    element.run();
    code.lstore(first);
    code.lload(first).loadConstant(block).lshr();
    code.loadConstant((long) BLOCK_BYTES).lmul();
    code.lload(first).loadConstant((long) (ElementFormat.BLOCK_INTEGERS - 1)).land();
    code.loadConstant((long) Integer.BYTES).lmul().ladd().lstore(address);
    code.lload(first).loadConstant(field).lshr().l2i();
    code.loadConstant(fields - 1).iand().loadConstant(format.bits()).imul().istore(shift);
    return new CodePlace(address, shift);
  }

  void pushAddress(CodeBuilder code) {
    code.lload(address);
  }

  void pushShift(CodeBuilder code) {
    code.iload(shift);
  }
}
