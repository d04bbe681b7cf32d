package dev.kvasir.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvasir.codegen.calibration.ConvCalibration;
import dev.kvasir.codegen.calibration.RandomConvolutions;
import dev.kvasir.codegen.driver.Compiler;
import dev.kvasir.codegen.driver.Model;
import dev.kvasir.ir.type.Fold;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The verb {@code calibrate conv}: weights with which rows of a model are folded. */
@Command(
    name = "conv",
    mixinStandardHelpOptions = true,
    header = "Makes the weights with which fuse-kv-conv mixes rows.",
    description = {
      "Slots, kernel and keep are those of the policy that uses the file. A file conv.kvcal in the"
          + " model's folder is used unless --calibration names another.",
      "Random weights have learned nothing. With alpha 0, the default, they have no effect: mixed"
          + " slots hold the heaviest of the rows that are not kept."
    })
final class CalibrateConvCommand implements Callable<Integer> {
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
      names = "--init",
      required = true,
      paramLabel = "HOW",
      converter = ConvInit.Converter.class,
      completionCandidates = ConvInit.Converter.class,
      description = "What weights start with: ${COMPLETION-CANDIDATES}.")
  private ConvInit init = ConvInit.RANDOM;

  @Option(names = "--seed", paramLabel = "N", description = "Of what is random. Default: 1.")
  private long seed = 1;

  @Option(
      names = "--slots",
      paramLabel = "N",
      converter = PositiveInteger.class,
      description = "How many rows a head is folded to. Default: 128.")
  private int slots = 128;

  @Option(
      names = "--kernel",
      paramLabel = "N",
      converter = PositiveInteger.class,
      description = "Neighbouring rows that the convolution looks at, odd. Default: 21.")
  private int kernel = 21;

  @Option(
      names = "--keep",
      paramLabel = "P",
      converter = PercentConverter.class,
      description = "The share of slots that hold rows as they are. Default: 50%%.")
  private BigDecimal keep = BigDecimal.valueOf(50);

  @Option(
      names = "--alpha",
      paramLabel = "A",
      description = "How much of a mixed row is the convolution's. Default: 0.")
  private float alpha;

  @Option(
      names = {"-o", "--output"},
      required = true,
      paramLabel = "FILE",
      description = "The file to write, usually conv.kvcal.")
  private Path output = Path.of("");

  @Mixin private final CommonOptions common = new CommonOptions();

  CalibrateConvCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    int mixed = mixed();
    CalibrationOutput file = new CalibrationOutput(output);
    file.requireWritable();
    try (Model opened = Model.open(model)) {
      ConvCalibration made =
          switch (init) {
            case RANDOM ->
                RandomConvolutions.of(
                    output.toString(),
                    opened.fingerprint(),
                    opened.config(),
                    seed,
                    slots,
                    mixed,
                    kernel,
                    alpha);
          };
      file.write(made::write);
      print(opened, made, mixed);
    }
    return ExitCodes.OK;
  }

  private int mixed() {
    if (kernel % 2 == 0 || kernel > Fold.LARGEST_KERNEL) {
      throw usage(
          "--kernel must be odd and at most %d, got %d".formatted(Fold.LARGEST_KERNEL, kernel));
    }
    if (!Float.isFinite(alpha)) {
      throw usage("--alpha must be a finite number, got " + alpha);
    }
    int mixed = Fold.mixed(slots, keep);
    if (mixed == 0) {
      throw usage(
          "--keep must leave a slot for mixed rows, %s%% of %d leaves none"
              .formatted(keep.toPlainString(), slots));
    }
    return mixed;
  }

  private ParameterException usage(String problem) {
    return new ParameterException(spec.commandLine(), problem);
  }

  private void print(Model opened, ConvCalibration made, int mixed) throws IOException {
    int layers = opened.config().layers();
    if (common.json()) {
      ObjectNode object = Json.object();
      object.put("model", Compiler.describe(opened));
      object.put("fingerprint", made.fingerprint());
      object.put("method", made.method().word());
      object.put("seed", seed);
      object.put("layers", layers);
      object.put("slots", slots);
      object.put("mixed", mixed);
      object.put("kernel", kernel);
      object.put("alpha", alpha);
      object.put("file", output.toString());
      Json.print(console, object);
      return;
    }
    Labelled lines = new Labelled(console.out(), LABEL);
    lines.line("model", Compiler.describe(opened));
    lines.line("method", "%s, seed %d, alpha %s".formatted(made.method().word(), seed, alpha));
    lines.line(
        "weights",
        "%s, %d slots, %d of them mixed, kernel %d"
            .formatted(Texts.count(layers, "layer"), slots, mixed, kernel));
    lines.line("wrote", "%s  (%s)".formatted(output, Texts.bytes(Files.size(output))));
    console.out().flush();
  }
}
