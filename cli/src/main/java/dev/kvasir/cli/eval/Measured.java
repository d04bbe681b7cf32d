package dev.kvasir.cli.eval;

import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What one cache was asked and did.
 *
 * @param predictions answers, by suite and length
 * @param texts texts that were read, by length
 */
public record Measured(List<Prediction> predictions, List<TextScore> texts) {

  /** Copies the lists. */
  public Measured {
    predictions = List.copyOf(predictions);
    texts = List.copyOf(texts);
  }

  /** {@return what was measured at these lengths} */
  public Measured at(Collection<Integer> lengths) {
    return new Measured(
        predictions.stream().filter(one -> lengths.contains(one.length())).toList(),
        texts.stream().filter(one -> lengths.contains(one.length())).toList());
  }

  /** {@return what was measured where {@code other} was: the same suites at the same lengths} */
  Measured where(Measured other) {
    return new Measured(
        predictions.stream()
            .filter(
                one ->
                    other.predictions.stream()
                        .anyMatch(
                            two -> two.suite() == one.suite() && two.length() == one.length()))
            .toList(),
        texts.stream()
            .filter(one -> other.texts.stream().anyMatch(two -> two.length() == one.length()))
            .toList());
  }

  /** {@return what was measured at one place} */
  Measured at(Results.Place place) {
    Measured there = at(List.of(place.length()));
    return place.text()
        ? new Measured(List.of(), there.texts())
        : new Measured(there.predictions(), List.of());
  }

  /** {@return the answers of one suite} */
  public List<Prediction> of(Suite suite) {
    return predictions.stream().filter(one -> one.suite() == suite).toList();
  }

  /** {@return how many answers of a suite are right} */
  public int correct(Suite suite) {
    return (int) of(suite).stream().filter(Prediction::correct).count();
  }

  /** {@return share of a suite's answers that are right, 0 to 1; empty without an answer} */
  public OptionalDouble exactMatch(Suite suite) {
    return of(suite).stream().mapToInt(one -> one.correct() ? 1 : 0).average();
  }

  /**
   * {@return e to the mean negative logarithm of the probability of each token that was predicted;
   * empty without a text}
   */
  public OptionalDouble perplexity() {
    double sum = texts.stream().mapToDouble(TextScore::logLikelihood).sum();
    return positions() == 0
        ? OptionalDouble.empty()
        : OptionalDouble.of(Math.exp(-sum / positions()));
  }

  /** {@return the mean divergence of all positions; empty without a text} */
  public OptionalDouble divergence() {
    return mean(texts.stream().mapToDouble(one -> one.divergence() * one.positions()).sum());
  }

  /** {@return the share of all positions at which the reference agrees; empty without a text} */
  public OptionalDouble agreement() {
    return mean(texts.stream().mapToDouble(one -> one.agreement() * one.positions()).sum());
  }

  /** {@return tokens that were predicted in all texts} */
  public int positions() {
    return texts.stream().mapToInt(TextScore::positions).sum();
  }

  /** {@return the most cache bytes at a length; empty when nothing was measured there} */
  public Optional<Long> allocatedBytes(int length) {
    Measured there = at(List.of(length));
    long most = -1;
    for (Prediction prediction : there.predictions()) {
      most = Math.max(most, prediction.allocatedBytes());
    }
    for (TextScore text : there.texts()) {
      most = Math.max(most, text.allocatedBytes());
    }
    return most < 0 ? Optional.empty() : Optional.of(most);
  }

  private OptionalDouble mean(double sum) {
    return positions() == 0 ? OptionalDouble.empty() : OptionalDouble.of(sum / positions());
  }
}
