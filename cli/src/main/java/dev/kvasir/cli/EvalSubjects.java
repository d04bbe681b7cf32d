package dev.kvasir.cli;

import dev.kvasir.cli.eval.Subject;
import dev.kvasir.codegen.driver.Compiler;
import dev.kvasir.codegen.driver.CompilerOptions;
import dev.kvasir.codegen.driver.Model;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** What {@code eval} measures: plan files, and policies that it compiles itself. */
final class EvalSubjects {
  private static final String POLICY = "--policy";
  private static final String SHIPPED = "shipped";
  private static final String SUFFIX = ".kvplan";

  @Parameters(
      paramLabel = "PLAN",
      arity = "0..*",
      description = "Plan files that 'kvasir compile' wrote, of one model and for one target.")
  private List<Path> files = List.of();

  @Option(
      names = POLICY,
      paramLabel = "POLICY",
      split = ",",
      completionCandidates = ShippedPolicies.Candidates.class,
      description = {
        "Policies to compile for the JVM and to measure behind the plans, several with commas"
            + " between them: policy files, shipped policies (${COMPLETION-CANDIDATES}), or shipped"
            + " for all of these. Without a plan --model is required."
      })
  private List<String> policies = List.of();

  @Mixin private final CalibrationOption calibration = new CalibrationOption();

  @Option(
      names = "--max-context",
      paramLabel = "N",
      converter = PositiveInteger.class,
      description =
          "Most tokens of a session, for policies. Default: the model's max_position_embeddings.")
  private Optional<Integer> maxContext = Optional.empty();

  private final Map<Path, Plan> plans = new LinkedHashMap<>();

  /** {@return whether the plans' kernels run on TornadoVM; not, where their targets differ} */
  TornadoVerb.Use tornado() throws IOException {
    for (Path file : files) {
      if (PlanOptions.tornado(PlanReader.read(file)) == TornadoVerb.Use.NONE) {
        return TornadoVerb.Use.NONE;
      }
    }
    return files.isEmpty() ? TornadoVerb.Use.NONE : TornadoVerb.Use.REQUIRED;
  }

  /** {@return what asks for TornadoVM, for errors} */
  String tornadoPlace() {
    return files.isEmpty() ? POLICY : files.getFirst().toString();
  }

  /**
   * Reads the plan files.
   *
   * @param place is told the file that is read
   * @throws IOException as {@link PlanReader#read}
   */
  void read(Consumer<String> place) throws IOException {
    for (Path file : files) {
      place.accept(file.toString());
      plans.put(file, PlanReader.read(file));
    }
  }

  /**
   * {@return the folder of the model that all plans have in common}
   *
   * @throws ParameterException when there is nothing to measure, or plans differ in model or target
   */
  Path modelFolder(CommandSpec spec, Optional<Path> named) {
    if (plans.isEmpty() && policies.isEmpty()) {
      throw new ParameterException(
          spec.commandLine(), "Nothing to measure: give plan files, or --policy and --model");
    }
    if (plans.isEmpty()) {
      return named.orElseThrow(
          () ->
              new ParameterException(
                  spec.commandLine(), "Missing model: name its folder with --model"));
    }
    Map.Entry<Path, Plan> first = plans.entrySet().iterator().next();
    for (Map.Entry<Path, Plan> other : plans.entrySet()) {
      requireSame(
          spec,
          "model",
          first.getKey(),
          first.getValue().manifest().model().fingerprint(),
          other.getKey(),
          other.getValue().manifest().model().fingerprint());
      requireSame(
          spec,
          "target",
          first.getKey(),
          first.getValue().manifest().target(),
          other.getKey(),
          other.getValue().manifest().target());
    }
    if (!policies.isEmpty() && PlanOptions.tornado(first.getValue()) != TornadoVerb.Use.NONE) {
      throw new ParameterException(
          spec.commandLine(),
          "%s is compiled for target jvm, and %s is for tornado: compile it with 'kvasir compile --target tornado'"
              .formatted(POLICY, first.getKey()));
    }
    return ModelFolder.of(first.getKey(), first.getValue(), named);
  }

  private static void requireSame(
      CommandSpec spec, String what, Path one, String ofOne, Path two, String ofTwo) {
    if (!ofOne.equals(ofTwo)) {
      throw new ParameterException(
          spec.commandLine(),
          "%s and %s are of different %ss: measure them one after the other"
              .formatted(one, two, what));
    }
  }

  /** {@return the plans, then the policies, compiled now; each with a name of its own} */
  List<Subject> all(Console console, Model model) {
    Set<String> names = new HashSet<>();
    List<Subject> subjects = new ArrayList<>();
    plans.forEach(
        (file, plan) ->
            subjects.add(new Subject(name(stem(file), names), file.toString(), plan, false)));
    CompilerOptions options = calibration.applyTo(CompilerOptions.defaults());
    if (maxContext.isPresent()) {
      options = options.withMaxContext(maxContext.get());
    }
    List<String> wanted = new ArrayList<>();
    for (String policy : policies) {
      wanted.addAll(policy.equals(SHIPPED) ? ShippedPolicies.NAMES : List.of(policy));
    }
    try (Progress progress = Progress.begin(console, "compile", wanted.size())) {
      for (String each : wanted) {
        Policy policy = ShippedPolicies.parse(each);
        Plan plan = Compiler.compile(model, policy, options).plan();
        String place = policy.source().name();
        subjects.add(new Subject(name(policy.name(), names), place, plan, true));
        progress.advance(1);
      }
    }
    return subjects;
  }

  private static String stem(Path file) {
    String name = String.valueOf(file.getFileName());
    return name.endsWith(SUFFIX) ? name.substring(0, name.length() - SUFFIX.length()) : name;
  }

  /** {@return a name that can be part of the name of a file} */
  private static String name(String wanted, Set<String> taken) {
    String plain = wanted.replaceAll("[^A-Za-z0-9._-]", "-");
    String name = plain;
    for (int i = 2; !taken.add(name); i++) {
      name = plain + "-" + i;
    }
    return name;
  }
}
