package dev.kvasir.cli;

import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanReader;
import dev.kvasir.runtime.LoadedModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

/** The verb {@code bench}: times a plan's steps and kernels. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    header = "Times a plan: prompts, steps, and each kernel of a step.",
    description = {
      "At each depth: rounds of reading a prompt into an empty cache, then rounds of steps, always"
          + " from the same cache. A round does its work again and again for at least 0.2 seconds."
          + " A kernel's bytes are those of the weights and visible cache rows that it reads, beside"
          + " the read bandwidth that the same run measures."
    })
final class BenchCommand implements Callable<Integer>, Failures.Placed, TornadoVerb {
  private static final String DEPTH = "--depth";
  private static final String FORMAT = "--format";
  private static final String JSON = "--json";
  private static final List<Integer> USUAL_DEPTHS = List.of(512, 2048, 8192);
  private static final int MOST_STEPS = 1 << 20;

  private final Console console;
  private Path place = Path.of("");

  // picocli sets it before anything of this is called.
  @SuppressWarnings("NullAway.Init")
  @Spec
  private CommandSpec spec;

  @Mixin private final PlanOptions plan = new PlanOptions();

  @Option(
      names = DEPTH,
      paramLabel = "N,...",
      converter = Depths.Converter.class,
      description =
          "Tokens in the cache before a round. Default: 512, 2048 and 8192 as far as the plan's"
              + " context goes.")
  private Optional<Depths> depth = Optional.empty();

  @Option(
      names = {"-o", FORMAT},
      paramLabel = "FORMAT",
      converter = BenchFormat.Converter.class,
      completionCandidates = BenchFormat.Converter.class,
      description = "One of ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
  private BenchFormat format = BenchFormat.MD;

  @Option(
      names = "--repeats",
      paramLabel = "N",
      converter = PositiveInteger.class,
      description =
          "Timed rounds. Default: ${DEFAULT-VALUE}. None that reads a prompt begins after "
              + Bench.PREFILL_SECONDS
              + " seconds of them.")
  private int repeats = 5;

  @Option(
      names = "--steps",
      paramLabel = "N",
      converter = PositiveInteger.class,
      description = "Steps beyond the depth. Default: ${DEFAULT-VALUE}.")
  private int steps = 16;

  @Option(
      names = "--warm-up",
      paramLabel = "SECONDS",
      description = "Untimed rounds before timed ones, at least one. Default: ${DEFAULT-VALUE}.")
  private double warmUp = 4;

  @Option(
      names = "--vs",
      paramLabel = "PLAN",
      description =
          "Another plan, timed beside this one: their rounds take turns. Shows the time of this"
              + " plan as a multiple of the other's.")
  private Optional<Path> other = Optional.empty();

  @Mixin private final CommonOptions common = new CommonOptions();

  BenchCommand(Console console) {
    this.console = console;
  }

  @Override
  public String place() {
    return place.toString();
  }

  @Override
  public Use tornado() throws IOException {
    for (BenchReport.Timed timed : plans()) {
      if (PlanOptions.tornado(timed.plan()) == Use.REQUIRED) {
        place = timed.file();
        return Use.REQUIRED;
      }
    }
    return Use.NONE;
  }

  @Override
  public String tornadoPlace() {
    return place();
  }

  @Override
  public Integer call() throws IOException {
    BenchFormat chosen = chosenFormat();
    requireRanges();
    List<BenchReport.Timed> plans = plans();
    List<Integer> depths = depths(plans);
    BenchReport report = measure(plans, depths);
    switch (chosen) {
      case MD -> new BenchMarkdown(report).lines().forEach(console.out()::println);
      case CSV -> new BenchCsv(report).lines().forEach(console.out()::println);
      case JSON -> Json.print(console, report.json());
    }
    return ExitCodes.OK;
  }

  private List<BenchReport.Timed> plans() throws IOException {
    List<BenchReport.Timed> plans = new ArrayList<>();
    place = plan.file();
    plans.add(new BenchReport.Timed(place, plan.read()));
    if (other.isPresent()) {
      place = other.get();
      plans.add(new BenchReport.Timed(place, PlanReader.read(place)));
    }
    return plans;
  }

  /** What is on the command line wins over what the environment says. */
  private BenchFormat chosenFormat() {
    ParseResult parsed = spec.commandLine().getParseResult();
    boolean typed = parsed.hasMatchedOption(FORMAT);
    if (!common.json() || (typed && !parsed.hasMatchedOption(JSON))) {
      return format;
    }
    if (typed && format != BenchFormat.JSON) {
      throw new ParameterException(
          spec.commandLine(), "Several formats: give one of %s and -o %s".formatted(JSON, format));
    }
    return BenchFormat.JSON;
  }

  private void requireRanges() {
    if (!(warmUp >= 0) || Double.isInfinite(warmUp)) {
      throw new ParameterException(
          spec.commandLine(), "--warm-up must be at least 0 seconds, got " + warmUp);
    }
    if (steps > MOST_STEPS) {
      throw new ParameterException(
          spec.commandLine(), "--steps must be at most %d, got %d".formatted(MOST_STEPS, steps));
    }
  }

  /** {@return the depths asked for, or else the usual ones that leave room for a round} */
  private List<Integer> depths(List<BenchReport.Timed> plans) {
    BenchReport.Timed smallest = plans.getFirst();
    for (BenchReport.Timed timed : plans) {
      smallest = context(timed.plan()) < context(smallest.plan()) ? timed : smallest;
    }
    int context = context(smallest.plan());
    int largest = context - steps;
    if (largest < 1) {
      throw new ParameterException(
          spec.commandLine(),
          "%s holds %s, which leaves no room for a round of %s: give --steps at most %d"
              .formatted(
                  smallest.file(),
                  Texts.count(context, "token"),
                  Texts.count(steps, "step"),
                  context - 1));
    }
    if (depth.isEmpty()) {
      List<Integer> usual = USUAL_DEPTHS.stream().filter(usualOne -> usualOne <= largest).toList();
      return usual.isEmpty() ? List.of(largest) : usual;
    }
    for (int asked : depth.get().tokens()) {
      if (asked > largest) {
        throw new ParameterException(
            spec.commandLine(),
            "Depth %d is too deep: %s holds %d tokens, so that with rounds of %s the largest depth is %d; give a smaller %s, or compile with a larger --max-context"
                .formatted(
                    asked, smallest.file(), context, Texts.count(steps, "step"), largest, DEPTH));
      }
    }
    return depth.get().tokens();
  }

  private static int context(Plan plan) {
    return plan.manifest().context();
  }

  private BenchReport measure(List<BenchReport.Timed> plans, List<Integer> depths)
      throws IOException {
    Bench.Options options = new Bench.Options(repeats, steps, warmUp, plan.loadOptions().threads());
    List<LoadedModel> models = new ArrayList<>();
    try {
      for (BenchReport.Timed timed : plans) {
        place = timed.file();
        models.add(plan.load(timed.file(), timed.plan()));
      }
      Bench bench = new Bench(console, models, options);
      List<Bench.AtDepth> times = new ArrayList<>();
      for (int tokens : depths) {
        times.add(bench.at(tokens));
      }
      String backend =
          models.stream()
              .map(LoadedModel::backendDescription)
              .distinct()
              .collect(Collectors.joining(" beside "));
      return new BenchReport(plans, backend, options, times);
    } finally {
      models.forEach(LoadedModel::close);
    }
  }
}
