package dev.kvasir.ir.policy;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * How much each KV head of a model retrieves from far back, as it was measured. Only the order and
 * the sums of scores mean something: scales differ between measurements.
 *
 * @param origin where the scores come from, for people: a file and how it was made
 * @param layers the number of layers, at least 1
 * @param kvHeads the number of KV heads in a layer, at least 1
 * @param values finite, higher for a head that retrieves more; layer by layer
 */
public record HeadScores(String origin, int layers, int kvHeads, List<Float> values) {

  /** Refuses scores that are not one finite number for each head. */
  public HeadScores {
    if (layers < 1 || kvHeads < 1 || values.size() != (long) layers * kvHeads) {
      throw new IllegalArgumentException(
          "expected %d x %d scores, got %d".formatted(layers, kvHeads, values.size()));
    }
    if (!values.stream().allMatch(Float::isFinite)) {
      throw new IllegalArgumentException("expected finite scores, got " + values);
    }
    values = List.copyOf(values);
  }

  /** {@return scores that tell no head from another} */
  public static HeadScores equal(String origin, int layers, int kvHeads) {
    return new HeadScores(
        origin, layers, kvHeads, IntStream.range(0, layers * kvHeads).mapToObj(i -> 0f).toList());
  }

  /**
   * {@return how many of {@code count} a share keeps, rounded to the nearest, half up}
   *
   * @param percent the share, 0 to 100
   */
  public static int count(BigDecimal percent, int count) {
    return percent
        .multiply(BigDecimal.valueOf(count))
        .divide(BigDecimal.valueOf(100), 0, RoundingMode.HALF_UP)
        .intValueExact();
  }

  /** {@return the score of a head} */
  public float of(KvHead head) {
    return values.get(head.layer() * kvHeads + head.head());
  }

  /** {@return the mean score of a layer's heads} */
  public double ofLayer(int layer) {
    return sum(layerHeads(layer)) / kvHeads;
  }

  /** {@return the sum of the scores of some heads} */
  public double sum(HeadSet heads) {
    return heads.heads().stream().mapToDouble(this::of).sum();
  }

  /** {@return the sum of all scores} */
  public double sum() {
    return values.stream().mapToDouble(Float::doubleValue).sum();
  }

  /**
   * {@return the heads of highest score, {@code count} of the whole model; ties go to the lower
   * layer, then to the lower head}
   */
  public HeadSet topHeads(int count) {
    List<KvHead> all =
        IntStream.range(0, values.size())
            .mapToObj(index -> new KvHead(index / kvHeads, index % kvHeads))
            .toList();
    return HeadSet.of(all.stream().sorted(descending(this::of)).limit(count).toList());
  }

  /** {@return the {@code count} layers of highest mean score, all heads of each; ties go lower} */
  public HeadSet topLayers(int count) {
    return IntStream.range(0, layers)
        .boxed()
        .sorted(descending(this::ofLayer))
        .limit(count)
        .map(this::layerHeads)
        .reduce(HeadSet.empty(), HeadSet::union);
  }

  private HeadSet layerHeads(int layer) {
    return HeadSet.of(
        IntStream.range(0, kvHeads).mapToObj(head -> new KvHead(layer, head)).toList());
  }

  /** Sorting is stable, so that equals stay in their order; 0 and -0 are equals. */
  private static <T> Comparator<T> descending(ToDoubleFunction<T> score) {
    return Comparator.<T>comparingDouble(member -> score.applyAsDouble(member) + 0.0).reversed();
  }
}
