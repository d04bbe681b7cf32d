package dev.kvasir.samples.oracle;

import dev.kvasir.samples.oracle.HeadOracle.Seen;
import dev.kvasir.samples.oracle.SelectionOracle.Observed;
import dev.kvasir.samples.oracle.TraceFile.Values;
import dev.kvasir.samples.oracle.TracedPolicy.SelectionUse;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * Goes through a trace, step by step and layer by layer, recomputes what each query head gave from
 * the rows that it was to see, and compares the cache at the end.
 */
final class TraceOracle {
  private final TraceFile file;
  private final double scale;
  private final int prefillSteps;
  private final int steps;
  private final int queryHeads;
  private final int kvHeads;
  private final List<List<HeadOracle>> heads = new ArrayList<>();
  private final Map<Integer, SelectionOracle> selections = new TreeMap<>();
  private final Map<Integer, FoldOracle> folds = new TreeMap<>();
  private final Map<Integer, MergeOracle> merges = new TreeMap<>();
  private final Map<Integer, ChosenMergeOracle> chosenMerges = new TreeMap<>();
  private double worst;

  /**
   * What a check has seen.
   *
   * @param worst the largest error, as a share of what it may be
   * @param selections how often rows were chosen, over all layers
   * @param dropped how many rows were dropped then
   * @param nearTies how many windows or rows the trace has chosen otherwise, within rounding
   * @param gone how many rows compensation rows stand for at the end, over all KV heads
   * @param folds how often rows were folded, over all layers
   * @param mixtures how many rows were mixed of others then
   * @param undecided KV heads of which nothing could be said any more, since rounding decided what
   *     a fold keeps
   * @param merges how often rows were merged, over all pairs of layers
   * @param again how many rows were merged that had been before
   */
  record Report(
      double worst,
      int selections,
      int dropped,
      int nearTies,
      int gone,
      int folds,
      int mixtures,
      int undecided,
      int merges,
      int again) {}

  private TraceOracle(TraceFile file, int context) throws IOException {
    this.file = file;
    scale = Double.parseDouble(file.metadata("softmax_scale"));
    prefillSteps = Integer.parseInt(file.metadata("prefill_steps"));
    steps = file.steps();
    queryHeads = file.values("layer.0.step.0.q").shape().getFirst();
    kvHeads = file.values("layer.0.step.0.k").shape().getFirst();
    int layers = file.layers();
    TracedPolicy policy = new TracedPolicy(file.metadata("policy"), context, layers);
    for (int layer = 0; layer < layers; layer++) {
      List<HeadOracle> ofLayer = new ArrayList<>();
      for (int head = 0; head < kvHeads; head++) {
        ofLayer.add(policy.head(layer, head));
      }
      heads.add(ofLayer);
    }
    policy.selections(layers, kvHeads).forEach(this::addSelection);
    policy.merges().forEach(this::addMerge);
    for (int layer = 0; layer < layers; layer++) {
      int folded = layer;
      policy.fold(layer).ifPresent(rule -> folds.put(folded, fold(rule, folded)));
    }
  }

  private FoldOracle fold(FoldOracle.Rule rule, int layer) {
    String prefix = "layer." + layer + ".lococo.";
    FoldOracle.Weights weights =
        new FoldOracle.Weights(
            file.values(prefix + "weight"),
            file.values(prefix + "bias").flat(),
            file.values(prefix + "alpha").flat()[0]);
    List<FoldedOracle> folded = heads.get(layer).stream().map(FoldedOracle.class::cast).toList();
    return new FoldOracle(rule, weights, folded, scale);
  }

  private void addSelection(SelectionUse use) {
    for (int index = 0; index < use.layers().size(); index++) {
      int layer = use.layers().get(index);
      int leader = index / use.rule().share() * use.rule().share();
      selections.put(
          layer,
          new SelectionOracle(
              use.rule(),
              selected(layer),
              leader == index
                  ? Optional.empty()
                  : Optional.ofNullable(selections.get(use.layers().get(leader))),
              index,
              use.layers().size(),
              scale));
    }
  }

  private void addMerge(int upper, MergeRule rule) {
    if (heads.get(upper).getFirst() instanceof ChosenOracle) {
      chosenMerges.put(
          upper, new ChosenMergeOracle(rule, chosen(upper - 1, true), chosen(upper, false)));
      return;
    }
    merges.put(
        upper,
        new MergeOracle(
            rule,
            merged(upper - 1),
            merged(upper),
            new MergedTrace(file, upper - 1),
            new MergedTrace(file, upper)));
  }

  private ChosenMergeOracle.Side chosen(int layer, boolean isLower) {
    return new ChosenMergeOracle.Side(
        heads.get(layer).stream().map(ChosenOracle.class::cast).toList(),
        new MergedTrace(file, layer),
        isLower);
  }

  private List<MergedOracle> merged(int layer) {
    return heads.get(layer).stream().map(MergedOracle.class::cast).toList();
  }

  private List<SelectedOracle> selected(int layer) {
    return heads.get(layer).stream()
        .filter(SelectedOracle.class::isInstance)
        .map(SelectedOracle.class::cast)
        .toList();
  }

  /**
   * Checks a trace.
   *
   * @param context most tokens of the session
   * @throws AssertionError at the first thing that is not as it should be
   */
  static Report check(TraceFile file, int context) throws IOException {
    TraceOracle oracle = new TraceOracle(file, context);
    for (int step = 0; step < oracle.steps; step++) {
      for (int layer = 0; layer < oracle.heads.size(); layer++) {
        oracle.step(step, layer);
      }
    }
    new CacheCheck(file).check(oracle.heads);
    return new Report(
        oracle.worst,
        oracle.selections.values().stream().mapToInt(SelectionOracle::selections).sum(),
        oracle.selections.values().stream().mapToInt(SelectionOracle::dropped).sum(),
        oracle.selections.values().stream().mapToInt(SelectionOracle::nearTies).sum()
            + oracle.merges.values().stream().mapToInt(MergeOracle::nearTies).sum(),
        oracle.heads.stream()
            .flatMap(List::stream)
            .mapToInt(head -> head instanceof StreamingOracle streaming ? streaming.gone() : 0)
            .sum(),
        oracle.folds.values().stream().mapToInt(FoldOracle::folds).sum(),
        oracle.folds.values().stream().mapToInt(FoldOracle::mixtures).sum(),
        oracle.folds.values().stream().mapToInt(FoldOracle::undecided).sum(),
        oracle.merges.values().stream().mapToInt(MergeOracle::merges).sum()
            + oracle.chosenMerges.values().stream().mapToInt(ChosenMergeOracle::merges).sum(),
        oracle.chosenMerges.values().stream().mapToInt(ChosenMergeOracle::again).sum());
  }

  private void step(int step, int layer) {
    String prefix = "layer." + layer + ".step." + step + ".";
    int[] positions = file.integers(prefix + "position");
    Values queries = file.values(prefix + "q");
    Values keys = file.values(prefix + "k");
    Values values = file.values(prefix + "v");
    Values out = file.values(prefix + "out");
    Values lse = file.values(prefix + "lse");
    boolean prefill = step < prefillSteps;
    for (int head = 0; head < kvHeads; head++) {
      List<Row> rows = new ArrayList<>();
      for (int row = 0; row < positions.length; row++) {
        rows.add(new Row(positions[row], keys.row(head, row), values.row(head, row)));
      }
      HeadOracle oracle = heads.get(layer).get(head);
      require(oracle.tokens() == positions[0], prefix + "position");
      oracle.append(rows, prefill);
    }
    int group = queryHeads / kvHeads;
    for (int row = 0; row < positions.length; row++) {
      for (int head = 0; head < kvHeads; head++) {
        if (heads.get(layer).get(head) instanceof FoldedOracle folded && folded.isUndecided()) {
          continue;
        }
        List<Seen> seen = heads.get(layer).get(head).seen(positions[row]);
        for (int query = head * group; query < (head + 1) * group; query++) {
          AttentionOracle expected = AttentionOracle.of(queries.row(query, row), scale, seen);
          String place = "%sout, query head %d, row %d".formatted(prefix, query, row);
          compare(expected, expected.error(out.row(query, row)), place);
          double found = lse.row(query)[row];
          compare(expected, Math.abs(found - expected.lse()), place + ", lse " + found);
        }
      }
      observe(layer, row, positions[row], queries, lse);
      weigh(layer, row, positions[row], queries, lse);
    }
    heads.get(layer).forEach(HeadOracle::close);
    if (folds.containsKey(layer)) {
      fold(layer, prefix);
    } else if (heads.get(layer).getFirst() instanceof MergedOracle) {
      Optional.ofNullable(merges.get(layer)).ifPresent(pair -> pair.run(file, step));
    } else {
      select(layer, step, prefix);
    }
  }

  private void weigh(int layer, int row, int position, Values queries, Values lse) {
    FoldOracle fold = folds.get(layer);
    int group = queryHeads / kvHeads;
    for (int head = 0; fold != null && head < kvHeads; head++) {
      double[][] ofHead = new double[group][];
      double[] lseOfHead = new double[group];
      for (int shared = 0; shared < group; shared++) {
        ofHead[shared] = queries.row(head * group + shared, row);
        lseOfHead[shared] = lse.row(head * group + shared)[row];
      }
      fold.observe(head, row == 0, position, ofHead, lseOfHead);
    }
  }

  private void fold(int layer, String prefix) {
    FoldOracle fold = folds.get(layer);
    if (fold == null) {
      return;
    }
    boolean due = fold.due();
    require(due == file.has(prefix + "kept"), prefix + "kept is there: " + !due);
    List<int[]> found = new ArrayList<>();
    for (int head = 0; due && head < kvHeads; head++) {
      double[] kept = file.values(prefix + "kept").row(head);
      found.add(Arrays.stream(kept).mapToInt(position -> (int) position).toArray());
    }
    fold.end(found, prefix + "kept");
  }

  private void compare(AttentionOracle expected, double error, String place) {
    double share = error / expected.bound();
    worst = Math.max(worst, share);
    if (!(share <= 1)) {
      throw new AssertionError(
          "%s: off by %.3g, at most %.3g; expected lse %s"
              .formatted(place, error, expected.bound(), expected.lse()));
    }
  }

  private void observe(int layer, int row, int position, Values queries, Values lse) {
    SelectionOracle selection = selections.get(layer);
    if (selection == null) {
      return;
    }
    int group = queryHeads / kvHeads;
    List<double[][]> grouped = new ArrayList<>();
    List<double[]> groupedLse = new ArrayList<>();
    for (int head = 0; head < kvHeads; head++) {
      if (heads.get(layer).get(head) instanceof SelectedOracle) {
        double[][] ofHead = new double[group][];
        double[] lseOfHead = new double[group];
        for (int shared = 0; shared < group; shared++) {
          ofHead[shared] = queries.row(head * group + shared, row);
          lseOfHead[shared] = lse.row(head * group + shared)[row];
        }
        grouped.add(ofHead);
        groupedLse.add(lseOfHead);
      }
    }
    selection.observe(
        new Observed(
            position, grouped.toArray(double[][][]::new), groupedLse.toArray(double[][]::new)));
  }

  private void select(int layer, int step, String prefix) {
    SelectionOracle selection = selections.get(layer);
    boolean due = selection != null && selection.due();
    require(due == file.has(prefix + "kept"), prefix + "kept is there: " + !due);
    if (selection == null || !due) {
      return;
    }
    Values kept = file.values(prefix + "kept");
    List<Set<Integer>> found = new ArrayList<>();
    for (int head = 0; head < kvHeads; head++) {
      double[] listed = Arrays.stream(kept.row(head)).filter(p -> p != CacheCheck.EMPTY).toArray();
      Set<Integer> positions = new HashSet<>();
      Arrays.stream(listed).forEach(position -> positions.add((int) position));
      require(positions.size() == listed.length, prefix + "kept names a position once");
      if (heads.get(layer).get(head) instanceof SelectedOracle) {
        found.add(positions);
      } else {
        require(positions.isEmpty(), prefix + "kept has rows of selected heads alone");
      }
    }
    selection.select(found, prefix + "kept");
    Optional.ofNullable(chosenMerges.get(layer)).ifPresent(pair -> pair.run(isLast(layer, step)));
  }

  /** Whether the rows of a layer are not chosen again behind a step. */
  private boolean isLast(int layer, int step) {
    return IntStream.range(step + 1, steps)
        .noneMatch(later -> file.has("layer." + layer + ".step." + later + ".kept"));
  }

  static void require(boolean condition, String what) {
    if (!condition) {
      throw new AssertionError("not so: " + what);
    }
  }
}
