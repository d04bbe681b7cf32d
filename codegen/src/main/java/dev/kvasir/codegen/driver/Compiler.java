package dev.kvasir.codegen.driver;

import dev.kvasir.codegen.assemble.GraphLowering;
import dev.kvasir.codegen.assemble.PlanSizes;
import dev.kvasir.codegen.assemble.PrefillFit;
import dev.kvasir.codegen.assemble.PromptSettings;
import dev.kvasir.codegen.calibration.ConvCalibration;
import dev.kvasir.codegen.emit.tornado.TornadoUnsupportedException;
import dev.kvasir.codegen.tile.AttentionSizes;
import dev.kvasir.codegen.tile.TileChooser;
import dev.kvasir.codegen.tile.TileSize;
import dev.kvasir.codegen.tile.Tiles;
import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.CompilerBug;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.GraphPrinter;
import dev.kvasir.ir.model.ModelConfig;
import dev.kvasir.ir.model.WeightSource;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.ir.policy.ResolvedPolicy;
import dev.kvasir.passes.PassContext;
import dev.kvasir.passes.PassEvent;
import dev.kvasir.passes.Passes;
import dev.kvasir.passes.analysis.CacheFootprint;
import dev.kvasir.plans.Manifest;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanChecker;
import dev.kvasir.plans.PlanException;
import dev.kvasir.plans.TrustedPlans;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** The whole path from a model and a policy to a plan. */
public final class Compiler {

  private Compiler() {}

  /**
   * Compiles. A plan whose kernels have no bounds checks becomes one of the user's {@link
   * TrustedPlans}; where that fails, the report has a warning.
   *
   * @throws CompileException when the policy does not fit the model, a limit is not met, or the
   *     model's files change meanwhile
   */
  public static Compilation compile(Model model, Policy policy, CompilerOptions options) {
    try {
      Compilation compilation = compileMapped(model, policy, options);
      model.requireUnchanged();
      return options.target().kernels().checksBounds()
          ? compilation
          : compilation.keptIn(TrustedPlans.ofUser());
    } catch (InternalError e) {
      throw ModelFileErrors.fault(model.path(), e);
    }
  }

  private static Compilation compileMapped(Model model, Policy policy, CompilerOptions options) {
    PlanSizes chosen = sizes(model, options);
    ModelCalibrations calibrations = new ModelCalibrations(model, options.calibrations());
    ResolvedPolicy resolved = resolve(model, policy, calibrations, options);
    List<PassEvent> events = new ArrayList<>();
    Graph graph =
        Passes.pipeline()
            .run(
                passContext(model, resolved, chosen, options),
                event -> {
                  events.add(event);
                  options.listener().afterPass(event);
                });
    PlanSizes sizes =
        options.tiles().containsKey(TileSize.PREFILL_TOKENS)
            ? chosen
            : PrefillFit.fit(graph, chosen);
    Optional<ConvCalibration> convolutions = calibrations.convolutions(graph);
    GraphLowering.Lowered lowered =
        lower(graph, model, calibrations.weights(convolutions), sizes, options);
    Limits limits = new Limits(lowered.program(), lowered.memory(), sizes.context(), sizes.span());
    CacheFootprint footprint = CacheFootprint.of(graph, sizes.context(), sizes.context());
    limits.check(resolved, tokens -> CacheFootprint.of(graph, tokens, sizes.context()).dominant());
    Map<String, byte[]> files = new HashMap<>(lowered.files());
    files.put("graph.kvir", GraphPrinter.print(graph).getBytes(StandardCharsets.UTF_8));
    Manifest manifest = Manifests.of(model, policy, resolved, sizes, options, lowered.program());
    Plan plan = new Plan(manifest, lowered.program(), lowered.memory(), files);
    try {
      PlanChecker.check(plan);
    } catch (PlanException e) {
      throw new CompilerBug("the compiler wrote a plan that no runtime accepts", e);
    }
    return new Compilation(
        plan,
        report(model, resolved, convolutions, sizes, events, plan, limits, footprint.dominant()));
  }

  /**
   * {@return the graph of a model under a policy after all passes, without compiling it: no kernel
   * is made and no limit of the policy is checked}
   *
   * @throws CompileException when the policy or an option does not fit the model
   */
  public static Graph transform(Model model, Policy policy, CompilerOptions options) {
    PlanSizes sizes = sizes(model, options);
    PassContext context = passContext(model, policy, sizes, options);
    return Passes.pipeline().run(context, options.listener());
  }

  /**
   * {@return the graph as {@link #transform} has it, but after one of the passes}
   *
   * @param lastPass one of {@link #passNames}
   * @throws CompileException when the policy or an option does not fit the model
   */
  public static Graph transformUntil(
      String lastPass, Model model, Policy policy, CompilerOptions options) {
    PlanSizes sizes = sizes(model, options);
    PassContext context = passContext(model, policy, sizes, options);
    return Passes.pipeline().runUntil(lastPass, context, options.listener());
  }

  /** {@return the names of all passes, in the order in which they run} */
  public static List<String> passNames() {
    return Passes.pipeline().ids();
  }

  /**
   * {@return the most true tokens of a session of a plan that would be compiled with {@code
   * options}}
   *
   * @throws CompileException when an option does not fit the model
   */
  public static int context(Model model, CompilerOptions options) {
    return sizes(model, options).context();
  }

  private static ResolvedPolicy resolve(
      Model model, Policy policy, ModelCalibrations calibrations, CompilerOptions options) {
    ResolvedPolicy resolved = PolicyCheck.check(policy, model, calibrations);
    TargetCheck.check(resolved, options.target());
    return resolved;
  }

  private static PassContext passContext(
      Model model, Policy policy, PlanSizes sizes, CompilerOptions options) {
    ModelCalibrations calibrations = new ModelCalibrations(model, options.calibrations());
    return passContext(model, resolve(model, policy, calibrations, options), sizes, options);
  }

  private static PassContext passContext(
      Model model, ResolvedPolicy resolved, PlanSizes sizes, CompilerOptions options) {
    return new PassContext(
        PassContext.graphName(name(model)),
        model.config(),
        resolved,
        options.target().storage(),
        sizes.context());
  }

  private static GraphLowering.Lowered lower(
      Graph graph, Model model, WeightSource weights, PlanSizes sizes, CompilerOptions options) {
    try {
      List<Integer> questions =
          PromptSettings.needQuestions(graph) ? QuestionTokens.of(model) : List.of();
      return GraphLowering.lower(graph, weights, sizes, options.target().kernels(), questions);
    } catch (TornadoUnsupportedException e) {
      throw TargetCheck.refusal(e, options);
    }
  }

  private static PlanSizes sizes(Model model, CompilerOptions options) {
    int most = model.config().maxPositions();
    int context = options.maxContext().orElse(most);
    String place = model.path().resolve("config.json").toString();
    if (context < 1 || context > most) {
      throw new CompileException(
          Diagnostic.error(
                  DiagnosticCode.CONTEXT_TOO_LARGE,
                  place,
                  "the maximum context must be between 1 and %d, got %d".formatted(most, context))
              .withNote("the model's max_position_embeddings is " + most));
    }
    int span = options.span().orElse(TileChooser.span(context));
    if (span < 1 || span > context) {
      throw new CompileException(
          Diagnostic.error(
                  DiagnosticCode.CONTEXT_TOO_LARGE,
                  place,
                  "the span must be between 1 and %d, got %d".formatted(context, span))
              .withNote("a span is a part of the context of " + context + " tokens"));
    }
    return new PlanSizes(
        context, span, tiles(model.config(), context, options), options.target().profile());
  }

  private static Tiles tiles(ModelConfig config, int context, CompilerOptions options) {
    AttentionSizes attention =
        new AttentionSizes(
            config.queryHeads() / config.kvHeads(),
            config.kvHeads(),
            config.headDim(),
            config.headDim(),
            context);
    return TileChooser.choose(attention, options.target().profile(), options.tiles());
  }

  /** {@return the model in a line: name, kind, layers, query and KV heads, head dimension} */
  public static String describe(Model model) {
    ModelConfig config = model.config();
    return String.format(
        Locale.ROOT,
        "%s  %s  %d layers  %d/%d heads  head %d",
        name(model),
        config.modelType(),
        config.layers(),
        config.queryHeads(),
        config.kvHeads(),
        config.headDim());
  }

  static String name(Model model) {
    return model.path().toAbsolutePath().normalize().getFileName().toString();
  }

  /** {@return what chose the sets that the policy gives as shares, if it has any} */
  private static Optional<String> calibration(ResolvedPolicy policy) {
    return policy.calibratedChoices().stream().map(choice -> choice.scores().origin()).findFirst();
  }

  private static CompileReport report(
      Model model,
      ResolvedPolicy policy,
      Optional<ConvCalibration> convolutions,
      PlanSizes sizes,
      List<PassEvent> events,
      Plan plan,
      Limits limits,
      CacheFootprint.Share dominant) {
    List<Diagnostic> warnings = new ArrayList<>(model.warnings());
    warnings.addAll(policy.warnings());
    return new CompileReport(
        describe(model),
        policy.name(),
        calibration(policy),
        convolutions.map(ConvCalibration::describe),
        events.stream()
            .map(e -> new CompileReport.PassTime(e.passId(), e.time(), e.changed()))
            .toList(),
        plan.program().kernels().stream()
            .map(kernel -> new CompileReport.KernelLine(kernel.name(), kernel.summary()))
            .toList(),
        CacheFootprint.of(events.getFirst().after(), sizes.context(), sizes.context()).bytes(),
        limits.kvBytes(sizes.context()),
        sizes.context(),
        dominant.toString(),
        dominant.bytes(),
        limits.peakBytes(sizes.context()),
        warnings);
  }
}
