package dev.kvasir.codegen.emit.jvm;

import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import java.lang.classfile.CodeBuilder;
import java.util.ArrayList;
import java.util.List;

/** Loads and stores between tiles and buffers. */
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
   * @param origin slot of the place of its first element
   * @param firstColumn its first column in the tile
   * @param columns its columns
   * @param group rows before a jump
   * @param groupStride elements between groups
   * @param rowStride elements between rows
   * @param columnStride elements between columns
   */
  private record Piece(
      int origin,
      int firstColumn,
      int columns,
      int group,
      long groupStride,
      long rowStride,
      long columnStride) {}

  /** Writes the phase of a load and returns its name. */
  String load(String tileName, View view, PhaseArguments arguments) {
    return copy("load", tileName, view, arguments, true);
  }

  /** Writes the phase of a store and returns its name. */
  String store(String tileName, View view, PhaseArguments arguments) {
    return copy("store", tileName, view, arguments, false);
  }

  private String copy(
      String prefix, String tileName, View view, PhaseArguments arguments, boolean load) {
    int segment = arguments.segment(view.buffer());
    ElementFormat format = kernel.buffer(view.buffer()).format();
    List<Piece> pieces = pieces(view, arguments);
    Kernel.Tile tile = kernel.tile(tileName);
    return emission.method(
        prefix,
        arguments.type(),
        code -> {
          for (Piece piece : pieces) {
            boolean vectors =
                piece.columnStride() == 1
                    && format != ElementFormat.I32
                    && (load || format == ElementFormat.F32 || format.isCode());
            int whole = vectors ? piece.columns() / emission.lanes() * emission.lanes() : 0;
            rows(code, tile, piece, segment, format, load, whole);
          }
          code.return_();
        });
  }

  private static List<Piece> pieces(View view, PhaseArguments arguments) {
    return switch (view.layout()) {
      case View.Layout.Rows rows ->
          List.of(
              new Piece(
                  arguments.origin(view, 0),
                  0,
                  view.columns(),
                  rows.group(),
                  rows.groupStride(),
                  rows.rowStride(),
                  1));
      case View.Layout.Columns columns ->
          List.of(
              new Piece(
                  arguments.origin(view, 0),
                  0,
                  view.columns(),
                  view.rows(),
                  0,
                  1,
                  columns.leading()));
      case View.Layout.Tiles tiles -> {
        List<Piece> pieces = new ArrayList<>();
        for (int first = 0; first < view.columns(); first += tiles.width()) {
          int width = tiles.widthAt(first);
          pieces.add(
              new Piece(
                  arguments.origin(view, first),
                  first,
                  Math.min(width, view.columns() - first),
                  view.rows(),
                  0,
                  width,
                  1));
        }
        yield pieces;
      }
    };
  }

  private void rows(
      CodeBuilder code,
      Kernel.Tile tile,
      Piece piece,
      int segment,
      ElementFormat format,
      boolean load,
      int whole) {
    int base = emission.frame().offset(tile.name()) + piece.firstColumn();
    int groups = Math.ceilDiv(tile.rows(), piece.group());
    if (tile.rows() % piece.group() != 0 && groups > 1) {
      throw new IllegalStateException("rows of a grouped view fill their groups");
    }
    int rowsOfGroup = Math.min(tile.rows(), piece.group());
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
                  for (int width : new int[] {emission.lanes(), 1}) {
                    Lanes lanes = new Lanes(code, width);
                    Emission.loop(
                        code,
                        width == 1 ? whole : 0,
                        width == 1 ? piece.columns() : whole,
                        width,
                        column -> {
                          Runnable inTile =
                              () -> {
                                Emission.pushInt(
                                    code, column, base, group, rowsOfGroup * tile.columns());
                                code.iload(row).loadConstant(tile.columns()).imul().iadd();
                              };
                          Runnable inBuffer =
                              () -> pushOffset(code, piece, format, group, row, column);
                          element(lanes, tile, segment, format, load, inTile, inBuffer);
                        });
                  }
                }));
  }

  private static void pushOffset(
      CodeBuilder code, Piece piece, ElementFormat format, int group, int row, int column) {
    long places = Lanes.placesPerElement(format);
    Emission.pushLong(code, piece.origin(), 0, row, piece.rowStride() * places);
    if (piece.groupStride() != 0) {
      code.iload(group).i2l().loadConstant(piece.groupStride() * places).lmul().ladd();
    }
    code.iload(column).i2l().loadConstant(piece.columnStride() * places).lmul().ladd();
  }

  private static void element(
      Lanes lanes,
      Kernel.Tile tile,
      int segment,
      ElementFormat format,
      boolean load,
      Runnable inTile,
      Runnable inBuffer) {
    switch (tile.type()) {
      case F32 -> {
        if (load) {
          lanes.loadBuffer(format, segment, inBuffer);
          lanes.storeFloats(PhaseArguments.FLOATS, inTile);
        } else {
          lanes.loadFloats(PhaseArguments.FLOATS, inTile);
          lanes.storeBuffer(format, segment, inBuffer);
        }
      }
      case I32 -> {
        if (load) {
          lanes.loadInt(segment, inBuffer);
          lanes.storeInts(PhaseArguments.INTS, inTile);
        } else {
          lanes.loadInts(PhaseArguments.INTS, inTile);
          lanes.storeInt(segment, inBuffer);
        }
      }
    }
  }
}
