package dev.kvasir.passes.technique;

import dev.kvasir.ir.diag.CompilerBug;
import dev.kvasir.ir.policy.Arguments;
import dev.kvasir.ir.policy.ParameterValue;
import dev.kvasir.ir.policy.TechniqueUse;
import dev.kvasir.ir.type.RowBudget;
import dev.kvasir.ir.type.Selection;
import dev.kvasir.ir.type.Task;
import java.math.BigDecimal;
import java.util.List;

/** One use of {@code select-window}, its parameters taken together. */
record SelectWindowUse(TechniqueUse use) {
  private static final int SHARED_LAYERS = 8;

  int window() {
    return integer(SelectWindowSpec.WINDOW);
  }

  int observe() {
    return integer(SelectWindowSpec.OBSERVE);
  }

  int pool() {
    return integer(SelectWindowSpec.POOL);
  }

  int tail() {
    return integer(SelectWindowSpec.TAIL);
  }

  boolean perHead() {
    return arguments().name(SelectWindowSpec.PER_HEAD).equals(SelectWindowSpec.TRUE);
  }

  /** The layers that rows are selected in, ascending. */
  List<Integer> layers() {
    return use.target().layers();
  }

  /** How many layers keep what one chose. */
  int share() {
    if (arguments().get(SelectWindowSpec.SHARE)
        instanceof ParameterValue.IntegerValue(long share)) {
      return Math.toIntExact(share);
    }
    return perHead() || isShaped(SelectWindowSpec.PYRAMID) ? 1 : SHARED_LAYERS;
  }

  /** Whether each layer, or run of layers, has a budget of its own of this name. */
  boolean isShaped(String name) {
    return arguments().get(SelectWindowSpec.BUDGET) instanceof ParameterValue.CallValue call
        && call.name().equals(name);
  }

  /** The budget as it is written, before layers share it: rows or a percentage. */
  ParameterValue mean() {
    return switch (arguments().get(SelectWindowSpec.BUDGET)) {
      case ParameterValue.CallValue call -> argument(call, SelectWindowSpec.MEAN);
      case ParameterValue plain -> plain;
    };
  }

  boolean isRandom() {
    return score().name().equals(SelectWindowSpec.RANDOM);
  }

  /** Whether each prompt decides what rows are scored with. */
  boolean isByTask() {
    return score().name().equals(SelectWindowSpec.AUTO)
        && arguments().name(SelectWindowSpec.TASK).equals(SelectWindowSpec.AUTO);
  }

  /** The budget of a layer, by its place among {@link #layers}. */
  RowBudget budget(int index) {
    RowBudget.Amount amount =
        switch (mean()) {
          case ParameterValue.IntegerValue(long rows) -> new RowBudget.Rows(Math.toIntExact(rows));
          case ParameterValue.PercentValue(BigDecimal percent) -> new RowBudget.Percent(percent);
          case ParameterValue other -> throw new CompilerBug("a budget of " + other);
        };
    return new RowBudget(amount, observe(), window(), shape(index));
  }

  /** How the layers of a run choose. */
  Selection selection(int run) {
    return new Selection(
        window(), observe(), isRandom() ? 1 : pool(), scoreOf(run), perHead(), tail());
  }

  private RowBudget.Shape shape(int index) {
    if (!(arguments().get(SelectWindowSpec.BUDGET) instanceof ParameterValue.CallValue call)) {
      return new RowBudget.Uniform();
    }
    int beta = Math.toIntExact(integer(argument(call, SelectWindowSpec.BETA)));
    return switch (call.name()) {
      case SelectWindowSpec.PYRAMID -> new RowBudget.Pyramid(beta, index, layers().size());
      case SelectWindowSpec.GROUPS ->
          new RowBudget.Groups(beta, index / share(), layers().size() / share());
      default -> throw new CompilerBug("a budget in the shape of " + call.name());
    };
  }

  private Selection.Score scoreOf(int run) {
    return switch (score().name()) {
      case SelectWindowSpec.MAX -> new Selection.Max();
      case SelectWindowSpec.AVERAGE -> new Selection.Average();
      case SelectWindowSpec.RANDOM ->
          new Selection.Random(
              Math.toIntExact(integer(argument(score(), SelectWindowSpec.SEED))), run);
      case SelectWindowSpec.AUTO -> scoreOfTask();
      default -> throw new CompilerBug("a score " + score().name());
    };
  }

  private Selection.Score scoreOfTask() {
    return switch (arguments().name(SelectWindowSpec.TASK)) {
      case SelectWindowSpec.LOCALIZATION -> Task.LOCALIZATION.score();
      case SelectWindowSpec.AGGREGATION -> Task.AGGREGATION.score();
      case SelectWindowSpec.AUTO -> new Selection.ByTask();
      case String other -> throw new CompilerBug("a task " + other);
    };
  }

  private ParameterValue.CallValue score() {
    if (arguments().get(SelectWindowSpec.SCORE) instanceof ParameterValue.CallValue call) {
      return call;
    }
    throw new CompilerBug("a score that is no call: " + use);
  }

  private Arguments arguments() {
    return use.arguments();
  }

  private int integer(String parameter) {
    return Math.toIntExact(arguments().integer(parameter));
  }

  private static ParameterValue argument(ParameterValue.CallValue call, String name) {
    return new Arguments(call.arguments()).get(name);
  }

  private static long integer(ParameterValue value) {
    if (value instanceof ParameterValue.IntegerValue(long number)) {
      return number;
    }
    throw new CompilerBug("no whole number: " + value);
  }
}
