package dev.kvasir.benchmarks.fusion;

import static dev.kvasir.benchmarks.fusion.LayerRows.COLUMNS;
import static dev.kvasir.benchmarks.fusion.LayerRows.DIM;
import static dev.kvasir.benchmarks.fusion.LayerRows.KV_HEADS;
import static dev.kvasir.benchmarks.fusion.LayerRows.OBSERVE;

import dev.kvasir.benchmarks.Team;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * A selection as separate passes: logits of all rows, softmax, sums over queries, pool or windows,
 * the largest scores, then a copy of the chosen keys and one of the chosen values.
 */
final class SeparateSelection {

  private static final int LARGEST_OF_WINDOW = 4;

  private final LayerRows rows;
  private final SelectionCase selection;
  private final Team team;
  private final int review;
  private final float[][] logits;
  private final float[][] transposed = new float[KV_HEADS][];
  private final float[][] mass = new float[KV_HEADS][];
  private final float[][] scores = new float[KV_HEADS][];

  /** By KV head, chosen positions. */
  final int[][] chosen = new int[KV_HEADS][];

  /** By KV head, chosen keys. */
  final short[][] keys = new short[KV_HEADS][];

  /** By KV head, chosen values. */
  final short[][] values = new short[KV_HEADS][];

  SeparateSelection(LayerRows rows, SelectionCase selection, Team team) {
    this.rows = rows;
    this.selection = selection;
    this.team = team;
    review = rows.tokens - OBSERVE;
    logits = new float[KV_HEADS][rows.tokens * COLUMNS];
    for (int head = 0; head < KV_HEADS; head++) {
      mass[head] = new float[rows.tokens];
      scores[head] = new float[review];
      keys[head] = new short[selection.slots() * DIM];
      values[head] = new short[selection.slots() * DIM];
    }
  }

  void run() {
    eachHead(head -> transposed[head] = PlainPasses.transposed(rows, head));
    float[][] blocks = new float[KV_HEADS][4 * DIM];
    eachHead(
        head -> PlainPasses.logits(rows.keys[head], transposed[head], logits[head], blocks[head]));
    eachHead(head -> PlainPasses.softmax(logits[head]));
    eachHead(head -> PlainPasses.mass(logits[head], mass[head]));
    eachHead(this::score);
    if (selection.perHead()) {
      eachHead(head -> chosen[head] = choose(scores[head]));
    } else {
      int[] all = choose(sum());
      eachHead(head -> chosen[head] = all);
    }
    eachHead(head -> gather(rows.keys[head], chosen[head], keys[head]));
    eachHead(head -> gather(rows.values[head], chosen[head], values[head]));
  }

  private void eachHead(IntConsumer pass) {
    int threads = team.threads();
    team.run(
        part -> {
          for (int head = part; head < KV_HEADS; head += threads) {
            pass.accept(head);
          }
        });
  }

  private void score(int head) {
    if (selection.window() == 1) {
      PlainPasses.pool(mass[head], review, selection.pool() / 2, scores[head]);
    } else {
      PlainPasses.windows(mass[head], review, selection.window(), LARGEST_OF_WINDOW, scores[head]);
    }
  }

  private float[] sum() {
    float[] sum = new float[review];
    for (float[] scoresOfHead : scores) {
      for (int i = 0; i < review; i++) {
        sum[i] += scoresOfHead[i];
      }
    }
    return sum;
  }

  /** {@return chosen positions and those of the last rows, ascending} */
  private int[] choose(float[] all) {
    int window = selection.window();
    int[] windows = LargestScores.places(all, Math.ceilDiv(review, window), selection.windows());
    return IntStream.concat(
            IntStream.of(windows)
                .flatMap(w -> IntStream.range(w * window, Math.min(review, (w + 1) * window))),
            IntStream.range(review, rows.tokens))
        .toArray();
  }

  /** Copies rows to an array of their own. */
  static void gather(short[] from, int[] places, short[] to) {
    for (int i = 0; i < places.length; i++) {
      System.arraycopy(from, places[i] * DIM, to, i * DIM, DIM);
    }
  }

  /** {@return the score that a row of a head was chosen or refused by} */
  double score(int head, int row) {
    if (selection.perHead()) {
      return scores[head][row / selection.window()];
    }
    double sum = 0;
    for (float[] scoresOfHead : scores) {
      sum += scoresOfHead[row / selection.window()];
    }
    return sum;
  }

  /** {@return bytes that the passes read, logits once in the softmax's three loops each} */
  double bytes() {
    double keysRead = 2.0 * KV_HEADS * rows.tokens * DIM;
    double logitsRead = 4.0 * Float.BYTES * KV_HEADS * rows.tokens * COLUMNS;
    double gathered = 2.0 * Short.BYTES * KV_HEADS * selection.slots() * DIM;
    return keysRead + logitsRead + gathered;
  }
}
