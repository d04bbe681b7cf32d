package dev.kvasir.cli;

import dev.kvasir.plans.Plan;
import dev.kvasir.runtime.FinishReason;
import dev.kvasir.runtime.Generation;
import dev.kvasir.runtime.KvasirException;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.ReadBandwidth;
import dev.kvasir.runtime.Sampling;
import dev.kvasir.runtime.Session;
import dev.kvasir.runtime.Token;
import dev.kvasir.runtime.backend.VectorWidth;
import java.io.IOException;
import java.time.Duration;
import java.util.LongSummaryStatistics;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The verb {@code run}: generates text from a plan. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    header = "Generates text: the text alone on stdout, as it comes.",
    description = "With --prompt-ids: the ids of the generated tokens, with commas between them.")
final class RunCommand implements Callable<Integer>, Failures.Placed, TornadoVerb {
  private final Console console;
  private boolean anyShown;

  // picocli sets it before anything of this is called.
  @SuppressWarnings("NullAway.Init")
  @Spec
  private CommandSpec spec;

  @Mixin private final PlanOptions plan = new PlanOptions();
  @Mixin private final PromptOptions prompt = new PromptOptions();
  @Mixin private final TaskOption task = new TaskOption();

  @Option(
      names = {"-n", "--max-tokens"},
      paramLabel = "N",
      converter = PositiveInteger.class,
      description = "Most tokens to generate. Default: ${DEFAULT-VALUE}.")
  private int maxTokens = Sampling.DEFAULT_MAX_TOKENS;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      description = "0 takes the most likely token, more draws. Default: ${DEFAULT-VALUE}.")
  private double temperature = 0;

  @Option(
      names = "--seed",
      paramLabel = "S",
      description = "Begins the random numbers of --temperature. Default: ${DEFAULT-VALUE}.")
  private long seed = 0;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      description =
          "With --temperature: draw from the most likely tokens that together have this"
              + " probability, over 0 to 1. Default: ${DEFAULT-VALUE}, all.")
  private double topP = 1;

  @Option(
      names = "--stats",
      description = {
        "Write to stderr: times, bytes that a step reads beside the read bandwidth of this machine,"
            + " which is measured for it, and cache bytes. With --json they are in the object."
      })
  private boolean stats;

  @Mixin private final CommonOptions common = new CommonOptions();

  RunCommand(Console console) {
    this.console = console;
  }

  @Override
  public String place() {
    return plan.file().toString();
  }

  @Override
  public Use tornado() throws IOException {
    return plan.tornado();
  }

  @Override
  public String tornadoPlace() {
    return place();
  }

  @Override
  public Integer call() throws IOException {
    Prompt text = prompt.prompt();
    Sampling sampling = sampling();
    try (LoadedModel model = plan.load();
        Session session = model.newSession(task.sessionOptions());
        Interruption _ = Interruption.calling(session::cancel)) {
      RunReport report = generate(model, session, text, sampling);
      finish(report);
      return report.generation().finishReason() == FinishReason.CANCELLED
          ? ExitCodes.INTERRUPTED
          : ExitCodes.OK;
    }
  }

  private Sampling sampling() {
    try {
      return Sampling.greedy().maxTokens(maxTokens).temperature(temperature).topP(topP).seed(seed);
    } catch (KvasirException e) {
      throw new ParameterException(spec.commandLine(), e.problem());
    }
  }

  private RunReport generate(LoadedModel model, Session session, Prompt text, Sampling sampling) {
    int[] tokens = prompt.encode(text, model);
    long start = System.nanoTime();
    read(session, tokens);
    Duration reading = Duration.ofNanos(System.nanoTime() - start);
    LongSummaryStatistics cacheBytes = new LongSummaryStatistics();
    Generation generation =
        session.generate(
            Prompt.ofTokens(),
            sampling,
            token -> {
              show(token, session);
              if (stats) {
                cacheBytes.accept(session.cacheStats().allocatedBytes());
              }
            });
    return new RunReport(
        model.plan(),
        model.backendDescription(),
        plan.loadOptions().threads(),
        VectorWidth.choose(plan.loadOptions().vectorBits()),
        tokens.length,
        generation,
        reading.plus(generation.timings().firstToken()),
        session.cacheStats(),
        session.settings(),
        stats
            ? Optional.of(reading(model.plan(), Math.round(cacheBytes.getAverage())))
            : Optional.empty());
  }

  private void read(Session session, int[] tokens) {
    try (Progress progress = Progress.begin(console, "prompt", tokens.length)) {
      session.append(Prompt.ofTokens(tokens), progress::advance);
    }
  }

  private RunReport.Reading reading(Plan read, long cacheBytes) {
    long weights = StepWeights.of(read);
    if (!ReadBandwidths.measurable(read)) {
      return new RunReport.Reading(weights, cacheBytes, Optional.empty(), ReadBandwidths.WHY_NOT);
    }
    try {
      double bandwidth = ReadBandwidth.measure(plan.loadOptions().threads());
      return new RunReport.Reading(weights, cacheBytes, Optional.of(bandwidth), "");
    } catch (OutOfMemoryError e) {
      return new RunReport.Reading(
          weights, cacheBytes, Optional.empty(), "no memory for it: " + e.getMessage());
    }
  }

  private void show(Token token, Session session) {
    if (common.json()) {
      return;
    }
    if (prompt.isIds()) {
      console.out().print((anyShown ? "," : "") + token.id());
      anyShown = true;
    } else {
      console.out().print(token.text());
    }
    // Also flushes. Nobody reads what follows, as behind `| head`.
    if (console.out().checkError()) {
      session.cancel();
    }
  }

  private void finish(RunReport report) {
    if (common.json()) {
      Json.print(console, report.json());
    } else if (console.outIsTerminal() || anyShown) {
      console.out().println();
    }
    console.out().flush();
    if (stats && !common.json()) {
      report.print(console.err());
    }
    Generation generation = report.generation();
    if (generation.finishReason() == FinishReason.CANCELLED) {
      console
          .err()
          .println("interrupted after " + Texts.count(generation.tokens().size(), "token"));
    }
    console.err().flush();
  }
}
