package dev.kvasir.codegen.emit.jvm;

import static dev.kvasir.codegen.emit.jvm.Descriptors.*;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import dev.kvasir.ir.type.ElementFormat;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntConsumer;

/**
 * The register-blocked loops of contractions: up to 4 rows x 4 vectors of accumulators. Only what
 * shapes the machine code is static; extents, places and row distances are parameters.
 *
 * @param shape which loop
 * @param leftInBuffer whether the left side lies in an f32 buffer instead of a tile
 * @param rows rows of the block
 * @param vectors vectors, or columns, of the block
 * @param lanes lanes of a vector
 * @param linePlaces outer: places from one term's line to the next; inner: 0
 * @param format how the right side is stored
 * @param codeLines outer: how lines of codes lie in their blocks, where that is known
 * @param accumulate whether sums start at what the result holds
 * @param guarded outer: whether a left element of 0 adds nothing whatever the right side holds
 */
record DotBody(
    Shape shape,
    boolean leftInBuffer,
    int rows,
    int vectors,
    int lanes,
    long linePlaces,
    ElementFormat format,
    Optional<CodeLines> codeLines,
    boolean accumulate,
    boolean guarded) {

  /** Which way the loop runs. */
  enum Shape {
    /** Each term loads a line of vectors and broadcasts one left element a row. */
    OUTER,
    /** Vectors run along the contracted axis; sums are reduced at the end. */
    INNER
  }

  private static final int SEGMENT_SLOT = 1;
  private static final int ORIGIN = 2;
  private static final int LEFT = 4;

  /**
   * (tile floats, right segment, right origin, left index | left segment and origin, left row
   * distance, first term, end term, result index, result row distance[, right row distance]).
   */
  MethodTypeDesc type() {
    List<ClassDesc> parameters = new ArrayList<>(List.of(FLOAT_ARRAY, SEGMENT, CD_long));
    parameters.addAll(leftInBuffer ? List.of(SEGMENT, CD_long) : List.of(CD_int));
    parameters.addAll(List.of(CD_int, CD_int, CD_int, CD_int, CD_int));
    if (shape == Shape.INNER) {
      parameters.add(CD_long);
    }
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
    private final TypeKind kind;
    private final int leftStride = afterLeft();
    private final int firstTerm = leftStride + 1;
    private final int endTerm = leftStride + 2;
    private final int result = leftStride + 3;
    private final int resultStride = leftStride + 4;
    private final int rightStride = leftStride + 5;
    private final int[] leftRows = new int[rows];
    private final int[] resultRows = new int[rows];
    private final int[][] sums = new int[rows][vectors];

    Writer(CodeBuilder code) {
      this.code = code;
      this.vector = new Lanes(code, lanes);
      this.scalar = new Lanes(code, 1);
      this.kind = vector.floatKind();
    }

    void write() {
      placeRows();
      start();
      switch (shape) {
        case OUTER -> {
          if (codeLines.isPresent()) {
            codeTerms(codeLines.get());
          } else {
            terms(1, term -> outerTerm(term, 0, line(term)));
          }
        }
        case INNER -> {
          int[] lines = placeLines();
          terms(lanes, term -> innerTerm(term, lines));
        }
      }
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
      int[] lines = new int[vectors];
      for (int column = 0; column < vectors; column++) {
        lines[column] = code.allocateLocal(TypeKind.LONG);
        code.lload(ORIGIN).lload(rightStride).loadConstant((long) column).lmul().ladd();
        code.lstore(lines[column]);
      }
      return lines;
    }

    private void start() {
      for (int row = 0; row < rows; row++) {
        for (int column = 0; column < vectors; column++) {
          sums[row][column] = code.allocateLocal(kind);
          if (accumulate && shape == Shape.OUTER) {
            vector.loadFloats(PhaseArguments.FLOATS, resultIndex(row, column * lanes));
          } else {
            vector.zero();
          }
          code.storeLocal(kind, sums[row][column]);
        }
      }
    }

    private Runnable resultIndex(int row, int offset) {
      return () -> Emission.pushInt(code, resultRows[row], offset, -1, 0);
    }

    private void terms(int step, IntConsumer body) {
      Emission.loop(code, () -> code.iload(firstTerm), endTerm, step, body);
    }

    private void pushLeft(Lanes width, int row, int term, int further) {
      if (leftInBuffer) {
        width.loadBuffer(
            ElementFormat.F32,
            LEFT,
            () ->
                Emission.pushLong(
                    code, leftRows[row], (long) further * Float.BYTES, term, Float.BYTES));
      } else {
        width.loadFloats(
            PhaseArguments.FLOATS, () -> Emission.pushInt(code, leftRows[row], further, term, 1));
      }
    }

    /** Adds the term {@code further} behind the one in slot {@code term}. */
    private void outerTerm(int term, int further, int[] line) {
      int factor = code.allocateLocal(kind);
      for (int row = 0; row < rows; row++) {
        pushLeft(scalar, row, term, further);
        vector.broadcastFloat();
        code.storeLocal(kind, factor);
        for (int column = 0; column < vectors; column++) {
          addTerm(line[column], factor, sums[row][column]);
        }
      }
    }

    private int[] line(int term) {
      int[] line = new int[vectors];
      for (int column = 0; column < vectors; column++) {
        long at = (long) column * lanes * Lanes.placesPerElement(format);
        vector.loadBuffer(
            format, SEGMENT_SLOT, () -> Emission.pushLong(code, ORIGIN, at, term, linePlaces));
        line[column] = code.allocateLocal(kind);
        code.storeLocal(kind, line[column]);
      }
      return line;
    }

    /** A block of codes at a time: its integers are loaded once, each vector is a field of them. */
    private void codeTerms(CodeLines codes) {
      int blocks = code.allocateLocal(TypeKind.LONG);
      code.lload(ORIGIN).loadConstant((long) codes.first()).lsub();
      pushBytes();
      code.lstore(blocks);
      long lineBytes = (long) codes.line() * format.bits() / Byte.SIZE;
      TypeKind integers = vector.isVector() ? TypeKind.REFERENCE : TypeKind.INT;
      terms(
          codes.lines(),
          term -> {
            Map<Integer, Integer> loaded = new HashMap<>();
            for (int further = 0; further < codes.lines(); further++) {
              int[] line = new int[vectors];
              for (int column = 0; column < vectors; column++) {
                int place = codes.first() + further * codes.line() + column * lanes;
                int integer = place % ElementFormat.BLOCK_INTEGERS;
                if (!loaded.containsKey(integer)) {
                  vector.integers(
                      SEGMENT_SLOT,
                      () ->
                          Emission.pushLong(
                              code, blocks, (long) integer * Integer.BYTES, term, lineBytes));
                  int slot = code.allocateLocal(integers);
                  code.storeLocal(integers, slot);
                  loaded.put(integer, slot);
                }
                code.loadLocal(integers, loaded.getOrDefault(integer, -1));
                vector.take(format, place / ElementFormat.BLOCK_INTEGERS);
                line[column] = code.allocateLocal(kind);
                code.storeLocal(kind, line[column]);
              }
              outerTerm(term, further, line);
            }
          });
    }

    /** Turns a number of codes on the stack, whole blocks, into bytes. */
    private void pushBytes() {
      code.loadConstant((long) format.bits()).lmul();
      code.loadConstant(Integer.numberOfTrailingZeros(Byte.SIZE)).lshr();
    }

    private void innerTerm(int term, int[] lines) {
      int[] factors = new int[rows];
      for (int row = 0; row < rows; row++) {
        pushLeft(vector, row, term, 0);
        factors[row] = code.allocateLocal(kind);
        code.storeLocal(kind, factors[row]);
      }
      int line = code.allocateLocal(kind);
      for (int column = 0; column < vectors; column++) {
        int origin = lines[column];
        vector.loadBuffer(
            format,
            SEGMENT_SLOT,
            () -> Emission.pushLong(code, origin, 0, term, Lanes.placesPerElement(format)));
        code.storeLocal(kind, line);
        for (int row = 0; row < rows; row++) {
          addTerm(line, factors[row], sums[row][column]);
        }
      }
    }

    /** sum = line * factor + sum; guarded, a factor of 0 leaves the sum as it is. */
    private void addTerm(int line, int factor, int sum) {
      if (!guarded) {
        code.loadLocal(kind, line).loadLocal(kind, factor).loadLocal(kind, sum);
        vector.fma();
        code.storeLocal(kind, sum);
      } else if (vector.isVector()) {
        code.aload(line).aload(factor).aload(sum);
        vector.fma();
        code.aload(sum).aload(factor);
        vector.operator(COMPARISON, "EQ");
        code.fconst_0()
            .invokevirtual(FLOAT_VECTOR, "compare", COMPARE_FLOAT)
            .invokevirtual(FLOAT_VECTOR, "blend", FLOAT_BLEND)
            .astore(sum);
      } else {
        Label skip = code.newLabel();
        code.fload(factor).fconst_0().fcmpl().ifeq(skip);
        code.fload(line).fload(factor).fload(sum);
        vector.fma();
        code.fstore(sum).labelBinding(skip);
      }
    }

    private void finish() {
      for (int row = 0; row < rows; row++) {
        for (int column = 0; column < vectors; column++) {
          code.loadLocal(kind, sums[row][column]);
          switch (shape) {
            case OUTER ->
                vector.storeFloats(PhaseArguments.FLOATS, resultIndex(row, column * lanes));
            case INNER -> {
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
  }
}
