package dev.kvasir.ir.kernel;

/** A view at one grid point, its uniform integers known. */
final class ViewWindow {

  private final View view;
  private final GridPoint point;
  private final long start;
  private final int firstRow;

  private ViewWindow(View view, GridPoint point, long start, int firstRow) {
    this.view = view;
    this.point = point;
    this.start = start;
    this.firstRow = firstRow;
  }

  static ViewWindow of(View view, GridPoint point) {
    long block = UniformEvaluator.evaluate(view.block(), point);
    long offset = UniformEvaluator.evaluate(view.offset(), point);
    int firstRow = UniformEvaluator.evaluate(view.row(), point);
    if (firstRow < 0) {
      throw point.failure("first row " + firstRow + " is negative");
    }
    long height =
        switch (view.layout()) {
          case View.Layout.Rows(int group, long groupStride, long _) ->
              groupStride == 0 ? group : Long.MAX_VALUE;
          case View.Layout.Columns columns -> columns.rows();
          case View.Layout.Tiles tiles -> tiles.rows();
        };
    if (firstRow + (long) view.rows() > height) {
      throw point.failure(
          "rows %d to %d leave a block of %d rows"
              .formatted(firstRow, firstRow + (long) view.rows() - 1, height));
    }
    try {
      long start = Math.addExact(Math.multiplyExact(block, view.blockStride()), offset);
      return new ViewWindow(view, point, start, firstRow);
    } catch (ArithmeticException _) {
      throw point.failure("block %d of stride %d overflows".formatted(block, view.blockStride()));
    }
  }

  int rows() {
    return view.rows();
  }

  int columns() {
    return view.columns();
  }

  float floatAt(int row, int column) {
    return point.readFloat(view.buffer(), index(row, column));
  }

  int intAt(int row, int column) {
    return point.readInt(view.buffer(), index(row, column));
  }

  void setFloat(int row, int column, float value) {
    point.writeFloat(view.buffer(), index(row, column), value);
  }

  void setInt(int row, int column, int value) {
    point.writeInt(view.buffer(), index(row, column), value);
  }

  private long index(int viewRow, int column) {
    long row = (long) firstRow + viewRow;
    long place =
        switch (view.layout()) {
          case View.Layout.Rows(int group, long groupStride, long rowStride) ->
              row / group * groupStride + row % group * rowStride + column;
          case View.Layout.Columns columns -> {
            int inStrip = (int) (row % columns.strip());
            yield row / columns.strip() * columns.strideOfStrips()
                + (long) column * columns.strip()
                + (columns.paired() ? View.Layout.paired(inStrip) : inStrip);
          }
          case View.Layout.Tiles tiles -> {
            int inTile = column % tiles.width();
            int firstColumn = column - inTile;
            yield row / tiles.height() * tiles.strideOfStrips()
                + (long) firstColumn * tiles.height()
                + row % tiles.height() * tiles.widthAt(firstColumn)
                + (tiles.pairedAt(firstColumn) ? View.Layout.paired(inTile) : inTile);
          }
        };
    return Math.addExact(start, place);
  }
}
