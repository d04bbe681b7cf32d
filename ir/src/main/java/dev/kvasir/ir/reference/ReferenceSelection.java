package dev.kvasir.ir.reference;

import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.ir.type.RandomScore;
import dev.kvasir.ir.type.Selection;
import dev.kvasir.ir.type.Task;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * Chooses rows as {@link Selection} says, in double precision.
 *
 * @param type the cache's type
 * @param group its selected heads
 * @param selection how rows are chosen
 * @param queryHeads a multiple of the KV heads
 * @param scale what q . k is multiplied by
 * @param cache rows, the running span included
 * @param context where the running span starts, whether it is part of a prompt, and the task
 */
public record ReferenceSelection(
    CacheType type,
    HeadGroup group,
    Selection selection,
    int queryHeads,
    double scale,
    ReferenceCache cache,
    EvaluationContext context) {

  /**
   * {@return what is chosen; in a step that does not fill the tail nothing, with the query kept for
   * the selection to come}
   *
   * @param queries of the running span, [rows, queryHeads * keyDim]
   * @param lse of the running span, [rows, queryHeads]
   */
  public ReferenceChoice choose(ReferenceTensor queries, ReferenceTensor lse) {
    List<ReferenceQuery> observed =
        new ArrayList<>(context.prefill() ? List.of() : cache.observed());
    for (int row = 0; row < queries.rows(); row++) {
      observed.add(
          new ReferenceQuery(context.firstPosition() + row, queries.row(row), lse.row(row)));
    }
    List<ReferenceQuery> last =
        observed.subList(Math.max(0, observed.size() - selection.observe()), observed.size());
    boolean full = cache.rows() - cache.mark() == selection.tail();
    return context.prefill() || full
        ? new ReferenceChoice(lists(last), List.of())
        : new ReferenceChoice(List.of(), last);
  }

  private List<List<Integer>> lists(List<ReferenceQuery> observed) {
    List<Map<Integer, Double>> scores = new ArrayList<>();
    for (int head : group.heads()) {
      scores.add(windowScores(head, observed));
    }
    if (selection.perHead()) {
      List<List<Integer>> lists = new ArrayList<>();
      for (int index = 0; index < scores.size(); index++) {
        lists.add(keep(group.heads().get(index), scores.get(index)));
      }
      return lists;
    }
    Map<Integer, Double> sums = new TreeMap<>();
    scores.forEach(own -> own.forEach((window, score) -> sums.merge(window, score, Double::sum)));
    return List.of(keep(group.heads().getFirst(), sums));
  }

  /** The rows of a head that are in one of the best windows or observed. */
  private List<Integer> keep(int head, Map<Integer, Double> scores) {
    List<Integer> best =
        scores.keySet().stream()
            .sorted(
                Comparator.comparing((Integer window) -> scores.get(window))
                    .reversed()
                    .thenComparing(Comparator.naturalOrder()))
            .limit(group.budget().windows(cache.rows()))
            .toList();
    return candidates(head)
        .filter(row -> isObserved(row) || best.contains(row / selection.window()))
        .boxed()
        .toList();
  }

  private IntStream candidates(int head) {
    return IntStream.range(0, cache.rows()).filter(row -> cache.holds(group, head, row));
  }

  private boolean isObserved(int row) {
    return row >= cache.rows() - selection.observe();
  }

  /** The score of each window of review rows of a head; windows of 1 are rows. */
  private Map<Integer, Double> windowScores(int head, List<ReferenceQuery> observed) {
    int[] review = candidates(head).filter(row -> !isObserved(row)).toArray();
    if (selection.score() instanceof Selection.Random(int seed, int run)) {
      Map<Integer, Double> scores = new TreeMap<>();
      for (int row : review) {
        int window = row / selection.window();
        scores.put(window, (double) RandomScore.of(seed, run, window));
      }
      return scores;
    }
    double[] masses = Arrays.stream(review).mapToDouble(row -> mass(head, row, observed)).toArray();
    Map<Integer, List<Double>> members = new TreeMap<>();
    for (int index = 0; index < review.length; index++) {
      List<Double> window =
          members.computeIfAbsent(review[index] / selection.window(), _ -> new ArrayList<>());
      if (selection.window() == 1) {
        int reach = selection.pool() / 2;
        int from = Math.max(0, index - reach);
        int to = Math.min(review.length, index + reach + 1);
        Arrays.stream(masses, from, to).forEach(window::add);
      } else {
        window.add(masses[index]);
      }
    }
    Map<Integer, Double> scores = new TreeMap<>();
    members.forEach((window, values) -> scores.put(window, score(values)));
    return scores;
  }

  private double score(List<Double> masses) {
    return score(selection.score(), masses);
  }

  private double score(Selection.Score score, List<Double> masses) {
    return switch (score) {
      case Selection.Max() -> {
        List<Double> sorted = new ArrayList<>(masses);
        sorted.sort(Collections.reverseOrder());
        int count = selection.window() == 1 ? 1 : Selection.Max.LARGEST;
        yield mean(sorted.subList(0, Math.min(count, sorted.size())));
      }
      case Selection.Average() -> mean(masses);
      case Selection.ByTask() -> score(task().score(), masses);
      case Selection.Random _ -> throw new IllegalStateException("a random score has no mass");
    };
  }

  private Task task() {
    return context
        .task()
        .orElseThrow(
            () ->
                new IllegalStateException("a score by task needs to know what a prompt asks for"));
  }

  private static double mean(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).sum() / values.size();
  }

  private double mass(int kvHead, int row, List<ReferenceQuery> observed) {
    int shared = queryHeads / type.kvHeads();
    RowForm form = cache.form(group, kvHead, row, context.firstPosition(), context.prefill());
    double[] key = cache.candidateKey(row, kvHead, form);
    double mass = 0;
    for (ReferenceQuery query : observed) {
      for (int head = kvHead * shared;
          row <= query.position() && head < (kvHead + 1) * shared;
          head++) {
        double dot = 0;
        for (int element = 0; element < type.keyDim(); element++) {
          dot += query.query()[head * type.keyDim() + element] * key[element];
        }
        mass += Math.exp(scale * dot - query.lse()[head]) / shared;
      }
    }
    return mass;
  }
}
