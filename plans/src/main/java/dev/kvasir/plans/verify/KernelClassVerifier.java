package dev.kvasir.plans.verify;

import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanException;
import dev.kvasir.plans.PlanException.Reason;
import dev.kvasir.plans.abi.JvmKernelAbi;
import dev.kvasir.plans.program.KernelDeclaration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Verifies the kernel classes of {@code jvm} plans.
 *
 * <p>An accepted class is public, final, of the expected name and of the version that the compiler
 * writes. It has no superclass but Object, no interfaces and fields, and no methods but static
 * ones, which have no exception handlers, make no objects, hold no locks and throw nothing
 * themselves. They name nothing but the lines of {@link KernelAllowList} and each other, call each
 * other without a cycle, and each of their loops ends.
 *
 * <p>Not shown here: that types fit, which the Java virtual machine shows when it links the class;
 * that a kernel stays within the buffers that it was given, which every access checks; that it
 * stores only to arguments that its declaration calls written; that it ends soon; and that it
 * computes what it should.
 */
public final class KernelClassVerifier {

  /** Most bytes of the classes of one vector width. */
  static final long MAX_BYTES = 2L << 20;

  private KernelClassVerifier() {}

  /**
   * {@return the kernel classes of {@code plan}, at every vector width}
   *
   * @param plan a checked plan of the target {@code jvm}
   * @throws PlanException {@link Reason#UNSAFE_KERNEL} when a class is not accepted; {@link
   *     Reason#MALFORMED} when one is absent
   */
  public static VerifiedKernelClasses verify(Plan plan) throws PlanException {
    Map<Integer, Map<String, byte[]>> classes = new HashMap<>();
    SortedSet<String> uses = new TreeSet<>();
    for (int bits : JvmKernelAbi.VECTOR_BITS) {
      SortedMap<String, byte[]> kernels = new TreeMap<>();
      for (KernelDeclaration kernel : plan.program().kernels()) {
        kernels.put(kernel.name(), file(plan, kernel.name(), bits));
      }
      if (plan.files().containsKey(JvmKernelAbi.entryName(JvmKernelAbi.SHARED, bits))) {
        kernels.put(JvmKernelAbi.SHARED, file(plan, JvmKernelAbi.SHARED, bits));
      }
      uses.addAll(verify(bits, kernels));
      Map<String, byte[]> named = new HashMap<>();
      kernels.forEach((name, bytes) -> named.put(JvmKernelAbi.className(name, bits), bytes));
      classes.put(bits, named);
    }
    return new VerifiedKernelClasses(classes, uses);
  }

  private static byte[] file(Plan plan, String kernel, int bits) throws PlanException {
    String entry = JvmKernelAbi.entryName(kernel, bits);
    byte[] bytes = plan.files().get(entry);
    if (bytes == null) {
      throw new PlanException(Reason.MALFORMED, entry, "expected the entry, got none");
    }
    return bytes;
  }

  /**
   * {@return the lines of {@link KernelAllowList} that the kernels of one vector width need}
   *
   * @param vectorBits one of {@link JvmKernelAbi#VECTOR_BITS}
   * @param kernels class files by kernel name, among them {@link JvmKernelAbi#SHARED} where the
   *     others call it
   * @throws PlanException {@link Reason#UNSAFE_KERNEL} when one is not accepted
   */
  public static SortedSet<String> verify(int vectorBits, SortedMap<String, byte[]> kernels)
      throws PlanException {
    SortedSet<String> uses = new TreeSet<>();
    Map<MethodKey, KernelMethod> methods = new LinkedHashMap<>();
    Set<MethodKey> entries = new HashSet<>();
    String shared = internalName(JvmKernelAbi.SHARED, vectorBits);
    long size = 0;
    for (Map.Entry<String, byte[]> kernel : kernels.entrySet()) {
      String place = JvmKernelAbi.entryName(kernel.getKey(), vectorBits);
      String self = internalName(kernel.getKey(), vectorBits);
      size += kernel.getValue().length;
      Refusal.require(
          size <= MAX_BYTES,
          place,
          "expected at most %d bytes of classes, got more".formatted(MAX_BYTES));
      List<KernelMethod> read = new ClassReader(place, self, shared, uses).read(kernel.getValue());
      read.forEach(method -> methods.put(method.key(), method));
      if (!self.equals(shared)) {
        MethodKey entry = ClassReader.entry(self);
        KernelMethod found = methods.get(entry);
        Refusal.require(
            found != null && found.open(),
            place,
            "expected a public method run of the kernel's type, got none");
        entries.add(entry);
      }
    }
    BoundChecker.check(CallGraph.callersFirst(methods), entries);
    return uses;
  }

  private static String internalName(String kernel, int vectorBits) {
    return JvmKernelAbi.className(kernel, vectorBits).replace('.', '/');
  }
}
