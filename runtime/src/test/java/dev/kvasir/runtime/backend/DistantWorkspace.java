package dev.kvasir.runtime.backend;

import dev.kvasir.plans.StorageFormat;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Holds a copy of each buffer, made when the first launch runs. */
final class DistantWorkspace implements Workspace {

  private final Workspace near;
  private final DistantBackend backend;
  private final Arena arena = Arena.ofShared();
  private final Map<Place, MemorySegment> copies = new HashMap<>();
  private boolean begun;

  /** What tells buffers apart: one slab holds buffers of several formats at one address. */
  private record Place(long address, long bytes, StorageFormat format) {
    Place(MemorySegment buffer, StorageFormat format) {
      this(buffer.address(), buffer.byteSize(), format);
    }
  }

  DistantWorkspace(Workspace near, DistantBackend backend) {
    this.near = near;
    this.backend = backend;
    backend.provider().opened();
  }

  @Override
  public PreparedLaunches prepare(List<Launch> launches) {
    if (begun) {
      throw new IllegalStateException("a launch is prepared after another one has run");
    }
    if (launches.isEmpty() || launches.size() > backend.mostLaunches()) {
      throw new IllegalArgumentException(launches.size() + " launches at once");
    }
    return new DistantLaunches(launches.stream().map(this::copied).toList());
  }

  private Launch copied(Launch launch) {
    List<MemorySegment> buffers = new ArrayList<>();
    for (int i = 0; i < launch.buffers().size(); i++) {
      MemorySegment buffer = launch.buffers().get(i);
      Place place = new Place(buffer, backend.format(launch.kernel(), i));
      buffers.add(
          copies.computeIfAbsent(
              place, unused -> arena.allocate(buffer.byteSize(), 64).copyFrom(buffer)));
    }
    return new Launch(launch.kernel(), launch.label(), buffers);
  }

  @Override
  public void written(MemorySegment buffer, StorageFormat format) {
    MemorySegment copy = copies.get(new Place(buffer, format));
    if (copy != null) {
      copy.copyFrom(buffer);
    }
  }

  @Override
  public void read(MemorySegment buffer, StorageFormat format) {
    MemorySegment copy = copies.get(new Place(buffer, format));
    if (copy != null) {
      buffer.copyFrom(copy);
    }
  }

  @Override
  public void close() {
    near.close();
    arena.close();
    backend.provider().closed();
  }

  private final class DistantLaunches implements PreparedLaunches {

    private final List<Launch> launches;
    private final List<PreparedLaunches> prepared;

    DistantLaunches(List<Launch> launches) {
      this.launches = launches;
      prepared = launches.stream().map(launch -> near.prepare(List.of(launch))).toList();
    }

    @Override
    public long run(int[] extents, int[] dims) {
      begun = true;
      backend.provider().ran();
      long nanos = 0;
      int dim = 0;
      for (int i = 0; i < prepared.size(); i++) {
        int[] grid = Arrays.copyOfRange(extents, i * EXTENTS, (i + 1) * EXTENTS);
        int count = backend.dims(launches.get(i).kernel()) * Math.max(1, grid[0]);
        if (Arrays.stream(grid).allMatch(extent -> extent > 0)) {
          nanos += prepared.get(i).run(grid, Arrays.copyOfRange(dims, dim, dim + count));
        }
        dim += count;
      }
      return nanos;
    }
  }
}
