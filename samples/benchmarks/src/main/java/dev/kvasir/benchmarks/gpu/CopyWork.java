package dev.kvasir.benchmarks.gpu;

import dev.kvasir.benchmarks.NativeMemory;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.plans.StorageFormat;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/** What a device can read and write at once: copies of a buffer far larger than its caches. */
final class CopyWork extends DeviceWork {
  private static final int COPIES = 4;
  private static final int VALUES = 8191;

  private final String name;
  private final int width;
  private final long elements;
  private final MemorySegment source;
  private final MemorySegment target;

  /**
   * @param width elements that a grid point copies
   * @param source numbers
   * @param target as large
   */
  CopyWork(int width, MemorySegment source, MemorySegment target) {
    name = "copy_" + width;
    this.width = width;
    elements = target.byteSize() / Float.BYTES;
    this.source = source;
    this.target = target;
  }

  /** {@return numbers to copy} */
  static MemorySegment source(NativeMemory memory, long bytes) {
    MemorySegment source = memory.bytes(bytes);
    for (long i = 0; i < bytes / Float.BYTES; i++) {
      source.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) (i % VALUES));
    }
    return source;
  }

  @Override
  List<Kernel> kernels() {
    return List.of(LimitKernels.copy(name, width));
  }

  @Override
  List<DeviceKernels.Point> points() {
    return Collections.nCopies(
        COPIES,
        new DeviceKernels.Point(
            name,
            Map.of("source", source, "target", target),
            List.of(Map.of()),
            Math.toIntExact(elements / width),
            1));
  }

  @Override
  int operationsOfRun() {
    return COPIES;
  }

  @Override
  double bytes() {
    return 2.0 * elements * Float.BYTES;
  }

  @Override
  double arithmetic() {
    return 0;
  }

  @Override
  void check(DeviceKernels device) {
    device.read(target, StorageFormat.F32);
    if (target.mismatch(source) >= 0) {
      throw new IllegalStateException(name + " copied something else");
    }
  }
}
