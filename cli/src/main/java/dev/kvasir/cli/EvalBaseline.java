package dev.kvasir.cli;

import dev.kvasir.cli.eval.Baseline;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What {@code eval} measures policies against. */
enum EvalBaseline {
  FULL(Optional.of(Baseline.FULL)),
  STREAMING(Optional.of(Baseline.STREAMING)),
  RANDOM(Optional.of(Baseline.RANDOM)),
  NONE(Optional.empty());

  private final Optional<Baseline> baseline;

  EvalBaseline(Optional<Baseline> baseline) {
    this.baseline = baseline;
  }

  /** {@return the baselines that were named, in the order of the enum} */
  static List<Baseline> of(List<EvalBaseline> named) {
    return named.stream().sorted().distinct().flatMap(one -> one.baseline.stream()).toList();
  }

  /** {@return the name on the command line} */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Reads the name of a baseline, and lists these for help and completion. */
  static final class Converter extends NameConverter<EvalBaseline> {
    Converter() {
      super(values());
    }
  }
}
