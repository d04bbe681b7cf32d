package dev.kvasir.ir.reference;

import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.Node;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.model.Weight;
import dev.kvasir.ir.model.WeightCatalog;
import dev.kvasir.ir.model.WeightSource;
import dev.kvasir.ir.model.WeightType;
import dev.kvasir.ir.type.Task;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Runs a graph over a growing sequence, operation by operation, in double precision. One evaluator
 * holds one sequence: its position and caches.
 *
 * <p>A span that is prefilled attends its own rows unrounded and earlier rows as stored; a step
 * attends every row as stored, its own included.
 */
public final class ReferenceEvaluator {
  private final Graph graph;
  private final Function<String, double[]> weights;
  private final List<ReferenceValue> caches = new ArrayList<>();
  private int position;
  private Optional<Task> task = Optional.empty();

  /**
   * Starts an empty sequence.
   *
   * @param graph takes token ids and caches; results are logits, next token and caches
   * @param weights row-major elements by name
   */
  public ReferenceEvaluator(Graph graph, Function<String, double[]> weights) {
    this.graph = graph;
    Map<String, double[]> known = new HashMap<>();
    this.weights = name -> known.computeIfAbsent(name, weights);
    for (int index = 1; index < graph.parameters().size(); index++) {
      caches.add(ReferenceCache.empty());
    }
  }

  /** Starts an empty sequence with the weights of a model. */
  public ReferenceEvaluator(Graph graph, WeightSource source) {
    this(graph, name -> widen(name, source));
  }

  /**
   * Says what the prompt that is read next asks for, until another one is. Rows that are selected
   * by task need it.
   */
  public void task(Task asked) {
    task = Optional.of(asked);
  }

  /**
   * Appends a span of a prompt; its last row gives logits.
   *
   * @param tokens at least one
   */
  public ReferenceRun prefill(int... tokens) {
    return run(tokens, context(true, false));
  }

  /**
   * Appends a span of a prompt; every row gives logits.
   *
   * @param tokens at least one
   */
  public ReferenceRun prefillEveryRow(int... tokens) {
    return run(tokens, context(true, true));
  }

  /** Appends one generated token. */
  public ReferenceRun step(int token) {
    return run(new int[] {token}, context(false, false));
  }

  /** {@return how many tokens were appended} */
  public int position() {
    return position;
  }

  private EvaluationContext context(boolean prefill, boolean everyRow) {
    return new EvaluationContext(weights, position, prefill, everyRow, task);
  }

  private ReferenceRun run(int[] tokens, EvaluationContext context) {
    if (tokens.length == 0) {
      throw new IllegalArgumentException("a span has at least one token");
    }
    Map<Value, ReferenceValue> values = new HashMap<>();
    values.put(
        graph.parameters().getFirst(),
        ReferenceTensor.of(tokens.length, 1, (row, ignored) -> tokens[row]));
    for (int index = 0; index < caches.size(); index++) {
      values.put(graph.parameters().get(index + 1), caches.get(index));
    }
    for (Node node : graph.nodes()) {
      List<ReferenceValue> operands = node.op().operands().stream().map(values::get).toList();
      List<ReferenceValue> results = node.op().evaluate(operands, context);
      for (int index = 0; index < results.size(); index++) {
        values.put(node.results().get(index), results.get(index));
      }
    }
    ReferenceRun run = new ReferenceRun(graph, values);
    for (int index = 0; index < caches.size(); index++) {
      caches.set(index, run.value(graph.results().get(index + 2)));
    }
    position += tokens.length;
    return run;
  }

  /** Codes are multiplied by the scale of their row. */
  private static double[] widen(String name, WeightSource source) {
    Weight weight = source.weight(name);
    float[] elements = weight.toFloats();
    boolean codes = weight.type() == WeightType.I8;
    float[] scales = codes ? source.weight(WeightCatalog.scale(name)).toFloats() : new float[] {1};
    int rowLength = elements.length / scales.length;
    double[] widened = new double[elements.length];
    for (int index = 0; index < elements.length; index++) {
      widened[index] = (double) elements[index] * scales[index / rowLength];
    }
    return widened;
  }
}
