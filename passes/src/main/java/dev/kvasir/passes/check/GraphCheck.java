package dev.kvasir.passes.check;

import dev.kvasir.ir.graph.Graph;
import java.util.List;

/** A fact that every finished graph has. */
public interface GraphCheck {
  /** {@return the name by which an error knows the check, in kebab case} */
  String id();

  /** {@return where the fact does not hold, a sentence each} */
  List<String> problems(Graph graph);
}
