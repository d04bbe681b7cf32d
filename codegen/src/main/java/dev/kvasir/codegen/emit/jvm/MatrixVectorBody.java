package dev.kvasir.codegen.emit.jvm;

import static dev.kvasir.codegen.emit.jvm.Descriptors.*;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import dev.kvasir.ir.type.ElementFormat;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.List;

/**
 * Several rows of a row-major matrix times one vector, in whole vectors of lanes. All rows are read
 * at once, each its own stream, and as few instructions as possible wait for a cache line: a line
 * of a 16-bit format is loaded as integers whose halves are neighbouring elements, so the vector
 * lies {@link SpreadBody spread} in the same way. Sums stay as lanes; {@link FoldBody} joins them.
 *
 * @param rows rows of the matrix
 * @param lanes lanes of a vector
 * @param format f32 or bf16
 * @param lineBytes bytes from one row to the next
 */
record MatrixVectorBody(int rows, int lanes, ElementFormat format, long lineBytes) {

  /** (tile floats, matrix, its origin, index of the spread vector, end term, index of the sums). */
  static final MethodTypeDesc TYPE =
      MethodTypeDesc.of(CD_void, FLOAT_ARRAY, SEGMENT, CD_long, CD_int, CD_int, CD_int);

  private static final int MATRIX = 1;
  private static final int ORIGIN = 2;
  private static final int VECTOR = 4;
  private static final int END = 5;
  private static final int SUMS = 6;

  /** {@return whether there is such a loop for a format} */
  static boolean reads(ElementFormat format) {
    return format == ElementFormat.F32 || format == ElementFormat.BF16;
  }

  /** {@return terms of one iteration, which a 32-bit lane holds one or two of} */
  static int step(ElementFormat format, int lanes) {
    return lanes * Integer.BYTES / format.bytes();
  }

  void write(CodeBuilder code) {
    Lanes vector = new Lanes(code, lanes);
    int parts = Integer.BYTES / format.bytes();
    int[] sums = new int[rows];
    for (int row = 0; row < rows; row++) {
      sums[row] = code.allocateLocal(TypeKind.REFERENCE);
      vector.zero();
      code.astore(sums[row]);
    }
    Emission.loop(
        code,
        () -> code.iconst_0(),
        END,
        step(format, lanes),
        term -> {
          List<Integer> factors = new ArrayList<>();
          for (int part = 0; part < parts; part++) {
            int factor = code.allocateLocal(TypeKind.REFERENCE);
            int further = part * lanes;
            vector.loadFloats(
                PhaseArguments.FLOATS, () -> Emission.pushInt(code, VECTOR, further, term, 1));
            code.astore(factor);
            factors.add(factor);
          }
          int line = code.allocateLocal(TypeKind.REFERENCE);
          for (int row = 0; row < rows; row++) {
            long from = row * lineBytes;
            Runnable place = () -> Emission.pushLong(code, ORIGIN, from, term, format.bytes());
            if (parts == 1) {
              vector.loadBuffer(format, MATRIX, place);
              code.astore(line);
              add(code, vector, line, factors.getFirst(), sums[row]);
            } else {
              vector.integers(MATRIX, place);
              code.astore(line);
              addHalves(code, vector, line, factors, sums[row]);
            }
          }
        });
    for (int row = 0; row < rows; row++) {
      int offset = row * lanes;
      code.aload(sums[row]);
      vector.storeFloats(PhaseArguments.FLOATS, () -> Emission.pushInt(code, SUMS, offset, -1, 0));
    }
    code.return_();
  }

  private static void add(CodeBuilder code, Lanes vector, int line, int factor, int sum) {
    code.aload(line).aload(factor).aload(sum);
    vector.fma();
    code.astore(sum);
  }

  private static void addHalves(
      CodeBuilder code, Lanes vector, int line, List<Integer> factors, int sum) {
    code.aload(line);
    vector.lowHalves();
    code.aload(factors.getFirst()).aload(sum);
    vector.fma();
    code.astore(sum).aload(line);
    vector.highHalves();
    code.aload(factors.getLast()).aload(sum);
    vector.fma();
    code.astore(sum);
  }
}
