package dev.kvasir.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvasir.cli.CommandException.Kind;
import dev.kvasir.codegen.driver.Compiler;
import dev.kvasir.codegen.driver.CompilerOptions;
import dev.kvasir.codegen.driver.Model;
import dev.kvasir.codegen.driver.PolicyCheck;
import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.ir.policy.ResolvedPolicy;
import dev.kvasir.passes.analysis.CacheFootprint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The verb {@code explain}: what a policy would cost on a model, without compiling. */
@Command(
    name = "explain",
    mixinStandardHelpOptions = true,
    header = "Shows where the bytes of a cache would go, before anything is compiled.",
    description =
        "Bytes are those of a cache that holds the whole context: pages and page tables, per layer"
            + " and KV head. Limits are shown, not enforced.")
final class ExplainCommand implements Callable<Integer> {
  private final Console console;

  @Parameters(
      paramLabel = "POLICY",
      completionCandidates = ShippedPolicies.Candidates.class,
      description = "A policy file, or a shipped policy: ${COMPLETION-CANDIDATES}.")
  private String policy = "";

  @Option(
      names = "--model",
      required = true,
      paramLabel = "MODEL",
      description = "The model's folder; of its weights only the header is read.")
  private Path model = Path.of("");

  @Mixin private final CalibrationOption calibration = new CalibrationOption();

  @Option(
      names = "--max-context",
      paramLabel = "N",
      converter = PositiveInteger.class,
      description = "Tokens in the cache. Default: the model's max_position_embeddings.")
  private Optional<Integer> maxContext = Optional.empty();

  @Option(
      names = "--png",
      paramLabel = "FILE",
      description = "Also write a picture: a heat map of bytes, layers across and KV heads up.")
  private Optional<Path> png = Optional.empty();

  @Mixin private final CommonOptions common = new CommonOptions();

  ExplainCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    Explanation explanation;
    try (Model opened = Model.open(model)) {
      explanation = explain(opened, ShippedPolicies.parse(policy));
    }
    explanation.resolved().warnings().forEach(found -> console.err().println(found.render()));
    png.ifPresent(file -> write(new CacheChart(explanation).png(), file));
    if (common.json()) {
      ObjectNode object = explanation.json();
      png.ifPresent(file -> object.put("png", file.toString()));
      Json.print(console, object);
    } else {
      explanation.print(console.out());
      png.ifPresent(file -> console.out().println("wrote    " + file));
    }
    return ExitCodes.OK;
  }

  private Explanation explain(Model opened, Policy parsed) {
    CompilerOptions calibrated = calibration.applyTo(CompilerOptions.defaults());
    ResolvedPolicy resolved = PolicyCheck.check(parsed, opened, calibrated.calibrations());
    List<Graph> built = new ArrayList<>();
    CompilerOptions options =
        calibrated.withListener(
            event -> {
              if (event.number() == 1) {
                built.add(event.after());
              }
            });
    if (maxContext.isPresent()) {
      options = options.withMaxContext(maxContext.get());
    }
    Graph graph = Compiler.transform(opened, parsed, options);
    int context = Compiler.context(opened, options);
    return new Explanation(
        Compiler.describe(opened),
        parsed,
        resolved,
        context,
        CacheFootprint.of(graph, context, context),
        CacheFootprint.of(built.getFirst(), context, context),
        tokens -> CacheFootprint.of(graph, tokens, context).bytes());
  }

  private static void write(byte[] picture, Path file) {
    try {
      BytesFile.write(file, picture);
    } catch (IOException e) {
      throw new CommandException(
          Kind.OUTPUT_NOT_WRITABLE,
          file.toString(),
          "the picture cannot be written: " + e.getMessage(),
          "choose another path with --png");
    }
  }
}
