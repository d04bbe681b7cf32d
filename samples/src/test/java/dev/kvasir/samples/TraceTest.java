package dev.kvasir.samples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.Session;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * What a session shows while it computes: names and shapes, and attention recomputed from it in
 * double precision.
 */
final class TraceTest {
  private static final int LAYERS = 4;
  private static final int QUERY_HEADS = 4;
  private static final int KV_HEADS = 2;
  private static final int DIM = 32;
  private static final int LENGTH = 230;
  private static final int STEPS = 3;
  private static final long SEED = 5;

  /** KV heads that keep every row under {@code duo-sets}. */
  private static final Set<String> RETRIEVAL = Set.of("0/0", "1/0", "2/0", "2/1");

  /** A value of one layer over the whole run: [rows][heads * columns]. */
  private final Map<String, List<double[]>> shown = new HashMap<>();

  @Test
  void attentionRecomputedFromTheTraceIsWhatTheKernelsGave() {
    LoadedModel model = SampleModel.shared("duo-sets", "f32");
    try (Session session = model.newSession()) {
      session.observe(this::collect);
      session.append(Prompt.of(NeedlePrompt.of(new Random(SEED), LENGTH, 200).text()));
      for (int step = 0; step < STEPS; step++) {
        session.step(session.greedyToken());
      }
      session.stopObserving();
    }

    int rows = LENGTH + STEPS;
    for (int layer = 0; layer < LAYERS; layer++) {
      for (String name : List.of("q", "k", "v", "q_pre", "k_pre", "out", "lse")) {
        assertThat(rows(layer, name)).as("rows of layer %s %s", layer, name).hasSize(rows);
      }
      for (int row = 0; row < rows; row++) {
        for (int head = 0; head < QUERY_HEADS; head++) {
          checkHead(layer, row, head);
        }
      }
    }
  }

  private void collect(String name, int position, List<Integer> shape, float[] values) {
    int heads = shape.getFirst();
    int rows = shape.get(1);
    int columns = shape.size() == 3 ? shape.get(2) : 1;
    String kind = name.substring(name.lastIndexOf('.') + 1);
    switch (kind) {
      case "q", "q_pre", "out" -> assertThat(shape).containsExactly(QUERY_HEADS, rows, DIM);
      case "k", "k_pre", "v" -> assertThat(shape).containsExactly(KV_HEADS, rows, DIM);
      case "lse" -> assertThat(shape).containsExactly(QUERY_HEADS, rows);
      default -> throw new AssertionError("unknown value " + name);
    }
    assertThat(rows).isLessThanOrEqualTo(SampleModel.SPAN);
    List<double[]> all = shown.computeIfAbsent(name, key -> new ArrayList<>());
    assertThat(position).as("position of %s", name).isEqualTo(all.size());
    for (int row = 0; row < rows; row++) {
      double[] line = new double[heads * columns];
      for (int head = 0; head < heads; head++) {
        for (int column = 0; column < columns; column++) {
          line[head * columns + column] = values[(head * rows + row) * columns + column];
        }
      }
      all.add(line);
    }
  }

  private void checkHead(int layer, int row, int head) {
    int kvHead = head / (QUERY_HEADS / KV_HEADS);
    boolean dense = RETRIEVAL.contains(layer + "/" + kvHead);
    double[] logits = new double[row + 1];
    double sum = 0;
    double largest = 0;
    for (int key = 0; key <= row; key++) {
      boolean visible = dense || key < SampleModel.SINK || key > row - SampleModel.RECENT;
      logits[key] = visible ? product(layer, row, head, key, kvHead) / Math.sqrt(DIM) : -1e9;
      largest = Math.max(largest, visible ? Math.abs(logits[key]) : 0);
      sum += Math.exp(logits[key]);
    }
    double error = 0;
    double norm = 0;
    for (int column = 0; column < DIM; column++) {
      double expected = 0;
      for (int key = 0; key <= row; key++) {
        expected += Math.exp(logits[key]) / sum * rows(layer, "v").get(key)[kvHead * DIM + column];
      }
      double difference = rows(layer, "out").get(row)[head * DIM + column] - expected;
      error += difference * difference;
      norm += expected * expected;
    }
    String place = "layer %d, row %d, head %d, seed %d".formatted(layer, row, head, SEED);
    double bound = 1e-5 + Math.scalb(largest, -22);
    assertThat(Math.sqrt(error / norm)).as("relative error at %s", place).isLessThan(bound);
    assertThat(rows(layer, "lse").get(row)[head])
        .as("log of the sum at %s", place)
        .isCloseTo(Math.log(sum), offset(1e-4));
  }

  private double product(int layer, int row, int head, int key, int kvHead) {
    double[] query = rows(layer, "q").get(row);
    double[] keys = rows(layer, "k").get(key);
    double product = 0;
    for (int column = 0; column < DIM; column++) {
      product += query[head * DIM + column] * keys[kvHead * DIM + column];
    }
    return product;
  }

  private List<double[]> rows(int layer, String name) {
    return Objects.requireNonNull(shown.get("layer." + layer + "." + name), name);
  }
}
