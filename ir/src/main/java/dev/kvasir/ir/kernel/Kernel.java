package dev.kvasir.ir.kernel;

import dev.kvasir.ir.type.ElementFormat;
import java.util.List;

/**
 * One fused kernel.
 *
 * @param name unique in a plan; letters, digits and underscores
 * @param buffers what the kernel reads and writes, in argument order
 * @param dims names of the uniform integers given at launch, one value per sequence each
 * @param axes names of the one to three grid axes; the first is always {@code sequence}
 * @param tiles working storage; contents are undefined when the kernel starts
 * @param body statements in order
 */
public record Kernel(
    String name,
    List<Buffer> buffers,
    List<String> dims,
    List<String> axes,
    List<Tile> tiles,
    List<Statement> body) {

  /** Copies the lists. */
  public Kernel {
    buffers = List.copyOf(buffers);
    dims = List.copyOf(dims);
    axes = List.copyOf(axes);
    tiles = List.copyOf(tiles);
    body = List.copyOf(body);
  }

  /** What a kernel may do with a buffer. */
  public enum Access {
    /** Never stored to. */
    READ,
    /** Never loaded from; only part of it may be written. */
    WRITE,
    /** Loaded and stored. */
    READ_WRITE
  }

  /**
   * A kernel argument.
   *
   * @param name unique within the kernel
   * @param format how elements are stored
   * @param access what the kernel does with it
   */
  public record Buffer(String name, ElementFormat format, Access access) {}

  /** What a tile holds. */
  public enum TileType {
    /** binary32 numbers. */
    F32,
    /** 32-bit integers. */
    I32
  }

  /**
   * Named working storage, [rows, columns].
   *
   * @param name unique within the kernel
   * @param type element type
   * @param rows at least 1
   * @param columns at least 1
   */
  public record Tile(String name, TileType type, int rows, int columns) {
    /** Refuses empty tiles. */
    public Tile {
      if (rows < 1 || columns < 1) {
        throw new IllegalArgumentException(
            "tile " + name + " must be at least 1 x 1, got " + rows + " x " + columns);
      }
    }

    /** {@return number of elements} */
    public int size() {
      return Math.multiplyExact(rows, columns);
    }
  }

  /**
   * {@return the buffer of that name}
   *
   * @throws IllegalArgumentException when there is none
   */
  public Buffer buffer(String bufferName) {
    for (Buffer buffer : buffers) {
      if (buffer.name().equals(bufferName)) {
        return buffer;
      }
    }
    throw new IllegalArgumentException("kernel " + name + " has no buffer " + bufferName);
  }

  /**
   * {@return the tile of that name}
   *
   * @throws IllegalArgumentException when there is none
   */
  public Tile tile(String tileName) {
    for (Tile tile : tiles) {
      if (tile.name().equals(tileName)) {
        return tile;
      }
    }
    throw new IllegalArgumentException("kernel " + name + " has no tile " + tileName);
  }
}
