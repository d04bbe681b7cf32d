package dev.kvasir.samples;

import dev.kvasir.codegen.driver.Kvasir;
import dev.kvasir.codegen.driver.Model;
import dev.kvasir.codegen.driver.Target;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.plans.Plan;
import dev.kvasir.runtime.Generation;
import dev.kvasir.runtime.LoadOptions;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.Sampling;
import dev.kvasir.runtime.Session;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * What policies keep and what they cost: for each policy file, how many planted keys the sample
 * model recalls and how many cache bytes a session allocated, as a table. Needles lie at all
 * depths; every policy reads the same prompts.
 */
public final class CompareCaches {

  private static final long SEED = 7351;
  private static final int PROMPTS = 40;
  private static final List<Integer> LENGTHS = List.of(128, 256, 512, 1024);

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
    run(Path.of(arguments[0]), policies, new Questions(PROMPTS, LENGTHS), System.out);
  }

  /**
   * What every policy is asked.
   *
   * @param prompts prompts of each length
   * @param lengths bytes of a prompt, ascending
   */
  record Questions(int prompts, List<Integer> lengths) {
    Questions {
      lengths = List.copyOf(lengths);
    }
  }

  static void run(Path modelFolder, List<Path> policies, Questions questions, PrintStream out)
      throws IOException {
    out.printf("| policy | keys recalled of %d at", questions.prompts());
    questions.lengths().forEach(length -> out.printf(" %,d", length));
    int longest = questions.lengths().getLast();
    out.printf(" bytes | cache bytes at %,d |%n|---|---|---|%n", longest);
    try (Model model = Model.open(modelFolder)) {
      for (Path file : policies) {
        Policy policy = Policy.parse(file);
        Plan plan = Kvasir.compile(model, policy, Target.jvm());
        out.printf("| `%s` |", policy.name());
        compare(plan, modelFolder, questions, out);
      }
    }
  }

  private static void compare(Plan plan, Path modelFolder, Questions questions, PrintStream out)
      throws IOException {
    long bytes = 0;
    try (LoadedModel model = LoadedModel.load(plan, modelFolder, LoadOptions.defaults())) {
      for (int length : questions.lengths()) {
        int recalled = 0;
        for (NeedlePrompt prompt :
            NeedlePrompt.spread(new Random(SEED), length, questions.prompts())) {
          try (Session session = model.newSession()) {
            session.append(Prompt.of(prompt.text()));
            bytes = session.cacheStats().allocatedBytes();
            Generation generation =
                session.generate(
                    Prompt.of(""),
                    Sampling.greedy().maxTokens(prompt.answer().length()),
                    token -> {});
            if (generation.text().equals(prompt.answer())) {
              recalled++;
            }
          }
        }
        out.printf(" %d", recalled);
      }
    }
    out.printf(" | %,d |%n", bytes);
  }
}
