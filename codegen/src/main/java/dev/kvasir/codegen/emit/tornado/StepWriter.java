package dev.kvasir.codegen.emit.tornado;

import static java.lang.constant.ConstantDescs.CD_int;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Writes steps with their barriers.
 *
 * <p>No barrier stands in an alternative of a choice, though all threads take the same one: drivers
 * that run a group's threads as a loop copy all that follows such a barrier, once for each. So
 * where a choice has barriers, each phase between them asks for itself whether it is to run. A
 * local that outlives such a phase is 0 where the phase does not run, and a loop between two of
 * them runs no times.
 */
final class StepWriter {

  private final KernelMethod method;
  private final MethodWriter writer;
  private final BarrierPlacement barriers;

  StepWriter(KernelMethod method, BarrierPlacement barriers) {
    this.method = method;
    this.writer = method.writer();
    this.barriers = barriers;
  }

  void write(List<Step> steps) {
    write(steps, Optional.empty());
  }

  /** Writes steps that run where {@code guard} is not 0. */
  private void write(List<Step> steps, Optional<Local> guard) {
    for (Step step : steps) {
      switch (step) {
        case Step.Phase phase -> {
          Set<Access.Space> needed = barriers.before(phase);
          for (Access.Space space : Access.Space.values()) {
            if (needed.contains(space)) {
              method.barrier(space);
            }
          }
          guarded(phase, guard);
        }
        case Step.Scope(List<Step> inner) -> {
          writer.enter();
          write(inner, guard);
          writer.exit();
        }
        case Step.Loop(Local variable, Local limit, List<Step> body) ->
            writer.loop(variable, limit, () -> write(body, Optional.empty()));
        case Step.Choice choice -> write(choice, guard);
      }
    }
  }

  private void guarded(Step.Phase phase, Optional<Local> guard) {
    if (guard.isEmpty()) {
      phase.code().run();
      return;
    }
    for (Local local : phase.declared()) {
      writer.push(0);
      writer.declare(local);
    }
    writer.push(guard.get());
    writer.when(phase.code());
  }

  private void write(Step.Choice choice, Optional<Local> guard) {
    if (!hasBarrier(choice.whenTrue()) && !hasBarrier(choice.whenFalse())) {
      writer.push(choice.condition());
      writer.choose(() -> write(choice.whenTrue(), guard), () -> write(choice.whenFalse(), guard));
      return;
    }
    // The condition was declared under the guard, and is 0 without it.
    write(choice.whenTrue(), Optional.of(choice.condition()));
    if (!choice.whenFalse().isEmpty()) {
      Local otherwise = new Local("otherwise", CD_int);
      difference(guard, choice.condition());
      writer.declare(otherwise);
      write(choice.whenFalse(), Optional.of(otherwise));
    }
  }

  /**
   * Pushes whether the guard holds and the condition does not. It is a difference and not a second
   * question, since TornadoVM 5.2 takes a comparison that it needs both plain and negated within
   * joined conditions for negated in both.
   */
  private void difference(Optional<Local> guard, Local condition) {
    if (guard.isPresent()) {
      writer.push(guard.get());
    } else {
      writer.push(1);
    }
    writer.push(condition).minus();
  }

  private boolean hasBarrier(List<Step> steps) {
    return steps.stream()
        .anyMatch(
            step ->
                switch (step) {
                  case Step.Phase phase -> !barriers.before(phase).isEmpty();
                  case Step.Scope(List<Step> inner) -> hasBarrier(inner);
                  case Step.Loop loop -> hasBarrier(loop.body());
                  case Step.Choice choice ->
                      hasBarrier(choice.whenTrue()) || hasBarrier(choice.whenFalse());
                });
  }
}
