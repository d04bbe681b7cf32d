package dev.kvasir.cli;

import dev.kvasir.codegen.driver.Model;
import dev.kvasir.ir.model.ModelConfig;
import dev.kvasir.passes.calibrate.CopyAttention;
import dev.kvasir.passes.calibrate.RepeatedTokens;
import dev.kvasir.passes.calibrate.RetrievalOrder;
import dev.kvasir.plans.Plan;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.Session;
import dev.kvasir.runtime.TraceObserver;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * Scores heads by their attention onto copies in repeated random tokens. One plan, whose spans are
 * the blocks of the text: a block's queries need the keys of that block and of the one before.
 */
final class InductionProbe implements HeadProbe {
  /** A model that copies has heads with most of their attention there. */
  private static final double WEAK = 0.1;

  private final Console console;
  private final int block;
  private final long seed;

  /**
   * @param block tokens of a block, at least 2
   */
  InductionProbe(Console console, int block, long seed) {
    this.console = console;
    this.block = block;
    this.seed = seed;
  }

  @Override
  public Measured run(Model model) throws IOException {
    ModelConfig config = model.config();
    int length = RepeatedTokens.REPEATS * block;
    Plan plan = HeadProbe.compile(model, "", length, block);
    int[] text = RepeatedTokens.of(block, config.vocabularySize(), seed);
    CopyAttention.Heads heads =
        new CopyAttention.Heads(
            config.queryHeads(),
            config.kvHeads(),
            config.headDim(),
            plan.manifest().model().softmaxScale(),
            config.slidingWindow());
    Watcher watcher = new Watcher(heads, block);
    try (LoadedModel loaded = HeadProbe.load(plan, model);
        Session session = loaded.newSession();
        Progress progress = Progress.begin(console, "calibrate", length)) {
      session.observe(watcher);
      for (int from = 0; from < length; from += block) {
        session.append(Prompt.ofTokens(Arrays.copyOfRange(text, from, from + block)));
        progress.advance(block);
      }
    }
    List<CopyAttention> layers =
        IntStream.range(0, config.layers()).mapToObj(watcher::ofLayer).toList();
    List<Double> induction = layers.stream().flatMap(layer -> layer.induction().stream()).toList();
    sayIfWeak(Collections.max(induction));
    List<Double> echo = layers.stream().flatMap(layer -> layer.echo().stream()).toList();
    return new Measured(
        RetrievalOrder.scores(induction, echo),
        new TreeMap<>(Map.of("induction", floats(induction), "echo", floats(echo))),
        length,
        1);
  }

  /** Ranks are there even where nothing was found. */
  private void sayIfWeak(double strongest) {
    if (strongest < WEAK) {
      console
          .err()
          .println(
              Texts.format(
                  "note: no head puts more than %.1f %% of its attention on the token after a copy:"
                      + " this model does not copy random tokens, so the scores say little; try"
                      + " --method ablation",
                  100 * strongest));
    }
  }

  private static List<Float> floats(List<Double> values) {
    return values.stream().map(Double::floatValue).toList();
  }

  /** Takes queries, keys and sums of each layer as they are computed, a block at a time. */
  private static final class Watcher implements TraceObserver {
    private final CopyAttention.Heads heads;
    private final int block;
    private final Map<String, float[]> before = new HashMap<>();
    private final Map<String, float[]> now = new HashMap<>();
    private final Map<String, List<CopyAttention>> found = new HashMap<>();

    Watcher(CopyAttention.Heads heads, int block) {
      this.heads = heads;
      this.block = block;
    }

    @Override
    public void observe(String name, int position, List<Integer> shape, float[] values) {
      int dot = name.lastIndexOf('.');
      String layer = name.substring(0, dot);
      switch (name.substring(dot + 1)) {
        case "q", "k" -> now.put(name, values);
        case "lse" -> endLayer(layer, position, values);
        default -> {}
      }
    }

    private void endLayer(String layer, int position, float[] lse) {
      float[] queries = Objects.requireNonNull(now.remove(layer + ".q"));
      float[] keys = Objects.requireNonNull(now.remove(layer + ".k"));
      float[] earlier = before.put(layer, keys);
      if (position > 0) {
        found
            .computeIfAbsent(layer, key -> new ArrayList<>())
            .add(
                CopyAttention.ofBlock(
                    heads, block, queries, lse, Objects.requireNonNull(earlier), keys));
      }
    }

    CopyAttention ofLayer(int layer) {
      List<CopyAttention> blocks = Objects.requireNonNull(found.get("layer." + layer));
      return CopyAttention.mean(blocks).ofGroups(heads.kvHeads());
    }
  }
}
