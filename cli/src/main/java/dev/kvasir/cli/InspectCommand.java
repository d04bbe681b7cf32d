package dev.kvasir.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvasir.cli.CommandException.Kind;
import dev.kvasir.cli.tornado.TornadoLauncher;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanFormat;
import dev.kvasir.plans.PlanReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The verb {@code inspect}: what a plan holds. */
@Command(
    name = "inspect",
    mixinStandardHelpOptions = true,
    header = "Shows what a plan holds.",
    description = "The file is checked as for a run. With --json and no other option: everything.")
final class InspectCommand implements Callable<Integer>, TornadoVerb {
  private static final String GRAPH = "graph.kvir";

  private final Console console;
  private final TornadoLauncher launcher;

  // picocli sets it before anything of this is called.
  @SuppressWarnings("NullAway.Init")
  @Spec
  private CommandSpec spec;

  @Parameters(paramLabel = "PLAN", description = "A plan file that 'kvasir compile' wrote.")
  private Path file = Path.of("");

  @Option(
      names = "--check",
      description = {
        "Find every reason why the plan cannot run here, each with a way out, or say that it can."
            + " Every byte of the plan and the model is read, every kernel run once."
      })
  private boolean check;

  @Option(
      names = "--model",
      paramLabel = "DIR",
      description =
          "With --check: the folder of the plan's model. Default: where it was, relative to the"
              + " plan.")
  private Optional<Path> model = Optional.empty();

  @Option(names = "--memory", description = "Show segments, buffers and what sessions allocate.")
  private boolean memory;

  @Option(names = "--program", description = "Show procedures, launches and rules.")
  private boolean program;

  @Option(
      names = "--kernels",
      description = "Show every kernel: what is fused, grid, tiles, working storage, methods.")
  private boolean kernels;

  @Option(
      names = "--kernel",
      paramLabel = "NAME",
      description = "Show one kernel as --kernels does, and its IR.")
  private Optional<String> kernel = Optional.empty();

  @Option(names = "--ir", description = "Show the graph after all passes.")
  private boolean ir;

  @Mixin private final DeviceOptions device = new DeviceOptions();

  @Mixin private final CommonOptions common = new CommonOptions();

  InspectCommand(Console console, TornadoLauncher launcher) {
    this.console = console;
    this.launcher = launcher;
  }

  @Override
  public Use tornado() throws IOException {
    return check && PlanOptions.tornado(PlanReader.read(file)) == Use.REQUIRED
        ? Use.IF_THERE
        : Use.NONE;
  }

  @Override
  public String tornadoPlace() {
    return file.toString();
  }

  @Override
  public Integer call() throws IOException {
    if (check) {
      return check();
    }
    Plan plan = PlanReader.read(file);
    if (common.json()) {
      Json.print(console, json(plan));
      return ExitCodes.OK;
    }
    PlanText text = new PlanText(plan);
    List<List<String>> parts = new ArrayList<>();
    parts.add(text.summary(file, Files.size(file), PlanReader.sha256(file)));
    if (memory) {
      parts.add(text.memory());
    }
    if (program) {
      parts.add(text.program());
    }
    KernelListing listing = new KernelListing(plan);
    if (kernels) {
      parts.add(listing.all());
    }
    if (kernel.isPresent()) {
      parts.add(listing.one(known(kernel.get(), listing.names())));
    }
    if (ir) {
      parts.add(graph(plan).lines().toList());
    }
    for (int i = 0; i < parts.size(); i++) {
      if (i > 0) {
        console.out().println();
      }
      parts.get(i).forEach(console.out()::println);
    }
    return ExitCodes.OK;
  }

  private String known(String name, List<String> names) {
    if (!names.contains(name)) {
      throw new ParameterException(
          spec.commandLine(),
          "no kernel of the plan is named '%s'%s; --kernels shows all"
              .formatted(
                  name,
                  NearestName.of(name, names)
                      .map(known -> " (did you mean %s?)".formatted(known))
                      .orElse("")));
    }
    return name;
  }

  private int check() {
    if (memory || program || kernels || kernel.isPresent() || ir) {
      throw new ParameterException(
          spec.commandLine(),
          "--check goes alone: without --memory, --program, --kernels, --kernel and --ir");
    }
    PlanCheck found = PlanCheck.of(file, model, device, launcher);
    if (common.json()) {
      Json.print(console, found.json());
    } else {
      found.print(console.out());
    }
    return found.exitStatus();
  }

  private ObjectNode json(Plan plan) throws IOException {
    boolean all = !memory && !program && !kernels && kernel.isEmpty() && !ir;
    KernelListing listing = new KernelListing(plan);
    ObjectNode object = Json.object();
    object.put("file", file.toString());
    object.put("fileBytes", Files.size(file));
    object.put("planHash", PlanReader.sha256(file));
    try (ZipFile zip = new ZipFile(file.toFile())) {
      object.set("manifest", Json.parse(entry(zip, PlanFormat.MANIFEST)));
      if (all || memory) {
        object.set("memory", Json.parse(entry(zip, PlanFormat.MEMORY)));
      }
      if (all || program) {
        object.set("program", Json.parse(entry(zip, PlanFormat.PROGRAM)));
      }
    }
    if (all || kernels) {
      object.set("kernels", listing.json());
    }
    if (kernel.isPresent()) {
      object.set("kernel", listing.json(known(kernel.get(), listing.names())));
    }
    if (all || ir) {
      object.put("graph", graph(plan));
    }
    return object;
  }

  private String graph(Plan plan) {
    return Optional.ofNullable(plan.files().get(GRAPH))
        .map(bytes -> new String(bytes, StandardCharsets.UTF_8))
        .orElseThrow(
            () ->
                new CommandException(
                    Kind.FILE_UNREADABLE,
                    file.toString(),
                    "the plan holds no " + GRAPH,
                    "inspect it without --ir"));
  }

  private static String entry(ZipFile zip, String name) throws IOException {
    ZipEntry entry = zip.getEntry(name);
    if (entry == null) {
      throw new IllegalStateException("a checked plan holds " + name);
    }
    return new String(zip.getInputStream(entry).readAllBytes(), StandardCharsets.UTF_8);
  }
}
