package dev.kvasir.ir.reference;

import dev.kvasir.ir.graph.WeightReference;
import dev.kvasir.ir.type.Task;
import java.util.Optional;
import java.util.function.Function;

/**
 * What an evaluation of one span depends on besides its operands.
 *
 * @param weights row-major elements of a weight by name
 * @param firstPosition true position of the span's first row
 * @param prefill whether the span is part of a prompt: its own rows are then attended unrounded. In
 *     a decode step even the running row is attended as stored
 * @param everyRow whether {@code last_row} passes every row on, which shows the logits of each
 * @param task what the prompt that was read last asks for, empty where nobody said
 */
public record EvaluationContext(
    Function<String, double[]> weights,
    int firstPosition,
    boolean prefill,
    boolean everyRow,
    Optional<Task> task) {

  /** An evaluation in which nobody said what the prompt asks for. */
  public EvaluationContext(
      Function<String, double[]> weights, int firstPosition, boolean prefill, boolean everyRow) {
    this(weights, firstPosition, prefill, everyRow, Optional.empty());
  }

  /**
   * {@return the elements of a weight}
   *
   * @throws IllegalArgumentException when its size is not that of its shape
   */
  public double[] weight(WeightReference weight) {
    double[] elements = weights.apply(weight.name());
    if (elements.length != weight.size()) {
      throw new IllegalArgumentException(
          "weight " + weight.text() + " has " + elements.length + " elements");
    }
    return elements;
  }
}
