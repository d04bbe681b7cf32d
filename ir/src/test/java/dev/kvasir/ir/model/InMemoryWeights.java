package dev.kvasir.ir.model;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** Weights made up in memory, for tests of whatever reads weights. */
public final class InMemoryWeights implements WeightSource {
  private final SortedMap<String, Weight> weights;

  /** Takes {@code weights} by their names. */
  public InMemoryWeights(Iterable<Weight> weights) {
    SortedMap<String, Weight> byName = new TreeMap<>();
    weights.forEach(weight -> byName.put(weight.name(), weight));
    this.weights = Collections.unmodifiableSortedMap(byName);
  }

  /**
   * {@return a full set of F32 weights for {@code config}, uniform in (-0.1, 0.1), norms near 1}
   */
  public static InMemoryWeights random(ModelConfig config, long seed) {
    Random random = new Random(seed);
    List<Weight> weights =
        WeightCatalog.expected(config).entrySet().stream()
            .map(entry -> random(entry, random))
            .toList();
    return new InMemoryWeights(weights);
  }

  private static Weight random(Map.Entry<String, List<Long>> expected, Random random) {
    int elements = Math.toIntExact(expected.getValue().stream().reduce(1L, Math::multiplyExact));
    float middle = expected.getValue().size() == 1 ? 1 : 0;
    float[] values = new float[elements];
    for (int i = 0; i < elements; i++) {
      values[i] = middle + 0.2f * (random.nextFloat() - 0.5f);
    }
    return floats(expected.getKey(), expected.getValue(), values);
  }

  /** {@return an F32 weight that holds {@code values}} */
  public static Weight floats(String name, List<Long> shape, float... values) {
    ByteBuffer bytes =
        ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    return new Weight(name, WeightType.F32, shape, MemorySegment.ofBuffer(bytes));
  }

  @Override
  public SortedSet<String> names() {
    return new TreeSet<>(weights.keySet());
  }

  @Override
  public Optional<Weight> find(String name) {
    return Optional.ofNullable(weights.get(name));
  }

  @Override
  public String fingerprint() {
    return "0".repeat(64);
  }
}
