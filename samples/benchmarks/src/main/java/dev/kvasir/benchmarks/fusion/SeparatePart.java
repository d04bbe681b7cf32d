package dev.kvasir.benchmarks.fusion;

import static dev.kvasir.benchmarks.fusion.LayerRows.DIM;
import static dev.kvasir.benchmarks.fusion.LayerRows.KV_HEADS;

import dev.kvasir.benchmarks.Team;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The kernels of techniques in turn with the same techniques as separate passes, over the rows of
 * one layer. Both sides are compared before they are timed.
 */
final class SeparatePart implements AutoCloseable {

  private static final double BAR = 1e-5;

  private final LayerRows rows;
  private final int tokens;
  private final long warmNanos;
  private final Team team = new Team(Parts.THREADS);
  private final Map<String, Map<String, Double>> figures = new LinkedHashMap<>();

  /**
   * Draws rows.
   *
   * @param tokens rows of each head, whole pages
   * @param warmNanos how long two sides run before they are timed
   */
  SeparatePart(int tokens, long warmNanos) {
    this.tokens = tokens;
    this.warmNanos = warmNanos;
    rows = new LayerRows(tokens);
  }

  /** {@return what was measured, by comparison} */
  Map<String, Map<String, Double>> run() {
    selection(SelectionCase.snapkv(tokens));
    selection(SelectionCase.windowkv(tokens));
    streaming(Math.max(2 * FusedStreaming.STEPS, tokens / 5));
    return figures;
  }

  private void note(String name, Turns turns, double fusedBytes, double separateBytes) {
    Map<String, Double> own = new LinkedHashMap<>(turns.figures());
    own.put("fused bytes", fusedBytes);
    own.put("separate bytes", separateBytes);
    figures.put(name, own);
  }

  private void selection(SelectionCase selection) {
    SeparateSelection separate = new SeparateSelection(rows, selection, team);
    try (FusedSelection fused = new FusedSelection(rows, selection, team)) {
      Turns turns = new Turns(fused::prepare, fused::run, separate::run, 1, warmNanos);
      turns.first();
      requireSameRows(fused, separate);
      fused.requireRows();
      turns.compiled();
      requireSameRows(fused, separate);
      note(selection.name() + ", selection", turns, fused.bytes(), separate.bytes());
      attention(selection, fused, separate);
    }
  }

  private void attention(
      SelectionCase selection, FusedSelection fused, SeparateSelection separate) {
    int slots = selection.slots();
    SeparateAttention attention = new SeparateAttention(rows, slots, team);
    short[][] keys = new short[KV_HEADS][slots * DIM];
    short[][] values = new short[KV_HEADS][slots * DIM];
    Runnable gathered =
        () -> {
          gather(rows.keys, separate.chosen, keys);
          gather(rows.values, separate.chosen, values);
          attention.run(keys, values, slots);
        };
    double bytes = 2.0 * Short.BYTES * KV_HEADS * DIM * slots;
    Turns turns = new Turns(() -> {}, fused::attend, gathered, 1, warmNanos);
    turns.first();
    attention.require(fused.output(), BAR);
    turns.compiled();
    note(selection.name() + ", attention of a step", turns, bytes, 2 * bytes);
    Turns contiguous =
        new Turns(
            () -> {},
            fused::attend,
            () -> attention.run(separate.keys, separate.values, slots),
            1,
            warmNanos);
    contiguous.first();
    attention.require(fused.output(), BAR);
    contiguous.compiled();
    note(selection.name() + ", attention, rows contiguous already", contiguous, bytes, bytes);
  }

  private void gather(short[][] from, int[][] places, short[][] to) {
    int threads = team.threads();
    team.run(
        part -> {
          for (int head = part; head < KV_HEADS; head += threads) {
            SeparateSelection.gather(from[head], places[head], to[head]);
          }
        });
  }

  /** Rows whose scores round differently may change places. */
  private static void requireSameRows(FusedSelection fused, SeparateSelection separate) {
    for (int head = 0; head < KV_HEADS; head++) {
      int[] own = fused.chosen(head);
      int[] other = separate.chosen[head];
      if (Arrays.equals(own, other)) {
        continue;
      }
      int of = head;
      double[] differing =
          IntStream.concat(without(own, other), without(other, own))
              .mapToDouble(row -> separate.score(of, row))
              .sorted()
              .toArray();
      if (own.length != other.length
          || differing[differing.length - 1] - differing[0] > BAR * differing[0]) {
        throw new IllegalStateException(
            "head %d chooses other rows: %d and %d, scores of those that differ %s"
                .formatted(head, own.length, other.length, Arrays.toString(differing)));
      }
    }
  }

  private static IntStream without(int[] rows, int[] others) {
    return IntStream.of(rows).filter(row -> Arrays.binarySearch(others, row) < 0);
  }

  private void streaming(int recent) {
    int steps = FusedStreaming.STEPS;
    double row = 2.0 * KV_HEADS * DIM;
    SeparateStreaming separate = new SeparateStreaming(rows, recent, team);
    try (FusedStreaming fused = new FusedStreaming(rows, recent, team)) {
      int gone = FusedStreaming.SINK + fused.gone();
      compensation(fused, separate, gone);
      Turns turns = new Turns(() -> {}, fused::append, separate::append, steps, warmNanos);
      turns.first();
      fused.requireRows(separate.keys, separate.values);
      turns.compiled();
      double copied = Short.BYTES * row * (FusedStreaming.SINK + recent);
      note("streaming, append", turns, Float.BYTES * row, Float.BYTES * row + copied);
      Turns plain = new Turns(() -> {}, fused::append, fused::appendPlainly, steps, warmNanos);
      plain.first();
      plain.compiled();
      note("streaming, append beside a plain append", plain, Float.BYTES * row, Float.BYTES * row);
    }
  }

  private void compensation(FusedStreaming fused, SeparateStreaming separate, int gone) {
    int steps = FusedStreaming.STEPS;
    double row = 2.0 * Short.BYTES * KV_HEADS * DIM;
    fused.setMeans(separate.mean(FusedStreaming.SINK, gone - steps).clone());
    Turns all =
        new Turns(
            () -> {}, fused::expel, () -> separate.mean(FusedStreaming.SINK, gone), 1, warmNanos);
    all.first();
    requireSameMeans(fused.means(), separate.mean(FusedStreaming.SINK, gone));
    all.compiled();
    note("compensation, mean of all", all, row * steps, row * (gone - FusedStreaming.SINK));
    Turns page =
        new Turns(() -> {}, fused::expel, () -> separate.mean(gone - steps, gone), 1, warmNanos);
    page.first();
    page.compiled();
    note("compensation, page read again", page, row * steps, row * steps);
  }

  private static void requireSameMeans(float[] own, float[] other) {
    for (int i = 0; i < own.length; i++) {
      if (!(Math.abs(own[i] - other[i]) <= BAR)) {
        throw new IllegalStateException(
            "compensation rows differ at %d: %s and %s".formatted(i, own[i], other[i]));
      }
    }
  }

  @Override
  public void close() {
    team.close();
  }
}
