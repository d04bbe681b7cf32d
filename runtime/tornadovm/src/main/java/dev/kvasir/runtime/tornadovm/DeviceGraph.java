package dev.kvasir.runtime.tornadovm;

import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.TornadoTaskGraphInterface;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.common.Access;
import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;
import uk.ac.manchester.tornado.api.runtime.ExecutorFrame;
import uk.ac.manchester.tornado.api.runtime.TornadoAPIProvider;
import uk.ac.manchester.tornado.runtime.common.TornadoXPUDevice;
import uk.ac.manchester.tornado.runtime.common.XPUDeviceBufferState;
import uk.ac.manchester.tornado.runtime.graph.TornadoExecutionContext;

/**
 * One of TornadoVM's task graphs, which finds all its arrays on the device and leaves them there.
 *
 * <p>TornadoVM itself hands arrays from one graph to the next in an order that is fixed when they
 * are made. Here any graph may run after any other, so each is told once where its arrays are.
 */
final class DeviceGraph {

  private final String name;
  private final TornadoTaskGraphInterface graph;
  private final TornadoXPUDevice device;
  private final ExecutorFrame frame;
  private final GridScheduler grids = new GridScheduler();
  private final Set<DeviceArray> arrays = new HashSet<>();
  private int tasks;
  private boolean ready;

  /**
   * @param name unique among those that share a frame
   * @param frame TornadoVM's number for what runs in one queue
   */
  DeviceGraph(String name, TornadoXPUDevice device, ExecutorFrame frame) {
    this.name = name;
    this.device = device;
    this.frame = frame;
    graph = TornadoAPIProvider.loadScheduleRuntime(name);
    graph.setDevice(device);
    graph.withCompilerFlags(TornadoVMBackendType.OPENCL, compilerFlags(device));
  }

  /**
   * {@return flags for OpenCL's compiler}
   *
   * <p>TornadoVM's own let it assume that numbers are finite and sums may be taken apart, which
   * makes scales of packed pages infinite. On a processor, whose compiler copies kernels for the
   * threads between barriers, optimising an attention kernel takes minutes.
   */
  private static String compilerFlags(TornadoXPUDevice device) {
    return device.getDeviceType() == TornadoDeviceType.CPU
        ? "-cl-opt-disable -w"
        : "-cl-mad-enable -w";
  }

  /** Adds a task that runs a kernel after those before it, over the points of {@code grid}. */
  void add(KernelTasks kernels, String kernel, List<DeviceArray> arguments, WorkerGrid grid) {
    List<Object> parameters = new ArrayList<>();
    for (DeviceArray argument : arguments) {
      if (arrays.add(argument)) {
        graph.consumeFromDevice(argument.array());
      }
      parameters.add(argument.array());
    }
    String task = "t" + tasks++;
    grids.addWorkerGrid(name + "." + task, grid);
    graph.addTask(kernels.task(task, kernel, parameters));
  }

  /** Runs all tasks and waits for them. */
  void execute() {
    if (!ready) {
      placeArrays();
      graph.withGridScheduler(grids);
      ready = true;
    }
    graph.execute(frame);
    graph.waitOn();
  }

  private void placeArrays() {
    TornadoExecutionContext context = context(graph);
    for (DeviceArray array : arrays) {
      XPUDeviceBufferState state =
          context
              .getLocalStateObject(array.array(), Access.READ_WRITE)
              .getDataObjectState()
              .getDeviceBufferState(device);
      state.setXPUBuffer(array.state().getXPUBuffer());
      state.setContents(true);
      state.setLockBuffer(true);
    }
  }

  /** {@return where a graph keeps its arrays; TornadoVM's module is open to reflection} */
  private static TornadoExecutionContext context(TornadoTaskGraphInterface graph) {
    try {
      Field field = graph.getClass().getDeclaredField("executionContext");
      field.setAccessible(true);
      return (TornadoExecutionContext) field.get(graph);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("this version of TornadoVM has other task graphs", e);
    }
  }
}
