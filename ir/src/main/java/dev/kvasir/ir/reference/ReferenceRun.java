package dev.kvasir.ir.reference;

import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.Node;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.graph.ops.AttentionOp;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Everything that one span computed. */
public final class ReferenceRun {
  private final Graph graph;
  private final Map<Value, ReferenceValue> values;

  ReferenceRun(Graph graph, Map<Value, ReferenceValue> values) {
    this.graph = graph;
    this.values = Map.copyOf(values);
  }

  /** {@return the last row's logits, one for each token of the vocabulary} */
  public double[] logits() {
    ReferenceTensor logits = allLogits();
    return logits.row(logits.rows() - 1);
  }

  /** {@return logits [rows, vocabulary]; one row unless every row was asked for} */
  public ReferenceTensor allLogits() {
    return tensor(graph.results().get(0));
  }

  /** {@return the token with the largest logit in the last row, of equal ones the lowest} */
  public int next() {
    ReferenceTensor next = tensor(graph.results().get(1));
    return (int) next.at(next.rows() - 1, 0);
  }

  /**
   * {@return what a value held}
   *
   * @throws IllegalArgumentException when the graph has no such value
   */
  public ReferenceValue value(Value value) {
    @Nullable ReferenceValue held = values.get(value);
    if (held == null) {
      throw new IllegalArgumentException("graph " + graph.name() + " has no value " + value);
    }
    return held;
  }

  /**
   * {@return what a value held, by its name, for example {@code layer.0.q}}
   *
   * @throws IllegalArgumentException when the graph has no such tensor
   */
  public ReferenceTensor tensor(String name) {
    for (Value value : values.keySet()) {
      if (value.name().equals(name)) {
        return tensor(value);
      }
    }
    throw new IllegalArgumentException("graph " + graph.name() + " has no value %" + name);
  }

  /**
   * {@return what the attention of a layer computed, [rows, queryHeads * valueDim]}
   *
   * @throws IllegalArgumentException when the graph has no such layer
   */
  public ReferenceTensor attention(int layer) {
    return tensor(attentionNode(layer).results().getFirst());
  }

  /**
   * {@return log-sum-exp of the attention of a layer, [rows, queryHeads]}
   *
   * @throws IllegalArgumentException when the graph has no such layer
   */
  public ReferenceTensor logSumExp(int layer) {
    return tensor(attentionNode(layer).results().getLast());
  }

  private Node attentionNode(int layer) {
    for (Node node : graph.nodes()) {
      if (node.op() instanceof AttentionOp attention && attention.cacheType().layer() == layer) {
        return node;
      }
    }
    throw new IllegalArgumentException("graph " + graph.name() + " has no layer " + layer);
  }

  private ReferenceTensor tensor(Value value) {
    return switch (value(value)) {
      case ReferenceTensor tensor -> tensor;
      case ReferenceCache _ -> throw new IllegalArgumentException(value + " is a cache");
      case ReferenceChoice _ -> throw new IllegalArgumentException(value + " is a choice");
    };
  }
}
