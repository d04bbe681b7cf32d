package dev.kvasir.ir.kernel;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Kernels as canonical text: equal kernels print equally, different kernels differently, a line a
 * statement.
 *
 * <p>A view reads {@code buffer[LAYOUT rows x columns at block * blockStride + offset row first]};
 * an offset or first row of 0 is left out. The layouts:
 *
 * <ul>
 *   <li>{@code rows 4 x 128 stride 512}, with {@code group 2 jump 4096} where rows come in groups
 *   <li>{@code columns 64 x 128}, with {@code leading 80} where the block is higher than the view,
 *       {@code strip 16 of 128} where it has several strips, and {@code paired}
 *   <li>{@code tiles 64 x 96 width 64}, with {@code height 64} and {@code of 96} where tiles are
 *       higher and the block is wider than the view, {@code rows 64} where it has several strips,
 *       and {@code paired}
 * </ul>
 */
public final class KernelPrinter {

  private static final String INDENT = "  ";

  private final StringBuilder text = new StringBuilder();
  private int depth;

  private KernelPrinter() {}

  /** {@return the whole kernel, ending in a line break} */
  public static String print(Kernel kernel) {
    KernelPrinter printer = new KernelPrinter();
    printer.kernel(kernel);
    return printer.text.toString();
  }

  /** {@return the first line of a statement: all of it, or the head of a loop or condition} */
  public static String headline(Statement statement) {
    return switch (statement) {
      case Statement.Let(String name, IntExpression value) ->
          "let " + name + " = " + ExpressionText.of(value);
      case Statement.For(
              String variable,
              IntExpression from,
              IntExpression to,
              List<Statement> _) ->
          "for %s in %s .. %s {"
              .formatted(variable, ExpressionText.of(from), ExpressionText.of(to));
      case Statement.If(IntExpression condition, List<Statement> _, List<Statement> _) ->
          "if " + ExpressionText.of(condition) + " {";
      case Statement.Load(String tile, View view) -> "load " + tile + ", " + print(view);
      case Statement.Store(View view, String tile) -> "store " + print(view) + ", " + tile;
      case Statement.Map(String tile, TileExpression value) ->
          tile + " = map " + ExpressionText.of(value);
      case Statement.Reduce(
              Statement.TilePart tile,
              Statement.ReduceOperator operator,
              Statement.Along along,
              Statement.TilePart source) ->
          "%s = reduce.%s %s along %s"
              .formatted(print(tile), operator.text(), print(source), along.text());
      case Statement.Scan(String tile, String carry, String source) ->
          "%s, %s = scan.sum %s".formatted(tile, carry, source);
      case Statement.Scatter(String buffer, IntExpression start, String index, String value) ->
          "scatter %s[%s + %s], %s".formatted(buffer, ExpressionText.of(start), index, value);
      case Statement.DotNT(
              Statement.TilePart tile,
              Statement.Operand left,
              View right,
              boolean accumulate) ->
          "%s %s dot.nt %s, %s"
              .formatted(print(tile), accumulate ? "+=" : "=", print(left), print(right));
      case Statement.DotNN(Statement.TilePart tile, String left, View right, boolean guarded) ->
          "%s += dot.nn%s %s, %s"
              .formatted(print(tile), guarded ? ".guarded" : "", left, print(right));
    };
  }

  /** {@return a uniform expression} */
  public static String print(IntExpression expression) {
    return ExpressionText.of(expression);
  }

  /** {@return a pointwise expression} */
  public static String print(TileExpression expression) {
    return ExpressionText.of(expression);
  }

  /** {@return a view with its buffer} */
  public static String print(View view) {
    StringBuilder line = new StringBuilder(view.buffer()).append('[').append(layout(view));
    line.append(" at ")
        .append(ExpressionText.start(view.block(), view.blockStride(), view.offset()));
    if (!view.row().equals(IntExpression.constant(0))) {
      line.append(" row ").append(ExpressionText.of(view.row()));
    }
    return line.append(']').toString();
  }

  private static String print(Statement.Operand operand) {
    return switch (operand) {
      case Statement.Operand.OfTile(Statement.TilePart tile) -> print(tile);
      case Statement.Operand.OfView(View view) -> print(view);
    };
  }

  private static String print(Statement.TilePart part) {
    if (part.isWhole()) {
      return part.tile();
    }
    String end = part.columns() == 0 ? "" : Integer.toString(part.first() + part.columns());
    return "%s[:, %d:%s]".formatted(part.tile(), part.first(), end);
  }

  private static String layout(View view) {
    String extents = " %d x %d".formatted(view.rows(), view.columns());
    return switch (view.layout()) {
      case View.Layout.Rows(int group, long groupStride, long rowStride) -> {
        boolean oneGroup = group == view.rows() && groupStride == 0;
        yield "rows"
            + extents
            + " stride "
            + rowStride
            + (oneGroup ? "" : " group " + group + " jump " + groupStride);
      }
      case View.Layout.Columns columns ->
          "columns"
              + extents
              + (columns.rows() == view.rows() ? "" : " leading " + columns.rows())
              + (columns.strip() == columns.rows()
                  ? ""
                  : " strip %d of %d".formatted(columns.strip(), columns.columns()))
              + (columns.paired() ? " paired" : "");
      case View.Layout.Tiles tiles ->
          "tiles"
              + extents
              + " width "
              + tiles.width()
              + (tiles.height() == view.rows() ? "" : " height " + tiles.height())
              + (tiles.columns() == view.columns() ? "" : " of " + tiles.columns())
              + (tiles.height() == tiles.rows() ? "" : " rows " + tiles.rows())
              + (tiles.paired() ? " paired" : "");
    };
  }

  private void kernel(Kernel kernel) {
    List<String> parameters = new ArrayList<>();
    for (Kernel.Buffer buffer : kernel.buffers()) {
      parameters.add(
          "%s: %s %s".formatted(buffer.name(), buffer.format().text(), access(buffer.access())));
    }
    String dims = kernel.dims().isEmpty() ? "" : "; dims " + String.join(", ", kernel.dims());
    line(
        "kernel %s(%s%s) grid(%s) {"
            .formatted(
                kernel.name(),
                String.join(", ", parameters),
                dims,
                String.join(", ", kernel.axes())));
    depth++;
    for (Kernel.Tile tile : kernel.tiles()) {
      String type = tile.type().name().toLowerCase(Locale.ROOT);
      line("tile %s: %s[%d, %d]".formatted(tile.name(), type, tile.rows(), tile.columns()));
    }
    statements(kernel.body());
    depth--;
    line("}");
  }

  private static String access(Kernel.Access access) {
    return switch (access) {
      case READ -> "read";
      case WRITE -> "write";
      case READ_WRITE -> "read write";
    };
  }

  private void statements(List<Statement> statements) {
    for (Statement statement : statements) {
      line(headline(statement));
      if (statement instanceof Statement.For loop) {
        block(loop.body());
        line("}");
      } else if (statement instanceof Statement.If branch) {
        block(branch.whenTrue());
        if (!branch.whenFalse().isEmpty()) {
          line("} else {");
          block(branch.whenFalse());
        }
        line("}");
      }
    }
  }

  private void block(List<Statement> statements) {
    depth++;
    statements(statements);
    depth--;
  }

  private void line(String line) {
    text.append(INDENT.repeat(depth)).append(line).append('\n');
  }
}
