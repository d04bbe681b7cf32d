package dev.kvasir.passes.check;

import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.Dim;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.TensorType;
import dev.kvasir.ir.type.Type;
import java.util.ArrayList;
import java.util.List;

/**
 * Parameters are the token ids and a cache for each layer in order; results are one row of logits,
 * the next token and the caches.
 */
public final class ResultsInOrder implements GraphCheck {

  @Override
  public String id() {
    return "results-in-order";
  }

  @Override
  public List<String> problems(Graph graph) {
    if (graph.parameters().isEmpty() || graph.results().size() < 2) {
      return List.of("expected parameters tokens, caches and results logits, next, caches");
    }
    List<String> problems = new ArrayList<>();
    expect(
        "the first parameter",
        new TensorType(ElementFormat.I32, List.of(Dim.ROWS)),
        graph.parameters().getFirst(),
        problems);
    Value logits = graph.results().get(0);
    if (!(logits.type() instanceof TensorType type
        && type.element() == ElementFormat.F32
        && type.dims().size() == 2
        && type.dims().getFirst().equals(Dim.of(1)))) {
      problems.add("the first result must be f32[1, vocabulary], is " + logits.type().text());
    }
    expect(
        "the second result",
        new TensorType(ElementFormat.I32, List.of(Dim.of(1))),
        graph.results().get(1),
        problems);
    layers("parameter", graph.parameters().subList(1, graph.parameters().size()), problems);
    layers("result", graph.results().subList(2, graph.results().size()), problems);
    return problems;
  }

  private static void expect(String place, Type type, Value value, List<String> problems) {
    if (!value.type().equals(type)) {
      problems.add(place + " must be " + type.text() + ", is " + value.type().text());
    }
  }

  private static void layers(String place, List<Value> values, List<String> problems) {
    for (int layer = 0; layer < values.size(); layer++) {
      Value value = values.get(layer);
      if (!(value.type() instanceof CacheType cache && cache.layer() == layer)) {
        problems.add(place + " " + value + " must be the cache of layer " + layer);
      }
    }
  }
}
