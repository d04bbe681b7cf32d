package dev.kvasir.ir.kernel;

/** What a tile holds at one grid point; only the array of its type has elements. */
final class TileContent {

  private final Kernel.Tile tile;
  private final float[] floats;
  private final int[] ints;

  TileContent(Kernel.Tile tile) {
    this.tile = tile;
    floats = new float[tile.type() == Kernel.TileType.F32 ? tile.size() : 0];
    ints = new int[tile.type() == Kernel.TileType.I32 ? tile.size() : 0];
  }

  boolean isFloat() {
    return tile.type() == Kernel.TileType.F32;
  }

  int rows() {
    return tile.rows();
  }

  int columns() {
    return tile.columns();
  }

  float floatAt(int row, int column) {
    return floats[row * tile.columns() + column];
  }

  int intAt(int row, int column) {
    return ints[row * tile.columns() + column];
  }

  /** {@return the element of either type, exactly} */
  double at(int row, int column) {
    return isFloat() ? floatAt(row, column) : intAt(row, column);
  }

  void setFloat(int row, int column, double value) {
    floats[row * tile.columns() + column] = (float) value;
  }

  void setInt(int row, int column, int value) {
    ints[row * tile.columns() + column] = value;
  }
}
