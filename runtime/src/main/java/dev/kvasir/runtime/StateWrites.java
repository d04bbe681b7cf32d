package dev.kvasir.runtime;

import dev.kvasir.plans.Plan;
import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.memory.BufferDeclaration.Kind;
import dev.kvasir.plans.program.Beside;
import dev.kvasir.plans.program.KernelDeclaration;
import dev.kvasir.plans.program.KernelDeclaration.Argument;
import dev.kvasir.plans.program.Packing;
import dev.kvasir.plans.program.Program.Step;
import dev.kvasir.plans.program.SegmentDeclaration;
import dev.kvasir.plans.program.SegmentDeclaration.Chosen;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which launches leave a session that cannot go on as if they had not been: those that change state
 * they read, and those that write chosen rows or which they are.
 *
 * <p>State that a launch only writes is written again by the next run before it is read.
 */
final class StateWrites {

  private final Map<String, KernelDeclaration> kernels = new HashMap<>();
  private final Set<String> state = new HashSet<>();
  private final Set<String> lists = new HashSet<>();
  private final Set<String> pages = new HashSet<>();

  StateWrites(Plan plan) {
    plan.program().kernels().forEach(kernel -> kernels.put(kernel.name(), kernel));
    for (BufferDeclaration buffer : plan.memory().buffers()) {
      if (buffer.kind() == Kind.STATE) {
        state.add(buffer.name());
      }
    }
    for (SegmentDeclaration segment : plan.program().segments()) {
      segment.chosen().ifPresent(chosen -> add(segment, chosen));
      segment.beside().ifPresent(beside -> add(segment, beside));
    }
  }

  private void add(SegmentDeclaration segment, Chosen chosen) {
    lists.add(chosen.positions());
    lists.add(chosen.counts());
    addPages(segment);
  }

  private void add(SegmentDeclaration segment, Beside beside) {
    boolean among = beside instanceof Beside.Positions positions && positions.counts().isPresent();
    if (segment.chosen().isPresent() || among) {
      addPages(segment);
      pages.add(beside.pool());
    }
  }

  private void addPages(SegmentDeclaration segment) {
    pages.add(segment.pool());
    if (segment.packing().isPresent()) {
      Packing packing = segment.packing().get();
      pages.addAll(List.of(packing.keyPool(), packing.valuePool(), packing.scalePool()));
    }
  }

  /** {@return whether a launch in a span of a prompt does that} */
  boolean overwritesInPrefill(Step.Launch launch) {
    return overwrites(launch, true);
  }

  /** {@return whether a launch in a step does that, which leaves chosen rows to rules} */
  boolean overwritesInStep(Step.Launch launch) {
    return overwrites(launch, false);
  }

  private boolean overwrites(Step.Launch launch, boolean rowsToo) {
    KernelDeclaration kernel = kernels.get(launch.kernel());
    if (kernel == null) {
      return false;
    }
    for (int i = 0; i < launch.buffers().size(); i++) {
      Argument argument = kernel.arguments().get(i);
      String buffer = launch.buffers().get(i);
      boolean changed = argument.read() && state.contains(buffer);
      boolean chosen = lists.contains(buffer) || (rowsToo && pages.contains(buffer));
      if (argument.written() && (changed || chosen)) {
        return true;
      }
    }
    return false;
  }
}
