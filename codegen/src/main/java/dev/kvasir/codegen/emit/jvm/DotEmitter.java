package dev.kvasir.codegen.emit.jvm;

import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import java.lang.classfile.CodeBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Contractions, cut into blocks for the loops of {@link DotBody}: outer for keys stored column by
 * column and for values, where every line is read once, in order, without a reduction; inner for
 * row-major weights.
 */
final class DotEmitter {

  private static final int ROW_BLOCK = 4;
  private static final int VECTOR_BLOCK = 4;

  private final Emission emission;
  private final Kernel kernel;

  DotEmitter(Emission emission, Kernel kernel) {
    this.emission = emission;
    this.kernel = kernel;
  }

  /**
   * The broadcast side: a tile or an f32 view, row-major.
   *
   * @param view whether it lies in a buffer
   * @param rowStride elements from one row to the next
   */
  private record Left(boolean view, int rowStride) {}

  /**
   * What is added to: columns of a tile.
   *
   * @param offset where its first element lies
   * @param rows its rows
   * @param columns its columns
   * @param stride elements from one row to the next
   */
  private record Target(int offset, int rows, int columns, int stride) {
    Target from(int column, int count) {
      return new Target(offset + column, rows, count, stride);
    }
  }

  private Target target(Statement.TilePart part) {
    Kernel.Tile tile = kernel.tile(part.tile());
    return new Target(
        emission.frame().offset(tile.name()) + part.first(),
        tile.rows(),
        part.columnsOf(tile),
        tile.columns());
  }

  /** A run of columns: {@code vectors} times {@code lanes}, from {@code first}. */
  private record Block(int first, int vectors, int lanes) {}

  /** A loop over equal steps. */
  private record Run(int from, int to, int step) {}

  /** Writes the phase of a {@code dot.nt} and returns its name. */
  String dotNT(Statement.DotNT dot, PhaseArguments arguments) {
    Target result = target(dot.tile());
    View right = dot.right();
    Left left =
        switch (dot.left()) {
          case Statement.Operand.OfTile(Statement.TilePart part) ->
              new Left(false, kernel.tile(part.tile()).columns());
          case Statement.Operand.OfView(View view) -> new Left(true, rowStride(view));
        };
    int segment = arguments.segment(right.buffer());
    int origin = arguments.origin(right, 0);
    Sides sides = sides(dot, arguments, segment, origin);
    return emission.method(
        "dot_nt",
        arguments.type(),
        code -> {
          switch (right.layout()) {
            case View.Layout.Columns columns ->
                outer(
                    code,
                    sides,
                    left,
                    result,
                    right.columns(),
                    columns.leading(),
                    dot.accumulate(),
                    false);
            case View.Layout.Rows rows -> {
              int whole = matrixVector(code, sides, left, result, right, rows, dot);
              inner(code, sides, left, result, right, rows, dot, whole);
            }
            case View.Layout.Tiles _ ->
                throw new IllegalStateException("dot.nt over tiles is never generated");
          }
          code.return_();
        });
  }

  /** Writes the phase of a {@code dot.nn} and returns its name. */
  String dotNN(Statement.DotNN dot, PhaseArguments arguments) {
    Target result = target(dot.tile());
    View right = dot.right();
    Kernel.Tile probabilities = kernel.tile(dot.left());
    Left left = new Left(false, probabilities.columns());
    int segment = arguments.segment(right.buffer());
    ElementFormat format = kernel.buffer(right.buffer()).format();
    record Piece(int first, int columns, int stride, int origin) {}
    List<Piece> pieces = new ArrayList<>();
    switch (right.layout()) {
      case View.Layout.Rows rows ->
          pieces.add(
              new Piece(
                  0,
                  right.columns(),
                  Math.toIntExact(rows.rowStride()),
                  arguments.origin(right, 0)));
      case View.Layout.Tiles tiles -> {
        for (int first = 0; first < right.columns(); first += tiles.width()) {
          int width = tiles.widthAt(first);
          int columns = Math.min(width, right.columns() - first);
          pieces.add(new Piece(first, columns, width, arguments.origin(right, first)));
        }
      }
      case View.Layout.Columns _ ->
          throw new IllegalStateException("dot.nn over columns is never generated");
    }
    int leftOffset = emission.frame().offset(dot.left());
    return emission.method(
        "dot_nn",
        arguments.type(),
        code -> {
          for (Piece piece : pieces) {
            Sides sides = new Sides(segment, piece.origin(), format, right, -1, -1, leftOffset);
            outer(
                code,
                sides,
                left,
                result.from(piece.first(), piece.columns()),
                right.rows(),
                piece.stride(),
                true,
                dot.guarded());
          }
          code.return_();
        });
  }

  /**
   * Where both operands lie in the phase's parameters.
   *
   * @param right the right side
   */
  private record Sides(
      int segment,
      int origin,
      ElementFormat format,
      View right,
      int leftSegment,
      int leftOrigin,
      int leftOffset) {}

  private Sides sides(Statement.DotNT dot, PhaseArguments arguments, int segment, int origin) {
    ElementFormat format = kernel.buffer(dot.right().buffer()).format();
    return switch (dot.left()) {
      case Statement.Operand.OfTile(Statement.TilePart part) ->
          new Sides(
              segment,
              origin,
              format,
              dot.right(),
              -1,
              -1,
              emission.frame().offset(part.tile()) + part.first());
      case Statement.Operand.OfView(View view) ->
          new Sides(
              segment,
              origin,
              format,
              dot.right(),
              arguments.segment(view.buffer()),
              arguments.origin(view, 0),
              -1);
    };
  }

  private static int rowStride(View view) {
    if (view.layout() instanceof View.Layout.Rows rows && rows.groupStride() == 0) {
      return Math.toIntExact(rows.rowStride());
    }
    throw new IllegalStateException("the left view of a dot has evenly spaced rows");
  }

  private List<Block> blocks(int columns, int rows) {
    List<Block> blocks = new ArrayList<>();
    int most = Math.min(VECTOR_BLOCK, Math.max(1, emission.accumulators() / rows));
    int first = 0;
    for (int width : List.of(emission.lanes(), 1)) {
      while (columns - first >= width) {
        int vectors = Math.min(most, (columns - first) / width);
        blocks.add(new Block(first, vectors, width));
        first += vectors * width;
      }
    }
    return blocks;
  }

  private void outer(
      CodeBuilder code,
      Sides sides,
      Left left,
      Target result,
      int terms,
      int lineStride,
      boolean accumulate,
      boolean guarded) {
    int places = Lanes.placesPerElement(sides.format());
    for (Run rowRun : runs(result.rows(), ROW_BLOCK)) {
      for (Block block : blocks(result.columns(), rowRun.step())) {
        DotBody body =
            new DotBody(
                DotBody.Shape.OUTER,
                left.view(),
                rowRun.step(),
                block.vectors(),
                block.lanes(),
                (long) lineStride * places,
                sides.format(),
                CodeLines.of(
                    sides.format(),
                    sides.right(),
                    block.first(),
                    block.vectors() * block.lanes(),
                    lineStride,
                    terms),
                accumulate,
                guarded);
        Emission.loop(
            code,
            rowRun.from(),
            rowRun.to(),
            rowRun.step(),
            row -> {
              pushSides(code, sides, left, row, (long) block.first() * places, -1, 0);
              code.loadConstant(0).loadConstant(terms);
              Emission.pushInt(code, -1, result.offset() + block.first(), row, result.stride());
              code.loadConstant(result.stride());
              emission.shared("dot", body, body.type(), body::write).invoke(code);
            });
      }
    }
  }

  private void pushSides(
      CodeBuilder code,
      Sides sides,
      Left left,
      int row,
      long rightConstant,
      int column,
      long columnBytes) {
    code.aload(PhaseArguments.FLOATS).aload(sides.segment());
    Emission.pushLong(code, sides.origin(), rightConstant, column, columnBytes);
    if (left.view()) {
      code.aload(sides.leftSegment());
      Emission.pushLong(code, sides.leftOrigin(), 0, row, (long) left.rowStride() * Float.BYTES);
    } else {
      Emission.pushInt(code, -1, sides.leftOffset(), row, left.rowStride());
    }
    code.loadConstant(left.rowStride());
  }

  /** Multiplies by one row of a buffer and returns how many terms that takes from the left. */
  private int matrixVector(
      CodeBuilder code,
      Sides sides,
      Left left,
      Target result,
      View right,
      View.Layout.Rows layout,
      Statement.DotNT dot) {
    ElementFormat format = sides.format();
    int lanes = emission.lanes();
    int whole = 0;
    if (left.view() && result.rows() == 1 && MatrixVectorBody.reads(format)) {
      int step = MatrixVectorBody.step(format, lanes);
      whole = right.columns() / step * step;
    }
    if (whole == 0) {
      return 0;
    }
    int sums = emission.frame().sums();
    int vector = emission.frame().spread();
    SpreadBody spread = new SpreadBody(lanes, Integer.BYTES / format.bytes());
    code.aload(PhaseArguments.FLOATS).aload(sides.leftSegment()).lload(sides.leftOrigin());
    code.loadConstant(vector).loadConstant(whole);
    emission.shared("spread", spread, SpreadBody.TYPE, spread::write).invoke(code);
    long lineBytes = layout.rowStride() * format.bytes();
    FoldBody fold = new FoldBody(lanes, dot.accumulate());
    int terms = whole;
    for (Run run : runs(result.columns(), TileFrame.MATRIX_ROWS)) {
      MatrixVectorBody body = new MatrixVectorBody(run.step(), lanes, format, lineBytes);
      Emission.loop(
          code,
          run.from(),
          run.to(),
          run.step(),
          column -> {
            code.aload(PhaseArguments.FLOATS).aload(sides.segment());
            Emission.pushLong(code, sides.origin(), 0, column, lineBytes);
            code.loadConstant(vector).loadConstant(terms).loadConstant(sums);
            emission.shared("matrix_vector", body, MatrixVectorBody.TYPE, body::write).invoke(code);
            code.aload(PhaseArguments.FLOATS).loadConstant(sums);
            Emission.pushInt(code, -1, result.offset(), column, 1);
            code.loadConstant(run.step());
            emission.shared("fold", fold, FoldBody.TYPE, fold::write).invoke(code);
          });
    }
    return whole;
  }

  private void inner(
      CodeBuilder code,
      Sides sides,
      Left left,
      Target result,
      View right,
      View.Layout.Rows layout,
      Statement.DotNT dot,
      int first) {
    if (layout.groupStride() != 0) {
      throw new IllegalStateException("the right view of a dot has evenly spaced rows");
    }
    int terms = right.columns();
    int vectorTerms = first + (terms - first) / emission.lanes() * emission.lanes();
    long lineBytes = layout.rowStride() * Lanes.placesPerElement(sides.format());
    int rowBlock = Math.min(ROW_BLOCK, result.rows());
    int columnBlock = rowBlock == ROW_BLOCK ? ROW_BLOCK / 2 : ROW_BLOCK;
    boolean accumulate = dot.accumulate() || first > 0;
    for (int lanes : List.of(emission.lanes(), 1)) {
      int from = lanes == 1 ? vectorTerms : first;
      int to = lanes == 1 ? terms : vectorTerms;
      if (from == to) {
        continue;
      }
      for (Run rowRun : runs(result.rows(), rowBlock)) {
        for (Run columnRun : runs(result.columns(), columnBlock)) {
          DotBody body =
              new DotBody(
                  DotBody.Shape.INNER,
                  left.view(),
                  rowRun.step(),
                  columnRun.step(),
                  lanes,
                  0,
                  sides.format(),
                  Optional.empty(),
                  accumulate,
                  false);
          Emission.loop(
              code,
              columnRun.from(),
              columnRun.to(),
              columnRun.step(),
              column ->
                  Emission.loop(
                      code,
                      rowRun.from(),
                      rowRun.to(),
                      rowRun.step(),
                      row -> {
                        pushSides(code, sides, left, row, 0, column, lineBytes);
                        code.loadConstant(from).loadConstant(to);
                        Emission.pushInt(code, -1, result.offset(), row, result.stride());
                        code.iload(column).iadd();
                        code.loadConstant(result.stride()).loadConstant(lineBytes);
                        emission.shared("dot", body, body.type(), body::write).invoke(code);
                      }));
        }
      }
      accumulate = true;
    }
  }

  /** Cuts an extent into whole steps and a rest. */
  private static List<Run> runs(int extent, int step) {
    List<Run> runs = new ArrayList<>();
    int whole = extent / step * step;
    if (whole > 0) {
      runs.add(new Run(0, whole, step));
    }
    if (whole < extent) {
      runs.add(new Run(whole, extent, extent - whole));
    }
    return runs;
  }
}
