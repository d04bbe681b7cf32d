package dev.kvasir.codegen.emit.jvm;

import static dev.kvasir.codegen.emit.jvm.Descriptors.*;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import dev.kvasir.ir.type.ElementFormat;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.List;

/**
 * The register-blocked loop of a contraction whose columns run along the contracted axis; sums are
 * reduced at the end. Only what shapes the machine code is static; extents, places and row
 * distances are parameters.
 *
 * @param leftInBuffer whether the left side lies in an f32 buffer instead of a tile
 * @param rows rows of the block
 * @param columns columns of the block
 * @param lanes lanes of a vector
 * @param format how the right side is stored
 * @param accumulate whether sums start at what the result holds
 */
record DotBody(
    boolean leftInBuffer,
    int rows,
    int columns,
    int lanes,
    ElementFormat format,
    boolean accumulate) {

  private static final int SEGMENT_SLOT = 1;
  private static final int ORIGIN = 2;
  private static final int LEFT = 4;

  /**
   * (tile floats, right segment, right origin, left index | left segment and origin, left row
   * distance, first term, end term, result index, result row distance, right row distance).
   */
  MethodTypeDesc type() {
    List<ClassDesc> parameters = new ArrayList<>(List.of(FLOAT_ARRAY, SEGMENT, CD_long));
    parameters.addAll(leftInBuffer ? List.of(SEGMENT, CD_long) : List.of(CD_int));
    parameters.addAll(List.of(CD_int, CD_int, CD_int, CD_int, CD_int, CD_long));
    return MethodTypeDesc.of(CD_void, parameters);
  }

  private int afterLeft() {
    return leftInBuffer ? LEFT + 3 : LEFT + 1;
  }

  void write(CodeBuilder code) {
    new Writer(code).write();
  }

  /** Writes one method. */
  private final class Writer {
    private final CodeBuilder code;
    private final Lanes vector;
    private final Lanes scalar;
    private final BufferLanes right;
    private final TypeKind kind;
    private final int leftStride = afterLeft();
    private final int firstTerm = leftStride + 1;
    private final int endTerm = leftStride + 2;
    private final int result = leftStride + 3;
    private final int resultStride = leftStride + 4;
    private final int rightStride = leftStride + 5;
    private final int[] leftRows = new int[rows];
    private final int[] resultRows = new int[rows];
    private final int[][] sums = new int[rows][columns];

    Writer(CodeBuilder code) {
      this.code = code;
      this.vector = new Lanes(code, lanes);
      this.scalar = new Lanes(code, 1);
      this.right = new BufferLanes(code, vector);
      this.kind = vector.floatKind();
    }

    void write() {
      placeRows();
      start();
      int[] lines = placeLines();
      Emission.loop(
          code, () -> code.iload(firstTerm), endTerm, lanes, term -> innerTerm(term, lines));
      finish();
      code.return_();
    }

    private void placeRows() {
      for (int row = 0; row < rows; row++) {
        resultRows[row] = code.allocateLocal(TypeKind.INT);
        code.iload(result).iload(resultStride).loadConstant(row).imul().iadd();
        code.istore(resultRows[row]);
        if (leftInBuffer) {
          leftRows[row] = code.allocateLocal(TypeKind.LONG);
          code.lload(LEFT + 1).iload(leftStride).i2l();
          code.loadConstant((long) row * Float.BYTES).lmul().ladd().lstore(leftRows[row]);
        } else {
          leftRows[row] = code.allocateLocal(TypeKind.INT);
          code.iload(LEFT).iload(leftStride).loadConstant(row).imul().iadd();
          code.istore(leftRows[row]);
        }
      }
    }

    private int[] placeLines() {
      int[] lines = new int[columns];
      for (int column = 0; column < columns; column++) {
        lines[column] = code.allocateLocal(TypeKind.LONG);
        code.lload(ORIGIN).lload(rightStride).loadConstant((long) column).lmul().ladd();
        code.lstore(lines[column]);
      }
      return lines;
    }

    private void start() {
      for (int row = 0; row < rows; row++) {
        for (int column = 0; column < columns; column++) {
          sums[row][column] = code.allocateLocal(kind);
          vector.zero();
          code.storeLocal(kind, sums[row][column]);
        }
      }
    }

    private Runnable resultIndex(int row, int offset) {
      return () -> Emission.pushInt(code, resultRows[row], offset, -1, 0);
    }

    private void pushLeft(int row, int term) {
      if (leftInBuffer) {
        vector.readFloats(LEFT, () -> Emission.pushLong(code, leftRows[row], 0, term, Float.BYTES));
      } else {
        vector.loadFloats(
            PhaseArguments.FLOATS, () -> Emission.pushInt(code, leftRows[row], 0, term, 1));
      }
    }

    private void innerTerm(int term, int[] lines) {
      int[] factors = new int[rows];
      for (int row = 0; row < rows; row++) {
        pushLeft(row, term);
        factors[row] = code.allocateLocal(kind);
        code.storeLocal(kind, factors[row]);
      }
      int line = code.allocateLocal(kind);
      for (int column = 0; column < columns; column++) {
        int origin = lines[column];
        right.load(
            format,
            SEGMENT_SLOT,
            () -> Emission.pushLong(code, origin, 0, term, BufferLanes.placesPerElement(format)));
        code.storeLocal(kind, line);
        for (int row = 0; row < rows; row++) {
          code.loadLocal(kind, line)
              .loadLocal(kind, factors[row])
              .loadLocal(kind, sums[row][column]);
          vector.fma();
          code.storeLocal(kind, sums[row][column]);
        }
      }
    }

    private void finish() {
      for (int row = 0; row < rows; row++) {
        for (int column = 0; column < columns; column++) {
          code.loadLocal(kind, sums[row][column]);
          vector.sumLanes();
          if (accumulate) {
            scalar.loadFloats(PhaseArguments.FLOATS, resultIndex(row, column));
            code.fadd();
          }
          scalar.storeFloats(PhaseArguments.FLOATS, resultIndex(row, column));
        }
      }
    }
  }
}
