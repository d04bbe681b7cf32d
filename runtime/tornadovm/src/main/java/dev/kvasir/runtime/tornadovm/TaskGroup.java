package dev.kvasir.runtime.tornadovm;

import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.abi.TornadoKernelAbi;
import dev.kvasir.plans.program.KernelDeclaration;
import dev.kvasir.runtime.KernelException;
import dev.kvasir.runtime.backend.Launch;
import dev.kvasir.runtime.backend.PreparedLaunches;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.WorkerGrid3D;

/**
 * Launches that run together: one task graph, which is made when they first run. What changes from
 * run to run is one array of integers, copied to the device each time, and the sizes of the grids.
 */
final class TaskGroup implements PreparedLaunches {

  private final KernelTasks kernels;
  private final DeviceMemory memory;
  private final DeviceQueue queue;
  private final String name;
  private final List<Launch> launches;
  private final int[] dimCounts;
  private final int[] capacities;
  private final WorkerGrid[] grids;
  private Optional<DeviceGraph> graph = Optional.empty();
  private Optional<DeviceArray> values = Optional.empty();

  /**
   * @param name unique among those that share a queue
   */
  TaskGroup(
      KernelTasks kernels,
      DeviceMemory memory,
      DeviceQueue queue,
      String name,
      List<Launch> launches) {
    this.kernels = kernels;
    this.memory = memory;
    this.queue = queue;
    this.name = name;
    this.launches = List.copyOf(launches);
    dimCounts = new int[launches.size()];
    capacities = new int[launches.size()];
    grids = new WorkerGrid[launches.size()];
    for (int i = 0; i < launches.size(); i++) {
      Launch launch = launches.get(i);
      KernelDeclaration kernel = kernels.declaration(launch.kernel());
      for (int buffer = 0; buffer < launch.buffers().size(); buffer++) {
        memory.reserve(launch.buffers().get(buffer), kernel.arguments().get(buffer).format());
      }
      dimCounts[i] = kernel.dims().size();
      grids[i] = new WorkerGrid3D(TornadoKernelAbi.THREADS, 1, 1);
      grids[i].setLocalWork(TornadoKernelAbi.THREADS, 1, 1);
    }
  }

  @Override
  public long run(int[] extents, int[] dims) {
    boolean first = graph.isEmpty();
    if (first) {
      build(extents);
    }
    try {
      long start = System.nanoTime();
      memory.update();
      place(extents, dims, values.orElseThrow());
      graph.orElseThrow().execute();
      return System.nanoTime() - start;
    } catch (Throwable thrown) {
      throw first ? queue.uncompilable(name, launches, thrown) : failed(thrown);
    }
  }

  private KernelException failed(Throwable thrown) {
    // The device does not say which of the tasks it was.
    Launch launch = launches.getFirst();
    String label =
        launches.size() == 1
            ? launch.label()
            : "%s to %s".formatted(launch.label(), launches.getLast().label());
    return new KernelException(launch.kernel(), label, thrown);
  }

  /** Makes the graph; sequences are never more than in this first run. */
  private void build(int[] extents) {
    int elements = 0;
    int[] places = new int[grids.length];
    for (int i = 0; i < grids.length; i++) {
      capacities[i] = Math.max(1, extents[i * EXTENTS]);
      places[i] = elements;
      elements += TornadoKernelAbi.EXTENTS + capacities[i] * dimCounts[i];
    }
    DeviceArray array = memory.allocate(StorageFormat.I32, (long) elements * Integer.BYTES);
    DeviceGraph made = queue.graph(name);
    for (int i = 0; i < grids.length; i++) {
      Launch launch = launches.get(i);
      KernelDeclaration kernel = kernels.declaration(launch.kernel());
      List<DeviceArray> arguments = new ArrayList<>();
      arguments.add(array);
      arguments.add(memory.constant(places[i]));
      for (int buffer = 0; buffer < launch.buffers().size(); buffer++) {
        MemorySegment segment = launch.buffers().get(buffer);
        StorageFormat format = kernel.arguments().get(buffer).format();
        arguments.add(memory.unless(arguments, memory.array(segment, format), format));
      }
      try {
        made.add(kernels, launch.kernel(), arguments, grids[i]);
      } catch (Throwable thrown) {
        throw queue.uncompilable(launch.kernel(), thrown);
      }
    }
    values = Optional.of(array);
    graph = Optional.of(made);
  }

  /** Writes extents and dims where the tasks read them, and sets the sizes of their grids. */
  private void place(int[] extents, int[] dims, DeviceArray target) {
    MemorySegment elements = target.elements();
    int at = 0;
    int dim = 0;
    for (int i = 0; i < grids.length; i++) {
      int first = i * EXTENTS;
      int sequences = Math.max(1, extents[first]);
      if (sequences > capacities[i]) {
        throw new IllegalArgumentException(
            "%d sequences, where the first run had %d".formatted(sequences, capacities[i]));
      }
      for (int axis = 0; axis < EXTENTS; axis++) {
        elements.setAtIndex(ValueLayout.JAVA_INT_UNALIGNED, at + axis, extents[first + axis]);
      }
      int count = dimCounts[i] * sequences;
      MemorySegment.copy(
          dims,
          dim,
          elements,
          ValueLayout.JAVA_INT_UNALIGNED,
          (long) (at + EXTENTS) * Integer.BYTES,
          count);
      dim += count;
      at += EXTENTS + dimCounts[i] * capacities[i];
      boolean some = extents[first] > 0 && extents[first + 1] > 0 && extents[first + 2] > 0;
      grids[i].setGlobalWork(
          some ? (long) extents[first] * TornadoKernelAbi.THREADS : TornadoKernelAbi.THREADS,
          some ? extents[first + 1] : 1,
          some ? extents[first + 2] : 1);
    }
    memory.upload(target);
  }
}
