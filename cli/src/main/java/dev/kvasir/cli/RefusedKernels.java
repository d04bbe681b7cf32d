package dev.kvasir.cli;

import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanException;
import dev.kvasir.plans.abi.JvmKernelAbi;
import dev.kvasir.plans.program.KernelDeclaration;
import dev.kvasir.plans.verify.KernelClassVerifier;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** Verifies kernel classes one by one, where a run stops at the first that is refused. */
final class RefusedKernels {

  private RefusedKernels() {}

  /** {@return why each refused class is refused; none when a run would accept all of them} */
  static List<PlanException> of(Plan plan) {
    try {
      KernelClassVerifier.verify(plan);
      return List.of();
    } catch (PlanException first) {
      List<PlanException> refused = new ArrayList<>();
      for (int bits : JvmKernelAbi.VECTOR_BITS) {
        refused.addAll(ofWidth(plan, bits));
      }
      return refused.isEmpty() ? List.of(first) : refused;
    }
  }

  private static List<PlanException> ofWidth(Plan plan, int bits) {
    List<PlanException> refused = new ArrayList<>();
    byte[] shared = plan.files().get(JvmKernelAbi.entryName(JvmKernelAbi.SHARED, bits));
    for (KernelDeclaration kernel : plan.program().kernels()) {
      SortedMap<String, byte[]> classes = new TreeMap<>();
      byte[] own = plan.files().get(JvmKernelAbi.entryName(kernel.name(), bits));
      if (own != null) {
        classes.put(kernel.name(), own);
      }
      if (shared != null) {
        classes.put(JvmKernelAbi.SHARED, shared);
      }
      try {
        KernelClassVerifier.verify(bits, classes);
      } catch (PlanException e) {
        // What is wrong with the shared class is found with every kernel.
        if (refused.stream().noneMatch(other -> other.place().equals(e.place()))) {
          refused.add(e);
        }
      }
    }
    return refused;
  }
}
