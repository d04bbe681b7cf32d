package dev.kvasir.samples.oracle;

import dev.kvasir.samples.oracle.HeadOracle.Seen;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * How one layer folds its rows.
 *
 * <p>At the end of a span at which at least {@code block} rows are beyond the slots, and after the
 * step that makes it so many, the rows that were attended are candidates. The mass of one is the
 * sum over the span's queries, or over those of the steps since the last fold, of the mean over the
 * query heads of its KV head of exp(logit - lse). The heaviest are kept; the others are mixed, each
 * output by the softmax of the rectified convolution over them, and by one of the heaviest of them.
 */
final class FoldOracle {
  /** Masses that are this close, relatively, may be ranked either way by rounded arithmetic. */
  private static final double ROUNDING = 1e-5;

  private final Rule rule;
  private final Weights weights;
  private final List<FoldedOracle> heads;
  private final double scale;
  private final List<double[]> ofSteps = new ArrayList<>();
  private final List<double[]> ofSpan = new ArrayList<>();
  private int folds;
  private int mixtures;

  /**
   * What the policy says.
   *
   * @param mixed how many slots hold mixed rows
   */
  record Rule(int slots, int block, int kernel, int mixed) {}

  /**
   * What the trace says.
   *
   * @param weight [mixed, channels, kernel]
   * @param bias [mixed]
   */
  record Weights(TraceFile.Values weight, double[] bias, double alpha) {}

  FoldOracle(Rule rule, Weights weights, List<FoldedOracle> heads, double scale) {
    this.rule = rule;
    this.weights = weights;
    this.heads = heads;
    this.scale = scale;
    for (FoldedOracle _ : heads) {
      ofSteps.add(new double[0]);
      ofSpan.add(new double[0]);
    }
    TraceOracle.require(
        weights.weight().shape().getFirst() == rule.mixed()
            && weights.weight().shape().getLast() == rule.kernel()
            && weights.bias().length == rule.mixed(),
        "the convolution is that of " + rule + ": " + weights.weight().shape());
  }

  /** {@return how often rows were folded} */
  int folds() {
    return folds;
  }

  /** {@return how many rows were mixed of others, over all folds and heads} */
  int mixtures() {
    return mixtures;
  }

  /** {@return heads of which nothing could be said any more} */
  int undecided() {
    return (int) heads.stream().filter(FoldedOracle::isUndecided).count();
  }

  /**
   * Adds the mass that a query gives, whose attention has just run.
   *
   * @param first whether it is the first query of its run
   * @param queries of one KV head, those of the query heads that share it
   * @param lse likewise
   */
  void observe(int head, boolean first, int position, double[][] queries, double[] lse) {
    FoldedOracle oracle = heads.get(head);
    List<double[]> masses = oracle.prefill() ? ofSpan : ofSteps;
    double[] before = oracle.prefill() && first ? new double[0] : masses.get(head);
    List<Row> rows = oracle.candidates();
    double[] mass = new double[rows.size()];
    for (int row = 0; row < mass.length; row++) {
      mass[row] = row < before.length ? before[row] : 0;
      for (int shared = 0; shared < queries.length; shared++) {
        double logit = AttentionOracle.logit(queries[shared], scale, oracle.read(rows.get(row)));
        boolean visible = rows.get(row).position() <= position;
        mass[row] += visible ? Math.exp(logit - lse[shared]) / queries.length : 0;
      }
    }
    masses.set(head, mass);
  }

  /** {@return whether the run that has just attended ends with a fold} */
  boolean due() {
    int beyond = heads.getFirst().beyondSlots();
    return heads.getFirst().prefill() ? beyond >= rule.block() : beyond == rule.block();
  }

  /**
   * Ends a run.
   *
   * @param found positions of the slots of each head in the trace; none where nothing was folded
   */
  void end(List<int[]> found, String place) {
    if (!due()) {
      heads.forEach(FoldedOracle::settle);
      return;
    }
    for (int head = 0; head < heads.size(); head++) {
      fold(head, found.get(head), place + ", head " + head);
    }
    folds++;
  }

  private void fold(int head, int[] found, String place) {
    FoldedOracle oracle = heads.get(head);
    double[] mass = (oracle.prefill() ? ofSpan : ofSteps).get(head);
    ofSteps.set(head, new double[0]);
    if (oracle.isUndecided()) {
      oracle.giveUp();
      return;
    }
    List<Row> rows = oracle.candidates();
    List<Integer> all = IntStream.range(0, rows.size()).boxed().toList();
    Choice verbatim = choose(all, mass, rule.slots() - rule.mixed());
    if (!verbatim.open().isEmpty() && !follow(verbatim, rows, found)) {
      oracle.giveUp();
      return;
    }
    List<Integer> rest = all.stream().filter(row -> !verbatim.chosen().contains(row)).toList();
    Choice residual = choose(rest, mass, rule.mixed());
    if (!residual.open().isEmpty()) {
      oracle.giveUp();
      return;
    }
    List<Row> slots = new ArrayList<>();
    List<Integer> positions = new ArrayList<>();
    for (int row : sorted(verbatim.chosen())) {
      Seen read = oracle.read(rows.get(row));
      rows.get(row).round(oracle.storage().format(), read.key(), read.value());
      slots.add(rows.get(row));
      positions.add(rows.get(row).position());
    }
    for (int index = 0; index < found.length; index++) {
      int expected = index < positions.size() ? positions.get(index) : Row.MIXED;
      TraceOracle.require(
          found[index] == expected,
          "%s, slot %d has position %d, got %d".formatted(place, index, expected, found[index]));
    }
    slots.addAll(
        mix(oracle, rest.stream().map(rows::get).toList(), rest, sorted(residual.chosen())));
    mixtures += rule.mixed();
    oracle.fold(slots);
  }

  /**
   * The heaviest of some rows.
   *
   * @param chosen which are certain, until others are added
   * @param open others of which some belong to them, whose masses differ by no more than rounding
   * @param count how many are chosen in all
   */
  private record Choice(Set<Integer> chosen, Set<Integer> open, int count) {}

  private static Choice choose(List<Integer> rows, double[] mass, int count) {
    List<Integer> ranked = new ArrayList<>(rows);
    ranked.sort(Comparator.comparingDouble((Integer row) -> -mass[row]).thenComparing(row -> row));
    Set<Integer> chosen = new HashSet<>(ranked.subList(0, count));
    Set<Integer> open = new HashSet<>();
    if (count > 0 && count < ranked.size()) {
      double last = mass[ranked.get(count - 1)];
      double next = mass[ranked.get(count)];
      if (next >= last * (1 - ROUNDING)) {
        for (int row : ranked) {
          if (mass[row] <= last * (1 + ROUNDING) && mass[row] >= next * (1 - ROUNDING)) {
            open.add(row);
          }
        }
        chosen.removeAll(open);
      }
    }
    return new Choice(chosen, open, count);
  }

  /** Takes those of open rows whose positions the trace has; says whether that decides. */
  private static boolean follow(Choice choice, List<Row> rows, int[] found) {
    Set<Integer> positions = new HashSet<>();
    for (int index = 0; index < choice.count(); index++) {
      positions.add(found[index]);
    }
    for (int row : choice.open()) {
      if (rows.get(row).position() == Row.MIXED) {
        return false;
      }
      if (positions.contains(rows.get(row).position())) {
        choice.chosen().add(row);
      }
    }
    return choice.chosen().size() == choice.count();
  }

  private static List<Integer> sorted(Set<Integer> rows) {
    return rows.stream().sorted().toList();
  }

  private List<Row> mix(
      FoldedOracle oracle, List<Row> rows, List<Integer> numbers, List<Integer> residual) {
    List<Seen> read = rows.stream().map(oracle::read).toList();
    List<Row> mixed = new ArrayList<>();
    for (int output = 0; output < rule.mixed(); output++) {
      double[] share = softmax(convolution(output, read));
      double[] key = new double[read.getFirst().key().length];
      double[] value = new double[read.getFirst().value().length];
      for (int row = 0; row < share.length; row++) {
        boolean own = numbers.get(row).equals(residual.get(output));
        double weight = weights.alpha() * share[row] + (own ? 1 - weights.alpha() : 0);
        add(weight, read.get(row).key(), key);
        add(weight, read.get(row).value(), value);
      }
      Row row = Row.mixed(key, value, weights.alpha() == 0);
      row.round(oracle.storage().format());
      mixed.add(row);
    }
    return mixed;
  }

  private static void add(double weight, double[] row, double[] sum) {
    for (int element = 0; element < sum.length; element++) {
      sum[element] += weight * row[element];
    }
  }

  private double[] convolution(int output, List<Seen> rows) {
    double[] logits = new double[rows.size()];
    for (int row = 0; row < logits.length; row++) {
      double sum = weights.bias()[output];
      for (int tap = 0; tap < rule.kernel(); tap++) {
        int neighbour = row + tap - (rule.kernel() - 1) / 2;
        if (neighbour >= 0 && neighbour < logits.length) {
          sum += dot(output, tap, rows.get(neighbour));
        }
      }
      logits[row] = Math.max(0, sum);
    }
    return logits;
  }

  private double dot(int output, int tap, Seen row) {
    double sum = 0;
    int keyDim = row.key().length;
    for (int channel = 0; channel < keyDim + row.value().length; channel++) {
      double element = channel < keyDim ? row.key()[channel] : row.value()[channel - keyDim];
      int place = (output * (keyDim + row.value().length) + channel) * rule.kernel() + tap;
      sum += weights.weight().flat()[place] * element;
    }
    return sum;
  }

  private static double[] softmax(double[] logits) {
    double sum = 0;
    double largest = 0;
    for (double logit : logits) {
      largest = Math.max(largest, logit);
    }
    double[] share = new double[logits.length];
    for (int row = 0; row < share.length; row++) {
      share[row] = Math.exp(logits[row] - largest);
      sum += share[row];
    }
    for (int row = 0; row < share.length; row++) {
      share[row] /= sum;
    }
    return share;
  }
}
