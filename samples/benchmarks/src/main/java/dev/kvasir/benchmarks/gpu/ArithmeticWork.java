package dev.kvasir.benchmarks.gpu;

import dev.kvasir.benchmarks.NativeMemory;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.plans.StorageFormat;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;

/** How many multiplications and additions in single precision a device can do. */
final class ArithmeticWork extends DeviceWork {
  private static final String NAME = "arithmetic";
  private static final double BAR = 1e-3;
  private static final float LARGEST = 0.1f;

  private final int points;
  private final MemorySegment source;
  private final MemorySegment target;

  /**
   * @param points work-groups
   */
  ArithmeticWork(NativeMemory memory, int points) {
    this.points = points;
    long elements = (long) points * LimitKernels.ARITHMETIC_WIDTH;
    source = memory.floats(elements);
    target = memory.floats(elements);
    for (long i = 0; i < elements; i++) {
      float place = LARGEST * (float) (i % 200 - 100) / 100;
      source.setAtIndex(ValueLayout.JAVA_FLOAT, i, place);
    }
  }

  @Override
  List<Kernel> kernels() {
    return List.of(LimitKernels.arithmetic(NAME));
  }

  @Override
  List<DeviceKernels.Point> points() {
    return List.of(
        new DeviceKernels.Point(
            NAME, Map.of("source", source, "target", target), List.of(Map.of()), points, 1));
  }

  @Override
  int operationsOfRun() {
    return 1;
  }

  @Override
  double bytes() {
    return 2.0 * target.byteSize();
  }

  @Override
  double arithmetic() {
    return LimitKernels.operationsOfPoint() * points;
  }

  @Override
  void check(DeviceKernels device) {
    device.read(target, StorageFormat.F32);
    for (long i = 0; i < target.byteSize() / Float.BYTES; i += LimitKernels.ARITHMETIC_WIDTH + 1) {
      float expected = LimitKernels.polynomials(source.getAtIndex(ValueLayout.JAVA_FLOAT, i));
      float got = target.getAtIndex(ValueLayout.JAVA_FLOAT, i);
      if (!(Math.abs(got - expected) <= BAR * Math.abs(expected))) {
        throw new IllegalStateException(
            "%s: element %d is %g, expected %g".formatted(NAME, i, got, expected));
      }
    }
  }
}
