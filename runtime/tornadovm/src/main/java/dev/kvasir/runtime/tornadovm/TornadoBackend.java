package dev.kvasir.runtime.tornadovm;

import dev.kvasir.plans.Plan;
import dev.kvasir.plans.abi.TornadoKernelAbi;
import dev.kvasir.runtime.backend.Backend;
import dev.kvasir.runtime.backend.Device;
import dev.kvasir.runtime.backend.Workspace;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.runtime.common.TornadoXPUDevice;

/** Runs the kernels of a plan on one of TornadoVM's devices. */
final class TornadoBackend implements Backend {

  private final Device description;
  private final TornadoXPUDevice device;
  private final KernelTasks kernels;
  private final DeviceNeed need;
  private final int mostLaunches;
  private int openWorkspaces;

  private TornadoBackend(
      Device description,
      TornadoXPUDevice device,
      KernelTasks kernels,
      DeviceNeed need,
      int mostLaunches) {
    this.description = description;
    this.device = device;
    this.kernels = kernels;
    this.need = need;
    this.mostLaunches = mostLaunches;
  }

  /**
   * {@return a back end with every kernel of {@code plan} loaded; TornadoVM compiles each when it
   * first runs}
   *
   * @param plan a checked plan for this target that the user trusts
   * @throws dev.kvasir.runtime.KvasirException when the device has not enough memory for a session
   *     of the plan, or a kernel cannot be loaded
   */
  static TornadoBackend open(Plan plan, Device description) {
    DeviceNeed need = DeviceNeed.of(plan);
    need.require(description, 1);
    TornadoDevice device = TornadoDevices.find(description.id());
    return new TornadoBackend(
        description,
        (TornadoXPUDevice) device,
        KernelTasks.load(plan),
        need,
        GraphRoom.launches(plan));
  }

  /** {@return the kernels of the plan} */
  KernelTasks kernels() {
    return kernels;
  }

  @Override
  public String description() {
    return "TornadoVM, " + description.name();
  }

  @Override
  public String fingerprint() {
    return String.join(
        "\n",
        description.name(),
        device.getTornadoVMBackend().toString(),
        String.valueOf(device.getPlatformName()),
        String.valueOf(device.getDeviceOpenCLCVersion()),
        String.valueOf(device.getDeviceInfo()),
        TornadoDevices.version());
  }

  @Override
  public String kernelFolder() {
    String entry = TornadoKernelAbi.entryName("");
    return entry.substring(0, entry.lastIndexOf('/') + 1);
  }

  @Override
  public int mostLaunches() {
    return mostLaunches;
  }

  @Override
  public boolean sharesBuffers() {
    return false;
  }

  @Override
  public synchronized Workspace open() {
    need.require(description, openWorkspaces + 1);
    openWorkspaces++;
    DeviceQueue queue = new DeviceQueue(device, description.name());
    return new TornadoWorkspace(this, queue, new DeviceMemory(device, queue.number()));
  }

  /** Counts a workspace that was closed. */
  synchronized void closed() {
    openWorkspaces--;
  }

  @Override
  public void close() {}
}
