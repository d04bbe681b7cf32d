package dev.kvasir.codegen.emit.jvm;

import static dev.kvasir.codegen.emit.jvm.Descriptors.*;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;
import java.lang.constant.MethodTypeDesc;

/**
 * A block of {@code dot.nn} whose right side is f32 in narrow tiles, packed for this loop: vectors
 * of neighbouring tiles make one line of a term, and each line is multiplied by one element of
 * every left row. All sums stay in registers.
 *
 * @param rows rows of the block
 * @param vectors vectors of the block
 * @param lanes lanes of a vector
 * @param tile how the right side lies
 * @param leftStride elements from one left row to the next
 * @param resultStride elements from one result row to the next
 */
record PanelBody(
    int rows, int vectors, int lanes, View.Layout.Tiles tile, int leftStride, int resultStride) {

  /** (tile floats, right segment, right origin, left index, end term, result index). */
  static final MethodTypeDesc TYPE =
      MethodTypeDesc.of(CD_void, FLOAT_ARRAY, SEGMENT, CD_long, CD_int, CD_int, CD_int);

  private static final int RIGHT = 1;
  private static final int ORIGIN = 2;
  private static final int LEFT = 4;
  private static final int END = 5;
  private static final int RESULT = 6;

  /** Vectors of a line that the loop is made for. */
  static final int MOST_VECTORS = 4;

  /**
   * {@return rows of a block of {@code vectors}: with 32 registers, 24 sums next to a line and the
   * elements that it is multiplied by}
   */
  static int rows(int vectors, int lanes) {
    int sums = lanes == 16 ? 24 : 8;
    return Math.min(16, sums / vectors);
  }

  /** {@return whether a view is packed for this loop} */
  static boolean reads(ElementFormat format, View right, int lanes) {
    return format == ElementFormat.F32
        && right.layout() instanceof View.Layout.Tiles tiles
        && !tiles.paired()
        && tiles.rows() == tiles.height()
        && tiles.width() % lanes == 0
        && tiles.width() < MOST_VECTORS * lanes
        && right.columns() % tiles.width() == 0;
  }

  /** {@return bytes from the start of a line to the vector at {@code column}} */
  static long bytesTo(View.Layout.Tiles tile, int column) {
    long tiles = column / tile.width();
    long elements = tiles * tile.height() * tile.width() + column % tile.width();
    return elements * Float.BYTES;
  }

  void write(CodeBuilder code) {
    Lanes vector = new Lanes(code, lanes);
    Lanes scalar = new Lanes(code, 1);
    int[][] sums = new int[rows][vectors];
    for (int row = 0; row < rows; row++) {
      for (int v = 0; v < vectors; v++) {
        int place = row * resultStride + v * lanes;
        sums[row][v] = code.allocateLocal(TypeKind.REFERENCE);
        vector.loadFloats(
            PhaseArguments.FLOATS, () -> Emission.pushInt(code, RESULT, place, -1, 0));
        code.astore(sums[row][v]);
      }
    }
    int[] line = new int[vectors];
    for (int v = 0; v < vectors; v++) {
      line[v] = code.allocateLocal(TypeKind.REFERENCE);
    }
    int factor = code.allocateLocal(TypeKind.REFERENCE);
    Emission.loop(
        code,
        () -> code.iconst_0(),
        END,
        1,
        term -> {
          for (int v = 0; v < vectors; v++) {
            long bytes = bytesTo(tile, v * lanes);
            vector.readFloats(
                RIGHT,
                () ->
                    Emission.pushLong(
                        code, ORIGIN, bytes, term, (long) tile.width() * Float.BYTES));
            code.astore(line[v]);
          }
          for (int row = 0; row < rows; row++) {
            int place = row * leftStride;
            scalar.loadFloats(
                PhaseArguments.FLOATS, () -> Emission.pushInt(code, LEFT, place, term, 1));
            vector.broadcastFloat();
            code.astore(factor);
            for (int v = 0; v < vectors; v++) {
              code.aload(line[v]).aload(factor).aload(sums[row][v]);
              vector.fma();
              code.astore(sums[row][v]);
            }
          }
        });
    for (int row = 0; row < rows; row++) {
      for (int v = 0; v < vectors; v++) {
        int place = row * resultStride + v * lanes;
        code.aload(sums[row][v]);
        vector.storeFloats(
            PhaseArguments.FLOATS, () -> Emission.pushInt(code, RESULT, place, -1, 0));
      }
    }
    code.return_();
  }
}
