package dev.kvasir.codegen.emit.jvm;

import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import java.lang.classfile.CodeBuilder;
import java.util.List;

/**
 * Which loop a contraction takes: by lines ({@link LineBody}) for keys stored column by column and
 * for values, packed panels ({@link PanelBody}), one row by a matrix ({@link MatrixVectorBody}),
 * and inner products ({@link DotBody}) for other row-major weights.
 */
final class DotEmitter {

  private static final int ROW_BLOCK = 4;

  private final Emission emission;
  private final Kernel kernel;

  DotEmitter(Emission emission, Kernel kernel) {
    this.emission = emission;
    this.kernel = kernel;
  }

  /** Writes the phase of a {@code dot.nt} and returns its name. */
  String dotNT(Statement.DotNT dot, PhaseArguments arguments) {
    View view = dot.right();
    DotOperands.Right right =
        right(view, arguments.segment(view.buffer()), arguments.origin(view, 0));
    DotOperands operands = new DotOperands(left(dot.left(), arguments), right, target(dot.tile()));
    return emission.method(
        "dot_nt",
        arguments.type(),
        code -> {
          switch (view.layout()) {
            case View.Layout.Columns columns -> {
              if (operands.left().inBuffer()) {
                throw new IllegalStateException("dot.nt of a view over columns is never generated");
              }
              LineEmitter.Lines lines = LineEmitter.Lines.ofColumns(view, columns);
              new LineEmitter(emission, operands, lines, dot.accumulate(), false).write(code);
            }
            case View.Layout.Rows rows -> {
              int whole = matrixVector(code, operands, rows, dot.accumulate());
              inner(code, operands, rows, whole, dot.accumulate() || whole > 0);
            }
            case View.Layout.Tiles _ ->
                throw new IllegalStateException("dot.nt over tiles is never generated");
          }
          code.return_();
        });
  }

  /** Writes the phase of a {@code dot.nn} and returns its name. */
  String dotNN(Statement.DotNN dot, PhaseArguments arguments) {
    DotOperands.Target result = target(dot.tile());
    View view = dot.right();
    DotOperands.Left left =
        DotOperands.Left.inTile(
            emission.frame().offset(dot.left()), kernel.tile(dot.left()).columns());
    int segment = arguments.segment(view.buffer());
    ElementFormat format = kernel.buffer(view.buffer()).format();
    if (!dot.guarded() && PanelBody.reads(format, view, emission.lanes())) {
      DotOperands.Right right = right(view, segment, arguments.origin(view, 0));
      return emission.method(
          "dot_nn", arguments.type(), code -> panel(code, new DotOperands(left, right, result)));
    }
    List<LineEmitter.Piece> pieces =
        switch (view.layout()) {
          case View.Layout.Rows rows -> LineEmitter.Piece.ofRows(view, rows, arguments);
          case View.Layout.Tiles tiles -> LineEmitter.Piece.ofTiles(view, tiles, format, arguments);
          case View.Layout.Columns _ ->
              throw new IllegalStateException("dot.nn over columns is never generated");
        };
    return emission.method(
        "dot_nn",
        arguments.type(),
        code -> {
          for (LineEmitter.Piece piece : pieces) {
            DotOperands operands =
                new DotOperands(
                    left, right(view, segment, piece.origin()), result.from(piece.column()));
            new LineEmitter(emission, operands, piece.lines(), true, dot.guarded()).write(code);
          }
          code.return_();
        });
  }

  private DotOperands.Left left(Statement.Operand operand, PhaseArguments arguments) {
    return switch (operand) {
      case Statement.Operand.OfTile(Statement.TilePart part) ->
          DotOperands.Left.inTile(
              emission.frame().offset(part.tile()) + part.first(),
              kernel.tile(part.tile()).columns());
      case Statement.Operand.OfView(View view) ->
          DotOperands.Left.inBuffer(
              arguments.segment(view.buffer()), arguments.origin(view, 0), view);
    };
  }

  private DotOperands.Right right(View view, int segment, int origin) {
    return new DotOperands.Right(segment, origin, kernel.buffer(view.buffer()).format(), view);
  }

  private DotOperands.Target target(Statement.TilePart part) {
    Kernel.Tile tile = kernel.tile(part.tile());
    return new DotOperands.Target(
        emission.frame().offset(tile.name()) + part.first(),
        tile.rows(),
        part.columnsOf(tile),
        tile.columns());
  }

  private void panel(CodeBuilder code, DotOperands operands) {
    View view = operands.right().view();
    DotOperands.Target result = operands.result();
    View.Layout.Tiles tile = (View.Layout.Tiles) view.layout();
    int lanes = emission.lanes();
    for (Steps steps : Steps.of(view.columns() / lanes, PanelBody.MOST_VECTORS)) {
      int vectors = steps.step();
      for (int first = steps.from(); first < steps.to(); first += vectors) {
        int column = first * lanes;
        for (Steps rows : Steps.of(result.rows(), PanelBody.rows(vectors, lanes))) {
          int leftStride = operands.left().rowStride();
          PanelBody body =
              new PanelBody(rows.step(), vectors, lanes, tile, leftStride, result.stride());
          rows.write(
              code,
              row -> {
                code.aload(PhaseArguments.FLOATS);
                operands.right().push(code, PanelBody.bytesTo(tile, column), -1, 0);
                operands.left().push(code, row, 0);
                code.loadConstant(view.rows());
                result.push(code, column, row);
                emission.shared("panel", body, PanelBody.TYPE, body::write).invoke(code);
              });
        }
      }
    }
    code.return_();
  }

  /** Multiplies by one row of a buffer and returns how many terms that takes from the left. */
  private int matrixVector(
      CodeBuilder code, DotOperands operands, View.Layout.Rows layout, boolean accumulate) {
    ElementFormat format = operands.right().format();
    DotOperands.Left left = operands.left();
    DotOperands.Target result = operands.result();
    if (!left.inBuffer() || result.rows() != 1 || !MatrixVectorBody.reads(format)) {
      return 0;
    }
    int lanes = emission.lanes();
    int step = MatrixVectorBody.step(format, lanes);
    int whole = operands.right().view().columns() / step * step;
    if (whole == 0) {
      return 0;
    }
    int sums = emission.frame().sums();
    int vector = emission.frame().spread();
    SpreadBody spread = new SpreadBody(lanes, Integer.BYTES / format.bytes());
    code.aload(PhaseArguments.FLOATS).aload(left.segment()).lload(left.origin());
    code.loadConstant(vector).loadConstant(whole);
    emission.shared("spread", spread, SpreadBody.TYPE, spread::write).invoke(code);
    long lineBytes = layout.rowStride() * format.bytes();
    FoldBody fold = new FoldBody(lanes, accumulate);
    for (Steps columns : Steps.of(result.columns(), TileFrame.MATRIX_ROWS)) {
      MatrixVectorBody body = new MatrixVectorBody(columns.step(), lanes, format, lineBytes);
      columns.write(
          code,
          column -> {
            code.aload(PhaseArguments.FLOATS);
            operands.right().push(code, 0, column, lineBytes);
            code.loadConstant(vector).loadConstant(whole).loadConstant(sums);
            emission.shared("matrix_vector", body, MatrixVectorBody.TYPE, body::write).invoke(code);
            code.aload(PhaseArguments.FLOATS).loadConstant(sums);
            Emission.pushInt(code, -1, result.offset(), column, 1);
            code.loadConstant(columns.step());
            emission.shared("fold", fold, FoldBody.TYPE, fold::write).invoke(code);
          });
    }
    return whole;
  }

  /** Multiplies the terms from {@code first} on: whole vectors, then the rest. */
  private void inner(
      CodeBuilder code,
      DotOperands operands,
      View.Layout.Rows layout,
      int first,
      boolean accumulate) {
    if (layout.groupStride() != 0) {
      throw new IllegalStateException("the right view of a dot has evenly spaced rows");
    }
    long lineBytes = layout.rowStride() * operands.right().placesPerElement();
    int lanes = emission.lanes();
    int terms = operands.right().view().columns();
    int whole = first + (terms - first) / lanes * lanes;
    if (first < whole) {
      inner(code, operands, lineBytes, new Steps(first, whole, lanes), accumulate);
    }
    if (whole < terms) {
      Steps rest = new Steps(whole, terms, 1);
      inner(code, operands, lineBytes, rest, accumulate || first < whole);
    }
  }

  /** Multiplies {@code terms}, a vector of as many lanes as a step has at a time. */
  private void inner(
      CodeBuilder code, DotOperands operands, long lineBytes, Steps terms, boolean accumulate) {
    DotOperands.Left left = operands.left();
    DotOperands.Target result = operands.result();
    int rowBlock = Math.min(ROW_BLOCK, result.rows());
    int columnBlock = rowBlock == ROW_BLOCK ? ROW_BLOCK / 2 : ROW_BLOCK;
    ElementFormat format = operands.right().format();
    for (Steps rows : Steps.of(result.rows(), rowBlock)) {
      for (Steps columns : Steps.of(result.columns(), columnBlock)) {
        DotBody body =
            new DotBody(
                left.inBuffer(), rows.step(), columns.step(), terms.step(), format, accumulate);
        columns.write(
            code,
            column ->
                rows.write(
                    code,
                    row -> {
                      code.aload(PhaseArguments.FLOATS);
                      operands.right().push(code, 0, column, lineBytes);
                      left.push(code, row, 0);
                      code.loadConstant(left.rowStride());
                      code.loadConstant(terms.from()).loadConstant(terms.to());
                      result.push(code, 0, row);
                      code.iload(column).iadd();
                      code.loadConstant(result.stride()).loadConstant(lineBytes);
                      emission.shared("dot", body, body.type(), body::write).invoke(code);
                    }));
      }
    }
  }
}
