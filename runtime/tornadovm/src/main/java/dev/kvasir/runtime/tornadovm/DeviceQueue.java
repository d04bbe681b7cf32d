package dev.kvasir.runtime.tornadovm;

import dev.kvasir.runtime.ErrorCode;
import dev.kvasir.runtime.KvasirException;
import dev.kvasir.runtime.backend.Launch;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import uk.ac.manchester.tornado.api.runtime.ExecutorFrame;
import uk.ac.manchester.tornado.runtime.common.TornadoXPUDevice;

/** What runs one after the other on a device: the launches of one session. */
final class DeviceQueue {

  // Far from the numbers that TornadoVM gives to the plans of other users in this process.
  private static final AtomicLong NUMBERS = new AtomicLong(1L << 40);

  private final TornadoXPUDevice device;
  private final String deviceName;
  private final ExecutorFrame frame = new ExecutorFrame(NUMBERS.incrementAndGet());

  DeviceQueue(TornadoXPUDevice device, String deviceName) {
    this.device = device;
    this.deviceName = deviceName;
  }

  /** {@return TornadoVM's number of this queue} */
  long number() {
    return frame.getExecutionPlanId();
  }

  /** {@return a graph without tasks} */
  DeviceGraph graph(String name) {
    return new DeviceGraph(name, device, frame);
  }

  /** Forgets the compiled kernels, and ends the queue. */
  void close() {
    device.getDeviceContext().reset(number());
  }

  /** {@return the error for a kernel that TornadoVM or the device's driver did not compile} */
  KvasirException uncompilable(String kernel, Throwable thrown) {
    return new KvasirException(
        ErrorCode.KERNEL_UNCOMPILABLE,
        ("kernel %s does not compile on %s: %s; update the device's driver, or compile the policy"
                + " for target jvm")
            .formatted(kernel, deviceName, Faults.message(thrown)),
        thrown);
  }

  /**
   * {@return the error for a group of launches whose first run failed}
   *
   * @param group the group's name
   */
  KvasirException uncompilable(String group, List<Launch> launches, Throwable thrown) {
    String said = String.valueOf(thrown.getMessage());
    for (int i = launches.size() - 1; i >= 0; i--) {
      if (launches.size() == 1 || said.contains(group + ".t" + i)) {
        return uncompilable(launches.get(i).kernel(), thrown);
      }
    }
    return uncompilable(
        "%s, or one of the %d after it,"
            .formatted(launches.getFirst().kernel(), launches.size() - 1),
        thrown);
  }
}
