package dev.kvasir.samples;

import dev.kvasir.codegen.driver.Compiler;
import dev.kvasir.codegen.driver.CompilerOptions;
import dev.kvasir.codegen.driver.Model;
import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.GraphParser;
import dev.kvasir.ir.graph.ops.Ops;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.plans.Plan;
import dev.kvasir.runtime.LoadOptions;
import dev.kvasir.runtime.LoadedModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;

/** The trained model of this module, compiled and loaded for tests. */
final class SampleModel {
  static final Path FOLDER = Path.of("models", "needle");

  /** Most tokens of a session. */
  static final int CONTEXT = 1024;

  /** Prompt rows that are prefilled at once: no multiple of a page, and less than the prompts. */
  static final int SPAN = 100;

  /** What the shipped streaming segments keep. */
  static final int SINK = 4;

  static final int RECENT = 64;

  private static final Path POLICIES = Path.of("..", "plans", "policies");
  private static final Map<String, LoadedModel> LOADED = new ConcurrentHashMap<>();

  private SampleModel() {}

  /** {@return a policy that ships with the compiler} */
  static Policy shipped(String name) {
    return Policy.parse(POLICIES.resolve(name + ".kvp"));
  }

  /** {@return a shipped policy that stores rows in {@code format}} */
  static Policy shipped(String name, String format) {
    String text = shipped(name).canonicalText();
    int end = text.lastIndexOf('}');
    String use = "use store-kv(format = " + format + "); }";
    return Policy.parse(new SourceText(name + ".kvp", text.substring(0, end) + use));
  }

  /** {@return a policy of these uses} */
  static Policy policy(String uses) {
    return Policy.parse(new SourceText("test.kvp", "policy test { " + uses + " }"));
  }

  /** {@return the plan of a policy for sessions of {@link #CONTEXT} in spans of {@link #SPAN}} */
  static Plan compile(Policy policy) {
    return compile(policy, CompilerOptions.defaults().withMaxContext(CONTEXT).withSpan(SPAN));
  }

  /** {@return the plan of a policy} */
  static Plan compile(Policy policy, CompilerOptions options) {
    try (Model model = Model.open(FOLDER)) {
      return Compiler.compile(model, policy, options).plan();
    }
  }

  /**
   * {@return a shipped policy with rows in {@code format}, loaded with two threads and the
   * machine's preferred vectors}
   *
   * <p>Kernels become fast as they run, so all test classes share what is loaded here; nothing
   * closes it before the Java virtual machine ends.
   */
  static LoadedModel shared(String policy, String format) {
    return LOADED.computeIfAbsent(
        policy + " " + format, key -> load(compile(shipped(policy, format)), twoThreads()));
  }

  /** {@return the model with a policy of these uses, shared by all test classes as well} */
  static LoadedModel using(String uses) {
    return LOADED.computeIfAbsent(uses, key -> load(compile(policy(key)), twoThreads()));
  }

  /** {@return options of tests: two threads, preferred vectors} */
  static LoadOptions twoThreads() {
    return LoadOptions.defaults().threads(2);
  }

  /** {@return a plan beside the sample model} */
  static LoadedModel load(Plan plan, LoadOptions options) {
    try {
      return LoadedModel.load(plan, FOLDER, options);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** {@return the graph that a plan was made from} */
  static Graph graph(Plan plan) {
    byte[] text = Objects.requireNonNull(plan.files().get("graph.kvir"));
    return GraphParser.parse(
        new SourceText("graph.kvir", new String(text, StandardCharsets.UTF_8)), Ops.catalog());
  }
}
