package dev.kvasir.ir.kernel;

import static dev.kvasir.ir.kernel.Kernels.SEQUENCE;
import static dev.kvasir.ir.kernel.Kernels.ZERO;
import static dev.kvasir.ir.kernel.Kernels.element;
import static dev.kvasir.ir.kernel.Kernels.fill;
import static dev.kvasir.ir.kernel.Kernels.integer;
import static dev.kvasir.ir.kernel.Kernels.load;
import static dev.kvasir.ir.kernel.Kernels.map;
import static dev.kvasir.ir.kernel.Kernels.store;
import static dev.kvasir.ir.kernel.Kernels.whole;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.kvasir.ir.diag.CompilerBug;
import dev.kvasir.ir.kernel.Statement.Along;
import dev.kvasir.ir.kernel.Statement.Operand;
import dev.kvasir.ir.kernel.Statement.ReduceOperator;
import dev.kvasir.ir.kernel.Statement.TilePart;
import dev.kvasir.ir.type.ElementFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class KernelVerifierTest {

  private static final IntExpression N = new IntExpression.Dimension("n");

  /**
   * Buffers and tiles of every kind; everything but the tiles {@code a} and {@code i} unwritten.
   */
  private static Kernels base() {
    return new Kernels()
        .read("x", ElementFormat.F32)
        .read("half_x", ElementFormat.F16)
        .read("table", ElementFormat.I32)
        .write("out", ElementFormat.F32)
        .write("out_i", ElementFormat.I32)
        .dims("n")
        .f32("a", 2, 3)
        .f32("b", 2, 3)
        .f32("wide", 2, 4)
        .i32("i", 2, 3)
        .then(fill("a", 1), fill("wide", 1), map("i", integer(1)), fill("b", 0));
  }

  private static Kernels with(Statement... statements) {
    return base().then(statements);
  }

  private static Statement let(IntExpression value) {
    return new Statement.Let("value", value);
  }

  private static Statement reduce(String tile, ReduceOperator operator, Along along, String of) {
    return new Statement.Reduce(tile, operator, along, of);
  }

  private static View view(View.Layout layout, int rows, int columns, IntExpression row) {
    return new View("x", layout, rows, columns, ZERO, 0, ZERO, row);
  }

  private static Arguments loads(String message, View.Layout layout, int row) {
    return arguments(message, with(load("b", view(layout, 2, 3, IntExpression.constant(row)))));
  }

  static Stream<Arguments> brokenDeclarations() {
    return Stream.of(
        arguments("illegal kernel name 1st", base().named("1st")),
        arguments("illegal name float4", base().f32("float4", 1, 1)),
        arguments("illegal name while", base().f32("while", 1, 1)),
        arguments("illegal name global", base().f32("global", 1, 1)),
        arguments("illegal name max", base().f32("max", 1, 1)),
        arguments("illegal name a-b", base().read("a-b", ElementFormat.F32)),
        arguments("name x is declared twice", base().f32("x", 1, 1)),
        arguments("name n is declared twice", base().dims("n", "n")),
        arguments("a grid has 1 to 3 axes, got 0", base().axes()),
        arguments("a grid has 1 to 3 axes, got 4", base().axes("sequence", "u", "v", "w")),
        arguments("the first axis must be sequence", base().axes("head", "sequence")),
        arguments("tile spare is never used", base().f32("spare", 1, 1)));
  }

  static Stream<Arguments> brokenNames() {
    return Stream.of(
        arguments("variable page is not defined", with(let(new IntExpression.Variable("page")))),
        arguments("no dim is called m", with(let(new IntExpression.Dimension("m")))),
        arguments("no grid axis is called w", with(let(new IntExpression.Axis("w")))),
        arguments("name value is already in use", with(let(N), let(N))),
        arguments("name a is already in use", with(new Statement.Let("a", N))),
        arguments("illegal name int", with(new Statement.Let("int", N))),
        arguments(
            "name value is already in use",
            with(let(N), new Statement.For("value", ZERO, N, List.of()))),
        arguments(
            "variable value is not defined",
            with(
                new Statement.If(N, List.of(let(N)), List.of(let(N))),
                new Statement.Let("other", new IntExpression.Variable("value")))),
        arguments(
            "variable r is not defined",
            with(new Statement.For("r", ZERO, N, List.of()), let(new IntExpression.Variable("r")))),
        arguments("no tile is called z", with(fill("z", 1))),
        arguments("no buffer is called z", with(load("b", whole("z", 2, 3)))),
        arguments(
            "tile late is read but may not be written",
            base().f32("late", 2, 3).then(map("b", element("late")))),
        arguments(
            "tile late is read but may not be written",
            base()
                .f32("late", 2, 3)
                .then(
                    new Statement.For("r", ZERO, N, List.of(fill("late", 1))),
                    map("b", element("late")))),
        arguments(
            "tile late is read but may not be written",
            base()
                .f32("late", 2, 3)
                .then(
                    new Statement.If(N, List.of(fill("late", 1)), List.of()),
                    map("b", element("late")))),
        arguments(
            "tile late is read but may not be written",
            base().f32("late", 2, 3).then(map("late", element("late")))));
  }

  static Stream<Arguments> brokenExpressions() {
    TileExpression truth = element("a").less(element("b"));
    return Stream.of(
        arguments("mod by 0; a divisor is positive", with(let(N.modulo(0)))),
        arguments("floordiv by -2", with(let(N.floorDivide(-2)))),
        arguments("ceildiv by 0", with(let(N.ceilDivide(0)))),
        arguments(
            "needs an i32 buffer, x is not", with(let(new IntExpression.BufferElement("x", N)))),
        arguments(
            "buffer out_i is written only", with(let(new IntExpression.BufferElement("out_i", N)))),
        arguments(
            "element -1 of buffer table",
            with(let(new IntExpression.BufferElement("table", IntExpression.constant(-1))))),
        arguments(
            "element (2, 0) of tile i, which is 2 x 3",
            with(let(new IntExpression.TileElement("i", 2, 0)))),
        arguments("tile a must be I32", with(let(new IntExpression.TileElement("a", 0, 0)))),
        arguments("literal must be finite", with(fill("b", Float.POSITIVE_INFINITY))),
        arguments("literal must be finite", with(fill("b", Float.NaN))),
        arguments("tile b is F32, the value is I32", with(map("b", element("i")))),
        arguments("tile i is I32, the value is F32", with(map("i", element("a")))),
        arguments("tile b is F32, the value is TRUTH", with(map("b", truth))),
        arguments(
            "tile wide of 2 x 4 does not broadcast to 2 x 3", with(map("b", element("wide")))),
        arguments(
            "+ joins one type, got F32 and I32", with(map("b", element("a").plus(integer(1))))),
        arguments("/ needs F32, got I32", with(map("i", element("i").over(element("i"))))),
        arguments("exp2 needs F32, got I32", with(map("b", element("i").exp2()))),
        arguments(
            "float needs I32, got F32",
            with(
                map(
                    "b",
                    new TileExpression.Unary(
                        TileExpression.UnaryOperator.TO_FLOAT, element("a"))))),
        arguments("frombits needs I32, got F32", with(map("b", element("a").fromBits()))),
        arguments("floordiv needs I32, got F32", with(map("b", element("a").floorDivide(2)))),
        arguments("mod by 0; a divisor is", with(map("i", element("i").modulo(0)))),
        arguments("+ needs numbers", with(map("b", truth.plus(truth)))),
        arguments("< needs numbers", with(map("b", truth.less(truth)))),
        arguments("and needs TRUTH, got F32", with(map("b", element("a").and(element("b"))))),
        arguments(
            "select needs TRUTH, got I32",
            with(map("b", element("i").select(element("a"), element("b"))))),
        arguments(
            "select joins one type", with(map("b", truth.select(element("a"), element("i"))))));
  }

  static Stream<Arguments> brokenMemory() {
    View twoGroups = view(new View.Layout.Rows(1, 2, 0), 2, 3, ZERO);
    return Stream.of(
        arguments("buffer out is written only", with(load("b", whole("out", 2, 3)))),
        arguments("buffer x is read only", with(store(whole("x", 2, 3), "a"))),
        arguments("tile b is F32, buffer table is I32", with(load("b", whole("table", 2, 3)))),
        arguments("tile i is I32, buffer x is F32", with(load("i", whole("x", 2, 3)))),
        arguments("tile i is I32, buffer out is F32", with(store(whole("out", 2, 3), "i"))),
        arguments("tile b must be 3 x 2, it is 2 x 3", with(load("b", whole("x", 3, 2)))),
        arguments("tile a must be 2 x 4, it is 2 x 3", with(store(whole("out", 2, 4), "a"))),
        arguments("a view is at least 1 x 1", with(load("b", whole("x", 0, 3)))),
        arguments("block stride -1", with(load("b", View.rows("x", 2, 3, SEQUENCE, -1)))),
        loads("first row -1 is negative", new View.Layout.Columns(8), -1),
        loads("rows 0 to 2 leave columns of 1", new View.Layout.Columns(1), 0),
        loads("rows 7 to 9 leave columns of 8", new View.Layout.Columns(8), 7),
        loads("strips of 3 rows do not divide 8", new View.Layout.Columns(8, 3, 3, false), 0),
        loads("shows one row or all", new View.Layout.Columns(8, 4, 3, false), 0),
        loads("a view of 3 columns on strips of 2", new View.Layout.Columns(2, 1, 2, false), 0),
        loads("hold 32 elements of 16 bits", new View.Layout.Columns(2, 2, 3, true), 0),
        loads("rows 7 to 9 leave tiles of 8 rows", new View.Layout.Tiles(8, 2, 3), 7),
        loads("strips of 0 rows do not divide 8", new View.Layout.Tiles(8, 0, 2, 3, false), 0),
        loads("shows one row or all", new View.Layout.Tiles(8, 4, 2, 3, false), 0),
        loads("hold 32 elements of 16 bits", new View.Layout.Tiles(2, 2, 32, 32, true), 0),
        loads("tiles are at least 1 wide", new View.Layout.Tiles(8, 0, 3), 0),
        loads("a view of 3 columns on a block of 2", new View.Layout.Tiles(8, 2, 2), 0),
        loads("a group of at least 1", new View.Layout.Rows(0, 0, 3), 0),
        loads("strides of at least 0", new View.Layout.Rows(2, 0, -3), 0),
        loads("leave the only group of 2", new View.Layout.Rows(2, 0, 3), 1),
        arguments(
            "groups of 2 rows do not divide 3 rows",
            base()
                .f32("odd", 3, 1)
                .then(load("odd", view(new View.Layout.Rows(2, 8, 1), 3, 1, ZERO)))),
        arguments("overlap", with(store(View.rows("out", 2, 3, SEQUENCE, 2), "a"))),
        arguments(
            "overlap",
            with(store(new View("out", twoGroups.layout(), 2, 3, ZERO, 0, ZERO, ZERO), "a"))));
  }

  static Stream<Arguments> brokenParts() {
    View keys = whole("x", 3, 3);
    Operand a = new Operand.OfTile("a");
    Operand twoOfA = new Operand.OfTile(new TilePart("a", 1, 2));
    return Stream.of(
        arguments(
            "columns 2 to 5 leave tile b of 3 columns",
            with(new Statement.DotNT(new TilePart("b", 2, 3), a, keys, true))),
        arguments(
            "columns -1 to 2 leave tile a",
            with(
                new Statement.DotNT(
                    "b", new Operand.OfTile(new TilePart("a", -1, 3)), keys, false))),
        arguments(
            "columns 3 to 3 leave tile b",
            with(new Statement.DotNN(new TilePart("b", 3, 0), "a", keys, false))),
        arguments(
            "joins columns of equal number", with(new Statement.DotNT("b", twoOfA, keys, true))),
        arguments(
            "the part of tile wide must be 2 x 3, it is 2 x 2",
            with(new Statement.DotNN(new TilePart("wide", 2, 2), "a", keys, false))),
        arguments(
            "tile late is read but",
            base()
                .f32("late", 2, 4)
                .then(new Statement.DotNT(new TilePart("late", 0, 3), a, keys, false))),
        arguments(
            "tile late is read but",
            base()
                .f32("late", 2, 2)
                .then(
                    new Statement.Reduce(
                        new TilePart("late", 1, 1),
                        ReduceOperator.SUM,
                        Along.COLUMNS,
                        TilePart.whole("a")))),
        arguments(
            "the part of tile wide must be 1 x 2, it is 2 x 2",
            with(
                new Statement.Reduce(
                    new TilePart("wide", 1, 2),
                    ReduceOperator.MINIMUM,
                    Along.ROWS,
                    new TilePart("a", 0, 2)))),
        arguments(
            "a spread is a multiple of 16 columns wide, got 8",
            base().f32("far", 2, 24).then(map("far", TileExpression.spread("a", 8)))),
        arguments(
            "does not spread to 2 x 32",
            base().f32("many", 2, 32).then(map("many", TileExpression.spread("a", 16)))),
        arguments(
            "does not spread to 3 x 48",
            base().f32("many", 3, 48).then(map("many", TileExpression.spread("a", 16)))),
        arguments("rint needs F32, got I32", with(map("b", element("i").rint()))));
  }

  static Stream<Arguments> brokenRows() {
    return Stream.of(
        arguments("tile i must be F32", with(reduce("i", ReduceOperator.SUM, Along.ROWS, "a"))),
        arguments(
            "tile i must be F32", rows(reduce("one", ReduceOperator.ARGMAX, Along.COLUMNS, "i"))),
        arguments("tile i must be 1 x 3, it is 2 x 3", rows(scan("r", "one", "i"))),
        arguments("tile r must be 1 x 1, it is 1 x 3", rows(scan("s", "r", "q"))),
        arguments("tile one must be 1 x 3, it is 1 x 1", rows(scan("one", "two", "r"))),
        arguments("tile r is both target and operand", rows(scan("r", "one", "r"))),
        arguments("tile one is both target and operand", rows(scan("one", "one", "r"))),
        arguments("tile a must be I32", rows(scan("r", "one", "a"))),
        arguments("tile b must be I32", rows(scan("b", "one", "r"))),
        arguments("tile s is read but may not be written", rows(scan("r", "one", "s"))),
        arguments("buffer table is read only", rows(scatter("table", "r", "q"))),
        arguments("tile f is F32, buffer out_i is I32", rows(scatter("out_i", "r", "f"))),
        arguments("tile r is I32, buffer out is F32", rows(scatter("out", "q", "r"))),
        arguments("tile f must be I32", rows(scatter("out", "f", "f"))),
        arguments("tile i must be 1 x 3, it is 2 x 3", rows(scatter("out_i", "i", "r"))),
        arguments("tile one must be 1 x 3, it is 1 x 1", rows(scatter("out_i", "r", "one"))),
        arguments(
            "scatter stores to f32 or i32, buffer out_half is f16",
            rows(scatter("out_half", "r", "f"))),
        arguments(
            "no dim is called m",
            rows(new Statement.Scatter("out_i", new IntExpression.Dimension("m"), "r", "q"))));
  }

  /** With rows r, q and f of three columns; s is not written. */
  private static Kernels rows(Statement statement) {
    return base()
        .write("out_half", ElementFormat.F16)
        .i32("r", 1, 3)
        .i32("q", 1, 3)
        .i32("s", 1, 3)
        .f32("f", 1, 3)
        .i32("one", 1, 1)
        .i32("two", 1, 1)
        .then(
            map("r", integer(1)),
            map("q", integer(1)),
            fill("f", 1),
            map("one", integer(0)),
            map("two", integer(0)),
            statement,
            map("s", integer(2)));
  }

  private static Statement scan(String tile, String carry, String source) {
    return new Statement.Scan(tile, carry, source);
  }

  private static Statement scatter(String buffer, String index, String value) {
    return new Statement.Scatter(buffer, ZERO, index, value);
  }

  /** Runs of codes that begin within a field of their block. */
  static Stream<Arguments> brokenCodeViews() {
    return Stream.of(
        arguments("begin at multiples of 16", codes(new View.Layout.Rows(2, 0, 24), 0, 0, 64)),
        arguments("begin at multiples of 16", codes(new View.Layout.Rows(2, 0, 32), 8, 0, 64)),
        arguments("begin at multiples of 16", codes(new View.Layout.Rows(2, 0, 32), 0, 0, 40)),
        arguments("begin at multiples of 16", codes(new View.Layout.Rows(1, 24, 16), 0, 0, 64)),
        arguments("begin at multiples of 16", codes(new View.Layout.Columns(24), 0, 0, 64)),
        arguments("begin at multiples of 16", codes(new View.Layout.Columns(32), 0, 4, 64)),
        arguments("begin at multiples of 16", codes(new View.Layout.Tiles(2, 24, 48), 0, 0, 64)));
  }

  private static Kernels codes(View.Layout layout, int offset, int row, long stride) {
    return base()
        .read("codes", ElementFormat.U4)
        .f32("some", 2, 16)
        .then(
            load(
                "some",
                new View(
                    "codes",
                    layout,
                    2,
                    16,
                    SEQUENCE,
                    stride,
                    IntExpression.constant(offset),
                    IntExpression.constant(row))));
  }

  static Stream<Arguments> brokenContractions() {
    View keys = whole("x", 3, 3);
    Operand a = new Operand.OfTile("a");
    View columns = view(new View.Layout.Columns(2), 2, 3, ZERO);
    return Stream.of(
        arguments(
            "joins columns of equal number",
            with(new Statement.DotNT("b", a, whole("x", 3, 4), false))),
        arguments("tile wide must be 2 x 3", with(new Statement.DotNT("wide", a, keys, false))),
        arguments("tile i must be F32", with(new Statement.DotNT("i", a, keys, false))),
        arguments("both target and operand", with(new Statement.DotNT("a", a, keys, false))),
        arguments(
            "tile i must be F32",
            with(new Statement.DotNT("b", new Operand.OfTile("i"), keys, false))),
        arguments(
            "needs a buffer of numbers",
            with(new Statement.DotNT("b", a, whole("table", 3, 3), false))),
        arguments(
            "buffer out is written only",
            with(new Statement.DotNT("b", a, whole("out", 3, 3), false))),
        arguments(
            "must show rows of an f32 buffer",
            with(new Statement.DotNT("b", new Operand.OfView(columns), keys, false))),
        arguments(
            "must show rows of an f32 buffer",
            with(new Statement.DotNT("b", new Operand.OfView(whole("half_x", 2, 3)), keys, false))),
        arguments(
            "tile late is read but",
            base().f32("late", 2, 3).then(new Statement.DotNT("late", a, keys, true))),
        arguments(
            "as many columns as rows, got 3 and 4",
            with(new Statement.DotNN("b", "a", whole("x", 4, 3), true))),
        arguments("tile wide must be 2 x 3", with(new Statement.DotNN("wide", "a", keys, true))),
        arguments("both target and operand", with(new Statement.DotNN("a", "a", keys, true))),
        arguments(
            "needs a buffer of numbers",
            with(new Statement.DotNN("b", "a", whole("table", 3, 3), true))),
        arguments(
            "tile late is read but",
            base().f32("late", 2, 3).then(new Statement.DotNN("late", "a", keys, true))),
        arguments(
            "tile b must be 2 x 1", with(reduce("b", ReduceOperator.SUM, Along.COLUMNS, "a"))),
        arguments("tile b must be 1 x 3", with(reduce("b", ReduceOperator.SUM, Along.ROWS, "a"))),
        arguments("tile b must be I32", with(reduce("b", ReduceOperator.SUM, Along.ROWS, "i"))),
        arguments(
            "tile b must be I32", with(reduce("b", ReduceOperator.ARGMAX, Along.COLUMNS, "a"))),
        arguments(
            "argmax runs along columns only",
            with(reduce("i", ReduceOperator.ARGMAX, Along.ROWS, "a"))),
        arguments(
            "both target and operand", with(reduce("a", ReduceOperator.SUM, Along.ROWS, "a"))));
  }

  @ParameterizedTest
  @MethodSource({
    "brokenDeclarations",
    "brokenNames",
    "brokenExpressions",
    "brokenMemory",
    "brokenContractions",
    "brokenParts",
    "brokenRows",
    "brokenCodeViews"
  })
  void refuses(String message, Kernels kernel) {
    Kernel broken = kernel.build();
    assertThatThrownBy(() -> KernelVerifier.verify(broken))
        .isInstanceOf(CompilerBug.class)
        .hasMessageContaining(message)
        .hasMessageEndingWith(KernelPrinter.print(broken));
  }

  @Test
  void theBaseOfTheBrokenKernelsIsWellFormed() {
    assertThatCode(() -> KernelVerifier.verify(base().build())).doesNotThrowAnyException();
  }

  @Test
  void namesTheStatement() {
    Kernel broken = with(load("b", whole("out", 2, 3))).build();
    assertThatThrownBy(() -> KernelVerifier.verify(broken))
        .hasMessageStartingWith(
            "kernel probe, `load b, out[rows 2 x 3 stride 3 at 0 * 3]`: buffer out is written only");
  }

  @Test
  void acceptsWhatBothAlternativesWriteAndNamesThatSiblingsReuse() {
    Kernel kernel =
        base()
            .f32("late", 2, 3)
            .then(
                new Statement.If(
                    N,
                    List.of(let(N), fill("late", 1)),
                    List.of(let(ZERO), map("late", element("a")))),
                new Statement.For("value", ZERO, N, List.of()),
                new Statement.For("value", ZERO, N, List.of(map("b", element("late")))))
            .build();
    assertThatCode(() -> KernelVerifier.verify(kernel)).doesNotThrowAnyException();
  }

  /** Two groups of two rows: one after the other, or interleaved. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void acceptsStoresThatInterleaveGroups(boolean interleaved) {
    View.Layout layout =
        interleaved ? new View.Layout.Rows(2, 3, 6) : new View.Layout.Rows(2, 6, 3);
    Kernel kernel =
        base()
            .f32("tall", 4, 3)
            .then(
                fill("tall", 1),
                store(new View("out", layout, 4, 3, SEQUENCE, 12, ZERO, ZERO), "tall"))
            .build();
    assertThatCode(() -> KernelVerifier.verify(kernel)).doesNotThrowAnyException();
  }
}
