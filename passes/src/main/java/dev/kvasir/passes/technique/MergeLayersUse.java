package dev.kvasir.passes.technique;

import dev.kvasir.ir.diag.CompilerBug;
import dev.kvasir.ir.policy.HeadSet;
import dev.kvasir.ir.policy.ModelFacts;
import dev.kvasir.ir.policy.ParameterValue;
import dev.kvasir.ir.policy.ResolvedPolicy;
import dev.kvasir.ir.policy.TechniqueUse;
import dev.kvasir.ir.type.Merge;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** One use of {@code merge-layers}, its parameters taken together. */
record MergeLayersUse(TechniqueUse use) {

  /**
   * Two layers that are taken together.
   *
   * @param lower the one that runs first
   * @param upper the one behind it, the next layer unless the use is refused
   */
  record Pair(int lower, int upper) {
    @Override
    public String toString() {
      return lower + " and " + upper;
    }
  }

  BigDecimal t() {
    return number(MergeLayersSpec.T);
  }

  BigDecimal retain() {
    return number(MergeLayersSpec.RETAIN);
  }

  int tail() {
    return Math.toIntExact(use.arguments().integer(MergeLayersSpec.TAIL));
  }

  /** The first layer of the model that may merge. */
  int first(int layers) {
    return switch (use.arguments().get(MergeLayersSpec.FROM)) {
      case ParameterValue.IntegerValue(long layer) -> Math.toIntExact(layer);
      case ParameterValue.PercentValue(BigDecimal percent) ->
          percent
              .multiply(BigDecimal.valueOf(layers))
              .divide(BigDecimal.valueOf(100), 0, RoundingMode.CEILING)
              .intValueExact();
      case ParameterValue other -> throw new CompilerBug("layers from " + other);
    };
  }

  /** The layers of the target that may merge, ascending. */
  List<Integer> layers(int modelLayers) {
    return use.target().layers().stream().filter(layer -> layer >= first(modelLayers)).toList();
  }

  /** Those layers two by two; an odd last one stays alone. */
  List<Pair> pairs(int modelLayers) {
    List<Integer> layers = layers(modelLayers);
    List<Pair> pairs = new ArrayList<>();
    for (int index = 0; index + 1 < layers.size(); index += 2) {
      pairs.add(new Pair(layers.get(index), layers.get(index + 1)));
    }
    return pairs;
  }

  /** The heads of the layers that merge. */
  static HeadSet claimed(TechniqueUse use, ModelFacts facts) {
    List<Integer> layers = new ArrayList<>();
    for (Pair pair : new MergeLayersUse(use).pairs(facts.layers())) {
      layers.add(pair.lower());
      layers.add(pair.upper());
    }
    return HeadSet.ofLayers(layers, facts);
  }

  /** The use of a technique on a layer; of several on heads of it the first. */
  static Optional<TechniqueUse> on(int layer, String technique, ResolvedPolicy policy) {
    return policy.uses(technique).stream()
        .filter(use -> use.target().layers().contains(layer))
        .findFirst();
  }

  /** How a layer of a pair merges. */
  Merge merge(Pair pair, int layer) {
    boolean isLower = layer == pair.lower();
    return new Merge(
        isLower ? Merge.Side.LOWER : Merge.Side.UPPER,
        isLower ? pair.upper() : pair.lower(),
        t(),
        retain(),
        tail());
  }

  private BigDecimal number(String parameter) {
    return switch (use.arguments().get(parameter)) {
      case ParameterValue.DecimalValue(BigDecimal value) -> value;
      case ParameterValue.PercentValue(BigDecimal value) -> value;
      case ParameterValue other -> throw new CompilerBug(parameter + " is " + other);
    };
  }
}
