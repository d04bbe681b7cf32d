package dev.kvasir.cli;

import dev.kvasir.cli.CommandException.Kind;
import dev.kvasir.codegen.driver.Model;
import dev.kvasir.ir.model.ModelConfig;
import dev.kvasir.ir.policy.HeadSet;
import dev.kvasir.ir.policy.KvHead;
import dev.kvasir.passes.calibrate.Displacement;
import dev.kvasir.passes.calibrate.PasskeyText;
import dev.kvasir.plans.Manifest;
import dev.kvasir.plans.Plan;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.Session;
import dev.kvasir.runtime.Tokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Scores heads by how far the logits of planted answers move, as a mean of squares, when the head
 * streams and all others keep every row. Logits are the linear image of the last hidden state, and
 * what plans give.
 *
 * <p>Costs a plan and a reading of the text for every head, or for every layer, and one more.
 */
final class AblationProbe implements HeadProbe {
  private static final int SINK = 4;

  /** A streaming head sees this part of the text; the keys lie in the other half. */
  private static final int RECENT_PART = 8;

  private final Console console;
  private final int length;
  private final long seed;
  private final boolean layers;

  /**
   * @param length tokens before the questions
   * @param layers whether whole layers stream, so that the heads of one share a score
   */
  AblationProbe(Console console, int length, long seed, boolean layers) {
    this.console = console;
    this.length = length;
    this.seed = seed;
    this.layers = layers;
  }

  @Override
  public Measured run(Model model) throws IOException {
    ModelConfig config = model.config();
    PasskeyText text = text(model);
    int probes = layers ? config.layers() : config.layers() * config.kvHeads();
    List<Float> scores = new ArrayList<>();
    int tokens = tokens(text);
    try (Progress progress = Progress.begin(console, "calibrate", probes + 1L)) {
      List<float[]> whole = logits(model, "", text);
      progress.advance(1);
      for (int probe = 0; probe < probes; probe++) {
        List<float[]> moved = logits(model, streaming(probe, config), text);
        scores.addAll(
            Collections.nCopies(layers ? config.kvHeads() : 1, (float) distance(whole, moved)));
        progress.advance(1);
      }
    }
    return new Measured(scores, tokens, probes + 1);
  }

  private PasskeyText text(Model model) throws IOException {
    // Any plan knows the tokenizer.
    Plan plan = HeadProbe.compile(model, "", 1, 1);
    if (plan.manifest().tokenizer().kind().equals(Manifest.TokenizerFacts.NONE)) {
      throw new CommandException(
          Kind.USAGE,
          model.path().toString(),
          "method ablation reads text, and the model has no tokenizer",
          "use --method induction, which reads random tokens");
    }
    PasskeyText text;
    try (LoadedModel loaded = HeadProbe.load(plan, model)) {
      Tokenizer tokenizer = loaded.tokenizer();
      text = PasskeyText.of(length, seed, tokenizer::encodeContinuation);
    }
    int context = model.config().maxPositions();
    if (tokens(text) > context) {
      throw new CommandException(
          Kind.USAGE,
          "--length",
          "the text with its questions takes %d tokens, the model's context has %d"
              .formatted(tokens(text), context),
          "give a smaller length");
    }
    return text;
  }

  private static int tokens(PasskeyText text) {
    return text.prompt().size()
        + text.questions().stream()
            .mapToInt(question -> question.question().size() + question.answer().size())
            .sum();
  }

  private String streaming(int probe, ModelConfig config) {
    String retrieval;
    if (layers) {
      retrieval =
          IntStream.range(0, config.layers())
              .filter(layer -> layer != probe)
              .mapToObj(Integer::toString)
              .collect(Collectors.joining(", "));
    } else {
      KvHead streams = new KvHead(probe / config.kvHeads(), probe % config.kvHeads());
      List<KvHead> all = new ArrayList<>();
      for (int layer = 0; layer < config.layers(); layer++) {
        for (int head = 0; head < config.kvHeads(); head++) {
          all.add(new KvHead(layer, head));
        }
      }
      retrieval =
          HeadSet.of(all).minus(HeadSet.of(List.of(streams))).heads().stream()
              .map(KvHead::toString)
              .collect(Collectors.joining(", "));
    }
    return "use group-heads(criterion = %s, retrieval = [%s], sink = %d, recent = %d);"
        .formatted(layers ? "layer" : "head", retrieval, SINK, Math.max(1, length / RECENT_PART));
  }

  /** {@return the logits from which each token of an answer is to be predicted} */
  private static List<float[]> logits(Model model, String uses, PasskeyText text)
      throws IOException {
    int context = tokens(text);
    Plan plan = HeadProbe.compile(model, uses, context, Math.min(context, text.prompt().size()));
    List<float[]> logits = new ArrayList<>();
    try (LoadedModel loaded = HeadProbe.load(plan, model);
        Session session = loaded.newSession()) {
      session.append(Prompt.ofTokens(text.prompt().stream().mapToInt(Integer::intValue).toArray()));
      for (PasskeyText.Question question : text.questions()) {
        question.question().forEach(session::step);
        for (int token : question.answer()) {
          logits.add(session.logits());
          session.step(token);
        }
      }
    }
    return logits;
  }

  private static double distance(List<float[]> from, List<float[]> to) {
    return IntStream.range(0, from.size())
        .mapToDouble(at -> Displacement.meanSquare(from.get(at), to.get(at)))
        .average()
        .orElse(0);
  }
}
