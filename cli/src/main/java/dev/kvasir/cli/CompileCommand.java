package dev.kvasir.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvasir.cli.CommandException.Kind;
import dev.kvasir.cli.tornado.TornadoLauncher;
import dev.kvasir.codegen.driver.Compilation;
import dev.kvasir.codegen.driver.CompileReport.PassTime;
import dev.kvasir.codegen.driver.Compiler;
import dev.kvasir.codegen.driver.CompilerOptions;
import dev.kvasir.codegen.driver.Model;
import dev.kvasir.ir.graph.GraphPrinter;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.passes.PassListener;
import dev.kvasir.plans.PlanException;
import dev.kvasir.plans.PlanException.Reason;
import dev.kvasir.plans.PlanWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The verb {@code compile}: a model and a policy become a plan file. */
@Command(
    name = "compile",
    mixinStandardHelpOptions = true,
    header = "Compiles a model under a policy into a plan.")
final class CompileCommand implements Callable<Integer>, TornadoVerb {
  private static final String SUFFIX = ".kvplan";

  private final Console console;
  private final TornadoLauncher launcher;

  // picocli sets it before anything of this is called.
  @SuppressWarnings("NullAway.Init")
  @Spec
  private CommandSpec spec;

  @Parameters(
      paramLabel = "MODEL",
      description = "The model's folder, with config.json and model.safetensors.")
  private Path model = Path.of("");

  @Option(
      names = "--policy",
      required = true,
      paramLabel = "POLICY",
      completionCandidates = ShippedPolicies.Candidates.class,
      description = "A policy file, or a shipped policy: ${COMPLETION-CANDIDATES}.")
  private String policy = "";

  @Mixin private final CalibrationOption calibration = new CalibrationOption();

  @Option(
      names = "--target",
      paramLabel = "TARGET",
      converter = TargetName.Converter.class,
      completionCandidates = TargetName.Converter.class,
      description =
          "What kernels are compiled for: ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
  private TargetName target = TargetName.JVM;

  @Option(
      names = "--max-context",
      paramLabel = "N",
      converter = PositiveInteger.class,
      description = "Most tokens of a session. Default: the model's max_position_embeddings.")
  private Optional<Integer> maxContext = Optional.empty();

  @Option(
      names = "--span",
      paramLabel = "N",
      converter = PositiveInteger.class,
      description = "Most prompt tokens that are read at once. Default: the context, at most 4096.")
  private Optional<Integer> span = Optional.empty();

  @Option(
      names = "--tile",
      paramLabel = "NAME=N",
      split = ",",
      converter = TileOption.Converter.class,
      completionCandidates = TileOption.Converter.class,
      description = {
        "A size of kernels that the compiler is not to choose; several with commas between them or"
            + " several times. The names are those of ${COMPLETION-CANDIDATES}."
      })
  private List<TileOption> tiles = List.of();

  @Option(
      names = "--verify",
      description =
          "Compare with the model under policy full in f32 on a fixed text; write nothing when it"
              + " fails.")
  private boolean verify;

  @Mixin private final ThresholdOptions thresholds = new ThresholdOptions();

  @Option(
      names = "--dump-ir",
      paramLabel = "DIR",
      description = "Write the graph after each pass, and the text of each kernel, to this folder.")
  private Optional<Path> dumpIr = Optional.empty();

  @Mixin private final ShowOption show = new ShowOption();

  @Option(
      names = "--stop-after",
      paramLabel = "PASS",
      converter = PassName.class,
      completionCandidates = PassName.class,
      description =
          "Stop after this pass, write no plan and, without --dump-ir, print the graph:"
              + " ${COMPLETION-CANDIDATES}.")
  private Optional<String> stopAfter = Optional.empty();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "The plan file. Default: MODEL-POLICY.kvplan in the current folder.")
  private Optional<Path> output = Optional.empty();

  @Mixin private final CommonOptions common = new CommonOptions();

  CompileCommand(Console console, TornadoLauncher launcher) {
    this.console = console;
    this.launcher = launcher;
  }

  /** A plan is compiled without TornadoVM, and verified with it. */
  @Override
  public Use tornado() {
    return target == TargetName.TORNADO && verify && stopAfter.isEmpty() ? Use.REQUIRED : Use.NONE;
  }

  @Override
  public String tornadoPlace() {
    return "--verify";
  }

  @Override
  public Integer call() throws IOException {
    requireShowable();
    try (Model opened = Model.open(model)) {
      Policy parsed = ShippedPolicies.parse(policy);
      if (stopAfter.isPresent()) {
        stop(opened, parsed, stopAfter.get());
      } else {
        compile(opened, parsed);
      }
    }
    return ExitCodes.OK;
  }

  private void requireShowable() {
    if (show.folder().isEmpty()) {
      return;
    }
    if (target != TargetName.TORNADO || stopAfter.isPresent()) {
      throw new ParameterException(
          spec.commandLine(),
          "%s is for whole compilations with --target tornado; --dump-ir shows kernels of any"
                  .formatted(ShowOption.NAME)
              + " target");
    }
    show.require(launcher);
  }

  private void compile(Model opened, Policy parsed) throws IOException {
    Path file = output.orElseGet(() -> Path.of(modelName() + "-" + parsed.name() + SUFFIX));
    requireWritable(file);
    CompilerOptions options = options(file);
    Optional<IrDump> dump = dumpIr.map(IrDump::new);
    Compilation compilation;
    try (Progress progress = Progress.begin(console, "compile", Compiler.passNames().size() + 1L)) {
      compilation =
          Compiler.compile(opened, parsed, options.withListener(listener(dump, progress)));
    }
    dump.ifPresent(folder -> folder.addKernels(compilation.plan()));
    compilation.report().warnings().forEach(warning -> console.err().println(warning.render()));
    CompileOutput report = new CompileOutput(compilation, parsed, thresholds);
    Optional<Verification.Result> verified = Optional.empty();
    if (verify) {
      verified = Optional.of(new Verification(console).run(compilation.plan(), opened, options));
    }
    boolean accepted = verified.map(thresholds::accept).orElse(true);
    if (accepted) {
      PlanWriter.write(compilation.plan(), file);
    }
    Optional<Path> written = accepted ? Optional.of(file) : Optional.empty();
    print(report, verified, written, dump, shown(written));
    if (!accepted) {
      throw new CommandException(
          Kind.VERIFICATION_FAILED,
          parsed.source().name(),
          "verification failed, and no plan was written",
          "keep more in the policy, or change the bounds with --min-cosine, --min-agreement and"
              + " --max-divergence");
    }
  }

  /** {@return how many files of generated code there are, if they were asked for} */
  private OptionalLong shown(Optional<Path> written) throws IOException {
    return written.isPresent() && show.folder().isPresent()
        ? OptionalLong.of(ShowOption.show(launcher, written.get(), show.folder().get()))
        : OptionalLong.empty();
  }

  /** Runs the first passes alone. */
  private void stop(Model opened, Policy parsed, String lastPass) {
    List<PassTime> passes = new ArrayList<>();
    Optional<IrDump> dump = dumpIr.map(IrDump::new);
    CompilerOptions options =
        options(Path.of(""))
            .withListener(
                event -> {
                  passes.add(new PassTime(event.passId(), event.time(), event.changed()));
                  dump.ifPresent(folder -> folder.afterPass(event));
                });
    String graph = GraphPrinter.print(Compiler.transformUntil(lastPass, opened, parsed, options));
    if (common.json()) {
      ObjectNode object = Json.object();
      object.put("model", Compiler.describe(opened)).put("policy", parsed.name());
      PassLog.add(object, passes);
      object.put("stoppedAfter", lastPass).put("graph", graph);
      dump.ifPresent(folder -> object.put("dumped", folder.folder().toString()));
      Json.print(console, object);
    } else if (dump.isEmpty()) {
      console.out().print(graph);
    } else {
      Labelled lines = new Labelled(console.out(), CompileOutput.LABEL);
      lines.lines("passes", PassLog.lines(passes, CompileOutput.LABEL));
      printDump(dump.get());
    }
    console.out().flush();
    console.err().println("stopped after " + lastPass + "; no plan was written");
  }

  private static PassListener listener(Optional<IrDump> dump, Progress progress) {
    return event -> {
      dump.ifPresent(folder -> folder.afterPass(event));
      progress.advance(1);
    };
  }

  /** Says so before the work and not after it. */
  private static void requireWritable(Path file) throws PlanException {
    Path folder = file.toAbsolutePath().getParent();
    String problem = "";
    if (folder == null || Files.isDirectory(file)) {
      problem = "expected the path of a file, got a folder";
    } else if (!Files.isDirectory(folder)) {
      problem = "expected an existing folder, got none";
    }
    if (!problem.isEmpty()) {
      throw new PlanException(Reason.CANNOT_WRITE, file.toString(), problem);
    }
  }

  private void print(
      CompileOutput report,
      Optional<Verification.Result> verified,
      Optional<Path> written,
      Optional<IrDump> dump,
      OptionalLong shown)
      throws IOException {
    String shownIn = show.folder().map(Path::toString).orElse("");
    long bytes = written.isPresent() ? Files.size(written.get()) : 0;
    if (common.json()) {
      ObjectNode object = report.json(verified);
      written.ifPresent(file -> object.put("file", file.toString()).put("fileBytes", bytes));
      dump.ifPresent(folder -> object.put("dumped", folder.folder().toString()));
      shown.ifPresent(files -> object.put("generated", shownIn));
      Json.print(console, object);
      return;
    }
    report.print(console.out(), verified);
    dump.ifPresent(this::printDump);
    shown.ifPresent(files -> printFolder("shown", shownIn, files));
    written.ifPresent(file -> report.printWritten(console.out(), file, bytes));
    console.out().flush();
  }

  private void printDump(IrDump dump) {
    printFolder("dumped", dump.folder().toString(), dump.files());
  }

  private void printFolder(String label, String folder, long files) {
    new Labelled(console.out(), CompileOutput.LABEL)
        .line(label, "%s  (%s)".formatted(folder, Texts.count(files, "file")));
  }

  private CompilerOptions options(Path file) {
    CompilerOptions options =
        CompilerOptions.defaults()
            .withTarget(target.target())
            .withPlanFolder(Optional.ofNullable(file.toAbsolutePath().getParent()).orElse(file));
    if (maxContext.isPresent()) {
      options = options.withMaxContext(maxContext.get());
    }
    for (TileOption tile : tiles) {
      options = options.withTile(tile.size(), tile.value());
    }
    options = calibration.applyTo(options);
    return span.isPresent() ? options.withSpan(span.get()) : options;
  }

  private String modelName() {
    Path name = model.toAbsolutePath().normalize().getFileName();
    return name == null ? "model" : name.toString();
  }
}
