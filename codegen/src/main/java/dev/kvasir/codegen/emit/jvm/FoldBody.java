package dev.kvasir.codegen.emit.jvm;

import static dev.kvasir.codegen.emit.jvm.Descriptors.*;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_void;

import java.lang.classfile.CodeBuilder;
import java.lang.constant.MethodTypeDesc;

/**
 * Joins the lanes of sums that lie in working storage, one vector after the other, into
 * neighbouring results: always in the same order, halves first.
 *
 * @param lanes lanes of a vector
 * @param accumulate whether a sum is added to its result
 */
record FoldBody(int lanes, boolean accumulate) {

  /** (tile floats, index of the sums, index of the results, number of results). */
  static final MethodTypeDesc TYPE =
      MethodTypeDesc.of(CD_void, FLOAT_ARRAY, CD_int, CD_int, CD_int);

  private static final int SUMS = 1;
  private static final int RESULTS = 2;
  private static final int COUNT = 3;

  void write(CodeBuilder code) {
    Lanes scalar = new Lanes(code, 1);
    Emission.loop(
        code,
        () -> code.iconst_0(),
        COUNT,
        1,
        result -> {
          Runnable index = () -> Emission.pushInt(code, RESULTS, 0, result, 1);
          tree(code, scalar, result, 0, 1);
          if (accumulate) {
            scalar.loadFloats(PhaseArguments.FLOATS, index);
            code.fadd();
          }
          scalar.storeFloats(PhaseArguments.FLOATS, index);
        });
    code.return_();
  }

  /** Pushes the sum of every {@code stride}-th lane from {@code first}. */
  private void tree(CodeBuilder code, Lanes scalar, int result, int first, int stride) {
    if (stride == lanes) {
      scalar.loadFloats(
          PhaseArguments.FLOATS, () -> Emission.pushInt(code, SUMS, first, result, lanes));
      return;
    }
    tree(code, scalar, result, first, 2 * stride);
    tree(code, scalar, result, first + stride, 2 * stride);
    code.fadd();
  }
}
