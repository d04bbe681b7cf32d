package dev.kvasir.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvasir.cli.CommandException.Kind;
import dev.kvasir.cli.HeadProbe.Measured;
import dev.kvasir.codegen.calibration.CalibrationMethod;
import dev.kvasir.codegen.calibration.HeadCalibration;
import dev.kvasir.codegen.calibration.ScoreTable;
import dev.kvasir.codegen.driver.Compiler;
import dev.kvasir.codegen.driver.Model;
import dev.kvasir.ir.model.ModelConfig;
import dev.kvasir.ir.policy.HeadScores;
import dev.kvasir.ir.policy.KvHead;
import dev.kvasir.passes.calibrate.RepeatedTokens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The verb {@code calibrate heads}: how much each KV head of a model retrieves. */
@Command(
    name = "heads",
    mixinStandardHelpOptions = true,
    header = "Scores the KV heads of a model by how much they retrieve from far back.",
    description = {
      "A policy then gives the share of layers or KV heads that keep every row, as in"
          + " 'group-heads(retrieval = 50%)'. A file heads.kvcal in the model's folder is used"
          + " unless --calibration names another.",
      "induction reads random tokens four times over and looks at attention onto the copy"
          + " (RazorAttention): one plan. ablation reads a text with planted keys and looks how far"
          + " the answers' logits move when a head streams: a plan for each head or layer."
    })
final class CalibrateHeadsCommand implements Callable<Integer> {
  private static final int LEAST_LENGTH = 64;
  private static final int ABLATION_LENGTH = 1024;
  private static final int LABEL = 9;

  private final Console console;

  // picocli sets it before anything of this is called.
  @SuppressWarnings("NullAway.Init")
  @Spec
  private CommandSpec spec;

  @Parameters(
      paramLabel = "MODEL",
      description = "The model's folder, with config.json and model.safetensors.")
  private Path model = Path.of("");

  @Option(
      names = "--method",
      paramLabel = "METHOD",
      converter = HeadMethod.Converter.class,
      completionCandidates = HeadMethod.Converter.class,
      description = "How to measure: ${COMPLETION-CANDIDATES}. Default: induction.")
  private Optional<HeadMethod> method = Optional.empty();

  @Option(
      names = "--criterion",
      paramLabel = "AXIS",
      converter = HeadCriterion.Converter.class,
      completionCandidates = HeadCriterion.Converter.class,
      description =
          "With ablation: what streams at a time, ${COMPLETION-CANDIDATES}. Under layer the heads of"
              + " a layer share a score. Default: head.")
  private Optional<HeadCriterion> criterion = Optional.empty();

  @Option(names = "--seed", paramLabel = "N", description = "Chooses the text. Default: 1.")
  private Optional<Long> seed = Optional.empty();

  @Option(
      names = "--length",
      paramLabel = "N",
      converter = PositiveInteger.class,
      description =
          "Tokens of the text, before its questions. Default: induction the model's context, at most"
              + " 10000; ablation three quarters of it, at most 1024.")
  private Optional<Integer> length = Optional.empty();

  @Option(
      names = "--import",
      paramLabel = "FILE",
      description =
          "Take the scores from a table instead, a line a layer and a number a KV head, such as"
              + " DuoAttention's full_attention_heads.tsv.")
  private Optional<Path> table = Optional.empty();

  @Option(
      names = {"-o", "--output"},
      required = true,
      paramLabel = "FILE",
      description = "The file to write, usually heads.kvcal.")
  private Path output = Path.of("");

  @Mixin private final CommonOptions common = new CommonOptions();

  CalibrateHeadsCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    requireConsistent();
    new CalibrationOutput(output).requireWritable();
    try (Model opened = Model.open(model)) {
      if (table.isPresent()) {
        ModelConfig config = opened.config();
        List<Float> scores = ScoreTable.read(table.get(), config.layers(), config.kvHeads());
        finish(opened, CalibrationMethod.IMPORTED, new Measured(scores, 0, 0));
      } else {
        HeadMethod chosen = method.orElse(HeadMethod.INDUCTION);
        finish(opened, chosen.method(), probe(chosen, opened.config()).run(opened));
      }
    }
    return ExitCodes.OK;
  }

  private void requireConsistent() {
    boolean measures =
        method.isPresent() || criterion.isPresent() || seed.isPresent() || length.isPresent();
    if (table.isPresent() && measures) {
      throw usage(
          "--import takes scores from a table; nothing is measured, so leave the others out");
    }
    if (criterion.isPresent() && method.orElse(HeadMethod.INDUCTION) != HeadMethod.ABLATION) {
      throw usage("--criterion is for --method ablation");
    }
  }

  private ParameterException usage(String problem) {
    return new ParameterException(spec.commandLine(), problem);
  }

  private HeadProbe probe(HeadMethod chosen, ModelConfig config) {
    int context = config.maxPositions();
    int most =
        switch (chosen) {
          case INDUCTION -> RepeatedTokens.REPEATS * RepeatedTokens.block(context);
          case ABLATION -> context;
        };
    int standard =
        switch (chosen) {
          case INDUCTION -> most;
          case ABLATION -> Math.min(ABLATION_LENGTH, context / 4 * 3);
        };
    int tokens = length.orElse(standard);
    if (tokens < LEAST_LENGTH || tokens > most) {
      throw new CommandException(
          Kind.USAGE,
          "--length",
          "expected %d to %d tokens for %s on this model, got %d"
              .formatted(LEAST_LENGTH, most, chosen, tokens),
          "leave --length out or give a number between");
    }
    long chosenSeed = seed.orElse(1L);
    return switch (chosen) {
      case INDUCTION -> new InductionProbe(console, tokens / RepeatedTokens.REPEATS, chosenSeed);
      case ABLATION ->
          new AblationProbe(
              console,
              tokens,
              chosenSeed,
              criterion.orElse(HeadCriterion.HEAD) == HeadCriterion.LAYER);
    };
  }

  private void finish(Model opened, CalibrationMethod how, Measured measured) throws IOException {
    boolean imported = how == CalibrationMethod.IMPORTED;
    HeadCalibration calibration =
        new HeadCalibration(
            output.toString(),
            opened.fingerprint(),
            how,
            imported ? OptionalLong.empty() : OptionalLong.of(seed.orElse(1L)),
            imported ? OptionalLong.empty() : OptionalLong.of(measured.tokens()),
            opened.config().layers(),
            opened.config().kvHeads(),
            measured.scores());
    new CalibrationOutput(output)
        .write(file -> calibration.write(file, new TreeMap<>(measured.parts())));
    if (common.json()) {
      Json.print(console, json(opened, calibration, measured));
    } else {
      print(opened, calibration, measured);
    }
  }

  private void print(Model opened, HeadCalibration calibration, Measured measured)
      throws IOException {
    Labelled lines = new Labelled(console.out(), LABEL);
    lines.line("model", Compiler.describe(opened));
    String how =
        table
            .map(file -> "imported from " + file)
            .orElseGet(
                () ->
                    "%s, %s, seed %d, %s"
                        .formatted(
                            calibration.method().word(),
                            Texts.count(measured.tokens(), "token"),
                            calibration.seed().orElse(0),
                            Texts.count(measured.plans(), "plan")));
    lines.line("method", how);
    lines.lines("scores", table(calibration.scores()));
    lines.line("wrote", "%s  (%s)".formatted(output, Texts.bytes(Files.size(output))));
    console.out().flush();
  }

  private static List<String> table(HeadScores scores) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("layer", "mean", "KV heads from 0"));
    for (int layer = 0; layer < scores.layers(); layer++) {
      int row = layer;
      String heads =
          IntStream.range(0, scores.kvHeads())
              .mapToObj(head -> Texts.format("%.4g", scores.of(new KvHead(row, head))))
              .collect(Collectors.joining("  "));
      rows.add(
          List.of(Integer.toString(layer), Texts.format("%.4g", scores.ofLayer(layer)), heads));
    }
    return Texts.table(rows, Set.of(0, 1));
  }

  private ObjectNode json(Model opened, HeadCalibration calibration, Measured measured) {
    ObjectNode object = Json.object();
    object.put("model", Compiler.describe(opened));
    object.put("fingerprint", calibration.fingerprint());
    object.put("method", calibration.method().word());
    calibration.seed().ifPresent(number -> object.put("seed", number));
    calibration.length().ifPresent(number -> object.put("tokens", number));
    object.put("plans", measured.plans());
    HeadScores scores = calibration.scores();
    ArrayNode layers = object.putArray("scores");
    for (int layer = 0; layer < scores.layers(); layer++) {
      ArrayNode heads = layers.addArray();
      for (int head = 0; head < scores.kvHeads(); head++) {
        heads.add(scores.of(new KvHead(layer, head)));
      }
    }
    object.put("file", output.toString());
    return object;
  }
}
