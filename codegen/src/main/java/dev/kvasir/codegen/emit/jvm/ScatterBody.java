package dev.kvasir.codegen.emit.jvm;

import static dev.kvasir.codegen.emit.jvm.Descriptors.FLOAT_ARRAY;
import static dev.kvasir.codegen.emit.jvm.Descriptors.INT_ARRAY;
import static dev.kvasir.codegen.emit.jvm.Descriptors.SEGMENT;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_void;

import dev.kvasir.ir.kernel.Kernel.TileType;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.MethodTypeDesc;

/**
 * Stores elements of a row to places of a buffer that another row names.
 *
 * @param type what is stored
 */
record ScatterBody(TileType type) {

  /** (tile floats, tile ints, buffer, its element of index 0, columns, indices, values). */
  static final MethodTypeDesc TYPE =
      MethodTypeDesc.of(CD_void, FLOAT_ARRAY, INT_ARRAY, SEGMENT, CD_int, CD_int, CD_int, CD_int);

  private static final int BUFFER = 2;
  private static final int START = 3;
  private static final int COLUMNS = 4;
  private static final int INDEX = 5;
  private static final int VALUE = 6;

  void write(CodeBuilder code) {
    Lanes scalar = new Lanes(code, 1);
    int place = code.allocateLocal(TypeKind.INT);
    Emission.loop(
        code,
        () -> code.iconst_0(),
        COLUMNS,
        1,
        column -> {
          Label next = code.newLabel();
          code.aload(PhaseArguments.INTS).iload(INDEX).iload(column).iadd().iaload();
          code.istore(place).iload(place).iflt(next);
          Runnable value = () -> code.iload(VALUE).iload(column).iadd();
          Runnable offset =
              () ->
                  code.iload(START)
                      .i2l()
                      .iload(place)
                      .i2l()
                      .ladd()
                      .loadConstant((long) Integer.BYTES)
                      .lmul();
          switch (type) {
            case F32 -> {
              scalar.loadFloats(PhaseArguments.FLOATS, value);
              scalar.writeFloats(BUFFER, offset);
            }
            case I32 -> {
              scalar.loadInts(PhaseArguments.INTS, value);
              scalar.writeInts(BUFFER, offset);
            }
          }
          code.labelBinding(next);
        });
    code.return_();
  }
}
