package dev.kvasir.codegen.emit.jvm;

import static dev.kvasir.codegen.emit.jvm.Descriptors.*;

import dev.kvasir.ir.kernel.TileExpression.BinaryOperator;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.OperatorInstruction;

/** Byte-code idioms for operators of two operands, and for choice, over {@link Lanes}. */
final class OperatorLanes {

  /** What an emitted expression left on the stack. */
  enum Kind {
    FLOAT,
    INT,
    /** A mask over float lanes, or 0 and 1. */
    FLOAT_TRUTH,
    /** A mask over int lanes, or 0 and 1. */
    INT_TRUTH
  }

  private final CodeBuilder code;
  private final Lanes lanes;

  OperatorLanes(CodeBuilder code, Lanes lanes) {
    this.code = code;
    this.lanes = lanes;
  }

  /** Joins two truths over int lanes on the stack. */
  Kind join(boolean and) {
    if (lanes.isVector()) {
      code.invokevirtual(MASK, and ? "and" : "or", MASK_WITH_MASK);
    } else if (and) {
      code.iand();
    } else {
      code.ior();
    }
    return Kind.INT_TRUTH;
  }

  /** Applies an arithmetic operator or a comparison to two operands of a kind on the stack. */
  Kind apply(BinaryOperator operator, Kind kind) {
    if (operator.isTruth()) {
      compare(operator, kind);
      return kind == Kind.FLOAT ? Kind.FLOAT_TRUTH : Kind.INT_TRUTH;
    }
    if (lanes.isVector()) {
      vectorArithmetic(operator, kind);
    } else {
      scalarArithmetic(operator, kind);
    }
    return kind;
  }

  /** Pops a truth and two vectors of a kind: the second where it holds, the first elsewhere. */
  void blend(Kind kind, Kind truth) {
    boolean isFloat = kind == Kind.FLOAT;
    if (isFloat != (truth == Kind.FLOAT_TRUTH)) {
      if (isFloat) {
        lanes.floatSpecies();
      } else {
        lanes.intSpecies();
      }
      code.invokevirtual(MASK, "cast", MASK_CAST);
    }
    if (isFloat) {
      code.invokevirtual(FLOAT_VECTOR, "blend", FLOAT_BLEND);
    } else {
      code.invokevirtual(INT_VECTOR, "blend", INT_BLEND);
    }
  }

  private void vectorArithmetic(BinaryOperator operator, Kind kind) {
    String name =
        switch (operator) {
          case ADD -> "add";
          case SUBTRACT -> "sub";
          case MULTIPLY -> "mul";
          case DIVIDE -> "div";
          case MINIMUM -> "min";
          case MAXIMUM -> "max";
          case LESS, LESS_OR_EQUAL, EQUAL, AND, OR ->
              throw new IllegalStateException("a truth value is not arithmetic");
        };
    if (kind == Kind.FLOAT) {
      code.invokevirtual(FLOAT_VECTOR, name, FLOAT_WITH_VECTOR);
    } else {
      code.invokevirtual(INT_VECTOR, name, INT_WITH_VECTOR);
    }
  }

  private void scalarArithmetic(BinaryOperator operator, Kind kind) {
    boolean isFloat = kind == Kind.FLOAT;
    switch (operator) {
      case ADD -> code.with(plain(isFloat ? Opcode.FADD : Opcode.IADD));
      case SUBTRACT -> code.with(plain(isFloat ? Opcode.FSUB : Opcode.ISUB));
      case MULTIPLY -> code.with(plain(isFloat ? Opcode.FMUL : Opcode.IMUL));
      case DIVIDE -> code.with(plain(isFloat ? Opcode.FDIV : Opcode.IDIV));
      case MINIMUM -> code.invokestatic(MATH, "min", isFloat ? FLOATS_TO_FLOAT : INTS_TO_INT);
      case MAXIMUM -> code.invokestatic(MATH, "max", isFloat ? FLOATS_TO_FLOAT : INTS_TO_INT);
      case LESS, LESS_OR_EQUAL, EQUAL, AND, OR ->
          throw new IllegalStateException("a truth value is not arithmetic");
    }
  }

  private static OperatorInstruction plain(Opcode opcode) {
    return OperatorInstruction.of(opcode);
  }

  private void compare(BinaryOperator operator, Kind kind) {
    if (lanes.isVector()) {
      int right = code.allocateLocal(TypeKind.REFERENCE);
      code.astore(right);
      lanes.operator(
          COMPARISON,
          switch (operator) {
            case LESS -> "LT";
            case LESS_OR_EQUAL -> "LE";
            default -> "EQ";
          });
      code.aload(right)
          .invokevirtual(kind == Kind.FLOAT ? FLOAT_VECTOR : INT_VECTOR, "compare", COMPARE);
      return;
    }
    Label holds = code.newLabel();
    Label end = code.newLabel();
    if (kind == Kind.FLOAT) {
      code.fcmpg();
      switch (operator) {
        case LESS -> code.iflt(holds);
        case LESS_OR_EQUAL -> code.ifle(holds);
        default -> code.ifeq(holds);
      }
    } else {
      switch (operator) {
        case LESS -> code.if_icmplt(holds);
        case LESS_OR_EQUAL -> code.if_icmple(holds);
        default -> code.if_icmpeq(holds);
      }
    }
    code.iconst_0().goto_(end).labelBinding(holds).iconst_1().labelBinding(end);
  }

  /** Makes a truth on the stack one over int lanes. */
  void toIntTruth(Kind kind) {
    if (lanes.isVector() && kind == Kind.FLOAT_TRUTH) {
      lanes.intSpecies();
      code.invokevirtual(MASK, "cast", MASK_CAST);
    }
  }
}
