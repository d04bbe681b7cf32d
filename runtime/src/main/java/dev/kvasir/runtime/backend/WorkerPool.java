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
 *
 * <p>A helper without work spins for a moment and then sleeps. A launch of little work runs on the
 * caller alone; helpers that are awake join one of more; and helpers are woken once enough work has
 * passed without them, each by another one, so that the caller pays for one alone.
 */
final class WorkerPool implements AutoCloseable {

  // Longer than the serial launches within a step, so that helpers sleep between steps only.
  private static final long IDLE_SPIN_NANOS = 50_000;
  private static final int SPINS_PER_YIELD = 16;

  /** Work that takes a caller and a helper, who is awake, as long as the caller alone. */
  private static final double SHARED_NANOS = 10_000;

  /**
   * Work beyond {@link #SHARED_NANOS}, in one launch or several, that takes a caller who wakes a
   * helper as long as the caller alone.
   */
  private static final double WAKE_NANOS = 30_000;

  private static final int WAIT_SPINS = 1 << 12;

  private final int threads;
  private final WorkingStorage callerStorage;
  private final List<Helper> helpers;

  // Launch number in the upper half, unclaimed points in the lower.
  private final AtomicLong unclaimed = new AtomicLong();
  private final AtomicInteger unfinished = new AtomicInteger();
  private int launchNumber;
  private double unsharedNanos;

  // Written before the word above is, and read only after a successful claim from it.
  private @Nullable MethodHandle entry;
  private MemorySegment[] buffers = {};
  private int[] dims = {};
  private int extent1;
  private int extent2;
  private int wanted;

  private long nanos;

  private volatile @Nullable Throwable failure;
  private volatile @Nullable Thread waiter;
  private volatile boolean stopped;

  /** Working storage of one thread, and how many points it has run. */
  private static final class WorkingStorage {
    private final float[] floats;
    private final int[] ints;
    private long points;

    private WorkingStorage(int floats, int ints) {
      this.floats = new float[floats];
      this.ints = new int[ints];
    }
  }

  WorkerPool(int threads, int tileFloats, int tileInts) {
    this.threads = threads;
    callerStorage = new WorkingStorage(tileFloats, tileInts);
    List<Helper> started = new ArrayList<>();
    for (int i = 1; i < threads; i++) {
      started.add(new Helper(i, new WorkingStorage(tileFloats, tileInts)));
    }
    helpers = List.copyOf(started);
    helpers.forEach(Thread::start);
  }

  int threads() {
    return threads;
  }

  /** {@return how long the last launch took, from its first point to its last} */
  long nanos() {
    return nanos;
  }

  /**
   * Runs {@code points} grid points; not for two threads at once.
   *
   * @param nanosPerPoint about how long a point takes one thread
   * @return the same as it was found in this launch, of the points that the caller ran
   * @throws Throwable what a grid point threw
   */
  double run(
      MethodHandle kernel,
      MemorySegment[] kernelBuffers,
      int[] kernelDims,
      int points,
      int secondExtent,
      int thirdExtent,
      double nanosPerPoint)
      throws Throwable {
    entry = kernel;
    buffers = kernelBuffers;
    dims = kernelDims;
    extent1 = secondExtent;
    extent2 = thirdExtent;
    long before = callerStorage.points;
    double work = points * nanosPerPoint;
    boolean shared = work >= SHARED_NANOS && points > 1 && threads > 1;
    if (shared) {
      share(points, work);
    }
    long start = System.nanoTime();
    if (shared) {
      work(callerStorage);
    } else {
      runPoints(callerStorage, 0, points);
    }
    long own = System.nanoTime() - start;
    awaitChunks();
    nanos = shared ? System.nanoTime() - start : own;
    Throwable thrown = failure;
    if (thrown != null) {
      failure = null;
      throw thrown;
    }
    long ran = callerStorage.points - before;
    return ran == 0 ? nanosPerPoint : (double) own / ran;
  }

  /**
   * Offers the points of a launch to helpers. Those that sleep are woken once enough has passed
   * without waking them, as many as find work to be awake for.
   */
  private void share(int points, double work) {
    unsharedNanos += work - SHARED_NANOS;
    boolean wake = unsharedNanos >= WAKE_NANOS;
    wanted = wake ? (int) Math.clamp(work / SHARED_NANOS, 1, helpers.size()) : 0;
    unfinished.set(points);
    launchNumber++;
    unclaimed.set(((long) launchNumber << Integer.SIZE) | points);
    if (wake) {
      unsharedNanos = 0;
      wake(0);
    }
  }

  private void wake(int helper) {
    if (helper < wanted) {
      helpers.get(helper).wake();
    }
  }

  private void awaitChunks() {
    int turns = 0;
    while (unfinished.get() != 0) {
      turns++;
      if (turns < WAIT_SPINS) {
        pause(turns);
      } else {
        waiter = Thread.currentThread();
        if (unfinished.get() != 0) {
          LockSupport.park(this);
        }
        waiter = null;
      }
    }
  }

  /**
   * Lets a moment pass. Now and then the processor is offered to other threads: a helper that was
   * woken where the caller runs would else spin while the caller waits for the processor.
   */
  @SuppressWarnings("ThreadPriorityCheck") // speed, not correctness, hangs on the yield
  private static void pause(int turn) {
    if (turn % SPINS_PER_YIELD == SPINS_PER_YIELD - 1) {
      Thread.yield();
    } else {
      Thread.onSpinWait();
    }
  }

  /** Claims and runs chunks of the current launch until none is left. */
  private void work(WorkingStorage storage) {
    while (true) {
      long seen = unclaimed.get();
      int left = (int) seen;
      if (left == 0) {
        return;
      }
      int chunk = Math.max(1, left / (2 * threads));
      if (unclaimed.compareAndSet(seen, seen - chunk)) {
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
    float[] floats = storage.floats;
    int[] ints = storage.ints;
    storage.points += end - first;
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

    private final int number;
    private final WorkingStorage storage;
    private volatile boolean parked;

    /** A helper, from 1; the helpers wake each other as the nodes of a binary heap. */
    Helper(int number, WorkingStorage storage) {
      super("kvasir-worker-" + number);
      this.number = number;
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
        awaitLaunch();
        WorkerPool.this.wake(2 * number - 1);
        WorkerPool.this.wake(2 * number);
        work(storage);
      }
    }

    private boolean idle() {
      return (int) unclaimed.get() == 0 && !stopped;
    }

    private void awaitLaunch() {
      long deadline = System.nanoTime() + IDLE_SPIN_NANOS;
      while (idle()) {
        if (System.nanoTime() - deadline < 0) {
          for (int i = 0; i < SPINS_PER_YIELD && idle(); i++) {
            pause(i);
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
