package dev.kvasir.runtime.backend;

import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanException;
import dev.kvasir.plans.abi.JvmKernelAbi;
import dev.kvasir.plans.program.KernelDeclaration;
import dev.kvasir.plans.program.KernelDeclaration.Argument;
import dev.kvasir.plans.verify.KernelClassVerifier;
import dev.kvasir.runtime.ErrorCode;
import dev.kvasir.runtime.KernelException;
import dev.kvasir.runtime.KvasirException;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Runs the class files of a plan in this Java virtual machine. */
public final class JvmBackend implements Backend {

  /** What a manifest calls plans for this back end. */
  public static final String TARGET = "jvm";

  private static final double MAX_GROWTH = 1.05;

  private final Map<String, Kernel> kernels;
  private final int vectorBits;
  private final WorkerPool pool;

  /** A kernel's entry method and what it may do with its arguments. */
  private record Kernel(MethodHandle entry, List<Argument> arguments) {

    /**
     * {@return the buffers, of which those that the kernel's declaration does not call written are
     * read-only, whatever its class tries}
     */
    MemorySegment[] guarded(MemorySegment[] buffers) {
      MemorySegment[] guarded = new MemorySegment[buffers.length];
      for (int i = 0; i < buffers.length; i++) {
        guarded[i] = arguments.get(i).written() ? buffers[i] : buffers[i].asReadOnly();
      }
      return guarded;
    }
  }

  private JvmBackend(Map<String, Kernel> kernels, int vectorBits, WorkerPool pool) {
    this.kernels = Map.copyOf(kernels);
    this.vectorBits = vectorBits;
    this.pool = pool;
  }

  /**
   * {@return a back end with every kernel of {@code plan} verified and loaded and {@code threads} -
   * 1 helper threads started}
   *
   * @param plan a checked plan for this target
   * @param vectorBits which variant of each kernel, one of {@link JvmKernelAbi#VECTOR_BITS}
   * @param threads threads that run grid points, the calling one included, at least 1
   * @throws PlanException when a kernel of any width is absent or may do more than compute on its
   *     buffers; nothing of the plan is loaded then
   * @throws KvasirException when a kernel cannot be loaded
   */
  public static JvmBackend open(Plan plan, int vectorBits, int threads) throws PlanException {
    KernelClassLoader loader = new KernelClassLoader(KernelClassVerifier.verify(plan), vectorBits);
    Map<String, Kernel> kernels = new HashMap<>();
    int tileFloats = 0;
    int tileInts = 0;
    if (plan.files().containsKey(JvmKernelAbi.entryName(JvmKernelAbi.SHARED, vectorBits))) {
      link(loader, JvmKernelAbi.SHARED, vectorBits);
    }
    for (KernelDeclaration kernel : plan.program().kernels()) {
      MethodHandle entry = entry(loader, kernel.name(), vectorBits);
      kernels.put(kernel.name(), new Kernel(entry, kernel.arguments()));
      tileFloats = Math.max(tileFloats, kernel.tileFloats());
      tileInts = Math.max(tileInts, kernel.tileInts());
    }
    return new JvmBackend(kernels, vectorBits, new WorkerPool(threads, tileFloats, tileInts));
  }

  /** Loads a class and links it, so that a malformed one is an error now and not when it runs. */
  private static MethodHandles.Lookup link(
      KernelClassLoader loader, String kernel, int vectorBits) {
    try {
      Class<?> type = loader.loadClass(JvmKernelAbi.className(kernel, vectorBits));
      MethodHandles.Lookup lookup = MethodHandles.privateLookupIn(type, MethodHandles.lookup());
      lookup.ensureInitialized(type);
      return lookup;
    } catch (ReflectiveOperationException | LinkageError e) {
      throw unloadable(kernel, e);
    }
  }

  private static MethodHandle entry(KernelClassLoader loader, String kernel, int vectorBits) {
    MethodHandles.Lookup lookup = link(loader, kernel, vectorBits);
    try {
      MethodType signature =
          MethodType.fromMethodDescriptorString(
              JvmKernelAbi.ENTRY_DESCRIPTOR, JvmBackend.class.getClassLoader());
      return lookup.findStatic(lookup.lookupClass(), JvmKernelAbi.ENTRY, signature);
    } catch (ReflectiveOperationException | LinkageError e) {
      throw unloadable(kernel, e);
    }
  }

  private static KvasirException unloadable(String kernel, Throwable cause) {
    // What follows the first line of a linkage error is a dump of the code.
    String problem = cause.toString().lines().findFirst().orElse("");
    return new KvasirException(
        ErrorCode.KERNEL_UNLOADABLE,
        "kernel %s cannot be loaded: %s; compile the plan again".formatted(kernel, problem),
        cause);
  }

  /** {@return the width in bits of the kernels} */
  public int vectorBits() {
    return vectorBits;
  }

  /** {@return the threads that run grid points, the calling one included} */
  public int threads() {
    return pool.threads();
  }

  @Override
  public String description() {
    return "jvm, %d-bit vectors, %d %s"
        .formatted(vectorBits, threads(), threads() == 1 ? "thread" : "threads");
  }

  @Override
  public PreparedLaunch prepare(String kernel, String label, MemorySegment[] buffers) {
    Kernel loaded = kernels.get(kernel);
    if (loaded == null) {
      throw new IllegalArgumentException("the plan declares no kernel " + kernel);
    }
    return new JvmLaunch(pool, kernel, label, loaded.entry(), loaded.guarded(buffers));
  }

  @Override
  public void close() {
    pool.close();
  }

  /** A kernel with its buffers, and how long its points take, so that few go to no helper. */
  private static final class JvmLaunch implements PreparedLaunch {

    private final WorkerPool pool;
    private final String kernel;
    private final String label;
    private final MethodHandle entry;
    private final MemorySegment[] buffers;
    private double nanosPerPoint = Double.POSITIVE_INFINITY;

    JvmLaunch(
        WorkerPool pool, String kernel, String label, MethodHandle entry, MemorySegment[] buffers) {
      this.pool = pool;
      this.kernel = kernel;
      this.label = label;
      this.entry = entry;
      this.buffers = buffers;
    }

    @Override
    public long run(int extent0, int extent1, int extent2, int[] dims) {
      try {
        int points = Math.multiplyExact(Math.multiplyExact(extent0, extent1), extent2);
        double found = pool.run(entry, buffers, dims, points, extent1, extent2, nanosPerPoint);
        // A launch that the machine interrupted says nothing about the next one.
        nanosPerPoint = Math.min(found, nanosPerPoint * MAX_GROWTH);
        return pool.nanos();
      } catch (Throwable thrown) {
        throw new KernelException(kernel, label, thrown);
      }
    }
  }
}
