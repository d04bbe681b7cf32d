package dev.kvasir.runtime.tornadovm;

import dev.kvasir.plans.StorageFormat;
import dev.kvasir.runtime.backend.Device;
import dev.kvasir.runtime.backend.Devices;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import uk.ac.manchester.tornado.api.TornadoBackend;
import uk.ac.manchester.tornado.api.TornadoRuntime;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;
import uk.ac.manchester.tornado.runtime.common.TornadoOptions;

/** The devices of all drivers that TornadoVM was started with. */
final class TornadoDevices {

  private static final List<StorageFormat> FORMATS =
      List.of(
          StorageFormat.F32,
          StorageFormat.F16,
          StorageFormat.I32,
          StorageFormat.U8,
          StorageFormat.U4);

  private TornadoDevices() {}

  /** {@return the devices, each with an id of its driver's number and its own: {@code 0:0}} */
  static Devices list() {
    try {
      TornadoRuntime runtime = TornadoRuntimeProvider.getTornadoRuntime();
      List<Device> devices = new ArrayList<>();
      for (int driver = 0; driver < runtime.getNumBackends(); driver++) {
        TornadoBackend backend = runtime.getBackend(driver);
        for (int number = 0; number < backend.getNumDevices(); number++) {
          TornadoDevice device = backend.getDevice(number);
          // A virtual device compiles kernels and never runs them.
          if (device.getTornadoVMBackend() != TornadoVMBackendType.VIRTUAL) {
            devices.add(describe(driver + ":" + number, device));
          }
        }
      }
      return devices.isEmpty()
          ? new Devices.Unavailable("TornadoVM finds no device; install the driver of one")
          : new Devices.Available(devices);
    } catch (Throwable thrown) {
      // Drivers that are absent or broken show in static initialisers and in native code.
      return new Devices.Unavailable(
          "TornadoVM finds no device: %s; install the driver of one, or a TornadoVM SDK for it"
              .formatted(Faults.message(thrown)));
    }
  }

  /** {@return which TornadoVM this is} */
  static String version() {
    return String.valueOf(TornadoRuntimeProvider.class.getModule().getDescriptor())
        + TornadoRuntimeProvider.getTornadoRuntime().getClass().getModule().getDescriptor();
  }

  private static Device describe(String id, TornadoDevice device) {
    long memory = Math.min(device.getMaxGlobalMemory(), TornadoOptions.DEVICE_AVAILABLE_MEMORY);
    String name =
        "%s (%s)"
            .formatted(
                device.getPhysicalDevice().getDeviceName().strip(), device.getTornadoVMBackend());
    return new Device(id, name, OptionalLong.of(memory), FORMATS);
  }

  /** {@return the device with an id that {@link #list} gave} */
  static TornadoDevice find(String id) {
    int colon = id.indexOf(':');
    return TornadoRuntimeProvider.getTornadoRuntime()
        .getBackend(Integer.parseInt(id.substring(0, colon)))
        .getDevice(Integer.parseInt(id.substring(colon + 1)));
  }
}
