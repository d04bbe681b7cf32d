package dev.kvasir.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvasir.ir.policy.CalibratedChoice;
import dev.kvasir.ir.policy.HeadScores;
import dev.kvasir.ir.policy.HeadSet;
import dev.kvasir.ir.policy.KvHead;
import dev.kvasir.ir.policy.ParameterValue.SetValue;
import dev.kvasir.ir.policy.ResolvedPolicy;
import dev.kvasir.ir.policy.TargetAxis;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * What a share of layers keeps of the score, beside single KV heads of the same bytes, and what
 * either launches: a layer whose heads keep different rows runs its attention twice.
 *
 * @param axis what the policy chooses
 * @param choice the share and the scores
 * @param chosen what was chosen
 * @param byLayer the best whole layers, no more heads than were chosen
 * @param byHead as many of the best heads
 */
record HeadChoice(
    TargetAxis axis, CalibratedChoice choice, HeadSet chosen, HeadSet byLayer, HeadSet byHead) {

  /** {@return every set that the policy gives as a share} */
  static List<HeadChoice> of(ResolvedPolicy policy) {
    return policy.uses().stream()
        .flatMap(use -> use.arguments().values().values().stream())
        .filter(SetValue.class::isInstance)
        .map(SetValue.class::cast)
        .flatMap(set -> set.choice().map(choice -> of(set, choice)).stream())
        .toList();
  }

  private static HeadChoice of(SetValue set, CalibratedChoice choice) {
    HeadScores scores = choice.scores();
    int layers = set.heads().heads().size() / scores.kvHeads();
    return new HeadChoice(
        set.axis(),
        choice,
        set.heads(),
        scores.topLayers(layers),
        scores.topHeads(layers * scores.kvHeads()));
  }

  /** {@return the comparison in lines} */
  List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add("%s %% of %s: %s".formatted(percent(), noun(), members()));
    lines.add("by " + choice.scores().origin());
    lines.add(
        "%s keep %s of the score, %s of the same bytes %s"
            .formatted(
                Texts.count(byLayer.layers().size(), "whole layer"),
                kept(byLayer),
                Texts.count(byHead.heads().size(), "single KV head"),
                kept(byHead)));
    lines.add(
        "decode launches a step: %d by layer, %d by head"
            .formatted(launches(byLayer), launches(byHead)));
    return lines;
  }

  private String noun() {
    return switch (axis) {
      case LAYERS -> "layers";
      case HEADS -> "KV heads";
    };
  }

  private String percent() {
    return choice.percent().stripTrailingZeros().toPlainString();
  }

  private String members() {
    if (chosen.isEmpty()) {
      return "none";
    }
    return switch (axis) {
      case LAYERS -> Texts.ranges(chosen.layers());
      case HEADS ->
          chosen.layers().stream()
              .map(layer -> "%d: %s".formatted(layer, Texts.ranges(chosen.headsOfLayer(layer))))
              .collect(Collectors.joining("; ", "layer ", ""));
    };
  }

  /** A share of a sum says nothing where scores are below 0. */
  private String kept(HeadSet heads) {
    HeadScores scores = choice.scores();
    boolean shares = scores.sum() > 0 && scores.values().stream().allMatch(score -> score >= 0);
    return shares
        ? Texts.percent(scores.sum(heads), scores.sum())
        : Texts.format("%.4g of %.4g", scores.sum(heads), scores.sum());
  }

  /** {@return decode launches of a step when {@code heads} keep every row: one a kind of head} */
  private int launches(HeadSet heads) {
    int launches = 0;
    for (int layer = 0; layer < choice.scores().layers(); layer++) {
      int retrieval = heads.headsOfLayer(layer).size();
      launches += retrieval == 0 || retrieval == choice.scores().kvHeads() ? 1 : 2;
    }
    return launches;
  }

  /** {@return the comparison as an object} */
  ObjectNode json() {
    HeadScores scores = choice.scores();
    ObjectNode object = Json.object();
    object.put("criterion", axis.singular());
    object.put("percent", choice.percent());
    object.put("scores", scores.origin());
    ArrayNode heads = object.putArray("heads");
    for (KvHead head : chosen.heads()) {
      heads.addArray().add(head.layer()).add(head.head());
    }
    object.put("scoreOfAll", scores.sum());
    object.put("scoreByLayer", scores.sum(byLayer));
    object.put("scoreByHead", scores.sum(byHead));
    object.put("decodeLaunchesByLayer", launches(byLayer));
    object.put("decodeLaunchesByHead", launches(byHead));
    return object;
  }
}
