package dev.kvasir.samples;

import dev.kvasir.codegen.driver.Kvasir;
import dev.kvasir.codegen.driver.Model;
import dev.kvasir.codegen.driver.Target;
import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.plans.Plan;
import dev.kvasir.runtime.LoadOptions;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.LogitComparison;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.Sampling;
import dev.kvasir.runtime.Session;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * What policies keep and what they cost, as a table: for each policy file how many planted keys the
 * sample model recalls, how far its predictions move from those of a full cache in f32 while both
 * read the same text, and how many cache bytes a session allocated. Needles lie at all depths;
 * every policy reads the same prompts.
 */
public final class CompareCaches {

  private static final long SEED = 7351;
  private static final Questions QUESTIONS =
      new Questions(40, List.of(128, 256, 512, 1024), 4, 1024);
  private static final String REFERENCE = "policy reference { use store-kv(format = f32); }";

  private CompareCaches() {}

  /**
   * Prints the table.
   *
   * @param arguments model folder, then policy files
   */
  public static void main(String[] arguments) throws IOException {
    if (arguments.length < 2) {
      System.err.println("usage: CompareCaches MODEL_FOLDER POLICY_FILE...");
      System.exit(2);
    }
    List<Path> policies = Arrays.stream(arguments).skip(1).map(Path::of).toList();
    run(Path.of(arguments[0]), policies, QUESTIONS, System.out);
  }

  /**
   * What every policy is asked.
   *
   * @param prompts prompts of each length
   * @param lengths bytes of a prompt, ascending
   * @param texts texts that are read token by token, next to the reference
   * @param textLength bytes of each; its first half is a prompt
   */
  record Questions(int prompts, List<Integer> lengths, int texts, int textLength) {
    Questions {
      lengths = List.copyOf(lengths);
    }
  }

  static void run(Path modelFolder, List<Path> policies, Questions questions, PrintStream out)
      throws IOException {
    out.printf("| policy | keys recalled of %d at", questions.prompts());
    questions.lengths().forEach(length -> out.printf(" %,d", length));
    out.printf(" bytes | KL divergence | same first choice | cache bytes at full context |%n");
    out.printf("|---|---|---|---|---|%n");
    try (Model model = Model.open(modelFolder)) {
      Policy reference = Policy.parse(new SourceText("reference.kvp", REFERENCE));
      List<List<float[]>> expected = new ArrayList<>();
      try (LoadedModel loaded = load(model, reference)) {
        for (NeedlePrompt text : texts(questions)) {
          expected.add(logits(loaded, text));
        }
      }
      for (Path file : policies) {
        Policy policy = Policy.parse(file);
        out.printf("| `%s` |", policy.name());
        try (LoadedModel loaded = load(model, policy)) {
          compare(loaded, questions, expected, out);
        }
      }
    }
  }

  private static LoadedModel load(Model model, Policy policy) throws IOException {
    Plan plan = Kvasir.compile(model, policy, Target.jvm());
    return LoadedModel.load(plan, model.path(), LoadOptions.defaults());
  }

  private static List<NeedlePrompt> texts(Questions questions) {
    return NeedlePrompt.spread(new Random(SEED), questions.textLength(), questions.texts());
  }

  private static void compare(
      LoadedModel model, Questions questions, List<List<float[]>> expected, PrintStream out) {
    for (int length : questions.lengths()) {
      out.printf(" %d", recalled(model, length, questions.prompts()));
    }
    LogitComparison comparison = new LogitComparison();
    List<NeedlePrompt> texts = texts(questions);
    for (int text = 0; text < texts.size(); text++) {
      List<float[]> actual = logits(model, texts.get(text));
      for (int position = 0; position < actual.size(); position++) {
        comparison.add(expected.get(text).get(position), actual.get(position));
      }
    }
    out.printf(
        " | %.5f | %.1f%% | %,d |%n",
        comparison.meanDivergence(), 100 * comparison.agreement(), bytesAtFullContext(model));
  }

  private static int recalled(LoadedModel model, int length, int prompts) {
    int recalled = 0;
    for (NeedlePrompt prompt : NeedlePrompt.spread(new Random(SEED), length, prompts)) {
      Sampling sampling = Sampling.greedy().maxTokens(prompt.answer().length());
      try (Session session = model.newSession()) {
        String text = session.generate(Prompt.of(prompt.text()), sampling, token -> {}).text();
        recalled += text.equals(prompt.answer()) ? 1 : 0;
      }
    }
    return recalled;
  }

  /** The logits behind the first half of a text and behind each token of the second half. */
  private static List<float[]> logits(LoadedModel model, NeedlePrompt text) {
    int[] tokens = model.tokenizer().encode(text.text());
    int prompt = tokens.length / 2;
    List<float[]> logits = new ArrayList<>();
    try (Session session = model.newSession()) {
      session.append(Prompt.ofTokens(Arrays.copyOf(tokens, prompt)));
      logits.add(session.logits());
      for (int i = prompt; i < tokens.length; i++) {
        session.step(tokens[i]);
        logits.add(session.logits());
      }
    }
    return logits;
  }

  private static long bytesAtFullContext(LoadedModel model) {
    try (Session session = model.newSession()) {
      session.append(Prompt.ofTokens(new int[model.plan().manifest().context()]));
      return session.cacheStats().allocatedBytes();
    }
  }
}
