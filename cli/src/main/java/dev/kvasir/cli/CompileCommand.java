package dev.kvasir.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvasir.cli.CommandException.Kind;
import dev.kvasir.codegen.driver.Compilation;
import dev.kvasir.codegen.driver.Compiler;
import dev.kvasir.codegen.driver.CompilerOptions;
import dev.kvasir.codegen.driver.Model;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.plans.PlanWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The verb {@code compile}: a model and a policy become a plan file. */
@Command(
    name = "compile",
    mixinStandardHelpOptions = true,
    header = "Compiles a model under a policy into a plan.")
final class CompileCommand implements Callable<Integer> {
  private static final String SUFFIX = ".kvplan";

  private final Console console;

  @Parameters(
      paramLabel = "MODEL",
      description = "The model's folder, with config.json and model.safetensors.")
  private Path model = Path.of("");

  @Option(
      names = "--policy",
      required = true,
      paramLabel = "POLICY",
      description = "A policy file, or a shipped policy: full, streaming, zigzag-sets, duo-sets.")
  private String policy = "";

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
      description = "Most prompt tokens that are read at once. Default: the whole context.")
  private Optional<Integer> span = Optional.empty();

  @Option(
      names = "--verify",
      description =
          "Compare with the model under policy full in f32 on a fixed text; write nothing when it"
              + " fails.")
  private boolean verify;

  @Mixin private final ThresholdOptions thresholds = new ThresholdOptions();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "The plan file. Default: MODEL-POLICY.kvplan in the current folder.")
  private Optional<Path> output = Optional.empty();

  @Mixin private final CommonOptions common = new CommonOptions();

  CompileCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    if (target == TargetName.TORNADO) {
      throw new CommandException(
          Kind.TARGET_UNAVAILABLE,
          "--target tornado",
          "this build has no TornadoVM back end",
          "compile with --target jvm");
    }
    try (Model opened = Model.open(model)) {
      Policy parsed = ShippedPolicies.parse(policy);
      Path file = output.orElseGet(() -> Path.of(modelName() + "-" + parsed.name() + SUFFIX));
      CompilerOptions options = options(file);
      Compilation compilation = Compiler.compile(opened, parsed, options);
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
      print(report, verified, accepted ? Optional.of(file) : Optional.empty());
      if (!accepted) {
        throw new CommandException(
            Kind.VERIFICATION_FAILED,
            parsed.source().name(),
            "verification failed, and no plan was written",
            "keep more in the policy, or change the bounds with --min-cosine, --min-agreement and"
                + " --max-divergence");
      }
    }
    return ExitCodes.OK;
  }

  private void print(
      CompileOutput report, Optional<Verification.Result> verified, Optional<Path> written)
      throws IOException {
    long bytes = written.isPresent() ? Files.size(written.get()) : 0;
    if (common.json()) {
      ObjectNode object = report.json(verified);
      written.ifPresent(file -> object.put("file", file.toString()).put("fileBytes", bytes));
      Json.print(console, object);
      return;
    }
    report.print(console.out(), verified);
    written.ifPresent(file -> report.printWritten(console.out(), file, bytes));
    console.out().flush();
  }

  private CompilerOptions options(Path file) {
    CompilerOptions options =
        CompilerOptions.defaults()
            .withPlanFolder(Optional.ofNullable(file.toAbsolutePath().getParent()).orElse(file));
    if (maxContext.isPresent()) {
      options = options.withMaxContext(maxContext.get());
    }
    return span.isPresent() ? options.withSpan(span.get()) : options;
  }

  private String modelName() {
    Path name = model.toAbsolutePath().normalize().getFileName();
    return name == null ? "model" : name.toString();
  }
}
