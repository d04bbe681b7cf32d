package dev.kvasir.codegen.emit.jvm;

import dev.kvasir.ir.kernel.Kernel;
import java.util.HashMap;
import java.util.Map;

/** Where each tile of a kernel starts in the f32 and i32 working storage of a grid point. */
public final class TileFrame {

  /** Tiles start at multiples of a 512-bit vector. */
  private static final int ALIGNMENT = 16;

  /** Where a vector lies while its lanes are summed: in front of the tiles of every kernel. */
  static final int REDUCTION = 0;

  private final Kernel kernel;
  private final Map<String, Integer> offsets = new HashMap<>();
  private int floats = REDUCTION + ALIGNMENT;
  private int ints;

  /** Lays out the tiles of {@code kernel} in declaration order. */
  public TileFrame(Kernel kernel) {
    this.kernel = kernel;
    for (Kernel.Tile tile : kernel.tiles()) {
      int size = Math.ceilDiv(tile.size(), ALIGNMENT) * ALIGNMENT;
      switch (tile.type()) {
        case F32 -> {
          offsets.put(tile.name(), floats);
          floats = Math.addExact(floats, size);
        }
        case I32 -> {
          offsets.put(tile.name(), ints);
          ints = Math.addExact(ints, size);
        }
      }
    }
  }

  Kernel.Tile tile(String name) {
    return kernel.tile(name);
  }

  int offset(String tile) {
    Integer offset = offsets.get(tile);
    if (offset == null) {
      throw new IllegalArgumentException("kernel " + kernel.name() + " has no tile " + tile);
    }
    return offset;
  }

  /** {@return elements of f32 working storage} */
  public int floats() {
    return floats;
  }

  /** {@return elements of i32 working storage} */
  public int ints() {
    return ints;
  }
}
