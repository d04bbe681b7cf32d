package dev.kvasir.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvasir.plans.Manifest;
import dev.kvasir.runtime.CacheStats;
import dev.kvasir.runtime.FinishReason;
import dev.kvasir.runtime.Generation;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.Sampling;
import dev.kvasir.runtime.Session;
import dev.kvasir.runtime.Token;
import java.io.IOException;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The verb {@code run}: generates text from a plan. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    header = "Generates text: the text alone on stdout, as it comes.")
final class RunCommand implements Callable<Integer>, Failures.Placed {
  private final Console console;

  @Mixin private final PlanOptions plan = new PlanOptions();
  @Mixin private final PromptOptions prompt = new PromptOptions();

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

  @Option(names = "--stats", description = "Write times and cache bytes to stderr.")
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
  public Integer call() throws IOException {
    Prompt text = prompt.prompt();
    Sampling sampling = Sampling.greedy().maxTokens(maxTokens).temperature(temperature).seed(seed);
    try (LoadedModel model = plan.load();
        Session session = model.newSession();
        Interruption _ = Interruption.calling(session::cancel)) {
      Generation generation = session.generate(text, sampling, token -> show(token, session));
      CacheStats cache = session.cacheStats();
      finish(model, generation, cache);
      return generation.finishReason() == FinishReason.CANCELLED
          ? ExitCodes.INTERRUPTED
          : ExitCodes.OK;
    }
  }

  private void show(Token token, Session session) {
    if (common.json()) {
      return;
    }
    console.out().print(token.text());
    // Also flushes. Nobody reads what follows, as behind `| head`.
    if (console.out().checkError()) {
      session.cancel();
    }
  }

  private void finish(LoadedModel model, Generation generation, CacheStats cache) {
    long full = FullCache.bytes(model.plan().manifest(), cache.trueTokens());
    if (common.json()) {
      Json.print(console, json(model, generation, cache, full));
    } else if (console.outIsTerminal()) {
      console.out().println();
    }
    console.out().flush();
    if (stats) {
      printStats(model, generation, cache, full);
    }
    if (generation.finishReason() == FinishReason.CANCELLED) {
      console
          .err()
          .println("interrupted after " + Texts.count(generation.tokens().size(), "token"));
    }
    console.err().flush();
  }

  private void printStats(LoadedModel model, Generation generation, CacheStats cache, long full) {
    Labelled lines = new Labelled(console.err(), 11);
    lines.line("backend", model.backendDescription());
    lines.line(
        "prompt",
        "%s, first token after %s"
            .formatted(
                Texts.count(generation.promptTokens(), "token"),
                Texts.time(generation.timings().firstToken())));
    lines.line(
        "generated",
        "%s, %s, ended by %s"
            .formatted(
                Texts.count(generation.tokens().size(), "token"),
                Texts.tokensPerSecond(generation.timings().tokensPerSecond()),
                word(generation.finishReason())));
    Manifest manifest = model.plan().manifest();
    lines.line(
        "cache",
        "%s allocated after %s under %s; %s under full in bf16 (%s)"
            .formatted(
                Texts.bytes(cache.allocatedBytes()),
                Texts.count(cache.trueTokens(), "token"),
                manifest.policy().name(),
                Texts.bytes(full),
                Texts.ratio(full, cache.allocatedBytes())));
  }

  private static ObjectNode json(
      LoadedModel model, Generation generation, CacheStats cache, long full) {
    ObjectNode object = Json.object();
    object.put("text", generation.text());
    generation.tokens().forEach(object.putArray("tokens")::add);
    object.put("finishReason", word(generation.finishReason()));
    object.put("promptTokens", generation.promptTokens());
    Generation.Timings timings = generation.timings();
    object.put("firstTokenSeconds", timings.firstToken().toNanos() / 1e9);
    object.put("totalSeconds", timings.total().toNanos() / 1e9);
    object.put("tokensPerSecond", timings.tokensPerSecond());
    object.put("backend", model.backendDescription());
    object.put("policy", model.plan().manifest().policy().name());
    object
        .putObject("cache")
        .put("allocatedBytes", cache.allocatedBytes())
        .put("reservedBytes", cache.reservedBytes())
        .put("fullBytes", full)
        .put("trueTokens", cache.trueTokens())
        .put("keptRows", cache.keptRows())
        .put("evictions", cache.evictions());
    return object;
  }

  private static String word(FinishReason reason) {
    return reason.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
