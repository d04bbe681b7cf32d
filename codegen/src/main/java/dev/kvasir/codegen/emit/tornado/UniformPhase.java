package dev.kvasir.codegen.emit.tornado;

import static java.lang.constant.ConstantDescs.CD_int;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.View;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.util.ArrayList;
import java.util.List;

/** Uniform integers: every thread computes them, in registers. */
final class UniformPhase {

  private final KernelMethod method;

  UniformPhase(KernelMethod method) {
    this.method = method;
  }

  /** {@return the phase that declares each local with the value of its expression} */
  Step.Phase declare(List<Local> locals, List<IntExpression> values) {
    List<Access> accesses = new ArrayList<>();
    values.forEach(value -> collect(value, accesses));
    return new Step.Phase(
        List.copyOf(accesses),
        () -> {
          for (int i = 0; i < locals.size(); i++) {
            push(values.get(i));
            method.writer().declare(locals.get(i));
          }
        },
        List.copyOf(locals));
  }

  /** As {@link #declare(List, List)} for one value. */
  Step.Phase declare(Local local, IntExpression value) {
    return declare(List.of(local), List.of(value));
  }

  /** {@return the phase that declares a local with 1 where the value is not 0, else with 0} */
  Step.Phase declareTruth(Local local, IntExpression value) {
    List<Access> accesses = new ArrayList<>();
    collect(value, accesses);
    return new Step.Phase(
        List.copyOf(accesses),
        () -> {
          pushTruth(value);
          method.writer().declare(local);
        },
        List.of(local));
  }

  /**
   * A view whose uniform integers are known.
   *
   * @param origin element from which its block's places count
   * @param row first row within the block
   */
  record Window(View view, Local origin, Local row) {}

  Window window(View view) {
    return new Window(view, new Local("origin", CD_int), new Local("row", CD_int));
  }

  /** {@return the phase that declares the locals of {@code window}} */
  Step.Phase declare(Window window) {
    View view = window.view();
    IntExpression origin =
        view.block().times(Math.toIntExact(view.blockStride())).plus(view.offset());
    return declare(List.of(window.origin(), window.row()), List.of(origin, view.row()));
  }

  private void collect(IntExpression expression, List<Access> accesses) {
    switch (expression) {
      case IntExpression.Constant _ -> {}
      case IntExpression.Variable _ -> {}
      case IntExpression.Dimension _ -> {}
      case IntExpression.Axis _ -> {}
      case IntExpression.Binary binary -> {
        collect(binary.left(), accesses);
        collect(binary.right(), accesses);
      }
      case IntExpression.BufferElement(String buffer, IntExpression index) -> {
        collect(index, accesses);
        accesses.add(method.reads(buffer));
      }
      case IntExpression.TileElement element -> accesses.add(Access.readsAny(element.tile()));
    }
  }

  private void push(IntExpression expression) {
    MethodWriter writer = method.writer();
    switch (expression) {
      case IntExpression.Constant(int value) -> writer.push(value);
      case IntExpression.Variable(String name) -> writer.push(method.variable(name));
      case IntExpression.Dimension(String name) -> writer.push(method.dimension(name));
      case IntExpression.Axis(String name) -> writer.push(method.axis(name));
      case IntExpression.BufferElement(String buffer, IntExpression index) ->
          method.get(buffer, () -> push(index));
      case IntExpression.TileElement(String tile, int row, int column) ->
          method.load(tile, () -> writer.push(row * method.kernel().tile(tile).columns() + column));
      case IntExpression.Binary binary -> pushBinary(binary);
    }
  }

  private void pushBinary(IntExpression.Binary binary) {
    if (binary.right() instanceof IntExpression.Constant(int divisor)
        && MethodWriter.isPowerOfTwo(divisor)
        && divides(binary.operator())) {
      push(binary.left());
      IntegerDivision.byPowerOfTwo(method.writer(), binary.operator(), divisor);
      return;
    }
    switch (binary.operator()) {
      case AND, OR -> {
        pushTruth(binary.left());
        pushTruth(binary.right());
      }
      case ADD,
          SUBTRACT,
          MULTIPLY,
          FLOOR_DIVIDE,
          CEIL_DIVIDE,
          MODULO,
          MINIMUM,
          MAXIMUM,
          LESS,
          LESS_OR_EQUAL,
          EQUAL -> {
        push(binary.left());
        push(binary.right());
      }
    }
    join(binary.operator());
  }

  private static boolean divides(IntExpression.IntOperator operator) {
    return switch (operator) {
      case FLOOR_DIVIDE, CEIL_DIVIDE, MODULO -> true;
      case ADD, SUBTRACT, MULTIPLY, MINIMUM, MAXIMUM, LESS, LESS_OR_EQUAL, EQUAL, AND, OR -> false;
    };
  }

  /** Pushes 1 for any value but 0. */
  private void pushTruth(IntExpression expression) {
    push(expression);
    if (isTruth(expression)) {
      return;
    }
    CodeBuilder code = method.writer().code();
    Label end = code.newLabel();
    Label holds = code.newLabel();
    code.ifne(holds).iconst_0().goto_(end).labelBinding(holds).iconst_1().labelBinding(end);
  }

  private static boolean isTruth(IntExpression expression) {
    return expression instanceof IntExpression.Binary binary
        && switch (binary.operator()) {
          case LESS, LESS_OR_EQUAL, EQUAL, AND, OR -> true;
          case ADD, SUBTRACT, MULTIPLY, FLOOR_DIVIDE, CEIL_DIVIDE, MODULO, MINIMUM, MAXIMUM ->
              false;
        };
  }

  private void join(IntExpression.IntOperator operator) {
    CodeBuilder code = method.writer().code();
    switch (operator) {
      case ADD -> code.iadd();
      case SUBTRACT -> code.isub();
      case MULTIPLY -> code.imul();
      case FLOOR_DIVIDE, CEIL_DIVIDE, MODULO -> IntegerDivision.write(code, operator);
      case MINIMUM -> code.invokestatic(TornadoApi.MATH, "min", TornadoApi.INTS_TO_INT);
      case MAXIMUM -> code.invokestatic(TornadoApi.MATH, "max", TornadoApi.INTS_TO_INT);
      case LESS, LESS_OR_EQUAL, EQUAL -> compare(code, operator);
      case AND -> code.iand();
      case OR -> code.ior();
    }
  }

  private static void compare(CodeBuilder code, IntExpression.IntOperator operator) {
    Label holds = code.newLabel();
    Label end = code.newLabel();
    if (operator == IntExpression.IntOperator.LESS) {
      code.if_icmplt(holds);
    } else if (operator == IntExpression.IntOperator.LESS_OR_EQUAL) {
      code.if_icmple(holds);
    } else {
      code.if_icmpeq(holds);
    }
    code.iconst_0().goto_(end).labelBinding(holds).iconst_1().labelBinding(end);
  }
}
