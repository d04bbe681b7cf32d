package dev.kvasir.plans;

import dev.kvasir.plans.PlanException.Reason;
import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.memory.BufferDeclaration.Kind;
import dev.kvasir.plans.program.Program;
import dev.kvasir.plans.program.Program.Procedure;
import dev.kvasir.plans.program.Program.Step;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Checks that scratch buffers which share bytes are not used in turns: within a procedure and all
 * it calls, one's last use comes before the other's first.
 */
final class ScratchChecker {

  // For the whole plan: procedures that call each other twice double at every level.
  private static final int MAX_USES = 1 << 20;

  private final Plan plan;
  private final MemoryChecker memory;
  private final Map<String, Procedure> procedures;
  private long uses;

  private static final class Lifetime {
    private final BufferDeclaration buffer;
    private int first;
    private int last;

    private Lifetime(BufferDeclaration buffer, int first, int last) {
      this.buffer = buffer;
      this.first = first;
      this.last = last;
    }
  }

  /** Procedures have been checked: names resolve and calls form no cycle. */
  ScratchChecker(Plan plan, MemoryChecker memory, Map<String, Procedure> procedures) {
    this.plan = plan;
    this.memory = memory;
    this.procedures = procedures;
  }

  void check() throws PlanException {
    for (Procedure procedure : plan.program().procedures()) {
      Map<String, Lifetime> lifetimes = new HashMap<>();
      String place = PlanFormat.PROGRAM + ": procedure " + procedure.name();
      boolean runByTheRuntime =
          procedure.name().equals(Program.PREFILL) || procedure.name().equals(Program.STEP);
      int end = walk(place, procedure, 1, lifetimes);
      if (runByTheRuntime) {
        // The runtime writes the tokens before and reads the results afterwards.
        use(place, Program.TOKENS, 0, lifetimes);
        use(place, Program.LOGITS, end, lifetimes);
        use(place, Program.NEXT, end, lifetimes);
      }
      checkDisjoint(place, lifetimes.values());
    }
  }

  private int walk(String place, Procedure procedure, int start, Map<String, Lifetime> lifetimes)
      throws PlanException {
    int at = start;
    for (Step step : procedure.steps()) {
      count(place, 1);
      switch (step) {
        case Step.Launch launch -> {
          count(place, launch.buffers().size());
          for (String buffer : launch.buffers()) {
            use(place, buffer, at, lifetimes);
          }
          at++;
        }
        case Step.Observe observe -> {
          use(place, observe.buffer(), at, lifetimes);
          at++;
        }
        case Step.Require require -> {
          use(place, require.buffer(), at, lifetimes);
          at++;
        }
        case Step.SetMark _ -> {}
        case Step.Call call -> {
          Procedure called = procedures.get(call.procedure());
          if (called == null) {
            throw new IllegalStateException("unchecked call of " + call.procedure());
          }
          // Counted as a step of its own, so that empty procedures cannot multiply unseen.
          at = walk(place, called, at + 1, lifetimes);
        }
      }
    }
    return at;
  }

  private void count(String place, int more) throws PlanException {
    uses += more;
    if (uses > MAX_USES) {
      throw new PlanException(
          Reason.TOO_LARGE,
          place,
          "expected at most %d steps and buffers in all procedures with all they call"
              .formatted(MAX_USES));
    }
  }

  private void use(String place, String name, int at, Map<String, Lifetime> lifetimes)
      throws PlanException {
    BufferDeclaration buffer = memory.buffer(place, name);
    if (buffer.kind() != Kind.SCRATCH) {
      return;
    }
    Lifetime lifetime = lifetimes.computeIfAbsent(name, unused -> new Lifetime(buffer, at, at));
    lifetime.first = Math.min(lifetime.first, at);
    lifetime.last = Math.max(lifetime.last, at);
  }

  private void checkDisjoint(String place, Collection<Lifetime> lifetimes) throws PlanException {
    List<SharedBytes.Use> uses = new ArrayList<>();
    for (Lifetime lifetime : lifetimes) {
      BufferDeclaration buffer = lifetime.buffer;
      long end = buffer.offset() + memory.bytes(buffer);
      uses.add(new SharedBytes.Use(buffer, buffer.offset(), end, lifetime.first, lifetime.last));
    }
    Optional<SharedBytes.Conflict> conflict = SharedBytes.conflict(uses);
    if (conflict.isPresent()) {
      throw new PlanException(
          Reason.MALFORMED,
          place,
          "expected buffers %s and %s used one after the other, since they share bytes"
              .formatted(
                  conflict.get().lower().buffer().name(), conflict.get().upper().buffer().name()));
    }
  }
}
