package dev.kvasir.cli;

import dev.kvasir.plans.Manifest;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.plans.program.KernelDeclaration;
import dev.kvasir.plans.program.Program;
import dev.kvasir.plans.program.Program.Step;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** How many bytes of weights a plan reads, for each generated token and in each launch. */
final class StepWeights {
  /** Tables of which a step reads one row: nothing beside the weights. */
  private static final String ROTARY_TABLES = "rope.";

  private final Plan plan;
  private final Map<String, BufferDeclaration> buffers;
  private final Map<String, KernelDeclaration> kernels;
  private final Map<String, Program.Procedure> procedures;

  StepWeights(Plan plan) {
    this.plan = plan;
    buffers = byName(plan.memory().buffers(), BufferDeclaration::name);
    kernels = byName(plan.program().kernels(), KernelDeclaration::name);
    procedures = byName(plan.program().procedures(), Program.Procedure::name);
  }

  /**
   * {@return bytes of the weights that the launches of a step read, each launch by itself; of the
   * table in which tokens are looked up one row}
   */
  static long of(Plan plan) {
    return new StepWeights(plan).ofProcedure(Program.STEP);
  }

  private long ofProcedure(String name) {
    Program.Procedure procedure = procedures.get(name);
    return procedure == null ? 0 : procedure.steps().stream().mapToLong(this::ofStep).sum();
  }

  private long ofStep(Step step) {
    return switch (step) {
      case Step.Launch launch -> ofLaunch(launch);
      case Step.Call call -> ofProcedure(call.procedure());
      case Step.Observe _, Step.Require _, Step.SetMark _ -> 0;
    };
  }

  /** {@return bytes of the weights that one launch for one token reads} */
  long ofLaunch(Step.Launch launch) {
    KernelDeclaration kernel = kernels.get(launch.kernel());
    if (kernel == null) {
      return 0;
    }
    boolean looksUp = launch.buffers().contains(Program.TOKENS);
    long bytes = 0;
    for (int i = 0; i < launch.buffers().size(); i++) {
      BufferDeclaration buffer = buffers.get(launch.buffers().get(i));
      if (buffer != null && kernel.arguments().get(i).read() && isWeight(buffer)) {
        long all = bytes(buffer);
        bytes += looksUp ? all / plan.manifest().model().vocabulary() : all;
      }
    }
    return bytes;
  }

  private static boolean isWeight(BufferDeclaration buffer) {
    return switch (buffer.kind()) {
      case WEIGHT -> true;
      case DERIVED ->
          buffer.format() != StorageFormat.I32 && !buffer.name().startsWith(ROTARY_TABLES);
      case POOL, TABLE, STATE, SCRATCH -> false;
    };
  }

  private long bytes(BufferDeclaration buffer) {
    Manifest manifest = plan.manifest();
    long elements =
        buffer
            .elements()
            .compile(CounterIndex.ofSession())
            .evaluate(new long[] {manifest.context(), manifest.span()});
    return buffer.format().bytes(elements);
  }

  private static <T> Map<String, T> byName(List<T> items, Function<T, String> name) {
    return items.stream().collect(Collectors.toMap(name, Function.identity()));
  }
}
