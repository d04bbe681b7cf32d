package dev.kvasir.ir.kernel;

import static dev.kvasir.ir.kernel.Kernels.HEAD;
import static dev.kvasir.ir.kernel.Kernels.SEQUENCE;
import static dev.kvasir.ir.kernel.Kernels.ZERO;
import static dev.kvasir.ir.kernel.Kernels.element;
import static dev.kvasir.ir.kernel.Kernels.fill;
import static dev.kvasir.ir.kernel.Kernels.integer;
import static dev.kvasir.ir.kernel.Kernels.load;
import static dev.kvasir.ir.kernel.Kernels.map;
import static dev.kvasir.ir.kernel.Kernels.store;
import static dev.kvasir.ir.kernel.Kernels.whole;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.kvasir.ir.kernel.Statement.TilePart;
import dev.kvasir.ir.type.ElementFormat;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class KernelPrinterTest {

  private static final IntExpression PAGE = new IntExpression.Variable("page");
  private static final IntExpression BLOCK = new IntExpression.Variable("block");
  private static final IntExpression COUNT = new IntExpression.Dimension("count");

  /** Every statement, layout and kind of operand once. */
  private static Kernel attention() {
    View keys = new View("pool", new View.Layout.Columns(64), 64, 96, BLOCK, 12288, ZERO, ZERO);
    View values =
        new View(
            "pool",
            new View.Layout.Tiles(64, 64, 96),
            64,
            96,
            BLOCK,
            12288,
            IntExpression.constant(6144),
            ZERO);
    View queries =
        new View(
            "q", new View.Layout.Rows(2, 384, 96), 4, 96, SEQUENCE, 768, HEAD.times(192), ZERO);
    View result = new View("out", queries.layout(), 4, 96, SEQUENCE, 768, HEAD.times(192), COUNT);
    TileExpression visible =
        new TileExpression.ColumnIndex()
            .plus(TileExpression.uniform(PAGE.times(64)))
            .less(TileExpression.uniform(COUNT));
    return new Kernels()
        .named("attention")
        .read("q", ElementFormat.F32)
        .read("pool", ElementFormat.BF16)
        .read("table", ElementFormat.I32)
        .write("out", ElementFormat.F32)
        .readWrite("best", ElementFormat.I32)
        .dims("count", "pages")
        .f32("p", 4, 64)
        .f32("top", 4, 1)
        .f32("o", 4, 96)
        .i32("winner", 4, 1)
        .then(
            fill("o", 0),
            fill("p", 0),
            new Statement.For(
                "page",
                ZERO,
                new IntExpression.Dimension("pages"),
                List.of(
                    new Statement.Let("block", new IntExpression.BufferElement("table", PAGE)),
                    new Statement.DotNT("p", new Statement.Operand.OfView(queries), keys, true),
                    new Statement.Reduce(
                        "top", Statement.ReduceOperator.MAXIMUM, Statement.Along.COLUMNS, "p"),
                    map(
                        "p",
                        visible.select(
                            element("p").minus(element("top")).exp2(), TileExpression.constant(0))),
                    new Statement.DotNN("o", "p", values, true))),
            new Statement.Reduce(
                "winner", Statement.ReduceOperator.ARGMAX, Statement.Along.COLUMNS, "p"),
            new Statement.If(
                new IntExpression.TileElement("winner", 0, 0).less(COUNT),
                List.of(store(whole("best", 4, 1), "winner")),
                List.of(load("winner", whole("best", 4, 1)))),
            store(result, "o"))
        .build();
  }

  @Test
  void theGoldenKernelIsWellFormed() {
    assertThatCode(() -> KernelVerifier.verify(attention())).doesNotThrowAnyException();
  }

  @Test
  void printsTheGolden() throws IOException {
    try (InputStream golden = KernelPrinterTest.class.getResourceAsStream("attention.kernel")) {
      String expected =
          new String(Objects.requireNonNull(golden).readAllBytes(), StandardCharsets.UTF_8);
      assertThat(KernelPrinter.print(attention())).isEqualTo(expected);
    }
  }

  @Test
  void printsPartsOfTiles() {
    TilePart part = new TilePart("o", 32, 16);
    assertThat(
            KernelPrinter.headline(
                new Statement.DotNT(
                    part,
                    new Statement.Operand.OfTile(new TilePart("q", 16, 0)),
                    whole("k", 16, 4),
                    true)))
        .isEqualTo("o[:, 32:48] += dot.nt q[:, 16:], k[rows 16 x 4 stride 4 at 0 * 4]");
    assertThat(
            KernelPrinter.headline(
                new Statement.Reduce(
                    TilePart.whole("m"),
                    Statement.ReduceOperator.MINIMUM,
                    Statement.Along.ROWS,
                    part)))
        .isEqualTo("m = reduce.min o[:, 32:48] along rows");
  }

  @Test
  void printsRowsOfIntegers() {
    assertThat(KernelPrinter.headline(new Statement.Scan("place", "total", "flags")))
        .isEqualTo("place, total = scan.sum flags");
    assertThat(
            KernelPrinter.headline(
                new Statement.Scatter("list", HEAD.times(64).plus(COUNT), "place", "rows")))
        .isEqualTo("scatter list[(axis head) * 64 + (dim count) + place], rows");
  }

  static Stream<Arguments> uniformExpressions() {
    return Stream.of(
        arguments(PAGE.plus(1).times(2), "(page + 1) * 2"),
        arguments(PAGE.plus(BLOCK.times(2)), "page + block * 2"),
        arguments(PAGE.minus(BLOCK.minus(1)), "page - (block - 1)"),
        arguments(PAGE.minus(BLOCK).minus(1), "page - block - 1"),
        arguments(PAGE.minus(-1), "page - (-1)"),
        arguments(IntExpression.constant(-3), "-3"),
        arguments(COUNT, "dim count"),
        arguments(COUNT.plus(HEAD), "(dim count) + (axis head)"),
        arguments(COUNT.ceilDivide(64).modulo(3), "(dim count) ceildiv 64 mod 3"),
        arguments(PAGE.floorDivide(2).minimum(BLOCK), "min(page floordiv 2, block)"),
        arguments(PAGE.less(BLOCK).and(PAGE.equalTo(ZERO)), "page < block and page == 0"),
        arguments(PAGE.or(BLOCK).and(PAGE), "(page or block) and page"),
        arguments(PAGE.lessOrEqual(BLOCK).equalTo(ZERO), "(page <= block) == 0"),
        arguments(
            new IntExpression.BufferElement("table", PAGE.maximum(ZERO)).plus(1),
            "table[max(page, 0)] + 1"),
        arguments(new IntExpression.TileElement("t", 1, 2), "t[1, 2]"));
  }

  @ParameterizedTest
  @MethodSource("uniformExpressions")
  void wrapsUniformExpressionsWhereNeeded(IntExpression expression, String expected) {
    assertThat(KernelPrinter.print(expression)).isEqualTo(expected);
  }

  static Stream<Arguments> pointwiseExpressions() {
    TileExpression a = element("a");
    TileExpression b = element("b");
    return Stream.of(
        arguments(a.plus(b).times(0.5f), "(a + b) * 0.5"),
        arguments(TileExpression.spread("a", 32).plus(b.rint()), "spread(a, 32) + rint(b)"),
        arguments(a.roundToHalf().minimum(b), "min(f16(a), b)"),
        arguments(a.plus(b).floorDivide(8).modulo(3), "(a + b) floordiv 8 mod 3"),
        arguments(a.modulo(8).fromBits().times(b), "frombits(a mod 8) * b"),
        arguments(a.over(b.over(a)), "a / (b / a)"),
        arguments(a.times(-1), "a * (-1.0)"),
        arguments(TileExpression.constant(1e-30f).plus(integer(-2)), "1.0E-30 + (-2)"),
        arguments(TileExpression.uniform(COUNT.plus(1)), "uniform((dim count) + 1)"),
        arguments(a.less(b).or(a.lessOrEqual(b)).select(a, b), "select(a < b or a <= b, a, b)"),
        arguments(a.maximum(b.exp2()), "max(a, exp2(b))"),
        arguments(
            new TileExpression.Unary(
                TileExpression.UnaryOperator.TO_FLOAT,
                new TileExpression.RowIndex().minus(new TileExpression.ColumnIndex())),
            "float(row - column)"));
  }

  @ParameterizedTest
  @MethodSource("pointwiseExpressions")
  void wrapsPointwiseExpressionsWhereNeeded(TileExpression expression, String expected) {
    assertThat(KernelPrinter.print(expression)).isEqualTo(expected);
  }

  @Test
  void viewsShowWhatTheirExtentsDoNotTell() {
    View tall = new View("k", new View.Layout.Columns(80), 64, 8, PAGE, 640, ZERO, BLOCK);
    assertThat(KernelPrinter.print(tall))
        .isEqualTo("k[columns 64 x 8 leading 80 at page * 640 row block]");
    View left = new View("v", new View.Layout.Tiles(64, 32, 96), 1, 40, PAGE, 6144, ZERO, BLOCK);
    assertThat(KernelPrinter.print(left))
        .isEqualTo("v[tiles 1 x 40 width 32 height 64 of 96 at page * 6144 row block]");
    View strips =
        new View("k", new View.Layout.Columns(64, 32, 128, true), 64, 128, PAGE, 16384, ZERO, ZERO);
    assertThat(KernelPrinter.print(strips))
        .isEqualTo("k[columns 64 x 128 strip 32 of 128 paired at page * 16384]");
    View narrow =
        new View(
            "v", new View.Layout.Tiles(64, 32, 16, 96, false), 64, 96, PAGE, 12288, ZERO, ZERO);
    assertThat(KernelPrinter.print(narrow))
        .isEqualTo("v[tiles 64 x 96 width 16 height 32 rows 64 at page * 12288]");
    assertThat(KernelPrinter.print(whole("x", 3, 5).at(HEAD.plus(1))))
        .isEqualTo("x[rows 3 x 5 stride 5 at 0 * 5 + ((axis head) + 1)]");
  }
}
