package dev.kvasir.cli;

import dev.kvasir.cli.eval.Baseline;
import dev.kvasir.cli.eval.Evaluation;
import dev.kvasir.cli.eval.Passages;
import dev.kvasir.cli.eval.Results;
import dev.kvasir.cli.eval.Settings;
import dev.kvasir.cli.eval.Subject;
import dev.kvasir.cli.eval.Suite;
import dev.kvasir.cli.eval.Watcher;
import dev.kvasir.codegen.driver.Compiler;
import dev.kvasir.codegen.driver.Model;
import dev.kvasir.plans.Plan;
import dev.kvasir.runtime.LoadOptions;
import dev.kvasir.runtime.LoadedModel;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The verb {@code eval}: what a plan's cache does to answers. */
@Command(
    name = "eval",
    mixinStandardHelpOptions = true,
    header = "Measures what the caches of plans do to answers.",
    description = {
      "Reads texts with planted keys and asks for them, and reads plain text token by token; the"
          + " same for every plan, and for baselines of equal bytes. The context is read, and"
          + " compressed, before the question is seen. Distances are from policy full in f32.",
      "Writes report.md, metrics.json, predictions.csv and a picture for each cache and suite:"
          + " right answers by depth and length."
    })
final class EvalCommand implements Callable<Integer>, Failures.Placed, TornadoVerb {
  private static final String LENGTHS = "--lengths";
  private static final String TEXT = "--text";
  private static final List<Integer> USUAL_LENGTHS = List.of(128, 256, 512, 1024);
  private static final int MOST_SAMPLES = 10_000;
  private static final int MOST_KEYS = 64;

  private final Console console;
  private String place = "";

  // picocli sets it before anything of this is called.
  @SuppressWarnings("NullAway.Init")
  @Spec
  private CommandSpec spec;

  @Mixin private final EvalSubjects subjects = new EvalSubjects();
  @Mixin private final LoadingOptions loading = new LoadingOptions();

  @Option(
      names = "--suite",
      paramLabel = "SUITE",
      split = ",",
      converter = EvalSuite.class,
      completionCandidates = EvalSuite.class,
      description = {
        "What is asked: ${COMPLETION-CANDIDATES}, several with commas between them. Default: all.",
        "needle: one key in each context, at each depth. passkey: several keys, one asked for."
            + " recall: a key in every 64 tokens, at most 64, each asked for. ppl: perplexity of"
            + " the second half of a text, and distance from the full cache."
      })
  private List<Suite> suites = List.of(Suite.values());

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "The folder to write: new, empty, or one that eval wrote before.")
  private Path out = Path.of("");

  @Option(
      names = LENGTHS,
      paramLabel = "N,...",
      converter = WholeNumbers.Lengths.class,
      description =
          "Tokens of context, question and answer together. Default: 128, 256, 512 and 1024 as far"
              + " as contexts and, for ppl, the text go.")
  private Optional<WholeNumbers> lengths = Optional.empty();

  @Option(
      names = "--depths",
      paramLabel = "P,...",
      converter = WholeNumbers.Percentages.class,
      description =
          "Where keys are planted: percent of the text before them, 0 to 100. Default:"
              + " 0,25,50,75,100.")
  private WholeNumbers depths = new WholeNumbers(List.of(0, 25, 50, 75, 100));

  @Option(
      names = "--samples",
      paramLabel = "N",
      converter = PositiveInteger.class,
      description =
          "Contexts of each length and depth, of recall and ppl of each length, 1 to "
              + MOST_SAMPLES
              + ". Default: ${DEFAULT-VALUE}.")
  private int samples = 4;

  @Option(
      names = "--keys",
      paramLabel = "N",
      converter = PositiveInteger.class,
      description =
          "Keys in a context of passkey, 1 to " + MOST_KEYS + ". Default: ${DEFAULT-VALUE}.")
  private int keys = 4;

  @Option(
      names = "--seed",
      paramLabel = "S",
      description = "Start of the random numbers. Default: ${DEFAULT-VALUE}.")
  private long seed = 1;

  @Option(
      names = TEXT,
      paramLabel = "FILE",
      description = {
        "UTF-8 text in which keys are planted, and which ppl reads. Default: some prose that comes"
            + " with Kvasir. Where keys need more, it begins again."
      })
  private Optional<Path> text = Optional.empty();

  @Option(
      names = "--prompt-format",
      paramLabel = "FORMAT",
      converter = EvalFormat.Converter.class,
      completionCandidates = EvalFormat.Converter.class,
      description = {
        "How keys are planted and asked for: ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.",
        "bracketed: [Kq=7351] and [Kq=, as the sample model was trained. english: sentences. auto:"
            + " bracketed where a token is a byte, else english."
      })
  private EvalFormat format = EvalFormat.AUTO;

  @Option(
      names = "--query-aware",
      description =
          "Read the question together with the context, so that it can be compressed for"
              + " the question.")
  private boolean queryAware;

  @Option(
      names = "--baselines",
      paramLabel = "NAME",
      split = ",",
      converter = EvalBaseline.Converter.class,
      completionCandidates = EvalBaseline.Converter.class,
      description = {
        "What plans are measured against: ${COMPLETION-CANDIDATES}, several with commas between"
            + " them. Default: full,streaming,random.",
        "streaming and random: the first 4 and the latest rows, or rows at random, as many as fit"
            + " into the bytes that the plan allocates at each length."
      })
  private List<EvalBaseline> baselines =
      List.of(EvalBaseline.FULL, EvalBaseline.STREAMING, EvalBaseline.RANDOM);

  @Mixin private final CommonOptions common = new CommonOptions();

  EvalCommand(Console console) {
    this.console = console;
  }

  @Override
  public String place() {
    return place;
  }

  @Override
  public Use tornado() throws IOException {
    return subjects.tornado();
  }

  @Override
  public String tornadoPlace() {
    return subjects.tornadoPlace();
  }

  @Override
  public Integer call() throws IOException {
    requireRanges();
    EvalFolder folder = EvalFolder.open(out);
    String prose =
        text.map(file -> TextFile.read(file, "text", TEXT)).orElseGet(EvalCommand::prose);
    if (prose.isEmpty()) {
      throw new ParameterException(
          spec.commandLine(), "%s must have at least one character".formatted(TEXT));
    }
    subjects.read(file -> place = file);
    try (Model model = Model.open(subjects.modelFolder(spec, loading.model()))) {
      List<Subject> measured = subjects.all(console, model);
      requireContext(measured);
      EvalReport report;
      try (LoadedModel first = load(measured.getFirst(), model)) {
        report = measure(model, first, measured, prose);
      }
      List<String> files = folder.write(report);
      print(report, files);
    }
    return ExitCodes.OK;
  }

  private void requireRanges() {
    requireAtMost("--samples", samples, MOST_SAMPLES);
    requireAtMost("--keys", keys, MOST_KEYS);
    if (baselines.contains(EvalBaseline.NONE) && baselines.size() > 1) {
      throw new ParameterException(
          spec.commandLine(), "--baselines: none goes alone, without others");
    }
  }

  private void requireAtMost(String option, int value, int most) {
    if (value > most) {
      throw new ParameterException(
          spec.commandLine(), "%s must be at most %d, got %d".formatted(option, most, value));
    }
  }

  private EvalReport measure(Model model, LoadedModel first, List<Subject> measured, String prose)
      throws IOException {
    Settings wanted = settings(first.plan(), lengths.map(WholeNumbers::numbers).orElse(List.of()));
    Passages passages = new Passages(wanted, prose, first.tokenizer());
    Settings settings = settings(first.plan(), lengths(measured, passages));
    Passages asked = new Passages(settings, prose, first.tokenizer());
    requireRoom(settings, asked);
    Evaluation.Loader loader = subject -> load(subject, model);
    Results results =
        new Evaluation(settings, asked, model, first, loader, this::begin)
            .run(measured, EvalBaseline.of(baselines));
    for (Baseline missing : results.unavailable()) {
      console.err().println(EvalReport.unavailable(missing));
    }
    String source = text.map(Path::toString).orElse("the prose that comes with Kvasir");
    return new EvalReport(Compiler.describe(model), source, results);
  }

  private Settings settings(Plan plan, List<Integer> chosen) {
    return new Settings(
        suites.stream().sorted().distinct().toList(),
        chosen,
        depths.numbers(),
        samples,
        keys,
        seed,
        format.of(plan.manifest().tokenizer()),
        queryAware);
  }

  private void requireContext(List<Subject> measured) {
    Subject smallest = smallest(measured);
    for (int asked : lengths.map(WholeNumbers::numbers).orElse(List.of())) {
      if (asked > context(smallest)) {
        throw new ParameterException(
            spec.commandLine(),
            "Length %d is too long: %s holds %d tokens; give smaller %s, or compile with a larger --max-context"
                .formatted(asked, smallest.place(), context(smallest), LENGTHS));
      }
    }
  }

  private static Subject smallest(List<Subject> measured) {
    return Collections.min(measured, Comparator.comparingInt(EvalCommand::context));
  }

  /** {@return the lengths asked for, or else the usual ones that there is room for} */
  private List<Integer> lengths(List<Subject> measured, Passages passages) {
    boolean reads = suites.contains(Suite.PPL);
    if (lengths.isEmpty()) {
      int context = context(smallest(measured));
      int usable = reads ? Math.min(context, passages.textTokens()) : context;
      List<Integer> usual = USUAL_LENGTHS.stream().filter(one -> one <= usable).toList();
      return usual.isEmpty() ? List.of(usable) : usual;
    }
    for (int asked : lengths.get().numbers()) {
      if (reads && asked > passages.textTokens()) {
        throw new ParameterException(
            spec.commandLine(),
            "Length %d is too long for ppl: the text has %d tokens; give a longer one with %s, or smaller %s"
                .formatted(asked, passages.textTokens(), TEXT, LENGTHS));
      }
    }
    return lengths.get().numbers();
  }

  private void requireRoom(Settings settings, Passages passages) {
    for (Suite suite : settings.suites()) {
      for (int length : settings.lengths()) {
        int needed = passages.needed(suite, length);
        if (needed > length) {
          throw new ParameterException(
              spec.commandLine(),
              "Length %d is too short for %s, which needs %d there: give larger %s%s"
                  .formatted(
                      length,
                      suite,
                      needed,
                      LENGTHS,
                      suite == Suite.PASSKEY ? ", or fewer --keys" : ""));
        }
      }
    }
  }

  private static int context(Subject subject) {
    return subject.plan().manifest().context();
  }

  /** A plan that this process compiled needs nobody's trust. */
  private LoadedModel load(Subject subject, Model model) throws IOException {
    place = subject.place();
    LoadOptions options = loading.loadOptions();
    return LoadedModel.load(
        subject.plan(),
        model.path(),
        subject.compiledHere() ? options.trustKernels(true) : options);
  }

  private Watcher.Stage begin(String task, long tokens) {
    Progress progress = Progress.begin(console, task, tokens);
    return new Watcher.Stage() {
      @Override
      public void advance(long more) {
        progress.advance(more);
      }

      @Override
      public void close() {
        progress.close();
      }
    };
  }

  private void print(EvalReport report, List<String> files) {
    if (common.json()) {
      Json.print(console, EvalJson.of(report).put("out", out.toString()));
      return;
    }
    new EvalMarkdown(report).summary().forEach(console.out()::println);
    console.out().println();
    console.out().println("wrote    %s  (%s)".formatted(out, Texts.count(files.size(), "file")));
  }

  private static String prose() {
    try (InputStream in = Evaluation.class.getResourceAsStream("prose.txt")) {
      if (in == null) {
        throw new IllegalStateException("prose.txt is not on the class path");
      }
      return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
