package dev.kvasir.codegen.emit.tornado;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * Decides which phases need a barrier before them: those that touch what an earlier phase, without
 * a barrier since, touched by another thread, where one of both writes. Around a loop, what the
 * body leaves pending meets the start of the body. All threads of a group come by the barriers of
 * both alternatives of a choice, as {@link StepWriter} says.
 */
final class BarrierPlacement {

  private final IdentityHashMap<Step.Phase, Set<Access.Space>> barriers = new IdentityHashMap<>();

  private BarrierPlacement() {}

  static BarrierPlacement of(List<Step> steps) {
    BarrierPlacement placement = new BarrierPlacement();
    placement.place(steps, new HashSet<>(), List.of());
    return placement;
  }

  /** {@return which memories need a barrier before {@code phase}} */
  Set<Access.Space> before(Step.Phase phase) {
    return barriers.getOrDefault(phase, Set.of());
  }

  /**
   * @param pending what was touched without a barrier since
   * @param elsewhere the same on paths that skip the steps, but not their barriers
   */
  private void place(List<Step> steps, Set<Access> pending, List<Set<Access>> elsewhere) {
    for (Step step : steps) {
      place(step, pending, elsewhere);
    }
  }

  private void place(Step step, Set<Access> pending, List<Set<Access>> elsewhere) {
    switch (step) {
      case Step.Phase phase -> {
        Set<Access.Space> needed = conflicts(phase, pending);
        barriers.put(phase, needed);
        pending.removeIf(access -> needed.contains(access.space()));
        elsewhere.forEach(path -> path.removeIf(access -> needed.contains(access.space())));
        pending.addAll(phase.accesses());
      }
      case Step.Scope(List<Step> steps) -> place(steps, pending, elsewhere);
      case Step.Choice(Local _, List<Step> whenTrue, List<Step> whenFalse) -> {
        Set<Access> other = new HashSet<>(pending);
        place(whenTrue, pending, with(elsewhere, other));
        place(whenFalse, other, with(elsewhere, pending));
        pending.addAll(other);
      }
      case Step.Loop(Local _, Local _, List<Step> body) -> {
        // The set at the head only grows, so the last round sees everything that can meet it.
        // A path that skips a loop skips its barriers too.
        boolean grown = true;
        while (grown) {
          Set<Access> end = new HashSet<>(pending);
          place(body, end, List.of());
          grown = pending.addAll(end);
        }
      }
    }
  }

  private static List<Set<Access>> with(List<Set<Access>> paths, Set<Access> another) {
    List<Set<Access>> all = new ArrayList<>(paths);
    all.add(another);
    return all;
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
