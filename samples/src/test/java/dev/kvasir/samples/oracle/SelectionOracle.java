package dev.kvasir.samples.oracle;

import dev.kvasir.samples.oracle.SelectionRule.Score;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Which rows the selected heads of one layer keep.
 *
 * <p>After the attention of every span, and of a step that fills the tail, the rows that the layer
 * still has are candidates. Those of the last {@code observe} positions are kept. The mass of
 * another is the sum over the observed queries, the last ones of the span or the last steps, of the
 * mean over the query heads of its KV head of exp(logit - lse). Windows of the largest scores are
 * kept, of equal ones those at lower positions. Random scores have nothing to do with mass.
 */
final class SelectionOracle {
  /** Scores that are this close, relatively, may be ranked either way by rounded arithmetic. */
  private static final double ROUNDING = 1e-5;

  /** Likewise where rows are not known to the bit. */
  private static final double ROUNDED_ROWS = 3e-3;

  private final SelectionRule rule;
  private final List<SelectedOracle> heads;
  private final Optional<SelectionOracle> leader;
  private final int layer;
  private final int layers;
  private final double scale;
  private List<Observed> observed = new ArrayList<>();
  private List<Set<Integer>> lists = List.of();
  private int selections;
  private int dropped;
  private int nearTies;

  /**
   * A query that a selection looks back on.
   *
   * @param queries of each selected head, those of the query heads that share it
   * @param lse likewise
   */
  record Observed(int position, double[][][] queries, double[][] lse) {}

  /**
   * @param heads the selected heads of the layer
   * @param leader the layer whose list this one takes
   * @param layer which of the rule's layers this is
   * @param layers how many they are
   */
  SelectionOracle(
      SelectionRule rule,
      List<SelectedOracle> heads,
      Optional<SelectionOracle> leader,
      int layer,
      int layers,
      double scale) {
    this.rule = rule;
    this.heads = heads;
    this.leader = leader;
    this.layer = layer;
    this.layers = layers;
    this.scale = scale;
  }

  /** Remembers a query that has just run. */
  void observe(Observed query) {
    observed.add(query);
  }

  /** {@return whether the run that has just attended ends with a selection} */
  boolean due() {
    SelectedOracle head = heads.getFirst();
    return head.prefill() || head.tailRows() == rule.tail();
  }

  /** {@return how often rows were chosen} */
  int selections() {
    return selections;
  }

  /** {@return how many rows of a list were dropped, over all selections} */
  int dropped() {
    return dropped;
  }

  /** {@return how many windows a trace has chosen otherwise, within rounding} */
  int nearTies() {
    return nearTies;
  }

  /**
   * Selects, and follows the trace where rounding leaves it the choice.
   *
   * @param found positions of each selected head in the trace
   * @throws AssertionError where they are not what was to be chosen
   */
  void select(List<Set<Integer>> found, String place) {
    int before = heads.getFirst().before();
    if (heads.getFirst().prefill()) {
      observed.removeIf(query -> query.position() < before);
    }
    observed = observed.subList(Math.max(0, observed.size() - rule.observe()), observed.size());
    int room = rule.room(heads.getFirst().tokens(), layer, layers);
    lists = leader.isPresent() ? leader.get().lists : choose(found, room, place);
    for (int index = 0; index < heads.size(); index++) {
      Set<Integer> list = lists.get(lists.size() == 1 ? 0 : index);
      if (!found.get(index).equals(list)) {
        throw new AssertionError(
            "%s, selected head %d: kept %s, expected %s"
                .formatted(place, index, new TreeSet<>(found.get(index)), new TreeSet<>(list)));
      }
      dropped += heads.get(index).candidates().size() - list.size();
      heads.get(index).keep(list, room);
    }
    observed = new ArrayList<>();
    selections++;
  }

  private List<Set<Integer>> choose(List<Set<Integer>> found, int room, String place) {
    List<Map<Integer, Double>> scores = new ArrayList<>();
    for (int index = 0; index < heads.size(); index++) {
      int[] positions = review(heads.get(index)).stream().mapToInt(Row::position).toArray();
      scores.add(
          rule.score() == Score.RANDOM
              ? rule.randomScores(positions, layer)
              : rule.scores(positions, mass(index)));
    }
    if (!rule.perHead()) {
      Map<Integer, Double> sums = new TreeMap<>();
      scores.forEach(own -> own.forEach((number, score) -> sums.merge(number, score, Double::sum)));
      return List.of(list(0, sums, room, found.getFirst(), place));
    }
    List<Set<Integer>> own = new ArrayList<>();
    for (int index = 0; index < heads.size(); index++) {
      own.add(list(index, scores.get(index), room, found.get(index), place));
    }
    return own;
  }

  /** The rows of the chosen windows and the protected rows. */
  private Set<Integer> list(
      int index, Map<Integer, Double> scores, int room, Set<Integer> found, String place) {
    int tokens = heads.get(index).tokens();
    // Where everything fits, the windows at the borders need not be whole.
    int count =
        room == tokens
            ? scores.size()
            : Math.min(scores.size(), (room - rule.observe()) / rule.window());
    List<Integer> ranked = new ArrayList<>(scores.keySet());
    ranked.sort(
        Comparator.comparing((Integer number) -> scores.getOrDefault(number, 0.0))
            .reversed()
            .thenComparing(Comparator.naturalOrder()));
    Set<Integer> best = new HashSet<>(ranked.subList(0, count));
    Set<Integer> chosen = new HashSet<>();
    for (int position : found) {
      if (position < tokens - rule.observe()) {
        chosen.add(position / rule.window());
      }
    }
    // Random scores are whole numbers that are not rounded.
    boolean asExpected =
        rule.score() == Score.RANDOM
            ? chosen.equals(best)
            : chosen.size() == count && equalWithinRounding(best, chosen, scores, rounding());
    if (!asExpected) {
      throw new AssertionError(
          "%s, selected head %d: chose windows %s, expected %s of scores %s"
              .formatted(place, index, new TreeSet<>(chosen), new TreeSet<>(best), scores));
    }
    nearTies += (int) chosen.stream().filter(number -> !best.contains(number)).count();
    Set<Integer> list = new HashSet<>();
    for (Row row : heads.get(index).candidates()) {
      boolean kept = row.position() >= tokens - rule.observe();
      if (kept || chosen.contains(row.position() / rule.window())) {
        list.add(row.position());
      }
    }
    return list;
  }

  /** Whether two choices differ in nothing but windows whose scores are equal but for rounding. */
  private static boolean equalWithinRounding(
      Set<Integer> best, Set<Integer> chosen, Map<Integer, Double> scores, double rounding) {
    double[] missed =
        best.stream()
            .filter(number -> !chosen.contains(number))
            .mapToDouble(number -> scores.getOrDefault(number, 0.0))
            .toArray();
    for (int number : chosen) {
      double score = scores.getOrDefault(number, Double.NEGATIVE_INFINITY);
      for (double better : missed) {
        // Scores that are exactly equal are made of the same numbers: the lower position wins.
        if (!best.contains(number) && (score == better || score < better * (1 - rounding))) {
          return false;
        }
      }
    }
    return true;
  }

  private double rounding() {
    boolean known =
        heads.stream()
            .flatMap(head -> head.candidates().stream())
            .allMatch(row -> row.keySlack().length() == 0);
    return known ? ROUNDING : ROUNDED_ROWS;
  }

  private List<Row> review(SelectedOracle head) {
    return head.candidates().stream()
        .filter(row -> row.position() < head.tokens() - rule.observe())
        .toList();
  }

  private double[] mass(int index) {
    SelectedOracle head = heads.get(index);
    List<Row> rows = review(head);
    double[] mass = new double[rows.size()];
    for (Observed query : observed) {
      double[][] queries = query.queries()[index];
      for (int row = 0; row < mass.length; row++) {
        for (int shared = 0; shared < queries.length; shared++) {
          double logit =
              AttentionOracle.logit(queries[shared], scale, head.candidate(rows.get(row)));
          boolean visible = rows.get(row).position() <= query.position();
          mass[row] += visible ? Math.exp(logit - query.lse()[index][shared]) / queries.length : 0;
        }
      }
    }
    return mass;
  }
}
