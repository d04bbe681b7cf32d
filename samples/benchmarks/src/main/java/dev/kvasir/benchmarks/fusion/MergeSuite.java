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
import java.util.Random;
import java.util.TreeMap;

/**
 * Reads one long prompt with all layers merged in pairs, and one with none, and then decodes with
 * both in turn. Prints what the merge behind a span adds to its attention, what decode attention
 * takes beside the bytes that it reads, and what merges in decode cost a token.
 *
 * <p>The model is one of random weights with two layers, as {@code GenerateModel} writes it.
 */
public final class MergeSuite {

  private static final int STEPS = 32;
  private static final int ROUNDS = 8;
  private static final long SEED = 5;
  private static final List<String> MERGE =
      List.of(
          "stage merged rows",
          "merge rows",
          "choose retained rows",
          "retain rows",
          "pack pages",
          "open page");

  private MergeSuite() {}

  /** One session and what its launches took. */
  private static final class Run {
    private final String name;
    private final LoadedModel model;
    private final Session session;
    private final Map<String, Long> prefill = new TreeMap<>();
    private final Map<String, Long> decode = new TreeMap<>();
    private final Map<String, Long> step = new TreeMap<>();
    private final List<Long> attention = new ArrayList<>();
    private int steps;

    Run(String name, LoadedModel model, int[] prompt) {
      this.name = name;
      this.model = model;
      // Kernels become fast as they run: a short prompt and some steps first.
      try (Session warm = model.newSession()) {
        warm.append(Prompt.ofTokens(Arrays.copyOf(prompt, Math.min(prompt.length, 600))));
        for (int i = 0; i < 150; i++) {
          warm.step(1);
        }
      }
      session = model.newSession();
      session.observeLaunches(
          (launch, nanos) -> prefill.merge(kind(launch.label()), nanos, Long::sum));
      session.append(Prompt.ofTokens(prompt));
      session.observeLaunches(
          (launch, nanos) -> step.merge(kind(launch.label()), nanos, Long::sum));
    }

    private static String kind(String label) {
      return label.startsWith("layer.") ? label.substring(label.indexOf(' ') + 1) : label;
    }

    void decode() {
      for (int i = 0; i < STEPS; i++) {
        step.clear();
        session.step(1);
        attention.add(step.getOrDefault("decode attention", 0L));
        step.forEach((kind, nanos) -> decode.merge(kind, nanos, Long::sum));
        steps++;
      }
    }

    private double median() {
      List<Long> sorted = attention.stream().sorted().toList();
      return sorted.get(sorted.size() / 2) / 1e3;
    }

    private static double merging(Map<String, Long> times) {
      return MERGE.stream().mapToLong(kind -> times.getOrDefault(kind, 0L)).sum() / 1e3;
    }

    /** Bytes of all rows of all segments and of what lies beside them, in bf16. */
    private double bytesRead() {
      double bytes = 0;
      for (SegmentSnapshot segment : session.segments()) {
        int row =
            2 * (segment.keyDim() + segment.valueDim()) + (segment.norms().isPresent() ? 4 : 0);
        bytes += (double) segment.rows() * segment.heads().size() * row;
      }
      return bytes;
    }

    String report(Run plain) {
      double time = median() / plain.median();
      double bytes = bytesRead() / plain.bytesRead();
      double attended = prefill.getOrDefault("prefill attention", 0L) / 1e3;
      return String.format(
          "%-12s prefill attention %9.1f ms, merge %7.1f ms = %5.2f %%%n"
              + "             decode attention %8.1f us: time %.3f, bytes read %.3f: %.3f x;"
              + " merge %.1f us a token; allocated %.3f%n",
          name,
          attended / 1e3,
          merging(prefill) / 1e3,
          100 * merging(prefill) / attended,
          median(),
          time,
          bytes,
          time / bytes,
          merging(decode) / steps,
          (double) session.cacheStats().allocatedBytes()
              / plain.session.cacheStats().allocatedBytes());
    }

    void close() {
      session.close();
      model.close();
    }
  }

  /**
   * Measures.
   *
   * @param arguments the model's folder, the tokens of the prompt
   */
  public static void main(String[] arguments) throws IOException {
    if (arguments.length != 2) {
      System.err.println("usage: MergeSuite MODEL_FOLDER TOKENS");
      System.exit(2);
    }
    Path folder = Path.of(arguments[0]);
    int tokens = Integer.parseInt(arguments[1]);
    int[] prompt = new Random(SEED).ints(tokens, 0, 200).toArray();
    Run plain = new Run("full", load(folder, "", tokens), prompt);
    Run merged =
        new Run(
            "minicache",
            load(folder, "use merge-layers(from = 0%, t = 0.6, retain = 5%, tail = 128);", tokens),
            prompt);
    for (int round = 0; round < ROUNDS; round++) {
      plain.decode();
      merged.decode();
    }
    System.out.print(plain.report(plain));
    System.out.print(merged.report(plain));
    plain.close();
    merged.close();
  }

  private static LoadedModel load(Path folder, String uses, int tokens) throws IOException {
    Policy policy = Policy.parse(new SourceText("merge.kvp", "policy merge { " + uses + " }"));
    try (Model model = Model.open(folder)) {
      CompilerOptions options =
          CompilerOptions.defaults().withMaxContext(tokens + 1024).withSpan(tokens);
      Plan plan = Compiler.compile(model, policy, options).plan();
      return LoadedModel.load(plan, folder, LoadOptions.defaults().threads(2));
    }
  }
}
