package dev.kvasir.runtime.tornadovm;

import dev.kvasir.plans.StorageFormat;
import dev.kvasir.runtime.backend.Launch;
import dev.kvasir.runtime.backend.PreparedLaunches;
import dev.kvasir.runtime.backend.Workspace;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** The buffers of one session on the device. */
final class TornadoWorkspace implements Workspace {

  private final TornadoBackend backend;
  private final DeviceQueue queue;
  private final DeviceMemory memory;
  private int groups;

  TornadoWorkspace(TornadoBackend backend, DeviceQueue queue, DeviceMemory memory) {
    this.backend = backend;
    this.queue = queue;
    this.memory = memory;
  }

  @Override
  public PreparedLaunches prepare(List<Launch> launches) {
    if (launches.isEmpty() || launches.size() > backend.mostLaunches()) {
      throw new IllegalArgumentException(launches.size() + " launches at once");
    }
    return new TaskGroup(backend.kernels(), memory, queue, "g" + groups++, launches);
  }

  @Override
  public void written(MemorySegment buffer, StorageFormat format) {
    memory.written(buffer, format);
  }

  @Override
  public void read(MemorySegment buffer, StorageFormat format) {
    memory.read(buffer, format);
  }

  @Override
  public void close() {
    memory.close();
    queue.close();
    backend.closed();
  }
}
