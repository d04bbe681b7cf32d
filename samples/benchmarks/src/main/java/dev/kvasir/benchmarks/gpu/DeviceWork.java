package dev.kvasir.benchmarks.gpu;

import dev.kvasir.ir.kernel.Kernel;
import java.util.List;
import java.util.Optional;

/** Something that a device is timed by: equal operations, several of them in a run. */
abstract class DeviceWork {

  private Optional<DeviceKernels.Run> run = Optional.empty();

  /** {@return the kernels that it launches} */
  abstract List<Kernel> kernels();

  /** {@return the launches of a run} */
  abstract List<DeviceKernels.Point> points();

  /** {@return operations of a run} */
  abstract int operationsOfRun();

  /** {@return bytes that an operation has to read and write} */
  abstract double bytes();

  /** {@return multiplications and additions of an operation} */
  abstract double arithmetic();

  /**
   * Compares what the last run left with a reference.
   *
   * @throws IllegalStateException when they differ
   */
  abstract void check(DeviceKernels device);

  /** Prepares runs, before any run of any work. */
  final void prepare(DeviceKernels device) {
    run = Optional.of(device.prepare(points()));
  }

  /** {@return nanoseconds of an operation, the mean of a run} */
  final double nanos() {
    return run.orElseThrow().nanos() / (double) operationsOfRun();
  }
}
