package dev.kvasir.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvasir.cli.CommandException.Kind;
import dev.kvasir.codegen.driver.Compilation;
import dev.kvasir.codegen.driver.Compiler;
import dev.kvasir.codegen.driver.CompilerOptions;
import dev.kvasir.codegen.driver.Model;
import dev.kvasir.plans.PlanWriter;
import dev.kvasir.runtime.CacheStats;
import dev.kvasir.runtime.Generation;
import dev.kvasir.runtime.LoadOptions;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.Sampling;
import dev.kvasir.runtime.Session;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The verb {@code demo}: the whole way on the sample model, and whether its answer is right. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    header = "Compiles the sample model under zigzag-k8v4 and asks it for a planted key.")
final class DemoCommand implements Callable<Integer>, Failures.Placed, TornadoVerb {
  private static final String POLICY = "zigzag-k8v4";
  private static final String SAMPLE = "samples/models/needle";
  private static final String TARGET = "--target";
  private static final int SHOWN = 48;
  private static final int MOST_TOKENS = 12;

  private final Console console;

  @Option(
      names = TARGET,
      paramLabel = "TARGET",
      converter = TargetName.Converter.class,
      completionCandidates = TargetName.Converter.class,
      description = "What runs it: ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
  private TargetName target = TargetName.JVM;

  @Option(
      names = "--device",
      paramLabel = "ID",
      description =
          "What runs the kernels, as 'kvasir devices' names it. Default: the first device of the"
              + " target.")
  private Optional<String> device = Optional.empty();

  @Mixin private final CommonOptions common = new CommonOptions();

  DemoCommand(Console console) {
    this.console = console;
  }

  /** What a demo found. */
  private record Outcome(
      String backend,
      String prompt,
      Generation generation,
      String answer,
      CacheStats cache,
      long fullBytes) {

    boolean right() {
      return answer.equals(Prose.ANSWER);
    }
  }

  @Override
  public Use tornado() {
    return target == TargetName.TORNADO ? Use.REQUIRED : Use.NONE;
  }

  @Override
  public String tornadoPlace() {
    return place();
  }

  @Override
  public String place() {
    return TARGET + " " + target;
  }

  @Override
  public Integer call() throws IOException {
    Path folder = sample();
    Path temporary = Files.createTempDirectory("kvasir-demo");
    Path file = temporary.resolve("demo.kvplan");
    try {
      Compilation compilation = compile(folder, file);
      Outcome outcome = ask(folder, file);
      if (common.json()) {
        Json.print(console, json(compilation, outcome));
      } else {
        print(compilation, outcome);
      }
      if (!outcome.right()) {
        console
            .err()
            .println(
                "demo: error: the model answered %s where %s is right"
                    .formatted(outcome.answer(), Prose.ANSWER));
        return ExitCodes.INTERNAL;
      }
      return ExitCodes.OK;
    } finally {
      Files.deleteIfExists(file);
      Files.deleteIfExists(temporary);
    }
  }

  private static Path sample() {
    Path folder = Path.of(System.getProperty("kvasir.home", "")).resolve(SAMPLE);
    if (!Files.isDirectory(folder)) {
      throw new CommandException(
          Kind.SAMPLE_NOT_FOUND,
          folder.toString(),
          "expected the folder of the sample model, got none",
          "run the demo with the launcher of a Kvasir checkout");
    }
    return folder;
  }

  private Compilation compile(Path folder, Path file) throws IOException {
    try (Model model = Model.open(folder)) {
      CompilerOptions options =
          CompilerOptions.defaults()
              .withTarget(target.target())
              .withPlanFolder(file.resolveSibling(""));
      Compilation compilation = Compiler.compile(model, ShippedPolicies.parse(POLICY), options);
      PlanWriter.write(compilation.plan(), file);
      return compilation;
    }
  }

  private Outcome ask(Path folder, Path file) throws IOException {
    String prompt = Prose.withQuestionAtEnd();
    String stop = Prose.ANSWER.substring(Prose.ANSWER.length() - 1);
    Sampling sampling = Sampling.greedy().maxTokens(MOST_TOKENS).stop(stop);
    // A short run is mostly the just-in-time compiler's work: leave it the other cores.
    LoadOptions options = LoadOptions.defaults().threads(1);
    // This very process compiled the plan.
    options = options.trustKernels(true);
    if (device.isPresent()) {
      options = options.device(device.get());
    }
    try (LoadedModel model = LoadedModel.load(file, folder, options);
        Session session = model.newSession()) {
      Generation generation = session.generate(Prompt.of(prompt), sampling, token -> {});
      String end =
          switch (generation.finishReason()) {
            case STOP -> stop;
            case MAX_TOKENS, END_TOKEN, CONTEXT_FULL, CANCELLED -> "";
          };
      CacheStats cache = session.cacheStats();
      return new Outcome(
          model.backendDescription(),
          prompt,
          generation,
          generation.text() + end,
          cache,
          FullCache.bytes(model.plan().manifest(), cache.trueTokens()));
    }
  }

  private void print(Compilation compilation, Outcome outcome) {
    Labelled lines = new Labelled(console.out(), 9);
    Generation generation = outcome.generation();
    lines.line("model", compilation.report().model());
    lines.line("policy", POLICY);
    if (target != TargetName.JVM) {
      lines.line("backend", outcome.backend());
    }
    lines.line(
        "prompt",
        "%s of prose with %s%s at %d, ending in"
            .formatted(
                Texts.count(bytes(outcome.prompt()), "byte"),
                Prose.QUESTION,
                Prose.ANSWER,
                Prose.needleOffset()));
    lines.line("", "..." + end(outcome.prompt()));
    lines.line("answer", outcome.answer() + (outcome.right() ? "   right" : "   wrong"));
    lines.line(
        "speed",
        "%s after a first token in %s"
            .formatted(
                Texts.tokensPerSecond(generation.timings().tokensPerSecond()),
                Texts.time(generation.timings().firstToken())));
    lines.line(
        "cache",
        "%s under full (%s) -> %s under %s  (%s)   at %s"
            .formatted(
                Texts.bytes(outcome.fullBytes()),
                FullCache.format(compilation.plan().manifest()),
                Texts.bytes(outcome.cache().allocatedBytes()),
                POLICY,
                Texts.ratio(outcome.fullBytes(), outcome.cache().allocatedBytes()),
                Texts.count(outcome.cache().trueTokens(), "token")));
    console.out().flush();
  }

  private static ObjectNode json(Compilation compilation, Outcome outcome) {
    Generation generation = outcome.generation();
    return Json.object()
        .put("model", compilation.report().model())
        .put("policy", POLICY)
        .put("target", compilation.plan().manifest().target())
        .put("backend", outcome.backend())
        .put("promptBytes", bytes(outcome.prompt()))
        .put("promptEnd", end(outcome.prompt()))
        .put("answer", outcome.answer())
        .put("right", outcome.right())
        .put("tokensPerSecond", generation.timings().tokensPerSecond())
        .put("firstTokenSeconds", generation.timings().firstToken().toNanos() / 1e9)
        .put("trueTokens", outcome.cache().trueTokens())
        .put("fullBytes", outcome.fullBytes())
        .put("allocatedBytes", outcome.cache().allocatedBytes());
  }

  private static int bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }

  private static String end(String prompt) {
    return prompt.substring(prompt.length() - SHOWN).replace('\n', ' ');
  }
}
