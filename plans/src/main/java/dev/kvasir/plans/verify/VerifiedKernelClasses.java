package dev.kvasir.plans.verify;

import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;

/** The kernel classes of a plan that {@link KernelClassVerifier} accepted; there are no others. */
public final class VerifiedKernelClasses {

  private final Map<Integer, Map<String, byte[]>> classes;
  private final SortedSet<String> uses;

  VerifiedKernelClasses(Map<Integer, Map<String, byte[]>> classes, SortedSet<String> uses) {
    Map<Integer, Map<String, byte[]>> copy = new HashMap<>();
    classes.forEach(
        (bits, files) -> {
          Map<String, byte[]> own = new HashMap<>();
          // Copied, so that nobody changes them after the verifier has seen them.
          files.forEach((name, bytes) -> own.put(name, bytes.clone()));
          copy.put(bits, Map.copyOf(own));
        });
    this.classes = Map.copyOf(copy);
    this.uses = Collections.unmodifiableSortedSet(new TreeSet<>(uses));
  }

  /**
   * {@return class files by binary name, dots between packages; the byte arrays must not be
   * changed}
   *
   * @param vectorBits one of {@link dev.kvasir.plans.abi.JvmKernelAbi#VECTOR_BITS}
   */
  public Map<String, byte[]> classes(int vectorBits) {
    Map<String, byte[]> found = classes.get(vectorBits);
    if (found == null) {
      throw new IllegalArgumentException("no kernels for vectors of %d bits".formatted(vectorBits));
    }
    return found;
  }

  /** {@return the lines of {@link KernelAllowList} that the classes need} */
  public SortedSet<String> uses() {
    return uses;
  }
}
