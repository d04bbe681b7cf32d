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
 * of a format of 16 or 8 bits is loaded as integers that hold 2 or 4 neighbouring elements, so the
 * vector lies {@link SpreadBody spread} in the same way. Elements are taken out of integers in the
 * fewest instructions, times a power of two that the sums take back. Sums stay as lanes; {@link
 * FoldBody} joins them.
 *
 * @param rows rows of the matrix
 * @param lanes lanes of a vector
 * @param format f32, bf16 or i8
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
    return switch (format) {
      case F32, BF16, I8 -> true;
      case F16, I32, U8, U4 -> false;
    };
  }

  /** {@return terms of one iteration, which a 32-bit lane holds one, two or four of} */
  static int step(ElementFormat format, int lanes) {
    return lanes * Integer.BYTES / format.bytes();
  }

  private int sumBits() {
    return switch (format) {
      case I8 -> -ByteLanes.BITS_IN_PLACE;
      case F32, BF16, F16, I32, U8, U4 -> 0;
    };
  }

  private void take(CodeBuilder code, Lanes vector, int part) {
    switch (format) {
      case F32 -> {}
      case BF16, F16 -> new HalfLanes(code, vector).take(format, part);
      case I8 -> new ByteLanes(code, vector).takeInPlace(part);
      case I32, U8, U4 -> throw new IllegalStateException("no matrix of " + format);
    }
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
              vector.readFloats(MATRIX, place);
            } else {
              vector.readInts(MATRIX, place);
            }
            code.astore(line);
            for (int part = 0; part < parts; part++) {
              code.aload(line);
              take(code, vector, part);
              code.aload(factors.get(part)).aload(sums[row]);
              vector.fma();
              code.astore(sums[row]);
            }
          }
        });
    for (int row = 0; row < rows; row++) {
      int offset = row * lanes;
      code.aload(sums[row]);
      vector.scale(sumBits());
      vector.storeFloats(PhaseArguments.FLOATS, () -> Emission.pushInt(code, SUMS, offset, -1, 0));
    }
    code.return_();
  }
}
