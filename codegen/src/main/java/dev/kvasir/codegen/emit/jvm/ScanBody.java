package dev.kvasir.codegen.emit.jvm;

import static dev.kvasir.codegen.emit.jvm.Descriptors.FLOAT_ARRAY;
import static dev.kvasir.codegen.emit.jvm.Descriptors.INT_ARRAY;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_void;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;
import java.lang.constant.MethodTypeDesc;
import java.util.List;

/** A running sum along the columns of a row of integers, one after the other. */
record ScanBody() {

  private static final int COLUMNS = 2;
  private static final int TO = 3;
  private static final int CARRY = 4;
  private static final int FROM = 5;

  /** (tile floats, tile ints, columns, target, carry, source). */
  private static final MethodTypeDesc TYPE =
      MethodTypeDesc.of(CD_void, FLOAT_ARRAY, INT_ARRAY, CD_int, CD_int, CD_int, CD_int);

  /** {@return the call of a scan's loop} */
  static SharedCall scan(Statement.Scan scan, Emission emission, Kernel kernel) {
    ScanBody body = new ScanBody();
    TileFrame frame = emission.frame();
    return new SharedCall(
        emission.shared("scan", body, TYPE, body::write),
        List.of(
            IntExpression.constant(kernel.tile(scan.source()).columns()),
            IntExpression.constant(frame.offset(scan.tile())),
            IntExpression.constant(frame.offset(scan.carry())),
            IntExpression.constant(frame.offset(scan.source()))));
  }

  private void write(CodeBuilder code) {
    int sum = code.allocateLocal(TypeKind.INT);
    code.aload(PhaseArguments.INTS).iload(CARRY).iaload().istore(sum);
    Emission.loop(
        code,
        () -> code.iconst_0(),
        COLUMNS,
        1,
        column -> {
          code.iload(sum);
          code.aload(PhaseArguments.INTS).iload(FROM).iload(column).iadd().iaload();
          code.iadd().istore(sum);
          code.aload(PhaseArguments.INTS).iload(TO).iload(column).iadd().iload(sum).iastore();
        });
    code.aload(PhaseArguments.INTS).iload(CARRY).iload(sum).iastore();
    code.return_();
  }
}
