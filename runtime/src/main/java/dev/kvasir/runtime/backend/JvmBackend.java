package dev.kvasir.runtime.backend;

import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanException;
import dev.kvasir.plans.StorageFormat;
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
    MemorySegment[] guarded(List<MemorySegment> buffers) {
      MemorySegment[] guarded = new MemorySegment[buffers.size()];
      for (int i = 0; i < guarded.length; i++) {
        MemorySegment buffer = buffers.get(i);
        guarded[i] = arguments.get(i).written() ? buffer : buffer.asReadOnly();
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
  public String fingerprint() {
    return vectorBits + " bits";
  }

  @Override
  public String kernelFolder() {
    String entry = JvmKernelAbi.entryName(JvmKernelAbi.SHARED, vectorBits);
    return entry.substring(0, entry.lastIndexOf('/') + 1);
  }

  @Override
  public int mostLaunches() {
    return 1;
  }

  @Override
  public boolean sharesBuffers() {
    return true;
  }

  @Override
  public Workspace open() {
    return new JvmWorkspace();
  }

  @Override
  public void close() {
    pool.close();
  }

  /** Launches on the segments themselves, which are the host's as well. */
  private final class JvmWorkspace implements Workspace {

    @Override
    public PreparedLaunches prepare(List<Launch> launches) {
      if (launches.size() != 1) {
        throw new IllegalArgumentException(launches.size() + " launches, where 1 runs at a time");
      }
      Launch launch = launches.getFirst();
      Kernel kernel = kernels.get(launch.kernel());
      if (kernel == null) {
        throw new IllegalArgumentException("the plan declares no kernel " + launch.kernel());
      }
      return new JvmLaunch(pool, launch, kernel);
    }

    @Override
    public void written(MemorySegment buffer, StorageFormat format) {}

    @Override
    public void read(MemorySegment buffer, StorageFormat format) {}

    @Override
    public void close() {}
  }

  /** A kernel with its buffers, and how long its points take, so that few go to no helper. */
  private static final class JvmLaunch implements PreparedLaunches {

    private final WorkerPool pool;
    private final Launch launch;
    private final MethodHandle entry;
    private final MemorySegment[] buffers;
    private double nanosPerPoint = Double.POSITIVE_INFINITY;

    JvmLaunch(WorkerPool pool, Launch launch, Kernel kernel) {
      this.pool = pool;
      this.launch = launch;
      entry = kernel.entry();
      buffers = kernel.guarded(launch.buffers());
    }

    @Override
    public long run(int[] extents, int[] dims) {
      try {
        int points = Math.multiplyExact(Math.multiplyExact(extents[0], extents[1]), extents[2]);
        double found =
            pool.run(entry, buffers, dims, points, extents[1], extents[2], nanosPerPoint);
        // A launch that the machine interrupted says nothing about the next one.
        nanosPerPoint = Math.min(found, nanosPerPoint * MAX_GROWTH);
        return pool.nanos();
      } catch (Throwable thrown) {
        throw new KernelException(launch.kernel(), launch.label(), thrown);
      }
    }
  }
}
