package dev.kvasir.codegen.emit.tornado;

import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * Decides which phases need a barrier before them: those that touch what an earlier phase, without
 * a barrier since, touched by another thread, where one of both writes. Around a loop, what the
 * body leaves pending meets the start of the body.
 */
final class BarrierPlacement {

  private final IdentityHashMap<Step.Phase, Set<Access.Space>> barriers = new IdentityHashMap<>();

  private BarrierPlacement() {}

  static BarrierPlacement of(List<Step> steps) {
    BarrierPlacement placement = new BarrierPlacement();
    placement.place(steps, new HashSet<>());
    return placement;
  }

  /** {@return which memories need a barrier before {@code phase}} */
  Set<Access.Space> before(Step.Phase phase) {
    return barriers.getOrDefault(phase, Set.of());
  }

  private void place(List<Step> steps, Set<Access> pending) {
    for (Step step : steps) {
      place(step, pending);
    }
  }

  private void place(Step step, Set<Access> pending) {
    switch (step) {
      case Step.Phase phase -> {
        Set<Access.Space> needed = conflicts(phase, pending);
        barriers.put(phase, needed);
        pending.removeIf(access -> needed.contains(access.space()));
        pending.addAll(phase.accesses());
      }
      case Step.Scope(List<Step> steps) -> place(steps, pending);
      case Step.Choice(Local _, List<Step> whenTrue, List<Step> whenFalse) -> {
        Set<Access> other = new HashSet<>(pending);
        place(whenTrue, pending);
        place(whenFalse, other);
        pending.addAll(other);
      }
      case Step.Loop(Local _, Local _, List<Step> body) -> {
        // The set at the head only grows, so the last round sees everything that can meet it.
        boolean grown = true;
        while (grown) {
          Set<Access> end = new HashSet<>(pending);
          place(body, end);
          grown = pending.addAll(end);
        }
      }
    }
  }

  private static Set<Access.Space> conflicts(Step.Phase phase, Set<Access> pending) {
    Set<Access.Space> needed = new HashSet<>();
    for (Access access : phase.accesses()) {
      for (Access earlier : pending) {
        if (access.conflictsWith(earlier)) {
          needed.add(access.space());
        }
      }
    }
    return Set.copyOf(needed);
  }
}
