package dev.kvasir.samples.oracle;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kvasir.samples.oracle.SelectionRule.Budget;
import dev.kvasir.samples.oracle.SelectionRule.Score;
import dev.kvasir.samples.oracle.SelectionRule.Shape;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** What the policy in a trace's metadata says about each KV head. */
final class TracedPolicy {
  /** Layers with one list in WindowKV. */
  private static final int WINDOW_KV_SHARE = 8;

  private final JsonNode techniques;
  private final int context;
  private final Map<Integer, MergeRule> merges = new TreeMap<>();

  /**
   * @param json the resolved policy
   * @param context most tokens of the session
   * @param layers of the model
   */
  TracedPolicy(String json, int context, int layers) throws IOException {
    techniques = new ObjectMapper().readTree(json).path("techniques");
    this.context = context;
    for (JsonNode technique : techniques) {
      if (technique.path("name").asText().equals("merge-layers")) {
        addMerges(technique, layers);
      }
    }
  }

  /** Layers from the first on are taken two by two. */
  private void addMerges(JsonNode technique, int layers) {
    JsonNode parameters = technique.path("parameters");
    JsonNode from = parameters.path("from");
    int first =
        from.has("percent")
            ? (int) Math.ceil(from.path("percent").asDouble() * layers / 100)
            : from.asInt();
    MergeRule rule =
        new MergeRule(
            parameters.path("t").asDouble(),
            new BigDecimal(parameters.path("retain").path("percent").asText()),
            parameters.path("tail").asInt());
    List<Integer> named =
        IntStream.range(first, layers)
            .filter(l -> names(technique.path("on"), l, 0))
            .boxed()
            .toList();
    for (int index = 1; index < named.size(); index += 2) {
      merges.put(named.get(index), rule);
    }
  }

  /** {@return how layers merge with the one below, by the upper layer} */
  Map<Integer, MergeRule> merges() {
    return merges;
  }

  /** {@return how the rows of a KV head are stored} */
  Storage storage(int layer, int head) {
    RowFormat format =
        use("store-kv", layer, head)
            .map(parameters -> RowFormat.named(parameters.path("format").asText()))
            .orElse(RowFormat.BF16);
    return new Storage(
        format,
        use("quantize-kv", layer, head)
            .map(
                parameters ->
                    new Storage.Packing(
                        codes(parameters.path("key")), codes(parameters.path("value")))));
  }

  /** {@return what a KV head has in the cache} */
  HeadOracle head(int layer, int head) {
    Storage storage = storage(layer, head);
    Optional<JsonNode> grouped = use("group-heads", layer, head);
    if (grouped.isPresent() && !names(grouped.get().path("retrieval"), layer, head)) {
      JsonNode parameters = grouped.get();
      int recent = parameters.path("recent").asInt();
      int reach = parameters.path("reach").asInt(context);
      return new StreamingOracle(
          storage,
          parameters.path("sink").asInt(),
          Math.max(recent, Math.ceilDiv(context, reach)),
          parameters.path("compensate").asBoolean(false));
    }
    Optional<FoldOracle.Rule> fold = fold(layer);
    if (fold.isPresent()) {
      return new FoldedOracle(storage, fold.get().slots());
    }
    if (merges.containsKey(layer) || merges.containsKey(layer + 1)) {
      boolean lower = merges.containsKey(layer + 1);
      MergeRule rule = Objects.requireNonNull(merges.get(lower ? layer + 1 : layer));
      return use("select-window", layer, head).isPresent()
          ? new ChosenOracle(storage, rule, lower)
          : new MergedOracle(storage, lower);
    }
    return use("select-window", layer, head).isPresent()
        ? new SelectedOracle(storage)
        : new DenseOracle(storage);
  }

  /** {@return how a layer folds its rows} */
  Optional<FoldOracle.Rule> fold(int layer) {
    return use("fuse-kv-conv", layer, 0)
        .map(
            parameters -> {
              int slots = parameters.path("slots").asInt();
              double keep = parameters.path("keep").path("percent").asDouble();
              return new FoldOracle.Rule(
                  slots,
                  parameters.path("block").asInt(),
                  parameters.path("kernel").asInt(),
                  (int) Math.floor(slots * (100 - keep) / 100));
            });
  }

  /**
   * A use of select-window.
   *
   * @param layers where rows are selected, ascending
   */
  record SelectionUse(SelectionRule rule, List<Integer> layers) {}

  /** {@return the uses of select-window} */
  List<SelectionUse> selections(int layers, int kvHeads) {
    List<SelectionUse> uses = new ArrayList<>();
    for (JsonNode technique : techniques) {
      if (technique.path("name").asText().equals("select-window")) {
        List<Integer> selected = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
          boolean some = false;
          for (int head = 0; head < kvHeads; head++) {
            some |= names(technique.path("on"), layer, head);
          }
          if (some) {
            selected.add(layer);
          }
        }
        uses.add(new SelectionUse(rule(technique.path("parameters")), selected));
      }
    }
    return uses;
  }

  private static SelectionRule rule(JsonNode parameters) {
    JsonNode budget = parameters.path("budget");
    JsonNode shaped = budget.path("parameters");
    JsonNode amount = budget.has("name") ? shaped.path("mean") : budget;
    Shape shape = Shape.valueOf(budget.path("name").asText("uniform").toUpperCase(Locale.ROOT));
    boolean perHead = parameters.path("per-head").asBoolean();
    // A pyramid gives each layer a budget of its own, and heads have lists of theirs.
    int share = perHead || shape == Shape.PYRAMID ? 1 : WINDOW_KV_SHARE;
    return new SelectionRule(
        parameters.path("window").asInt(),
        parameters.path("observe").asInt(),
        parameters.path("share").asInt(share),
        parameters.path("pool").asInt(),
        score(parameters),
        parameters.path("score").path("parameters").path("seed").asInt(),
        perHead,
        parameters.path("tail").asInt(),
        new Budget(
            new BigDecimal(amount.path("percent").asText(amount.asText())),
            amount.has("percent"),
            shape,
            shaped.path("beta").asInt(1)));
  }

  /** A task decides where no score is given: an answer in one place, or all over the text. */
  private static Score score(JsonNode parameters) {
    return switch (parameters.path("score").path("name").asText()) {
      case "max" -> Score.MAX;
      case "average" -> Score.AVERAGE;
      case "random" -> Score.RANDOM;
      case "auto" ->
          parameters.path("task").asText().equals("aggregation") ? Score.AVERAGE : Score.MAX;
      default -> throw new AssertionError("no oracle for scores of " + parameters.path("score"));
    };
  }

  private static CodeFormat codes(JsonNode format) {
    JsonNode parameters = format.path("parameters");
    return new CodeFormat(
        Integer.parseInt(format.path("name").asText().substring("int".length())),
        parameters.path("per").asText().equals("channel"),
        parameters.path("group").asInt());
  }

  private Optional<JsonNode> use(String technique, int layer, int head) {
    for (JsonNode use : techniques) {
      if (use.path("name").asText().equals(technique) && names(use.path("on"), layer, head)) {
        return Optional.of(use.path("parameters"));
      }
    }
    return Optional.empty();
  }

  private static boolean names(JsonNode set, int layer, int head) {
    for (JsonNode named : set.path("layers")) {
      if (named.asInt() == layer) {
        return true;
      }
    }
    for (JsonNode named : set.path("heads")) {
      if (named.path(0).asInt() == layer && named.path(1).asInt() == head) {
        return true;
      }
    }
    return false;
  }
}
