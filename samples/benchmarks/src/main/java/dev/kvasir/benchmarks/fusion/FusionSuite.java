package dev.kvasir.benchmarks.fusion;

import dev.kvasir.benchmarks.gpu.RandomLlama;
import dev.kvasir.benchmarks.suite.Machine;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Measures what techniques that are fused into kernels cost: reads one long prompt under each of
 * several policies and decodes under all of them in turn, and runs their kernels in turn with the
 * same techniques as separate passes. Writes a page and the raw figures. Run it from the project's
 * folder:
 *
 * <pre>{@code
 * java --add-modules jdk.incubator.vector -cp samples/benchmarks/target/benchmarks.jar \
 *     dev.kvasir.benchmarks.fusion.FusionSuite
 * }</pre>
 *
 * <p>The model is one of random weights with two layers; its products are small, so that attention
 * is what is measured. Every part has a virtual machine of its own.
 */
public final class FusionSuite {

  private static final int TOKENS = 16_384;
  private static final int LEAST_TOKENS = 1024;
  private static final int PAGE = 64;
  private static final String PART = "--part";

  /** What the project's launcher says of kernels to a virtual machine. */
  private static final List<String> KERNEL_OPTIONS =
      List.of(
          "-XX:CompileCommand=quiet",
          "-XX:CompileCommand=CompileThresholdScaling,dev.kvasir.kernels.*::*,0.1");

  private final List<String> parts = new ArrayList<>();
  private final List<String> passed = new ArrayList<>();
  private int tokens = TOKENS;
  private Path folder = Path.of("samples", "benchmarks", "results");
  private String notes = "";
  private Optional<Path> results = Optional.empty();

  private FusionSuite() {}

  /**
   * Measures.
   *
   * @param arguments as the usage says, which is printed where they make no sense
   */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    FusionSuite suite = new FusionSuite();
    try {
      suite.parse(arguments);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.err.print(usage());
      System.exit(2);
    }
    System.exit(suite.run());
  }

  private static String usage() {
    return """
        usage: [--part PART]... [--tokens N] [--folder FOLDER] [--notes FILE]
               --results FILE.json [--notes FILE]
        --part    %s;
                  all unless given, each in a virtual machine of its own
        --tokens  of the prompt, a multiple of 64 and at least 1024; 16384 unless given
        --folder  where results go, samples/benchmarks/results unless given
        --notes   Markdown about missed targets for the results' page
        --results writes the page of an earlier run anew and measures nothing
        """
        .formatted(String.join(", ", Parts.all()));
  }

  private void parse(String[] arguments) throws IOException {
    if (arguments.length % 2 != 0) {
      throw new IllegalArgumentException("options come with a value each");
    }
    for (int i = 0; i < arguments.length; i += 2) {
      String value = arguments[i + 1];
      if (!arguments[i].equals(PART)) {
        passed.addAll(List.of(arguments[i], value));
      }
      switch (arguments[i]) {
        case PART -> parts.add(value);
        case "--tokens" -> tokens = Integer.parseInt(value);
        case "--folder" -> folder = Path.of(value);
        case "--notes" -> notes = Files.readString(Path.of(value));
        case "--results" -> results = Optional.of(Path.of(value));
        default -> throw new IllegalArgumentException("unknown option " + arguments[i]);
      }
    }
    if (!Parts.all().containsAll(parts)) {
      throw new IllegalArgumentException("no such part among " + parts);
    }
    if (tokens < LEAST_TOKENS || tokens % PAGE != 0) {
      throw new IllegalArgumentException("a prompt of " + tokens + " tokens cannot be measured");
    }
  }

  /** {@return the exit status} */
  private int run() throws IOException, InterruptedException {
    if (results.isPresent()) {
      Path json = results.get();
      String name = json.getFileName().toString().replaceFirst("[.]json$", ".md");
      Files.writeString(json.resolveSibling(name), FusionPage.page(FusionReport.read(json), notes));
      return 0;
    }
    Files.createDirectories(folder);
    if (parts.size() == 1) {
      measure(parts.getFirst());
      return 0;
    }
    int failed = 0;
    for (String part : parts.isEmpty() ? Parts.all() : parts) {
      System.out.println(part + " ...");
      failed += alone(part) == 0 ? 0 : 1;
    }
    System.out.println("wrote " + file(".md"));
    return failed == 0 ? 0 : 1;
  }

  private Path file(String ending) {
    String date = LocalDate.now(ZoneOffset.UTC).toString();
    return folder.resolve(date + "-" + Machine.here().slug() + "-fusion" + ending);
  }

  private int alone(String part) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(KERNEL_OPTIONS);
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(FusionSuite.class.getName(), PART, part));
    command.addAll(passed);
    return new ProcessBuilder(command).inheritIO().start().waitFor();
  }

  private void measure(String part) throws IOException {
    Path model = Files.createTempDirectory("kvasir-fusion");
    try {
      new RandomLlama(256, 256, 2, LayerRows.QUERY_HEADS, LayerRows.KV_HEADS, LayerRows.DIM, 256)
          .write(model);
      Map<String, Map<String, Double>> figures = Parts.run(part, model, tokens);
      Path json = file(".json");
      String date = LocalDate.now(ZoneOffset.UTC).toString();
      FusionReport report = FusionReport.readOrNew(json, date, tokens).with(part, figures);
      report.write(json);
      Files.writeString(file(".md"), FusionPage.page(report, notes));
    } finally {
      for (String name : List.of("config.json", "model.safetensors")) {
        Files.deleteIfExists(model.resolve(name));
      }
      Files.delete(model);
    }
  }
}
