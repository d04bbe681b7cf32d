package dev.kvasir.benchmarks.fusion;

import static dev.kvasir.benchmarks.fusion.LayerRows.DIM;
import static dev.kvasir.benchmarks.fusion.LayerRows.KV_HEADS;
import static dev.kvasir.benchmarks.fusion.Wide.FLOATS;
import static dev.kvasir.benchmarks.fusion.Wide.LANES;

import dev.kvasir.benchmarks.Team;
import jdk.incubator.vector.FloatVector;

/**
 * Streaming as separate passes: a row is appended to a cache that keeps all, then sink and recent
 * rows are copied to the cache that attention reads, keys and then values. What has left is summed
 * by a pass of its own over the rows that have left.
 */
final class SeparateStreaming {

  private static final int SINK = FusedStreaming.SINK;

  private final LayerRows rows;
  private final int recent;
  private final Team team;
  private final short[][] allKeys = new short[KV_HEADS][];
  private final short[][] allValues = new short[KV_HEADS][];

  /** By KV head, keys of the sink and recent rows. */
  final short[][] keys = new short[KV_HEADS][];

  /** By KV head, values of the sink and recent rows. */
  final short[][] values = new short[KV_HEADS][];

  private final float[] means = new float[KV_HEADS * 2 * DIM];

  SeparateStreaming(LayerRows rows, int recent, Team team) {
    this.rows = rows;
    this.recent = recent;
    this.team = team;
    for (int head = 0; head < KV_HEADS; head++) {
      allKeys[head] = rows.keys[head].clone();
      allValues[head] = rows.values[head].clone();
      keys[head] = new short[(SINK + recent) * DIM];
      values[head] = new short[(SINK + recent) * DIM];
    }
  }

  /** Appends the last rows of the layer, one a step. */
  void append() {
    int threads = team.threads();
    for (int step = 0; step < FusedStreaming.STEPS; step++) {
      int position = rows.tokens - FusedStreaming.STEPS + step;
      team.run(
          part -> {
            for (int head = part; head < KV_HEADS; head += threads) {
              append(rows.keys[head], position, allKeys[head], keys[head]);
              append(rows.values[head], position, allValues[head], values[head]);
            }
          });
    }
  }

  private void append(short[] of, int position, short[] all, short[] compact) {
    System.arraycopy(of, position * DIM, all, position * DIM, DIM);
    System.arraycopy(all, 0, compact, 0, SINK * DIM);
    System.arraycopy(all, (position + 1 - recent) * DIM, compact, SINK * DIM, recent * DIM);
  }

  /** {@return the mean of rows [from, to) of each head, [KV heads, keys and values]} */
  float[] mean(int from, int to) {
    int threads = team.threads();
    team.run(
        part -> {
          for (int head = part; head < KV_HEADS; head += threads) {
            mean(allKeys[head], from, to, means, 2 * head * DIM);
            mean(allValues[head], from, to, means, (2 * head + 1) * DIM);
          }
        });
    return means;
  }

  private static void mean(short[] of, int from, int to, float[] means, int at) {
    float factor = 1f / (to - from);
    for (int channel = 0; channel < DIM; channel += 4 * LANES) {
      FloatVector a = FloatVector.zero(FLOATS);
      FloatVector b = a;
      FloatVector c = a;
      FloatVector d = a;
      for (int row = from; row < to; row++) {
        int place = row * DIM + channel;
        a = a.add(Wide.load(of, place));
        b = b.add(Wide.load(of, place + LANES));
        c = c.add(Wide.load(of, place + 2 * LANES));
        d = d.add(Wide.load(of, place + 3 * LANES));
      }
      a.mul(factor).intoArray(means, at + channel);
      b.mul(factor).intoArray(means, at + channel + LANES);
      c.mul(factor).intoArray(means, at + channel + 2 * LANES);
      d.mul(factor).intoArray(means, at + channel + 3 * LANES);
    }
  }
}
