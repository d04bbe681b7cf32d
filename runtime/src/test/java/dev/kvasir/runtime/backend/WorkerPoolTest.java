package dev.kvasir.runtime.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.invoke.VarHandle;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class WorkerPoolTest {

  private static final MethodType SIGNATURE =
      MethodType.methodType(
          void.class,
          MemorySegment[].class,
          int[].class,
          float[].class,
          int[].class,
          int.class,
          int.class,
          int.class);

  /** Work in nanoseconds that is not shared, shared, shared by helpers that are woken, and new. */
  private static final double[] ESTIMATES = {0, 2e4, 1e6, Double.POSITIVE_INFINITY};

  private static final double LONG = 1e6;

  private final long seed = System.nanoTime();
  private final Random random = new Random(seed);

  @Test
  void everyPointRunsOnceInEveryLaunch() throws Throwable {
    MethodHandle count = kernel("count");
    for (int threads : new int[] {1, 2, 5}) {
      try (WorkerPool pool = new WorkerPool(threads, 1, 1);
          Arena arena = Arena.ofShared()) {
        MemorySegment cells = arena.allocate(4 * 3000L);
        MemorySegment[] buffers = {cells};
        for (int launch = 0; launch < 3_000; launch++) {
          int[] extents = {1 + random.nextInt(3), 1 + random.nextInt(20), 1 + random.nextInt(40)};
          int points = extents[0] * extents[1] * extents[2];
          cells.fill((byte) 0);
          // Now and then helpers fall asleep between launches.
          if (launch % 500 == 0) {
            Thread.sleep(2);
          }
          double nanosPerPoint = ESTIMATES[random.nextInt(ESTIMATES.length)] / points;
          pool.run(count, buffers, extents, points, extents[1], extents[2], nanosPerPoint);
          assertThat(firstWrong(cells, points))
              .as("seed %d, launch %d: %d points at %f ns", seed, launch, points, nanosPerPoint)
              .isEqualTo(points);
        }
      }
    }
  }

  @Test
  void aPointThatThrowsEndsItsLaunchOnly() throws Throwable {
    MethodHandle fail = kernel("fail");
    MethodHandle count = kernel("count");
    try (WorkerPool pool = new WorkerPool(3, 1, 1);
        Arena arena = Arena.ofShared()) {
      MemorySegment[] buffers = {arena.allocate(4 * 300L)};
      for (int round = 0; round < 500; round++) {
        int bad = random.nextInt(200);
        assertThatThrownBy(() -> pool.run(fail, buffers, new int[] {bad}, 200, 1, 200, LONG))
            .hasMessage("point " + bad);
        buffers[0].fill((byte) 0);
        pool.run(count, buffers, new int[] {1, 1, 200}, 200, 1, 200, LONG);
        assertThat(firstWrong(buffers[0], 200)).as("seed %d", seed).isEqualTo(200);
      }
    }
  }

  /** Each of two points waits for the other one: they end on two threads alone. */
  @Test
  void sleepingHelpersWakeForLongLaunches() throws Throwable {
    meet(2, 40, 2);
  }

  /** Helpers beyond the first are woken by others: as many points meet as there are threads. */
  @Test
  void helpersWakeEachOther() throws Throwable {
    meet(8, 20, 1);
  }

  /** Lets a point on each thread wait for all others; helpers fall asleep before some rounds. */
  private static void meet(int threads, int rounds, int roundsPerSleep) throws Throwable {
    MethodHandle meet = kernel("meet");
    try (WorkerPool pool = new WorkerPool(threads, 1, 1);
        Arena arena = Arena.ofShared()) {
      MemorySegment[] buffers = {arena.allocate(4L * threads)};
      for (int round = 0; round < rounds; round++) {
        buffers[0].fill((byte) 0);
        if (round % roundsPerSleep == 0) {
          Thread.sleep(2);
        }
        pool.run(meet, buffers, new int[0], threads, 1, threads, LONG);
      }
    }
  }

  @Test
  void launchesOfLittleWorkStayOnTheCaller() throws Throwable {
    MethodHandle who = kernel("who");
    try (WorkerPool pool = new WorkerPool(3, 1, 1);
        Arena arena = Arena.ofShared()) {
      MemorySegment[] buffers = {arena.allocate(4 * 100L)};
      for (int round = 0; round < 100; round++) {
        pool.run(who, buffers, new int[0], 100, 1, 100, 1);
        int[] threads = buffers[0].toArray(ValueLayout.JAVA_INT);
        assertThat(threads).containsOnly((int) Thread.currentThread().threadId());
      }
    }
  }

  @Test
  void launchesTellHowLongAPointTook() throws Throwable {
    MethodHandle idle = kernel("idle");
    int nanos = 20_000;
    try (WorkerPool pool = new WorkerPool(2, 1, 1)) {
      for (double estimate : new double[] {0, LONG}) {
        double found = pool.run(idle, new MemorySegment[0], new int[] {nanos}, 20, 1, 20, estimate);
        assertThat(found).as("with %f ns expected", estimate).isBetween((double) nanos, 1e12);
      }
    }
  }

  /** {@return the first cell that its point did not write once, {@code points} for none} */
  private static int firstWrong(MemorySegment cells, int points) {
    int point = 0;
    while (point < points && cells.getAtIndex(ValueLayout.JAVA_INT, point) == point + 1) {
      point++;
    }
    return point == points && cells.getAtIndex(ValueLayout.JAVA_INT, points) != 0 ? -1 : point;
  }

  private static MethodHandle kernel(String name) throws ReflectiveOperationException {
    return MethodHandles.lookup().findStatic(Kernels.class, name, SIGNATURE);
  }

  static final class Kernels {

    private static final VarHandle CELL = ValueLayout.JAVA_INT.varHandle();

    private Kernels() {}

    /** Adds the point's number, from 1, to the point's cell. */
    static void count(
        MemorySegment[] buffers,
        int[] extents,
        float[] floats,
        int[] ints,
        int axis0,
        int axis1,
        int axis2) {
      int point = (axis0 * extents[1] + axis1) * extents[2] + axis2;
      int before = buffers[0].getAtIndex(ValueLayout.JAVA_INT, point);
      buffers[0].setAtIndex(ValueLayout.JAVA_INT, point, before + point + 1);
    }

    /** Waits until every point has come here. */
    static void meet(
        MemorySegment[] buffers,
        int[] none,
        float[] floats,
        int[] ints,
        int axis0,
        int axis1,
        int axis2) {
      CELL.setVolatile(buffers[0], 4L * axis2, 1);
      for (long point = 0; point < buffers[0].byteSize() / 4; point++) {
        while ((int) CELL.getVolatile(buffers[0], 4 * point) == 0) {
          Thread.onSpinWait();
        }
      }
    }

    /** Leaves the number of its thread. */
    static void who(
        MemorySegment[] buffers,
        int[] none,
        float[] floats,
        int[] ints,
        int axis0,
        int axis1,
        int axis2) {
      buffers[0].setAtIndex(ValueLayout.JAVA_INT, axis2, (int) Thread.currentThread().threadId());
    }

    /** Takes at least so many nanoseconds. */
    static void idle(
        MemorySegment[] buffers,
        int[] nanos,
        float[] floats,
        int[] ints,
        int axis0,
        int axis1,
        int axis2) {
      long start = System.nanoTime();
      while (System.nanoTime() - start < nanos[0]) {
        Thread.onSpinWait();
      }
    }

    static void fail(
        MemorySegment[] buffers,
        int[] bad,
        float[] floats,
        int[] ints,
        int axis0,
        int axis1,
        int axis2) {
      if (axis2 == bad[0]) {
        throw new IllegalStateException("point " + axis2);
      }
    }
  }
}
