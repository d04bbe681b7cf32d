package dev.kvasir.codegen.emit.tornado;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.View;
import java.util.List;

/**
 * Refuses views that reach beyond a 32-bit index wherever that is static. What is not static is
 * bounded at launch, by the size of the arrays.
 */
final class IndexCheck {

  private final Kernel kernel;

  private IndexCheck(Kernel kernel) {
    this.kernel = kernel;
  }

  static void check(Kernel kernel) {
    new IndexCheck(kernel).check(kernel.body());
  }

  private void check(List<Statement> statements) {
    for (Statement statement : statements) {
      switch (statement) {
        case Statement.Let _ -> {}
        case Statement.Map _ -> {}
        case Statement.Reduce _ -> {}
        case Statement.Scan _ -> {}
        case Statement.Scatter _ -> {}
        case Statement.For loop -> check(loop.body());
        case Statement.If choice -> {
          check(choice.whenTrue());
          check(choice.whenFalse());
        }
        case Statement.Load load -> check(load.view());
        case Statement.Store store -> check(store.view());
        case Statement.DotNT dot -> {
          check(dot.right());
          if (dot.left() instanceof Statement.Operand.OfView(View view)) {
            check(view);
          }
        }
        case Statement.DotNN dot -> check(dot.right());
      }
    }
  }

  private void check(View view) {
    long start = product(constant(view.block()), view.blockStride());
    long row = constant(view.row()) + view.rows() - 1;
    long column = view.columns() - 1L;
    long place =
        switch (view.layout()) {
          case View.Layout.Rows(int group, long groupStride, long rowStride) -> {
            require(view, groupStride);
            require(view, rowStride);
            long last = groupStride == 0 ? row : Math.min(row, group - 1);
            yield product(row / group, groupStride) + product(last, rowStride) + column;
          }
          case View.Layout.Columns columns ->
              product(row / columns.strip(), columns.strideOfStrips())
                  + product(column, columns.strip())
                  + columns.strip()
                  - 1;
          case View.Layout.Tiles tiles ->
              product(row / tiles.height(), tiles.strideOfStrips())
                  + product(column / tiles.width() * tiles.width(), tiles.height())
                  + product(Math.min(row, tiles.height() - 1L), tiles.width())
                  + column % tiles.width();
        };
    require(view, view.blockStride());
    require(view, start + constant(view.offset()) + place);
  }

  /** {@return the value where it is static, else the least it can be} */
  private static long constant(IntExpression expression) {
    return expression instanceof IntExpression.Constant(int value) ? value : 0;
  }

  private long product(long left, long right) {
    long high = Math.multiplyHigh(left, right);
    long low = left * right;
    return high == 0 && low >= 0 ? Math.min(low, Long.MAX_VALUE / 8) : Long.MAX_VALUE / 8;
  }

  private void require(View view, long index) {
    if (index > Integer.MAX_VALUE) {
      throw new TornadoUnsupportedException(
          TornadoUnsupportedException.Reason.INDEX,
          kernel.name(),
          "a view of buffer %s reaches beyond element 2^31 - 1".formatted(view.buffer()),
          "split the buffer");
    }
  }
}
