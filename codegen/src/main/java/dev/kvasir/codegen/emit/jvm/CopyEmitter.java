package dev.kvasir.codegen.emit.jvm;

import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;
import java.util.ArrayList;
import java.util.List;

/**
 * Loads and stores between tiles and buffers. Places are parameters, so that copies of equal shape
 * share a loop.
 */
final class CopyEmitter {

  private final Emission emission;
  private final Kernel kernel;

  CopyEmitter(Emission emission, Kernel kernel) {
    this.emission = emission;
    this.kernel = kernel;
  }

  /**
   * A part of a view whose rows and columns are evenly spaced.
   *
   * @param origin slot of the place that {@code start} counts from
   * @param start elements to its first one
   * @param firstRow its first row in the tile
   * @param rows its rows
   * @param firstColumn its first column in the tile
   * @param columns its columns
   * @param group rows before a jump
   * @param groupStride elements between groups
   * @param rowStride elements between rows
   * @param columnStride elements between columns
   */
  private record Piece(
      int origin,
      long start,
      int firstRow,
      int rows,
      int firstColumn,
      int columns,
      int group,
      long groupStride,
      long rowStride,
      long columnStride) {}

  /**
   * Evenly spaced neighbours.
   *
   * @param first the first one's number
   * @param count how many
   * @param start elements to the first one
   * @param stride elements from one to the next
   */
  private record Run(int first, int count, long start, long stride) {}

  /**
   * What a copy does, wherever its tile and its view lie.
   *
   * @param load whether the tile is written
   * @param type of the tile
   * @param tileColumns elements from one row of the tile to the next
   * @param format of the buffer
   * @param segment slot of the buffer
   * @param tile slot of the tile's place
   * @param pieces the view's parts
   * @param lanes lanes of a whole vector
   */
  private record Copy(
      boolean load,
      Kernel.TileType type,
      int tileColumns,
      ElementFormat format,
      int segment,
      int tile,
      List<Piece> pieces,
      int lanes) {}

  /** {@return the phase of a load} */
  SharedPhases.Phase load(String tileName, View view, PhaseArguments arguments) {
    return copy("load", tileName, view, arguments, true);
  }

  /** {@return the phase of a store} */
  SharedPhases.Phase store(String tileName, View view, PhaseArguments arguments) {
    return copy("store", tileName, view, arguments, false);
  }

  private SharedPhases.Phase copy(
      String prefix, String tileName, View view, PhaseArguments arguments, boolean load) {
    Kernel.Tile tile = kernel.tile(tileName);
    Copy copy =
        new Copy(
            load,
            tile.type(),
            tile.columns(),
            kernel.buffer(view.buffer()).format(),
            arguments.segment(view.buffer()),
            arguments.place(emission.frame().offset(tileName)),
            pieces(view, arguments),
            emission.lanes());
    return emission.shared(prefix, copy, arguments.type(), code -> write(code, copy));
  }

  private static void write(CodeBuilder code, Copy copy) {
    ElementFormat format = copy.format();
    for (Piece piece : copy.pieces()) {
      boolean vectors =
          piece.columnStride() == 1
              && format != ElementFormat.I32
              && (copy.load() || format == ElementFormat.F32 || format.isCode());
      int whole = vectors ? piece.columns() / copy.lanes() * copy.lanes() : 0;
      rows(code, copy, piece, whole);
    }
    code.return_();
  }

  private static List<Piece> pieces(View view, PhaseArguments arguments) {
    List<Piece> pieces = new ArrayList<>();
    switch (view.layout()) {
      case View.Layout.Rows rows ->
          pieces.add(
              new Piece(
                  arguments.origin(view, 0),
                  0,
                  0,
                  view.rows(),
                  0,
                  view.columns(),
                  rows.group(),
                  rows.groupStride(),
                  rows.rowStride(),
                  1));
      case View.Layout.Columns columns -> {
        for (Run strip : strips(view, columns.strip(), columns.strideOfStrips())) {
          boolean paired = columns.paired() && view.rows() > 1;
          for (Run run : line(strip.first(), strip.count(), paired)) {
            pieces.add(
                piece(
                    arguments.origin(view, 0),
                    new Run(run.first(), run.count(), strip.start() + run.start(), run.stride()),
                    new Run(0, view.columns(), 0, columns.strip())));
          }
        }
      }
      case View.Layout.Tiles tiles -> {
        for (int first = 0; first < view.columns(); first += tiles.width()) {
          int width = tiles.widthAt(first);
          int shown = Math.min(width, view.columns() - first);
          for (Run strip : strips(view, tiles.height(), tiles.strideOfStrips())) {
            for (Run run : line(first, shown, tiles.pairedAt(first))) {
              pieces.add(
                  piece(
                      arguments.origin(view, first),
                      new Run(strip.first(), strip.count(), strip.start(), width),
                      run));
            }
          }
        }
      }
    }
    return pieces;
  }

  private static Piece piece(int origin, Run rows, Run columns) {
    return new Piece(
        origin,
        rows.start() + columns.start(),
        rows.first(),
        rows.count(),
        columns.first(),
        columns.count(),
        rows.count(),
        0,
        rows.stride(),
        columns.stride());
  }

  /** {@return the strips that a view shows; its origin already lies in that of its first row} */
  private static List<Run> strips(View view, int height, long stride) {
    if (view.rows() <= height) {
      return List.of(new Run(0, view.rows(), 0, 1));
    }
    List<Run> strips = new ArrayList<>();
    for (int first = 0; first < view.rows(); first += height) {
      strips.add(new Run(first, height, first / height * stride, 1));
    }
    return strips;
  }

  /** {@return {@code count} neighbours from {@code first} on: a line, or part of one in order} */
  private static List<Run> line(int first, int count, boolean paired) {
    if (!paired) {
      return List.of(new Run(first, count, 0, 1));
    }
    int half = View.Layout.PAIRS / 2;
    return List.of(new Run(first, half, 0, 2), new Run(first + half, half, 1, 2));
  }

  private static void rows(CodeBuilder code, Copy copy, Piece piece, int whole) {
    int columns = copy.tileColumns();
    int base = piece.firstRow() * columns + piece.firstColumn();
    int groups = Math.ceilDiv(piece.rows(), piece.group());
    if (piece.rows() % piece.group() != 0 && groups > 1) {
      throw new IllegalStateException("rows of a grouped view fill their groups");
    }
    int rowsOfGroup = Math.min(piece.rows(), piece.group());
    if (piece.rowStride() < piece.columnStride() && piece.columns() > 1 && groups == 1) {
      columns(code, copy, piece, base);
      return;
    }
    Emission.loop(
        code,
        0,
        groups,
        1,
        group ->
            Emission.loop(
                code,
                0,
                rowsOfGroup,
                1,
                row -> {
                  for (int width : new int[] {copy.lanes(), 1}) {
                    Lanes lanes = new Lanes(code, width);
                    Emission.loop(
                        code,
                        width == 1 ? whole : 0,
                        width == 1 ? piece.columns() : whole,
                        width,
                        column -> {
                          Runnable inTile =
                              () -> {
                                Emission.pushInt(code, column, base, group, rowsOfGroup * columns);
                                code.iload(row).loadConstant(columns).imul().iadd();
                                code.iload(copy.tile()).iadd();
                              };
                          Runnable inBuffer =
                              () -> pushOffset(code, piece, copy.format(), group, row, column);
                          element(code, lanes, copy, inTile, inBuffer);
                        });
                  }
                }));
  }

  /** Column by column, in the order of the buffer. */
  private static void columns(CodeBuilder code, Copy copy, Piece piece, int base) {
    Lanes scalar = new Lanes(code, 1);
    long places = BufferLanes.placesPerElement(copy.format());
    int line = code.allocateLocal(TypeKind.LONG);
    int first = code.allocateLocal(TypeKind.INT);
    Emission.loop(
        code,
        0,
        piece.columns(),
        1,
        column -> {
          Emission.pushLong(
              code, piece.origin(), piece.start() * places, column, piece.columnStride() * places);
          code.lstore(line);
          Emission.pushInt(code, copy.tile(), base, column, 1);
          code.istore(first);
          Emission.loop(
              code,
              0,
              piece.rows(),
              1,
              row ->
                  element(
                      code,
                      scalar,
                      copy,
                      () -> Emission.pushInt(code, first, 0, row, copy.tileColumns()),
                      () -> Emission.pushLong(code, line, 0, row, piece.rowStride() * places)));
        });
  }

  private static void pushOffset(
      CodeBuilder code, Piece piece, ElementFormat format, int group, int row, int column) {
    long places = BufferLanes.placesPerElement(format);
    Emission.pushLong(
        code, piece.origin(), piece.start() * places, row, piece.rowStride() * places);
    if (piece.groupStride() != 0) {
      code.iload(group).i2l().loadConstant(piece.groupStride() * places).lmul().ladd();
    }
    code.iload(column).i2l().loadConstant(piece.columnStride() * places).lmul().ladd();
  }

  private static void element(
      CodeBuilder code, Lanes lanes, Copy copy, Runnable inTile, Runnable inBuffer) {
    int segment = copy.segment();
    switch (copy.type()) {
      case F32 -> {
        if (copy.load()) {
          new BufferLanes(code, lanes).load(copy.format(), segment, inBuffer);
          lanes.storeFloats(PhaseArguments.FLOATS, inTile);
        } else {
          lanes.loadFloats(PhaseArguments.FLOATS, inTile);
          new BufferLanes(code, lanes).store(copy.format(), segment, inBuffer);
        }
      }
      case I32 -> {
        if (copy.load()) {
          lanes.readInts(segment, inBuffer);
          lanes.storeInts(PhaseArguments.INTS, inTile);
        } else {
          lanes.loadInts(PhaseArguments.INTS, inTile);
          lanes.writeInts(segment, inBuffer);
        }
      }
    }
  }
}
