package dev.kvasir.runtime.backend;

import dev.kvasir.plans.Plan;
import dev.kvasir.plans.abi.JvmKernelAbi;
import dev.kvasir.plans.program.KernelDeclaration;
import dev.kvasir.runtime.ErrorCode;
import dev.kvasir.runtime.KernelException;
import dev.kvasir.runtime.KvasirException;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Runs the class files of a plan in this Java virtual machine. */
public final class JvmBackend implements Backend {

  /** What a manifest calls plans for this back end. */
  public static final String TARGET = "jvm";

  // About what it costs to wake helpers: launches of less work in all run on the caller alone.
  private static final double SERIAL_NANOS = 10_000;
  private static final double MAX_GROWTH = 1.05;

  private final Map<String, MethodHandle> entries;
  private final int vectorBits;
  private final WorkerPool pool;

  private JvmBackend(Map<String, MethodHandle> entries, int vectorBits, WorkerPool pool) {
    this.entries = Map.copyOf(entries);
    this.vectorBits = vectorBits;
    this.pool = pool;
  }

  /**
   * {@return a back end with every kernel of {@code plan} loaded and {@code threads} - 1 helper
   * threads started}
   *
   * @param vectorBits which variant of each kernel, one of {@link JvmKernelAbi#VECTOR_BITS}
   * @param threads threads that run grid points, the calling one included, at least 1
   * @throws KvasirException when a kernel is absent or cannot be loaded
   */
  public static JvmBackend open(Plan plan, int vectorBits, int threads) {
    Map<String, byte[]> classes = new HashMap<>();
    int tileFloats = 0;
    int tileInts = 0;
    for (KernelDeclaration kernel : plan.program().kernels()) {
      String entry = JvmKernelAbi.entryName(kernel.name(), vectorBits);
      byte[] bytes = plan.files().get(entry);
      if (bytes == null) {
        throw unloadable(kernel.name(), "the plan has no entry " + entry, null);
      }
      classes.put(JvmKernelAbi.className(kernel.name(), vectorBits), bytes);
      tileFloats = Math.max(tileFloats, kernel.tileFloats());
      tileInts = Math.max(tileInts, kernel.tileInts());
    }
    byte[] shared = plan.files().get(JvmKernelAbi.entryName(JvmKernelAbi.SHARED, vectorBits));
    if (shared != null) {
      classes.put(JvmKernelAbi.className(JvmKernelAbi.SHARED, vectorBits), shared);
    }
    KernelClassLoader loader = new KernelClassLoader(classes);
    Map<String, MethodHandle> entries = new HashMap<>();
    for (KernelDeclaration kernel : plan.program().kernels()) {
      entries.put(kernel.name(), entry(loader, kernel.name(), vectorBits));
    }
    return new JvmBackend(entries, vectorBits, new WorkerPool(threads, tileFloats, tileInts));
  }

  private static MethodHandle entry(KernelClassLoader loader, String kernel, int vectorBits) {
    try {
      Class<?> type = loader.loadClass(JvmKernelAbi.className(kernel, vectorBits));
      MethodHandles.Lookup lookup = MethodHandles.privateLookupIn(type, MethodHandles.lookup());
      // Linked now, so that a malformed class is an error of loading and not of the first launch.
      lookup.ensureInitialized(type);
      MethodType signature =
          MethodType.fromMethodDescriptorString(
              JvmKernelAbi.ENTRY_DESCRIPTOR, JvmBackend.class.getClassLoader());
      return lookup.findStatic(type, JvmKernelAbi.ENTRY, signature);
    } catch (ReflectiveOperationException | LinkageError e) {
      throw unloadable(kernel, e.toString(), e);
    }
  }

  private static KvasirException unloadable(
      String kernel, String problem, @Nullable Throwable cause) {
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
    MethodHandle entry = entries.get(kernel);
    if (entry == null) {
      throw new IllegalArgumentException("the plan declares no kernel " + kernel);
    }
    return new JvmLaunch(pool, kernel, label, entry, buffers);
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
    private double nanosPerPoint = SERIAL_NANOS;

    JvmLaunch(
        WorkerPool pool, String kernel, String label, MethodHandle entry, MemorySegment[] buffers) {
      this.pool = pool;
      this.kernel = kernel;
      this.label = label;
      this.entry = entry;
      this.buffers = buffers;
    }

    @Override
    public void run(int extent0, int extent1, int extent2, int[] dims) {
      try {
        int points = Math.multiplyExact(Math.multiplyExact(extent0, extent1), extent2);
        boolean serial = points * nanosPerPoint <= SERIAL_NANOS;
        long start = System.nanoTime();
        pool.run(entry, buffers, dims, points, extent1, extent2, serial);
        double nanos = (double) (System.nanoTime() - start) * (serial ? 1 : pool.threads());
        // A launch that the machine interrupted says nothing about the next one.
        nanosPerPoint = Math.min(nanos / Math.max(1, points), nanosPerPoint * MAX_GROWTH);
      } catch (Throwable thrown) {
        throw new KernelException(kernel, label, thrown);
      }
    }
  }
}
