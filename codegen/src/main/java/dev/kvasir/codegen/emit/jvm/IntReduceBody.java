package dev.kvasir.codegen.emit.jvm;

import static dev.kvasir.codegen.emit.jvm.Descriptors.FLOAT_ARRAY;
import static dev.kvasir.codegen.emit.jvm.Descriptors.INTS_TO_INT;
import static dev.kvasir.codegen.emit.jvm.Descriptors.INT_ARRAY;
import static dev.kvasir.codegen.emit.jvm.Descriptors.MATH;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_void;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.Statement.Along;
import dev.kvasir.ir.kernel.Statement.ReduceOperator;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;
import java.lang.constant.MethodTypeDesc;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A reduction of integers, one after the other. Element i of result r lies at source + r *
 * resultStride + i * stride.
 *
 * @param operator how elements join
 */
record IntReduceBody(ReduceOperator operator) {

  private static final int RESULTS = 2;
  private static final int RESULT_STRIDE = 3;
  private static final int LENGTH = 4;
  private static final int STRIDE = 5;
  private static final int FROM = 6;
  private static final int TO = 7;
  private static final int TARGET_STRIDE = 8;

  /**
   * (tile floats, tile ints, results, distance of results in the source, elements of a result,
   * their distance, source, target, distance of results in the target).
   */
  private static final MethodTypeDesc TYPE =
      MethodTypeDesc.of(
          CD_void, FLOAT_ARRAY, INT_ARRAY, CD_int, CD_int, CD_int, CD_int, CD_int, CD_int, CD_int);

  /** {@return the call of a reduction's loop} */
  static SharedCall reduce(Statement.Reduce reduce, Emission emission, Kernel kernel) {
    IntReduceBody body = new IntReduceBody(reduce.operator());
    Kernel.Tile source = kernel.tile(reduce.source().tile());
    Kernel.Tile target = kernel.tile(reduce.tile().tile());
    int columns = reduce.source().columnsOf(source);
    int from = emission.frame().offset(source.name()) + reduce.source().first();
    int to = emission.frame().offset(target.name()) + reduce.tile().first();
    boolean alongColumns = reduce.along() == Along.COLUMNS;
    IntStream arguments =
        alongColumns
            ? IntStream.of(source.rows(), source.columns(), columns, 1, from, to, target.columns())
            : IntStream.of(columns, 1, source.rows(), source.columns(), from, to, 1);
    List<IntExpression> constants = arguments.mapToObj(IntExpression::constant).toList();
    return new SharedCall(emission.shared("reduce", body, TYPE, body::write), constants);
  }

  private void write(CodeBuilder code) {
    int first = code.allocateLocal(TypeKind.INT);
    int total = code.allocateLocal(TypeKind.INT);
    Emission.loop(
        code,
        () -> code.iconst_0(),
        RESULTS,
        1,
        result -> {
          code.iload(FROM).iload(result).iload(RESULT_STRIDE).imul().iadd().istore(first);
          code.aload(PhaseArguments.INTS).iload(first).iaload().istore(total);
          Emission.loop(
              code,
              () -> code.iconst_1(),
              LENGTH,
              1,
              number -> {
                code.iload(total).aload(PhaseArguments.INTS);
                code.iload(first).iload(number).iload(STRIDE).imul().iadd().iaload();
                join(code);
                code.istore(total);
              });
          code.aload(PhaseArguments.INTS);
          code.iload(TO).iload(result).iload(TARGET_STRIDE).imul().iadd();
          code.iload(total).iastore();
        });
    code.return_();
  }

  private void join(CodeBuilder code) {
    switch (operator) {
      case SUM -> code.iadd();
      case MAXIMUM -> code.invokestatic(MATH, "max", INTS_TO_INT);
      case MINIMUM -> code.invokestatic(MATH, "min", INTS_TO_INT);
      case ARGMAX -> throw new IllegalStateException("argmax is one over numbers");
    }
  }
}
