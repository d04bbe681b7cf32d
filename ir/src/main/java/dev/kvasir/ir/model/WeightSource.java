package dev.kvasir.ir.model;

import dev.kvasir.ir.diag.CompilerBug;
import java.util.Optional;
import java.util.SortedSet;

/** The weights of one model by name: immutable, and readable from any thread while it is open. */
public interface WeightSource {

  /** {@return the names of all tensors, whether the architecture uses them or not} */
  SortedSet<String> names();

  /** {@return the tensor {@code name}, empty when there is none of that name} */
  Optional<Weight> find(String name);

  /** {@return which model this is, 64 lower-case hexadecimal digits} */
  String fingerprint();

  /**
   * {@return the tensor {@code name} of a source that {@link WeightCatalog} has accepted}
   *
   * @throws CompilerBug when there is none of that name
   */
  default Weight weight(String name) {
    return find(name)
        .orElseThrow(() -> new CompilerBug("no weight " + name + " in an accepted model"));
  }
}
