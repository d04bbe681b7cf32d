package dev.kvasir.runtime.backend;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Runs the points of one grid at a time over the calling thread and helper threads.
 *
 * <p>Points are claimed in contiguous chunks, each a share of what remains, from one atomic word
 * that holds the launch's number and the points left. The caller waits for claimed chunks only: a
 * helper that wakes too late costs nothing, and a launch of a few points costs one store. Since
 * each point writes outputs of its own, results do not depend on who ran it.
 */
final class WorkerPool implements AutoCloseable {

  // Longer than the serial launches within a step, so that helpers sleep between steps only.
  private static final long IDLE_SPIN_NANOS = 50_000;
  private static final int SPINS_PER_CLOCK = 64;
  private static final int WAIT_SPINS = 1 << 12;

  private final int threads;
  private final WorkingStorage callerStorage;
  private final List<Helper> helpers;

  // Launch number in the upper half, unclaimed points in the lower.
  private final AtomicLong unclaimed = new AtomicLong();
  private final AtomicInteger unfinished = new AtomicInteger();
  private int launchNumber;

  // Written before the word above is, and read only after a successful claim from it.
  private @Nullable MethodHandle entry;
  private MemorySegment[] buffers = {};
  private int[] dims = {};
  private int extent1;
  private int extent2;

  private volatile @Nullable Throwable failure;
  private volatile @Nullable Thread waiter;
  private volatile boolean stopped;

  /** Working storage of one thread. */
  private record WorkingStorage(float[] floats, int[] ints) {}

  WorkerPool(int threads, int tileFloats, int tileInts) {
    this.threads = threads;
    callerStorage = new WorkingStorage(new float[tileFloats], new int[tileInts]);
    List<Helper> started = new ArrayList<>();
    for (int i = 1; i < threads; i++) {
      Helper helper = new Helper(i, new WorkingStorage(new float[tileFloats], new int[tileInts]));
      started.add(helper);
    }
    helpers = List.copyOf(started);
    helpers.forEach(Thread::start);
  }

  int threads() {
    return threads;
  }

  /**
   * Runs {@code points} grid points; not for two threads at once.
   *
   * @param serial whether the caller runs all points itself
   * @throws Throwable what a grid point threw
   */
  void run(
      MethodHandle kernel,
      MemorySegment[] kernelBuffers,
      int[] kernelDims,
      int points,
      int secondExtent,
      int thirdExtent,
      boolean serial)
      throws Throwable {
    entry = kernel;
    buffers = kernelBuffers;
    dims = kernelDims;
    extent1 = secondExtent;
    extent2 = thirdExtent;
    if (serial || points <= 1 || threads == 1) {
      runPoints(callerStorage, 0, points);
      return;
    }
    failure = null;
    unfinished.set(points);
    launchNumber++;
    unclaimed.set(((long) launchNumber << Integer.SIZE) | points);
    for (int i = 0; i < helpers.size(); i++) {
      helpers.get(i).wake();
    }
    work(callerStorage);
    awaitChunks();
    Throwable thrown = failure;
    if (thrown != null) {
      throw thrown;
    }
  }

  private void awaitChunks() {
    int turns = 0;
    while (unfinished.get() != 0) {
      turns++;
      if (turns < WAIT_SPINS) {
        Thread.onSpinWait();
      } else {
        waiter = Thread.currentThread();
        if (unfinished.get() != 0) {
          LockSupport.park(this);
        }
        waiter = null;
      }
    }
  }

  /** Claims and runs chunks of the current launch; {@return whether there was one} */
  private boolean work(WorkingStorage storage) {
    boolean worked = false;
    while (true) {
      long seen = unclaimed.get();
      int left = (int) seen;
      if (left == 0) {
        return worked;
      }
      int chunk = Math.max(1, left / (2 * threads));
      if (unclaimed.compareAndSet(seen, seen - chunk)) {
        worked = true;
        runChunk(storage, left - chunk, left);
      }
    }
  }

  private void runChunk(WorkingStorage storage, int first, int end) {
    try {
      if (failure == null) {
        runPoints(storage, first, end);
      }
    } catch (Throwable thrown) {
      failure = thrown;
    }
    if (unfinished.addAndGet(first - end) == 0) {
      Thread waiting = waiter;
      if (waiting != null) {
        LockSupport.unpark(waiting);
      }
    }
  }

  private void runPoints(WorkingStorage storage, int first, int end) throws Throwable {
    MethodHandle kernel = entry;
    if (kernel == null) {
      throw new IllegalStateException("a chunk without a launch");
    }
    MemorySegment[] segments = buffers;
    int[] uniform = dims;
    int inner = extent2;
    int middle = extent1;
    float[] floats = storage.floats();
    int[] ints = storage.ints();
    for (int point = first; point < end; point++) {
      int outer = point / inner;
      kernel.invokeExact(
          segments, uniform, floats, ints, outer / middle, outer % middle, point % inner);
    }
  }

  @Override
  public void close() {
    stopped = true;
    for (Helper helper : helpers) {
      LockSupport.unpark(helper);
    }
    boolean interrupted = false;
    for (Helper helper : helpers) {
      while (helper.isAlive()) {
        try {
          helper.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private final class Helper extends Thread {

    private final WorkingStorage storage;
    private volatile boolean parked;

    Helper(int number, WorkingStorage storage) {
      super("kvasir-worker-" + number);
      this.storage = storage;
      setDaemon(true);
    }

    void wake() {
      if (parked) {
        LockSupport.unpark(this);
      }
    }

    @Override
    public void run() {
      while (!stopped) {
        if (!work(storage)) {
          awaitLaunch();
        }
      }
    }

    private boolean idle() {
      return (int) unclaimed.get() == 0 && !stopped;
    }

    private void awaitLaunch() {
      long deadline = System.nanoTime() + IDLE_SPIN_NANOS;
      while (idle()) {
        if (System.nanoTime() - deadline < 0) {
          for (int i = 0; i < SPINS_PER_CLOCK && idle(); i++) {
            Thread.onSpinWait();
          }
        } else {
          parked = true;
          if (idle()) {
            LockSupport.park(WorkerPool.this);
          }
          parked = false;
        }
      }
    }
  }
}
