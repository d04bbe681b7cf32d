package dev.kvasir.ir.reference;

import dev.kvasir.ir.graph.Attribute;
import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.WeightReference;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.Function;

/** Weights for every reference of a graph: small, centred on 0; vectors, which scale, on 1. */
public final class RandomWeights implements Function<String, double[]> {
  private final Map<String, double[]> weights = new HashMap<>();

  /** Makes the weights that a graph refers to; the same seed gives the same weights. */
  public RandomWeights(Graph graph, long seed) {
    Random random = new Random(seed);
    graph.nodes().stream()
        .flatMap(node -> node.op().attributes().values().values().stream())
        .filter(Attribute.WeightAttribute.class::isInstance)
        .map(attribute -> ((Attribute.WeightAttribute) attribute).weight())
        .forEach(weight -> weights.computeIfAbsent(weight.name(), _ -> elements(weight, random)));
  }

  @Override
  public double[] apply(String name) {
    return Objects.requireNonNull(weights.get(name), name);
  }

  private static double[] elements(WeightReference weight, Random random) {
    double middle = weight.shape().size() == 1 ? 1 : 0;
    double spread = weight.shape().size() == 1 ? 0.2 : 1 / Math.sqrt(weight.shape().getLast());
    return random.doubles(weight.size(), -1, 1).map(value -> middle + spread * value).toArray();
  }
}
