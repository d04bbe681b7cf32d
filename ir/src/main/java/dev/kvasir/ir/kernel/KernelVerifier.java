package dev.kvasir.ir.kernel;

import dev.kvasir.ir.diag.CompilerBug;
import dev.kvasir.ir.type.ElementFormat;
import java.util.List;

/**
 * Checks that a kernel means something, before anything lowers or runs it.
 *
 * <ul>
 *   <li>Names are plain identifiers, declared once, in one name space; a variable is defined before
 *       it is used and hides nothing. Every declared tile is used.
 *   <li>A tile is written before it is read or written in part, on every way through the body; a
 *       loop body may not run at all.
 *   <li>Tile types and extents fit each statement. A tile is never target and operand of one
 *       reduction or contraction. i32 tiles load from and store to i32 buffers, f32 tiles all
 *       others.
 *   <li>Buffers are used within their access rights.
 *   <li>Views are at least 1 x 1, stay within their layout where that is static, and never store to
 *       one place twice. Views of codes have rows or columns that begin at multiples of 16
 *       elements.
 *   <li>The grid has one to three axes, the first called {@code sequence}.
 * </ul>
 */
public final class KernelVerifier {

  private KernelVerifier() {}

  /**
   * Checks a kernel.
   *
   * @throws CompilerBug when a rule is broken; the message names the statement and shows the kernel
   */
  public static void verify(Kernel kernel) {
    KernelScope scope = KernelScope.of(kernel);
    if (kernel.axes().isEmpty() || kernel.axes().size() > 3) {
      throw scope.broken("a grid has 1 to 3 axes, got " + kernel.axes().size());
    }
    if (!kernel.axes().getFirst().equals("sequence")) {
      throw scope.broken("the first axis must be sequence, got " + kernel.axes().getFirst());
    }
    verify(kernel.body(), scope);
    scope.enterWholeKernel();
    scope.requireAllTilesUsed();
  }

  private static void verify(List<Statement> statements, KernelScope scope) {
    for (Statement statement : statements) {
      scope.enter(statement);
      verify(statement, scope);
    }
  }

  private static void verify(Statement statement, KernelScope scope) {
    switch (statement) {
      case Statement.Let(String name, IntExpression value) -> {
        ExpressionVerifier.verify(value, scope);
        scope.defineVariable(name);
      }
      case Statement.For(
              String variable,
              IntExpression from,
              IntExpression to,
              List<Statement> body) -> {
        ExpressionVerifier.verify(from, scope);
        ExpressionVerifier.verify(to, scope);
        KernelScope inner = scope.nested();
        inner.defineVariable(variable);
        verify(body, inner);
      }
      case Statement.If(
              IntExpression condition,
              List<Statement> whenTrue,
              List<Statement> whenFalse) -> {
        ExpressionVerifier.verify(condition, scope);
        KernelScope first = scope.nested();
        verify(whenTrue, first);
        KernelScope second = scope.nested();
        verify(whenFalse, second);
        scope.joinAlternatives(first, second);
      }
      case Statement.Load(String tile, View view) -> load(tile, view, scope);
      case Statement.Store(View view, String tile) -> store(view, tile, scope);
      case Statement.Map(String tile, TileExpression value) -> {
        ExpressionVerifier.verifyMap(scope.targetTile(tile), value, scope);
        scope.markWritten(tile);
      }
      case Statement.Reduce reduce -> reduce(reduce, scope);
      case Statement.Scan scan -> scan(scan, scope);
      case Statement.Scatter scatter -> scatter(scatter, scope);
      case Statement.DotNT dot -> dotNT(dot, scope);
      case Statement.DotNN dot -> dotNN(dot, scope);
    }
  }

  private static void load(String tileName, View view, KernelScope scope) {
    Kernel.Buffer buffer = scope.readableBuffer(view.buffer());
    ViewVerifier.verify(view, scope);
    Kernel.Tile tile = scope.targetTile(tileName);
    requireSameKind(tile, buffer, scope);
    requireExtents(tile, view.rows(), view.columns(), scope);
    scope.markWritten(tileName);
  }

  private static void store(View view, String tileName, KernelScope scope) {
    Kernel.Buffer buffer = scope.writableBuffer(view.buffer());
    ViewVerifier.verify(view, scope);
    ViewVerifier.requireDistinctElements(view, scope);
    Kernel.Tile tile = scope.writtenTile(tileName);
    requireSameKind(tile, buffer, scope);
    requireExtents(tile, view.rows(), view.columns(), scope);
  }

  private static void reduce(Statement.Reduce reduce, KernelScope scope) {
    Kernel.Tile sourceTile = scope.writtenTile(reduce.source().tile());
    Extents source = new Extents(sourceTile.rows(), columns(reduce.source(), sourceTile, scope));
    Kernel.Tile target = targetTile(reduce.tile(), false, scope);
    requireDifferent(reduce.tile().tile(), reduce.source().tile(), scope);
    switch (reduce.operator()) {
      case SUM, MAXIMUM, MINIMUM -> requireType(target, sourceTile.type(), scope);
      case ARGMAX -> {
        requireType(sourceTile, Kernel.TileType.F32, scope);
        requireType(target, Kernel.TileType.I32, scope);
      }
    }
    switch (reduce.along()) {
      case COLUMNS -> requireExtents(reduce.tile(), target, source.rows(), 1, scope);
      case ROWS -> {
        if (reduce.operator() == Statement.ReduceOperator.ARGMAX) {
          throw scope.broken("argmax runs along columns only");
        }
        requireExtents(reduce.tile(), target, 1, source.columns(), scope);
      }
    }
    scope.markWritten(reduce.tile().tile());
  }

  private static void scan(Statement.Scan scan, KernelScope scope) {
    Kernel.Tile source = scope.writtenTile(scan.source(), Kernel.TileType.I32);
    Kernel.Tile carry = scope.writtenTile(scan.carry(), Kernel.TileType.I32);
    Kernel.Tile target = scope.targetTile(scan.tile());
    requireDifferent(scan.tile(), scan.source(), scope);
    requireDifferent(scan.tile(), scan.carry(), scope);
    requireDifferent(scan.carry(), scan.source(), scope);
    requireType(target, Kernel.TileType.I32, scope);
    requireExtents(source, 1, source.columns(), scope);
    requireExtents(carry, 1, 1, scope);
    requireExtents(target, 1, source.columns(), scope);
    scope.markWritten(scan.tile());
  }

  private static void scatter(Statement.Scatter scatter, KernelScope scope) {
    Kernel.Buffer buffer = scope.writableBuffer(scatter.buffer());
    Kernel.Tile index = scope.writtenTile(scatter.index(), Kernel.TileType.I32);
    Kernel.Tile value = scope.writtenTile(scatter.value());
    ExpressionVerifier.verify(scatter.start(), scope);
    if (buffer.format() != ElementFormat.F32 && buffer.format() != ElementFormat.I32) {
      throw scope.broken(
          "scatter stores to f32 or i32, buffer %s is %s"
              .formatted(buffer.name(), buffer.format().text()));
    }
    requireSameKind(value, buffer, scope);
    requireExtents(index, 1, index.columns(), scope);
    requireExtents(value, 1, index.columns(), scope);
  }

  private record Extents(int rows, int columns) {}

  /** {@return the extents of a part of an f32 tile that is read} */
  private static Extents writtenPart(Statement.TilePart part, KernelScope scope) {
    Kernel.Tile tile = scope.writtenTile(part.tile(), Kernel.TileType.F32);
    return new Extents(tile.rows(), columns(part, tile, scope));
  }

  private static int columns(Statement.TilePart part, Kernel.Tile tile, KernelScope scope) {
    int columns = part.columnsOf(tile);
    if (part.first() < 0 || columns < 1 || (long) part.first() + columns > tile.columns()) {
      throw scope.broken(
          "columns %d to %d leave tile %s of %d columns"
              .formatted(part.first(), part.first() + columns, tile.name(), tile.columns()));
    }
    return columns;
  }

  /**
   * {@return the tile of a target; what is added to, or written in part, must be written before}
   */
  private static Kernel.Tile targetTile(
      Statement.TilePart part, boolean accumulate, KernelScope scope) {
    return accumulate || !part.isWhole()
        ? scope.writtenTile(part.tile())
        : scope.targetTile(part.tile());
  }

  private static void requireExtents(
      Statement.TilePart part, Kernel.Tile tile, int rows, int columns, KernelScope scope) {
    int own = columns(part, tile, scope);
    if (tile.rows() != rows || own != columns) {
      throw scope.broken(
          "%s of tile %s must be %d x %d, it is %d x %d"
              .formatted(
                  part.isWhole() ? "all" : "the part",
                  tile.name(),
                  rows,
                  columns,
                  tile.rows(),
                  own));
    }
  }

  private static void dotNT(Statement.DotNT dot, KernelScope scope) {
    numbersView(dot.right(), scope);
    int rows;
    int length;
    switch (dot.left()) {
      case Statement.Operand.OfTile(Statement.TilePart part) -> {
        Extents left = writtenPart(part, scope);
        requireDifferent(dot.tile().tile(), part.tile(), scope);
        rows = left.rows();
        length = left.columns();
      }
      case Statement.Operand.OfView(View view) -> {
        numbersView(view, scope);
        if (scope.buffer(view.buffer()).format() != ElementFormat.F32
            || !(view.layout() instanceof View.Layout.Rows)) {
          throw scope.broken("the left view of dot.nt must show rows of an f32 buffer");
        }
        rows = view.rows();
        length = view.columns();
      }
    }
    if (dot.right().columns() != length) {
      throw scope.broken(
          "dot.nt joins columns of equal number, got %d and %d"
              .formatted(length, dot.right().columns()));
    }
    Kernel.Tile target = targetTile(dot.tile(), dot.accumulate(), scope);
    requireType(target, Kernel.TileType.F32, scope);
    requireExtents(dot.tile(), target, rows, dot.right().rows(), scope);
    scope.markWritten(dot.tile().tile());
  }

  private static void dotNN(Statement.DotNN dot, KernelScope scope) {
    numbersView(dot.right(), scope);
    Kernel.Tile left = scope.writtenTile(dot.left(), Kernel.TileType.F32);
    requireDifferent(dot.tile().tile(), dot.left(), scope);
    if (left.columns() != dot.right().rows()) {
      throw scope.broken(
          "dot.nn joins as many columns as rows, got %d and %d"
              .formatted(left.columns(), dot.right().rows()));
    }
    Kernel.Tile target = targetTile(dot.tile(), true, scope);
    requireType(target, Kernel.TileType.F32, scope);
    requireExtents(dot.tile(), target, left.rows(), dot.right().columns(), scope);
  }

  private static void numbersView(View view, KernelScope scope) {
    Kernel.Buffer buffer = scope.readableBuffer(view.buffer());
    ViewVerifier.verify(view, scope);
    if (buffer.format() == ElementFormat.I32) {
      throw scope.broken("a contraction needs a buffer of numbers, " + buffer.name() + " is i32");
    }
  }

  private static void requireSameKind(Kernel.Tile tile, Kernel.Buffer buffer, KernelScope scope) {
    if ((tile.type() == Kernel.TileType.I32) != (buffer.format() == ElementFormat.I32)) {
      throw scope.broken(
          "tile %s is %s, buffer %s is %s"
              .formatted(tile.name(), tile.type(), buffer.name(), buffer.format()));
    }
  }

  private static void requireType(Kernel.Tile tile, Kernel.TileType type, KernelScope scope) {
    if (tile.type() != type) {
      throw scope.broken("tile " + tile.name() + " must be " + type + ", it is " + tile.type());
    }
  }

  private static void requireExtents(Kernel.Tile tile, int rows, int columns, KernelScope scope) {
    if (tile.rows() != rows || tile.columns() != columns) {
      throw scope.broken(
          "tile %s must be %d x %d, it is %d x %d"
              .formatted(tile.name(), rows, columns, tile.rows(), tile.columns()));
    }
  }

  private static void requireDifferent(String target, String operand, KernelScope scope) {
    if (target.equals(operand)) {
      throw scope.broken("tile " + target + " is both target and operand");
    }
  }
}
