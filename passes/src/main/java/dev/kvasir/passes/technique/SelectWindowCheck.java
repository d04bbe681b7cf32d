package dev.kvasir.passes.technique;

import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.policy.ModelFacts;
import dev.kvasir.ir.policy.ParameterValue;
import dev.kvasir.ir.policy.TechniqueUse;
import dev.kvasir.ir.policy.UseCheck;
import dev.kvasir.ir.type.RowBudget;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What the parameters of {@code select-window} must fulfil together. */
final class SelectWindowCheck implements UseCheck {

  @Override
  public List<Diagnostic> problems(TechniqueUse use, ModelFacts facts) {
    SelectWindowUse selecting = new SelectWindowUse(use);
    List<Diagnostic> problems = new ArrayList<>();
    budget(selecting).ifPresent(problems::add);
    pool(selecting).ifPresent(problems::add);
    share(selecting).ifPresent(problems::add);
    if (selecting.tail() < selecting.observe()) {
      problems.add(
          outOfRange(
                  selecting,
                  SelectWindowSpec.TAIL,
                  "tail must be at least observe = "
                      + selecting.observe()
                      + ", got "
                      + selecting.tail())
              .withNote("when the tail is full, its last queries are observed"));
    }
    if (isWritten(use, SelectWindowSpec.TASK) && isWritten(use, SelectWindowSpec.SCORE)) {
      problems.add(
          excluded(
                  selecting, SelectWindowSpec.TASK, "the score is given, so a task decides nothing")
              .withNote("leave task out, or leave score to the task"));
    }
    if (selecting.isByTask() && !facts.tokenized()) {
      problems.add(
          outOfRange(
                  selecting,
                  SelectWindowSpec.TASK,
                  "task = auto looks for question marks in prompts, and the model has no tokenizer")
              .withNote("write task = localization or task = aggregation"));
    }
    return problems;
  }

  private static Optional<Diagnostic> budget(SelectWindowUse selecting) {
    return switch (selecting.mean()) {
      case ParameterValue.IntegerValue(long rows)
          when rows < (long) selecting.observe() + selecting.window() ->
          Optional.of(
              outOfRange(
                      selecting,
                      SelectWindowSpec.BUDGET,
                      "budget must hold observe = %d rows and a window of %d, at least %d, got %d"
                          .formatted(
                              selecting.observe(),
                              selecting.window(),
                              (long) selecting.observe() + selecting.window(),
                              rows))
                  .withNote("a budget counts all rows before the tail, the observed ones too"));
      case ParameterValue.PercentValue(BigDecimal percent)
          when percent.scale() > RowBudget.Percent.DECIMALS ->
          Optional.of(
              outOfRange(
                  selecting,
                  SelectWindowSpec.BUDGET,
                  "a percentage has at most "
                      + RowBudget.Percent.DECIMALS
                      + " decimals, got "
                      + percent.toPlainString()
                      + "%"));
      case ParameterValue _ -> Optional.empty();
    };
  }

  private static Optional<Diagnostic> pool(SelectWindowUse selecting) {
    if (selecting.pool() % 2 == 0) {
      return Optional.of(
          outOfRange(selecting, SelectWindowSpec.POOL, "pool must be odd, got " + selecting.pool())
              .withNote("a row has as many neighbours on one side as on the other"));
    }
    if (selecting.pool() > 1 && selecting.window() > 1) {
      return Optional.of(
          excluded(
                  selecting,
                  SelectWindowSpec.POOL,
                  "windows of " + selecting.window() + " rows are not pooled")
              .withNote("choose single rows with window = 1, or leave pool out"));
    }
    if (selecting.pool() > 1 && selecting.isRandom()) {
      return Optional.of(
          excluded(selecting, SelectWindowSpec.POOL, "a random score is not pooled")
              .withNote("leave pool out"));
    }
    return Optional.empty();
  }

  private static Optional<Diagnostic> share(SelectWindowUse selecting) {
    int share = selecting.share();
    int layers = selecting.layers().size();
    Optional<Diagnostic> heads = sharedHeads(selecting);
    if (heads.isPresent()) {
      return heads;
    }
    if (share > 1 && selecting.isShaped(SelectWindowSpec.PYRAMID)) {
      return Optional.of(
          excluded(
                  selecting,
                  SelectWindowSpec.SHARE,
                  "a pyramid gives each layer its own budget, so layers share no list, got share = "
                      + share)
              .withNote("leave share out, or use groups, which gives each run of layers its own"));
    }
    if (layers % share != 0) {
      String divisors =
          IntStream.rangeClosed(1, layers)
              .filter(divisor -> layers % divisor == 0)
              .mapToObj(Integer::toString)
              .collect(Collectors.joining(", "));
      return Optional.of(
          outOfRange(
                  selecting,
                  SelectWindowSpec.SHARE,
                  "share must divide the number of layers, %d, got %s%d"
                      .formatted(
                          layers,
                          isWritten(selecting.use(), SelectWindowSpec.SHARE) ? "" : "its default ",
                          share))
              .withNote("these do: share = " + divisors));
    }
    return Optional.empty();
  }

  /** A head of a layer keeps what the head in its place chose. */
  private static Optional<Diagnostic> sharedHeads(SelectWindowUse selecting) {
    List<Integer> layers = selecting.layers();
    for (int index = 0; selecting.perHead() && index < layers.size(); index++) {
      int leader = layers.get(index / selecting.share() * selecting.share());
      int expected = selecting.use().target().headsOfLayer(leader).size();
      int found = selecting.use().target().headsOfLayer(layers.get(index)).size();
      if (found != expected) {
        return Optional.of(
            excluded(
                    selecting,
                    SelectWindowSpec.SHARE,
                    ("layers %d and %d share lists of heads that choose for themselves, and layer %d"
                            + " has %d instead of %d of these")
                        .formatted(leader, layers.get(index), layers.get(index), found, expected))
                .withNote("name as many heads in each layer, or leave share or per-head out"));
      }
    }
    return Optional.empty();
  }

  private static boolean isWritten(TechniqueUse use, String parameter) {
    return use.parameterSpans().containsKey(parameter);
  }

  private static Diagnostic outOfRange(
      SelectWindowUse selecting, String parameter, String message) {
    return Diagnostic.error(
        DiagnosticCode.OUT_OF_RANGE, selecting.use().spanOf(parameter), message);
  }

  private static Diagnostic excluded(SelectWindowUse selecting, String parameter, String message) {
    return Diagnostic.error(
        DiagnosticCode.PARAMETERS_EXCLUDE, selecting.use().spanOf(parameter), message);
  }
}
