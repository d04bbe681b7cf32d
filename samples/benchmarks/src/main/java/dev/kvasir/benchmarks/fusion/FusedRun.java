package dev.kvasir.benchmarks.fusion;

import dev.kvasir.codegen.driver.Compiler;
import dev.kvasir.codegen.driver.CompilerOptions;
import dev.kvasir.codegen.driver.Model;
import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.plans.Plan;
import dev.kvasir.runtime.LoadOptions;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.SegmentSnapshot;
import dev.kvasir.runtime.Session;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A model under one policy, and what its launches take: of the first prompt and the steps behind it
 * in this virtual machine, then, once they are compiled, of a prompt and steps again.
 */
final class FusedRun implements AutoCloseable {

  /** Launches of a selection, without the attention that it follows. */
  private static final String[] SELECTION = {
    "candidate positions",
    "observed mass",
    "score rows",
    "choose rows",
    "compact rows",
    "commit choice"
  };

  /** Launches of a merge, without the attention that it follows. */
  private static final String[] MERGE = {
    "stage merged rows", "merge rows", "choose retained rows", "retain rows"
  };

  private static final String EXPEL = "expel rows";
  private static final String PREFILL_ATTENTION = "prefill attention";
  private static final String DECODE_ATTENTION = "decode attention";

  /** Tokens of the context beyond the prompt. */
  private static final int ROOM = 2048;

  /** Two pages leave every ring. */
  private static final int FIRST_STEPS = 128;

  private static final int WARM_PROMPTS = 6;
  private static final int WARM_TOKENS = 2048;
  private static final int WARM_STEPS = 600;

  private final FusedPolicy policy;
  private final LoadedModel model;
  private final int[] prompt;
  private final LaunchTimes steps = new LaunchTimes();
  private final List<Double> turns = new ArrayList<>();
  private final Map<String, Double> figures = new TreeMap<>();
  private Session session;

  /** Compiles and loads. */
  FusedRun(FusedPolicy policy, Path folder, int[] prompt) throws IOException {
    this.policy = policy;
    this.prompt = prompt;
    Policy parsed = Policy.parse(new SourceText(policy.name() + ".kvp", policy.text()));
    try (Model weights = Model.open(folder)) {
      CompilerOptions options =
          CompilerOptions.defaults().withMaxContext(prompt.length + ROOM).withSpan(prompt.length);
      Plan plan = Compiler.compile(weights, parsed, options).plan();
      model = LoadedModel.load(plan, folder, LoadOptions.defaults().threads(Parts.THREADS));
    }
    session = model.newSession();
  }

  /** Reads the prompt and takes some steps for the first time. */
  void first() {
    noteFirst(read(), "first ");
    LaunchTimes first = new LaunchTimes();
    for (int i = 0; i < FIRST_STEPS; i++) {
      first.during(session, () -> session.step(1));
    }
    if (first.total(EXPEL) > 0) {
      figures.put("first expel us a step", first.mean(EXPEL) / 1e3);
      figures.put("first expel %", 100 * first.total(EXPEL) / first.all());
    }
  }

  /** Reads shorter prompts and takes steps until nothing is left to compile, then the prompt. */
  void warm() {
    // Long enough for rings to drop pages.
    int warmTokens = Math.max(WARM_TOKENS, policy.ring() + WARM_TOKENS / 2);
    for (int i = 0; i < WARM_PROMPTS; i++) {
      restart();
      session.append(Prompt.ofTokens(Arrays.copyOf(prompt, Math.min(prompt.length, warmTokens))));
    }
    for (int i = 0; i < WARM_STEPS; i++) {
      session.step(1);
    }
    restart();
    noteFirst(read(), "");
  }

  private void restart() {
    session.close();
    session = model.newSession();
  }

  private LaunchTimes read() {
    LaunchTimes times = new LaunchTimes();
    times.during(session, () -> session.append(Prompt.ofTokens(prompt)));
    return times;
  }

  private void noteFirst(LaunchTimes prefill, String when) {
    double attention = prefill.total(PREFILL_ATTENTION);
    figures.put(when + "prefill attention ms", attention / 1e6);
    if (prefill.total(SELECTION) > 0) {
      figures.put(when + "selection ms", prefill.total(SELECTION) / 1e6);
      figures.put(when + "selection %", 100 * prefill.total(SELECTION) / attention);
      for (String kind : SELECTION) {
        figures.put(when + kind + " ms", prefill.total(kind) / 1e6);
      }
    }
    if (prefill.total(MERGE) > 0) {
      figures.put(when + "merge ms", prefill.total(MERGE) / 1e6);
      figures.put(when + "merge %", 100 * prefill.total(MERGE) / attention);
    }
    if (prefill.total(EXPEL) > 0) {
      figures.put(when + "prefill expel %", 100 * prefill.total(EXPEL) / attention);
    }
  }

  /** Decodes for a turn. */
  void turn(int count) {
    for (int i = 0; i < count; i++) {
      steps.during(session, () -> session.step(1));
    }
    turns.add(steps.medianRun(count));
  }

  /** Notes how long this takes beside another run that took its turns in between. */
  void compare(FusedRun other) {
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < turns.size(); i++) {
      ratios.add(turns.get(i) / other.turns.get(i));
    }
    double ratio = ratios.stream().sorted().toList().get(ratios.size() / 2);
    figures.put("step over " + other.policy.name(), ratio);
  }

  /** {@return what was measured, by what it is} */
  Map<String, Double> figures() {
    figures.put("launches", (double) steps.launches());
    figures.put("rows", (double) session.cacheStats().keptRows());
    figures.put("allocated", (double) session.cacheStats().allocatedBytes());
    figures.put("decode attention us", steps.median(DECODE_ATTENTION) / 1e3);
    figures.put("least decode attention us", steps.least(DECODE_ATTENTION) / 1e3);
    figures.put("append us", steps.median("append rows") / 1e3);
    figures.put("step us", steps.medianRun(Parts.STEPS * Parts.ROUNDS) / 1e3);
    figures.put("mean step us", steps.all() / Parts.STEPS / Parts.ROUNDS / 1e3);
    if (steps.total(MERGE) > 0) {
      figures.put("merge us a token", steps.mean(MERGE) / 1e3);
      figures.put("bytes", bytesRead());
    }
    if (steps.total(EXPEL) > 0) {
      figures.put("expel us a step", steps.mean(EXPEL) / 1e3);
      figures.put("expel %", 100 * steps.total(EXPEL) / steps.all());
      figures.put("expel us", steps.median(EXPEL) / 1e3);
    }
    return figures;
  }

  /** {@return bytes of all rows of all segments, in bf16, and of the norms beside directions} */
  private double bytesRead() {
    double bytes = 0;
    for (SegmentSnapshot segment : session.segments()) {
      int row =
          Short.BYTES
              * (segment.keyDim() + segment.valueDim() + (segment.norms().isPresent() ? 2 : 0));
      bytes += (double) segment.rows() * segment.heads().size() * row;
    }
    return bytes;
  }

  /** {@return the policy} */
  FusedPolicy policy() {
    return policy;
  }

  @Override
  public void close() {
    session.close();
    model.close();
  }
}
