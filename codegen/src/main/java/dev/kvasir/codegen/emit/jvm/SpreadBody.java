package dev.kvasir.codegen.emit.jvm;

import static dev.kvasir.codegen.emit.jvm.Descriptors.*;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;
import java.lang.constant.MethodTypeDesc;

/**
 * Copies a vector into working storage, in the order in which {@link MatrixVectorBody} reads it:
 * with n parts, of each run of elements that n vectors of lanes hold, first every n-th from the
 * first on, then every n-th from the second on, and so on.
 *
 * @param lanes lanes of a vector
 * @param parts matrix elements of a 32-bit lane: 1, 2 or 4
 */
record SpreadBody(int lanes, int parts) {

  /** (tile floats, vector, its origin, index in the working storage, end term). */
  static final MethodTypeDesc TYPE =
      MethodTypeDesc.of(CD_void, FLOAT_ARRAY, SEGMENT, CD_long, CD_int, CD_int);

  private static final int SOURCE = 1;
  private static final int ORIGIN = 2;
  private static final int TARGET = 4;
  private static final int END = 5;

  void write(CodeBuilder code) {
    if (parts == 1) {
      copy(code);
    } else {
      halve(code);
    }
    if (parts == 4) {
      halveAgain(code);
    }
    code.return_();
  }

  private void copy(CodeBuilder code) {
    Lanes vector = new Lanes(code, lanes);
    Emission.loop(
        code,
        () -> code.iconst_0(),
        END,
        lanes,
        term -> {
          vector.readFloats(SOURCE, () -> Emission.pushLong(code, ORIGIN, 0, term, Float.BYTES));
          vector.storeFloats(
              PhaseArguments.FLOATS, () -> Emission.pushInt(code, TARGET, 0, term, 1));
        });
  }

  /** Of each two vectors first the elements of even place. */
  private void halve(CodeBuilder code) {
    // A vector of longs has half as many lanes: pairs of neighbours.
    int pairs = lanes / 2;
    PairLanes pair = new PairLanes(code, pairs);
    Emission.loop(
        code,
        () -> code.iconst_0(),
        END,
        2 * lanes,
        term -> {
          for (int part = 0; part < 2; part++) {
            for (int half = 0; half < 2; half++) {
              long from = (long) half * lanes * Float.BYTES;
              int to = part * lanes + half * pairs;
              pair.load(SOURCE, () -> Emission.pushLong(code, ORIGIN, from, term, Float.BYTES));
              pair.take(part);
              pair.store(PhaseArguments.FLOATS, () -> Emission.pushInt(code, TARGET, to, term, 1));
            }
          }
        });
  }

  /** The same of the even places of four vectors, and of the odd ones, in place. */
  private void halveAgain(CodeBuilder code) {
    int pairs = lanes / 2;
    PairLanes pair = new PairLanes(code, pairs);
    Emission.loop(
        code,
        () -> code.iconst_0(),
        END,
        4 * lanes,
        term -> {
          int[] vectors = new int[4];
          for (int vector = 0; vector < vectors.length; vector++) {
            int from = vector * lanes;
            vectors[vector] = code.allocateLocal(TypeKind.REFERENCE);
            pair.loadTile(
                PhaseArguments.FLOATS, () -> Emission.pushInt(code, TARGET, from, term, 1));
            code.astore(vectors[vector]);
          }
          for (int part = 0; part < 4; part++) {
            for (int half = 0; half < 2; half++) {
              int to = part * lanes + half * pairs;
              code.aload(vectors[2 * half + part % 2]);
              pair.take(part / 2);
              pair.store(PhaseArguments.FLOATS, () -> Emission.pushInt(code, TARGET, to, term, 1));
            }
          }
        });
  }
}
