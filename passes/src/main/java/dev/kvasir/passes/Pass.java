package dev.kvasir.passes;

import dev.kvasir.ir.graph.Graph;
import java.util.Set;

/** One transformation of a graph. Stateless: the same graph and context give the same graph. */
public interface Pass {
  /** {@return the name by which the command and IR dumps know the pass, in kebab case} */
  String id();

  /** {@return what must hold for the graph before} */
  Set<Property> requires();

  /** {@return what holds for the graph afterwards, and stays} */
  Set<Property> establishes();

  /**
   * {@return the transformed graph; an equal one if there is nothing to do}
   *
   * @param graph a verified graph for which everything required holds
   * @param context the model and the policy
   */
  Graph run(Graph graph, PassContext context);
}
