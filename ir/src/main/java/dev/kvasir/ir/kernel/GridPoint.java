package dev.kvasir.ir.kernel;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/** Everything one grid point sees while it runs: its place, variables, tiles and the buffers. */
final class GridPoint {

  /**
   * The launch it belongs to.
   *
   * @param dims arguments of each sequence, in the order of the kernel's dims
   * @param grid extents of the axes
   */
  record Launch(Kernel kernel, Map<String, LaunchMemory> memories, int[][] dims, int[] grid) {

    int[] coordinates(int point) {
      int[] coordinates = new int[grid.length];
      int rest = point;
      for (int axis = grid.length - 1; axis >= 0; axis--) {
        coordinates[axis] = rest % grid[axis];
        rest /= grid[axis];
      }
      return coordinates;
    }

    String describe(int point) {
      int[] coordinates = coordinates(point);
      StringJoiner text = new StringJoiner(", ", "(", ")");
      for (int axis = 0; axis < grid.length; axis++) {
        text.add(kernel.axes().get(axis) + " " + coordinates[axis]);
      }
      return text.toString();
    }
  }

  private final Launch launch;
  private final int number;
  private final int[] coordinates;
  private final Map<String, Integer> variables = new HashMap<>();
  private final Map<String, TileContent> tiles = new HashMap<>();
  private Statement statement;

  GridPoint(Launch launch, int number, Statement first) {
    this.launch = launch;
    this.number = number;
    this.coordinates = launch.coordinates(number);
    this.statement = first;
    for (Kernel.Tile tile : launch.kernel.tiles()) {
      tiles.put(tile.name(), new TileContent(tile));
    }
  }

  void enter(Statement next) {
    statement = next;
  }

  void setVariable(String name, int value) {
    variables.put(name, value);
  }

  int variable(String name) {
    return require(variables.get(name), name);
  }

  int axis(String name) {
    return coordinates[place(launch.kernel.axes(), name)];
  }

  int dimension(String name) {
    return launch.dims[coordinates[0]][place(launch.kernel.dims(), name)];
  }

  TileContent tile(String name) {
    return require(tiles.get(name), name);
  }

  private int place(List<String> names, String name) {
    return names.indexOf(name);
  }

  private LaunchMemory memory(String name) {
    return require(launch.memories.get(name), name);
  }

  /** {@return the element, NaN when it was never written} */
  float readFloat(String buffer, long index) {
    LaunchMemory memory = memory(buffer);
    checkRead(memory, buffer, index);
    return memory.memory().getFloat(index);
  }

  int readInt(String buffer, long index) {
    LaunchMemory memory = memory(buffer);
    checkRead(memory, buffer, index);
    if (!memory.memory().isInitialised(index)) {
      throw failure("i32 element %d of buffer %s was never written".formatted(index, buffer));
    }
    return memory.memory().getInt(index);
  }

  private void checkRead(LaunchMemory memory, String buffer, long index) {
    int place = checkIndex(memory, buffer, index);
    int writer = memory.read(place, number);
    if (writer != LaunchMemory.NOBODY) {
      throw failure(
          "reads element %d of buffer %s, which grid point %s wrote in the same launch"
              .formatted(index, buffer, launch.describe(writer)));
    }
  }

  void writeFloat(String buffer, long index, float value) {
    LaunchMemory memory = memory(buffer);
    checkWrite(memory, buffer, index);
    if (!memory.memory().accepts(value)) {
      throw failure("%s is no %s code".formatted(value, memory.memory().format().text()));
    }
    memory.memory().setFloat(index, value);
  }

  void writeInt(String buffer, long index, int value) {
    LaunchMemory memory = memory(buffer);
    checkWrite(memory, buffer, index);
    memory.memory().setInt(index, value);
  }

  private void checkWrite(LaunchMemory memory, String buffer, long index) {
    int place = checkIndex(memory, buffer, index);
    int writer = memory.write(place, number);
    if (writer != LaunchMemory.NOBODY) {
      throw failure(
          "writes element %d of buffer %s, which grid point %s wrote too"
              .formatted(index, buffer, launch.describe(writer)));
    }
    if (memory.isReadByOthers(place, number)) {
      throw failure(
          "writes element %d of buffer %s, which another grid point read in the same launch"
              .formatted(index, buffer));
    }
  }

  private int checkIndex(LaunchMemory memory, String buffer, long index) {
    long size = memory.memory().size();
    if (index < 0 || index >= size) {
      throw failure(
          "element %d is outside buffer %s of %d elements".formatted(index, buffer, size));
    }
    return (int) index;
  }

  KernelInterpreterException failure(String message) {
    return new KernelInterpreterException(
        launch.kernel.name(),
        "grid point " + launch.describe(number),
        KernelPrinter.headline(statement),
        message);
  }

  private static <T> T require(@Nullable T found, String name) {
    if (found == null) {
      throw new IllegalStateException("a verified kernel has no unknown name, got " + name);
    }
    return found;
  }
}
