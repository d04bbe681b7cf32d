package dev.kvasir.codegen.emit.jvm;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import java.util.ArrayList;
import java.util.List;

/** Writes kernels statement by statement, with nothing done for the author. */
final class KernelText {

  static final IntExpression ZERO = IntExpression.constant(0);

  private final String name;
  private final List<Kernel.Buffer> buffers = new ArrayList<>();
  private final List<String> dims = new ArrayList<>();
  private final List<String> axes = new ArrayList<>(List.of("sequence"));
  private final List<Kernel.Tile> tiles = new ArrayList<>();
  private final List<Statement> body = new ArrayList<>();

  KernelText(String name) {
    this.name = name;
  }

  KernelText axis(String axis) {
    axes.add(axis);
    return this;
  }

  KernelText dim(String dim) {
    dims.add(dim);
    return this;
  }

  KernelText reads(String buffer, ElementFormat format) {
    buffers.add(new Kernel.Buffer(buffer, format, Kernel.Access.READ));
    return this;
  }

  KernelText writes(String buffer, ElementFormat format) {
    buffers.add(new Kernel.Buffer(buffer, format, Kernel.Access.WRITE));
    return this;
  }

  KernelText floats(String tile, int rows, int columns) {
    tiles.add(new Kernel.Tile(tile, Kernel.TileType.F32, rows, columns));
    return this;
  }

  KernelText ints(String tile, int rows, int columns) {
    tiles.add(new Kernel.Tile(tile, Kernel.TileType.I32, rows, columns));
    return this;
  }

  KernelText map(String tile, TileExpression value) {
    return add(new Statement.Map(tile, value));
  }

  KernelText add(Statement... statements) {
    body.addAll(List.of(statements));
    return this;
  }

  /** tile = dense rows of the buffer of that name from its start. */
  KernelText load(String tile, String buffer, int rows, int columns) {
    return add(new Statement.Load(tile, dense(buffer, rows, columns)));
  }

  /** Dense rows of the buffer from its start = tile. */
  KernelText store(String buffer, int rows, int columns, String tile) {
    return add(new Statement.Store(dense(buffer, rows, columns), tile));
  }

  static View dense(String buffer, int rows, int columns) {
    return View.rows(buffer, rows, columns, ZERO, columns);
  }

  static View block(
      String buffer, View.Layout layout, int rows, int columns, int block, long size) {
    return new View(buffer, layout, rows, columns, IntExpression.constant(block), size, ZERO, ZERO);
  }

  Kernel build() {
    return new Kernel(name, buffers, dims, axes, tiles, body);
  }
}
