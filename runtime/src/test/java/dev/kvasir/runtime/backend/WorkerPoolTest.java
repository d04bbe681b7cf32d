package dev.kvasir.runtime.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
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
          pool.run(count, buffers, extents, points, extents[1], extents[2], launch % 7 == 0);
          assertThat(firstWrong(cells, points))
              .as("seed %d, launch %d of %d points", seed, launch, points)
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
        assertThatThrownBy(() -> pool.run(fail, buffers, new int[] {bad}, 200, 1, 200, false))
            .hasMessage("point " + bad);
        buffers[0].fill((byte) 0);
        pool.run(count, buffers, new int[] {1, 1, 200}, 200, 1, 200, false);
        assertThat(firstWrong(buffers[0], 200)).as("seed %d", seed).isEqualTo(200);
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
