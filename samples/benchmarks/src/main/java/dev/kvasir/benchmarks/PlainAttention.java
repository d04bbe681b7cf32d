package dev.kvasir.benchmarks;

/**
 * Decode attention as a Java programmer writes it at first: loops over arrays of floats, keys and
 * values as [KV heads][rows][head dim], a logit for every row, then a softmax, then the sum. Heads
 * are shared out over the threads.
 */
final class PlainAttention implements Workload {
  private static final double BAR = 1e-4;

  private final AttentionCase shape;
  private final AttentionData data;
  private final Team team;
  private final float[][][] keys;
  private final float[][][] values;
  private final float[][] logits;
  private final float[] output;
  private int layer;

  PlainAttention(AttentionCase shape, Team team, long least) {
    if (!shape.format().equals(CacheFormat.F32)) {
      throw new IllegalArgumentException("a plain loop reads arrays of floats");
    }
    this.shape = shape;
    this.team = team;
    data = new AttentionData(shape);
    int layers = Workload.copies(bytes(), least);
    keys = new float[layers][shape.kvHeads()][];
    values = new float[layers][shape.kvHeads()][];
    for (int i = 0; i < layers; i++) {
      for (int head = 0; head < shape.kvHeads(); head++) {
        keys[i][head] = repeated(data.keys(head));
        values[i][head] = repeated(data.values(head));
      }
    }
    logits = new float[team.threads()][shape.context()];
    output = new float[shape.queryHeads() * shape.headDim()];
  }

  private float[] repeated(float[] period) {
    float[] rows = new float[shape.context() * shape.headDim()];
    for (int start = 0; start < rows.length; start += period.length) {
      System.arraycopy(period, 0, rows, start, period.length);
    }
    return rows;
  }

  @Override
  public void run() {
    int current = layer;
    team.run(
        part -> {
          for (int head = part; head < shape.queryHeads(); head += team.threads()) {
            int kvHead = head / shape.group();
            float[] ownLogits = logits[part];
            score(data.queries(), head, keys[current][kvHead], ownLogits);
            float sum = exponentials(ownLogits);
            average(ownLogits, sum, values[current][kvHead], output, head);
          }
        });
    layer = (layer + 1) % keys.length;
  }

  private void score(float[] queries, int head, float[] rows, float[] scores) {
    int dim = shape.headDim();
    float scale = (float) shape.scale();
    for (int row = 0; row < scores.length; row++) {
      float dot = 0;
      for (int i = 0; i < dim; i++) {
        dot += queries[head * dim + i] * rows[row * dim + i];
      }
      scores[row] = dot * scale;
    }
  }

  private static float exponentials(float[] scores) {
    float largest = Float.NEGATIVE_INFINITY;
    for (float score : scores) {
      largest = Math.max(largest, score);
    }
    float sum = 0;
    for (int row = 0; row < scores.length; row++) {
      scores[row] = (float) Math.exp(scores[row] - largest);
      sum += scores[row];
    }
    return sum;
  }

  private void average(float[] weights, float sum, float[] rows, float[] result, int head) {
    int dim = shape.headDim();
    float[] total = new float[dim];
    for (int row = 0; row < weights.length; row++) {
      float weight = weights[row];
      for (int i = 0; i < dim; i++) {
        total[i] += weight * rows[row * dim + i];
      }
    }
    for (int i = 0; i < dim; i++) {
      result[head * dim + i] = total[i] / sum;
    }
  }

  @Override
  public double bytes() {
    return 2.0 * shape.kvHeads() * shape.context() * shape.headDim() * Float.BYTES;
  }

  @Override
  public double operations() {
    return shape.operationsOfRow();
  }

  /** {@return what the last run computed, [query heads, head dim]} */
  float[] output() {
    return output.clone();
  }

  @Override
  public void check() {
    data.require("the plain loop", output, BAR);
  }

  @Override
  public void close() {
    // arrays need no closing
  }
}
