package dev.kvasir.ir.kernel;

import dev.kvasir.ir.type.ElementFormat;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Short kernels for tests, on a grid of sequence and head. */
final class Kernels {

  static final IntExpression SEQUENCE = new IntExpression.Axis("sequence");
  static final IntExpression HEAD = new IntExpression.Axis("head");
  static final IntExpression ZERO = IntExpression.constant(0);

  private final List<Kernel.Buffer> buffers = new ArrayList<>();
  private final List<Kernel.Tile> tiles = new ArrayList<>();
  private final List<Statement> body = new ArrayList<>();
  private List<String> dims = List.of();
  private List<String> axes = List.of("sequence", "head");
  private String name = "probe";

  Kernels named(String newName) {
    name = newName;
    return this;
  }

  Kernels dims(String... names) {
    dims = List.of(names);
    return this;
  }

  Kernels axes(String... names) {
    axes = List.of(names);
    return this;
  }

  Kernels read(String buffer, ElementFormat format) {
    buffers.add(new Kernel.Buffer(buffer, format, Kernel.Access.READ));
    return this;
  }

  Kernels write(String buffer, ElementFormat format) {
    buffers.add(new Kernel.Buffer(buffer, format, Kernel.Access.WRITE));
    return this;
  }

  Kernels readWrite(String buffer, ElementFormat format) {
    buffers.add(new Kernel.Buffer(buffer, format, Kernel.Access.READ_WRITE));
    return this;
  }

  Kernels f32(String tile, int rows, int columns) {
    tiles.add(new Kernel.Tile(tile, Kernel.TileType.F32, rows, columns));
    return this;
  }

  Kernels i32(String tile, int rows, int columns) {
    tiles.add(new Kernel.Tile(tile, Kernel.TileType.I32, rows, columns));
    return this;
  }

  Kernels then(Statement... statements) {
    body.addAll(List.of(statements));
    return this;
  }

  Kernel build() {
    return new Kernel(name, buffers, dims, axes, tiles, body);
  }

  static Statement load(String tile, View view) {
    return new Statement.Load(tile, view);
  }

  static Statement store(View view, String tile) {
    return new Statement.Store(view, tile);
  }

  static Statement fill(String tile, float value) {
    return map(tile, TileExpression.constant(value));
  }

  static Statement map(String tile, TileExpression value) {
    return new Statement.Map(tile, value);
  }

  static TileExpression element(String tile) {
    return TileExpression.element(tile);
  }

  static TileExpression integer(int value) {
    return TileExpression.uniform(IntExpression.constant(value));
  }

  /** The view of a whole buffer, row-major. */
  static View whole(String buffer, int rows, int columns) {
    return View.rows(buffer, rows, columns, ZERO, columns);
  }

  static float[] random(Random random, int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = random.nextFloat() * 4 - 2;
    }
    return values;
  }
}
