package dev.kvasir.benchmarks.gpu;

import dev.kvasir.benchmarks.AttentionCase;
import dev.kvasir.benchmarks.Team;
import dev.kvasir.benchmarks.suite.Texts;
import dev.kvasir.codegen.driver.Target;
import dev.kvasir.runtime.KvasirException;
import dev.kvasir.runtime.LoadOptions;
import dev.kvasir.runtime.backend.BackendProvider;
import dev.kvasir.runtime.backend.Backends;
import dev.kvasir.runtime.backend.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Measures kernels and a model's steps on a device that TornadoVM finds, writes a page and the raw
 * figures, and prints a short table last. Java must have been started with TornadoVM, as {@code
 * samples/benchmarks/gpu-bench} does.
 */
public final class GpuSuite {
  private static final int NO_DEVICE = 5;
  private static final int PROMPT = 4096;
  private static final long SECOND = 1_000_000_000;

  private final GpuOptions options;
  private final BackendProvider provider;
  private final Device device;
  private final LoadOptions load;
  private final long start = System.nanoTime();
  private final List<Measure> measures = new ArrayList<>();
  private final List<Double> taskNanos = new ArrayList<>();
  private final List<ModelSteps.Result> steps = new ArrayList<>();
  private final List<String> skipped = new ArrayList<>();

  private GpuSuite(GpuOptions options, BackendProvider provider, Device device) {
    this.options = options;
    this.provider = provider;
    this.device = device;
    LoadOptions defaults = LoadOptions.defaults();
    load =
        new LoadOptions(
            defaults.threads(),
            defaults.vectorBits(),
            false,
            Optional.empty(),
            Optional.of(device.id()),
            true);
  }

  /** Runs the suite. Ends with 5 where there is no device, with 1 where something failed. */
  public static void main(String[] arguments) throws IOException {
    try {
      GpuOptions options = GpuOptions.parse(List.of(arguments));
      String target = Target.tornado().name();
      Optional<BackendProvider> provider = Backends.find(target);
      if (provider.isEmpty()) {
        System.err.println("no back end for target " + target + " is on the class path");
        System.exit(NO_DEVICE);
      }
      Device device = Backends.choose(provider.orElseThrow(), options.device());
      boolean all = new GpuSuite(options, provider.orElseThrow(), device).run();
      System.exit(all ? 0 : 1);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.err.print(GpuOptions.USAGE);
      System.exit(2);
    } catch (KvasirException e) {
      System.err.println(e.getMessage());
      System.exit(NO_DEVICE);
    }
  }

  /** Something to measure. */
  @FunctionalInterface
  private interface Part {
    void measure() throws IOException;
  }

  private boolean run() throws IOException {
    String date = LocalDateTime.now(ZoneOffset.UTC).truncatedTo(ChronoUnit.MINUTES).toString();
    try (Team team = new Team(Runtime.getRuntime().availableProcessors())) {
      Stage stage =
          new Stage(
              provider,
              load,
              team,
              options.rounds(),
              options.quick() ? 1 << 20 : 256L << 20,
              options.quick() ? 16 : 4 * 1024);
      List<DecodeScene> scenes = options.quick() ? DecodeScene.quick() : DecodeScene.full();
      part(
          "tasks",
          "the host's time of a task",
          () -> taskNanos.addAll(stage.tasks(DecodeScene.quick().getFirst())));
      for (DecodeScene scene : scenes) {
        part("decode", scene.text(), () -> decode(stage, scene));
      }
      int rows = options.quick() ? 64 : PROMPT;
      part(
          "prefill",
          Texts.format("prefill attention, %,d rows", rows),
          () -> measures.addAll(stage.prefill(prefill(rows))));
    }
    part("model", "steps of a model", this::model);
    write(date);
    return skipped.isEmpty();
  }

  private AttentionCase prefill(int rows) {
    return options.quick()
        ? new AttentionCase(4, 2, 32, rows, GpuFormat.F32)
        : new AttentionCase(32, 8, 128, rows, GpuFormat.F32);
  }

  /** Measures one part, if it is asked for and there is time. */
  private void part(String work, String text, Part part) {
    if (!options.only().contains(work)) {
      return;
    }
    long seconds = (System.nanoTime() - start) / SECOND;
    if (seconds > options.seconds()) {
      skipped.add(text + ": the time was up");
      return;
    }
    System.out.println(text + " ...");
    try {
      part.measure();
    } catch (IOException | RuntimeException | OutOfMemoryError e) {
      skipped.add(text + ": " + e);
      e.printStackTrace();
    }
    System.out.printf("%s: %d s%n", text, (System.nanoTime() - start) / SECOND - seconds);
  }

  private void decode(Stage stage, DecodeScene scene) throws IOException {
    List<GpuFormat> formats =
        new ArrayList<>(options.quick() ? GpuFormat.quick() : List.of(GpuFormat.values()));
    long memory = device.memory().orElse(Long.MAX_VALUE);
    double need = 0;
    for (GpuFormat format : List.copyOf(formats)) {
      double more = scene.layersInPool(format) * scene.layerBytes(format);
      if (need + more > 0.9 * memory) {
        formats.remove(format);
        skipped.add(scene.text() + ": " + format.text() + " does not fit beside the others");
      } else {
        need += more;
      }
    }
    measures.addAll(stage.decode(scene, formats));
  }

  private void model() throws IOException {
    Path folder = Files.createTempDirectory("kvasir-gpu-suite");
    try {
      steps.add(
          options.quick()
              ? ModelSteps.run(RandomLlama.small(2), folder, 64, 1, 4, load)
              : ModelSteps.run(RandomLlama.eightBillion(2), folder, PROMPT, 16, 64, load));
    } finally {
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  private void write(String date) throws IOException {
    Peer peer =
        options.peer().isPresent()
            ? Peer.read(options.peer().get())
            : Peer.absent(options.peerAbsent());
    GpuReport report =
        new GpuReport(
            date,
            options.command(),
            device.name(),
            backend(),
            System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version"),
            measures,
            taskNanos,
            steps,
            peer,
            skipped);
    String name = date.substring(0, date.indexOf('T')) + "-" + slug(device.name());
    Files.createDirectories(options.results().toAbsolutePath());
    report.write(options.results().resolve(name + ".json"));
    Path page = options.results().resolve(name + ".md");
    GpuPage texts = new GpuPage(report);
    Files.writeString(page, texts.markdown());
    System.out.println("wrote " + page);
    System.out.println();
    System.out.print(texts.table());
  }

  private String backend() {
    return "TornadoVM, "
        + System.getProperty("kvasir.benchmarks.sdk", "SDK of unknown version")
        + ", "
        + device.name();
  }

  private static String slug(String text) {
    return text.toLowerCase(Locale.ROOT)
        .replaceAll("\\(.*?\\)", "")
        .replaceAll("[^a-z0-9]+", "-")
        .replaceAll("^-|-$", "");
  }
}
