package dev.kvasir.codegen.emit.tornado;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelVerifier;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import java.util.ArrayList;
import java.util.List;

/** Kernels of a few statements, written down quickly. */
final class SmallKernel {

  static final IntExpression ZERO = IntExpression.constant(0);

  private final List<Kernel.Buffer> buffers = new ArrayList<>();
  private final List<String> dims = new ArrayList<>();
  private final List<Kernel.Tile> tiles = new ArrayList<>();

  SmallKernel buffer(String name, ElementFormat format, Kernel.Access access) {
    buffers.add(new Kernel.Buffer(name, format, access));
    return this;
  }

  SmallKernel reads(String name) {
    return buffer(name, ElementFormat.F32, Kernel.Access.READ);
  }

  SmallKernel writes(String name) {
    return buffer(name, ElementFormat.F32, Kernel.Access.WRITE);
  }

  SmallKernel readsInts(String name) {
    return buffer(name, ElementFormat.I32, Kernel.Access.READ);
  }

  SmallKernel writesInts(String name) {
    return buffer(name, ElementFormat.I32, Kernel.Access.WRITE);
  }

  SmallKernel dim(String name) {
    dims.add(name);
    return this;
  }

  SmallKernel tile(String name, int rows, int columns) {
    tiles.add(new Kernel.Tile(name, Kernel.TileType.F32, rows, columns));
    return this;
  }

  SmallKernel intTile(String name, int rows, int columns) {
    tiles.add(new Kernel.Tile(name, Kernel.TileType.I32, rows, columns));
    return this;
  }

  /** {@return the kernel of these statements over the axis {@code sequence}, verified} */
  Kernel of(Statement... body) {
    return of(List.of("sequence"), body);
  }

  /** {@return the kernel of these statements, verified} */
  Kernel of(List<String> axes, Statement... body) {
    Kernel kernel = new Kernel("small", buffers, dims, axes, tiles, List.of(body));
    KernelVerifier.verify(kernel);
    return kernel;
  }

  /** {@return a whole buffer as rows side by side} */
  static View whole(String buffer, int rows, int columns) {
    return View.rows(buffer, rows, columns, ZERO, columns);
  }

  /** {@return a window on a buffer in any layout} */
  static View view(String buffer, View.Layout layout, int rows, int columns, int offset, int row) {
    return new View(
        buffer,
        layout,
        rows,
        columns,
        ZERO,
        0,
        IntExpression.constant(offset),
        IntExpression.constant(row));
  }

  static TileExpression unary(TileExpression.UnaryOperator operator, TileExpression operand) {
    return new TileExpression.Unary(operator, operand);
  }
}
