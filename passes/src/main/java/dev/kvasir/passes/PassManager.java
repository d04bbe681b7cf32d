package dev.kvasir.passes;

import dev.kvasir.ir.diag.CompilerBug;
import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.GraphPrinter;
import dev.kvasir.ir.graph.GraphVerifier;
import dev.kvasir.passes.check.GraphCheck;
import java.time.Duration;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Runs passes in order: requirements before, verification after, checks at the end. */
public final class PassManager {
  private final List<Pass> passes;
  private final List<GraphCheck> checks;

  /**
   * A fixed pipeline.
   *
   * @param passes in the order in which they run
   * @param checks what holds when all have run
   * @throws CompilerBug when a pass requires what no earlier one establishes, or two have one id
   */
  public PassManager(List<Pass> passes, List<GraphCheck> checks) {
    this.passes = List.copyOf(passes);
    this.checks = List.copyOf(checks);
    Set<Property> established = EnumSet.noneOf(Property.class);
    Set<String> ids = new HashSet<>();
    for (Pass pass : passes) {
      if (!ids.add(pass.id())) {
        throw new CompilerBug("two passes are named " + pass.id());
      }
      Set<Property> missing = new HashSet<>(pass.requires());
      missing.removeAll(established);
      if (!missing.isEmpty()) {
        throw new CompilerBug(
            pass.id() + " requires " + missing + ", which no pass before it establishes");
      }
      established.addAll(pass.establishes());
    }
  }

  /** {@return the passes, in order} */
  public List<Pass> passes() {
    return passes;
  }

  /** {@return the ids of the passes, in order} */
  public List<String> ids() {
    return passes.stream().map(Pass::id).toList();
  }

  /** {@return the graph after all passes and checks} */
  public Graph run(PassContext context, PassListener listener) {
    Graph graph = runPasses(context, listener, Optional.empty());
    for (GraphCheck check : checks) {
      refuse(check.id(), check.problems(graph), graph);
    }
    return graph;
  }

  /**
   * {@return the graph after one of the passes; checks do not apply to it}
   *
   * @param lastId the last pass to run
   * @throws IllegalArgumentException when no pass has that id
   */
  public Graph runUntil(String lastId, PassContext context, PassListener listener) {
    if (!ids().contains(lastId)) {
      throw new IllegalArgumentException(
          "no pass is named " + lastId + "; passes: " + String.join(", ", ids()));
    }
    return runPasses(context, listener, Optional.of(lastId));
  }

  private Graph runPasses(PassContext context, PassListener listener, Optional<String> lastId) {
    Graph graph = new Graph(context.modelName(), List.of(), List.of(), List.of());
    int number = 0;
    for (Pass pass : passes) {
      Graph before = graph;
      long start = System.nanoTime();
      graph = pass.run(before, context);
      Duration time = Duration.ofNanos(System.nanoTime() - start);
      number++;
      refuse(pass.id(), GraphVerifier.verify(graph), graph);
      listener.afterPass(new PassEvent(number, pass.id(), before, graph, time));
      if (lastId.equals(Optional.of(pass.id()))) {
        break;
      }
    }
    return graph;
  }

  private static void refuse(String stage, List<String> problems, Graph graph) {
    if (!problems.isEmpty()) {
      throw new CompilerBug(stage, String.join("; ", problems), GraphPrinter.print(graph));
    }
  }
}
