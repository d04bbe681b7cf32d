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

  /** Rows of a block where there are many, and 32 registers: 24 sums run a fifth faster than 16. */
  private static final int TALL_ROW_BLOCK = 6;

  private static final int TALL_ROWS = 16;
  private static final int TALL_LANES = 16;

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
    Target from(int column) {
      return new Target(offset + column, rows, columns - column, stride);
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
                lines(
                    code,
                    sides,
                    left,
                    result,
                    new Lines(
                        LineBlocks.ofColumns(columns, right.rows()),
                        right.columns(),
                        columns.strip(),
                        Strips.ONE),
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
    if (!dot.guarded() && PanelBody.reads(format, right, emission.lanes())) {
      int origin = arguments.origin(right, 0);
      int leftOffset = emission.frame().offset(dot.left());
      return emission.method(
          "dot_nn",
          arguments.type(),
          code -> panel(code, segment, origin, right, leftOffset, left.rowStride(), result));
    }
    List<Piece> pieces =
        switch (right.layout()) {
          case View.Layout.Rows rows ->
              List.of(
                  new Piece(
                      arguments.origin(right, 0),
                      0,
                      new Lines(
                          List.of(new LineBlocks.Run(0, right.columns(), 0, false)),
                          right.rows(),
                          Math.toIntExact(rows.rowStride()),
                          strips(right, rows))));
          case View.Layout.Tiles tiles -> pieces(right, tiles, format, arguments);
          case View.Layout.Columns _ ->
              throw new IllegalStateException("dot.nn over columns is never generated");
        };
    int leftOffset = emission.frame().offset(dot.left());
    return emission.method(
        "dot_nn",
        arguments.type(),
        code -> {
          for (Piece piece : pieces) {
            Sides sides = new Sides(segment, piece.origin(), format, right, -1, -1, leftOffset);
            lines(
                code, sides, left, result.from(piece.column()), piece.lines(), true, dot.guarded());
          }
          code.return_();
        });
  }

  private void panel(
      CodeBuilder code,
      int segment,
      int origin,
      View right,
      int leftOffset,
      int leftStride,
      Target result) {
    View.Layout.Tiles tile = (View.Layout.Tiles) right.layout();
    int lanes = emission.lanes();
    for (Run vectorRun : runs(right.columns() / lanes, PanelBody.MOST_VECTORS)) {
      int vectors = vectorRun.step();
      for (int first = vectorRun.from(); first < vectorRun.to(); first += vectors) {
        int column = first * lanes;
        for (Run rowRun : runs(result.rows(), PanelBody.rows(vectors, lanes))) {
          PanelBody body =
              new PanelBody(rowRun.step(), vectors, lanes, tile, leftStride, result.stride());
          Emission.loop(
              code,
              rowRun.from(),
              rowRun.to(),
              rowRun.step(),
              row -> {
                code.aload(PhaseArguments.FLOATS).aload(segment);
                Emission.pushLong(code, origin, PanelBody.bytesTo(tile, column), -1, 0);
                Emission.pushInt(code, -1, leftOffset, row, leftStride);
                code.loadConstant(right.rows());
                Emission.pushInt(code, -1, result.offset() + column, row, result.stride());
                emission.shared("panel", body, PanelBody.TYPE, body::write).invoke(code);
              });
        }
      }
    }
    code.return_();
  }

  /**
   * Columns of the result that are summed from one origin.
   *
   * @param origin slot of the origin
   * @param column the first of them
   */
  private record Piece(int origin, int column, Lines lines) {}

  /**
   * The right side of a contraction, a line a term.
   *
   * @param runs a line
   * @param terms number of terms
   * @param stride elements from one line to the next
   */
  private record Lines(List<LineBlocks.Run> runs, int terms, int stride, Strips strips) {}

  /** Strips of terms that lie {@code stride} elements apart. */
  private record Strips(int count, long stride) {
    static final Strips ONE = new Strips(1, 0);
  }

  private static Strips strips(View view, View.Layout.Rows rows) {
    return rows.groupStride() == 0
        ? Strips.ONE
        : new Strips(view.rows() / rows.group(), rows.groupStride());
  }

  /** Tiles of the same width are read together; codes lie in blocks of their own tile. */
  private static List<Piece> pieces(
      View view, View.Layout.Tiles tiles, ElementFormat format, PhaseArguments arguments) {
    List<Piece> pieces = new ArrayList<>();
    List<LineBlocks.Run> together = new ArrayList<>();
    Strips strips = new Strips(Math.ceilDiv(view.rows(), tiles.height()), tiles.strideOfStrips());
    for (int tile : LineBlocks.tiles(tiles, view.columns(), format)) {
      int first = tile * tiles.width();
      int columns = Math.min(tiles.widthAt(first), view.columns() - first);
      if (tiles.widthAt(first) == tiles.width() && !format.isCode()) {
        long start = (long) first * tiles.height();
        together.add(new LineBlocks.Run(first, columns, start, tiles.pairedAt(first)));
      } else {
        List<LineBlocks.Run> alone = List.of(new LineBlocks.Run(0, columns, 0, false));
        pieces.add(
            new Piece(
                arguments.origin(view, first),
                first,
                new Lines(alone, view.rows(), tiles.widthAt(first), strips)));
      }
    }
    if (!together.isEmpty()) {
      pieces.add(
          new Piece(
              arguments.origin(view, 0),
              0,
              new Lines(together, view.rows(), tiles.width(), strips)));
    }
    return pieces;
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

  private void lines(
      CodeBuilder code,
      Sides sides,
      Left left,
      Target result,
      Lines lines,
      boolean accumulate,
      boolean guarded) {
    boolean tall = emission.lanes() == TALL_LANES && result.rows() >= TALL_ROWS;
    int accumulators = tall ? TALL_ROW_BLOCK * ROW_BLOCK : emission.accumulators();
    for (Run rowRun : runs(result.rows(), tall ? TALL_ROW_BLOCK : ROW_BLOCK)) {
      LineBlocks cut = new LineBlocks(emission.lanes(), accumulators, rowRun.step());
      for (LineBlocks.Block block : cut.of(lines.runs())) {
        int strips = lines.strips().count();
        int each = lines.terms() / strips;
        Parts strip = Parts.of(block, each, lines.stride(), sides.format());
        if (strips > 1 && strips * block.loads() <= LineBlocks.STREAMS) {
          Parts all = new Parts(strips, each, lines.strips().stride());
          block(code, sides, left, result, rowRun, lines, block, all, 0, accumulate, guarded);
        } else {
          for (int i = 0; i < strips; i++) {
            boolean add = accumulate || i > 0;
            block(code, sides, left, result, rowRun, lines, block, strip, i, add, guarded);
          }
        }
      }
    }
  }

  /**
   * Parts of the contraction of which an iteration takes a term each.
   *
   * @param count how many
   * @param terms terms of a part
   * @param stride elements from one part to the next
   */
  private record Parts(int count, int terms, long stride) {
    static Parts of(LineBlocks.Block block, int terms, int lineStride, ElementFormat format) {
      int count = LineBlocks.parts(block, terms, (long) lineStride * format.bits() / Byte.SIZE);
      return new Parts(count, terms / count, (long) lineStride * (terms / count));
    }
  }

  private void block(
      CodeBuilder code,
      Sides sides,
      Left left,
      Target result,
      Run rowRun,
      Lines lines,
      LineBlocks.Block block,
      Parts parts,
      int strip,
      boolean accumulate,
      boolean guarded) {
    LineBody body = body(sides, left, result, rowRun, lines, block, parts, accumulate, guarded);
    long places = Lanes.placesPerElement(sides.format());
    int firstTerm = strip * (lines.terms() / lines.strips().count());
    Emission.loop(
        code,
        rowRun.from(),
        rowRun.to(),
        rowRun.step(),
        row -> {
          long start = block.vectors().getFirst().place() + strip * lines.strips().stride();
          code.aload(PhaseArguments.FLOATS).aload(sides.segment());
          Emission.pushLong(code, sides.origin(), start * places, -1, 0);
          pushLeft(code, sides, left, row, firstTerm);
          code.loadConstant(parts.terms());
          Emission.pushInt(code, -1, result.offset(), row, result.stride());
          emission.shared("dot", body, body.type(), body::write).invoke(code);
        });
  }

  /** Places of the body's vectors count from the block's first vector. */
  private LineBody body(
      Sides sides,
      Left left,
      Target result,
      Run rowRun,
      Lines lines,
      LineBlocks.Block block,
      Parts parts,
      boolean accumulate,
      boolean guarded) {
    ElementFormat format = sides.format();
    int column = block.vectors().getFirst().column();
    Optional<CodeLines> codes =
        CodeLines.of(
            format,
            sides.right(),
            column,
            block.vectors().size() * block.lanes(),
            lines.stride(),
            parts.terms());
    List<LineBody.Term> terms = new ArrayList<>();
    for (int part = 0; part < parts.count(); part++) {
      int first = part * parts.terms();
      long start = part * parts.stride();
      if (codes.isPresent()) {
        terms.addAll(codes.get().terms(format, block, first, start));
      } else {
        terms.add(new LineBody.Term(first, vectors(block, start, format)));
      }
    }
    long places = Lanes.placesPerElement(format);
    return new LineBody(
        left.view(),
        left.rowStride(),
        rowRun.step(),
        result.stride(),
        block.lanes(),
        format,
        terms,
        codes.map(CodeLines::lines).orElse(1),
        codes.isPresent()
            ? (long) lines.stride() * format.bits() / Byte.SIZE
            : lines.stride() * places,
        codes.map(CodeLines::first).orElse(LineBody.NO_BLOCKS),
        accumulate,
        guarded);
  }

  private static List<LineBody.Vector> vectors(
      LineBlocks.Block block, long start, ElementFormat format) {
    long origin = block.vectors().getFirst().place();
    long places = Lanes.placesPerElement(format);
    return block.vectors().stream()
        .map(
            vector ->
                new LineBody.Vector(
                    vector.column(), (vector.place() - origin + start) * places, vector.field()))
        .toList();
  }

  private void pushLeft(CodeBuilder code, Sides sides, Left left, int row, int firstTerm) {
    if (left.view()) {
      code.aload(sides.leftSegment());
      long start = (long) firstTerm * Float.BYTES;
      Emission.pushLong(
          code, sides.leftOrigin(), start, row, (long) left.rowStride() * Float.BYTES);
    } else {
      Emission.pushInt(code, -1, sides.leftOffset() + firstTerm, row, left.rowStride());
    }
  }

  private void pushSides(
      CodeBuilder code, Sides sides, Left left, int row, int column, long columnBytes) {
    code.aload(PhaseArguments.FLOATS).aload(sides.segment());
    Emission.pushLong(code, sides.origin(), 0, column, columnBytes);
    pushLeft(code, sides, left, row, 0);
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
                  left.view(), rowRun.step(), columnRun.step(), lanes, sides.format(), accumulate);
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
                        pushSides(code, sides, left, row, column, lineBytes);
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
