package dev.kvasir.codegen.assemble;

import dev.kvasir.codegen.assemble.ProgramBuilder.Mode;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.Program;
import java.util.List;
import java.util.Map;

/** When rows are chosen, and what is there then. */
enum SelectionTime {

  /** Behind the attention of a span, whose rows are in scratch. */
  SPAN,

  /** After the step that fills the tail, whose last queries were kept. */
  FULL_TAIL;

  private static final Expression TOKENS = Expression.counter("tokens");
  private static final Expression SPAN_ROWS = Expression.counter("span");
  private static final Expression POSITION = Expression.counter("position");

  /** {@return whether a span is running} */
  boolean span() {
    return this == SPAN;
  }

  /** {@return what the names of scratch begin with; full tails of all layers share theirs} */
  String prefix(String label) {
    return switch (this) {
      case SPAN -> label;
      case FULL_TAIL -> "reselect";
    };
  }

  /** {@return rows of the running span} */
  Expression spanRows() {
    return switch (this) {
      case SPAN -> SPAN_ROWS;
      case FULL_TAIL -> Expression.constant(0);
    };
  }

  /**
   * {@return rows of the tail}
   *
   * @param mark tokens at the last selection
   */
  Expression tailRows(Expression mark) {
    return switch (this) {
      case SPAN -> POSITION.minus(mark);
      case FULL_TAIL -> TOKENS.minus(mark);
    };
  }

  /** {@return the first observed row of the queries} */
  Expression firstQuery(int observe) {
    return switch (this) {
      case SPAN -> SPAN_ROWS.minus(observe).max(0);
      case FULL_TAIL -> Expression.constant(0);
    };
  }

  /** {@return the row behind the last observed one} */
  Expression endQuery(int observe) {
    return switch (this) {
      case SPAN -> SPAN_ROWS;
      case FULL_TAIL -> Expression.constant(observe);
    };
  }

  /** {@return the true position of row 0 of the queries} */
  Expression queryOrigin(int observe) {
    return switch (this) {
      case SPAN -> POSITION;
      // At least 0: a tail holds no fewer rows than are observed.
      case FULL_TAIL -> TOKENS.minus(observe).max(0);
    };
  }

  /**
   * Adds a launch at this time.
   *
   * @param mark set when rows of the layer were last chosen
   */
  void launch(
      ProgramBuilder builder,
      String mark,
      Kernel kernel,
      String label,
      List<Expression> grid,
      Map<String, String> arguments,
      Map<String, Expression> dims) {
    switch (this) {
      case SPAN -> builder.launch(Mode.PREFILL, kernel, label, grid, arguments, dims);
      case FULL_TAIL -> builder.whenDue(mark, kernel, label, grid, arguments, dims);
    }
  }

  /**
   * Adds a condition that the launches before, at this time, must have met.
   *
   * @param mark set when rows of the layer were last chosen
   */
  void require(ProgramBuilder builder, String mark, Program.Step.Require requirement) {
    switch (this) {
      case SPAN -> builder.require(Mode.PREFILL, requirement);
      case FULL_TAIL -> builder.requireWhenDue(mark, requirement);
    }
  }
}
