package dev.kvasir.codegen.emit.jvm;

import static dev.kvasir.codegen.emit.jvm.KernelText.ZERO;
import static dev.kvasir.codegen.emit.jvm.KernelText.block;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.Statement.Operand;
import dev.kvasir.ir.kernel.Statement.TilePart;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Buffers of quantiser codes, parts of tiles and spread elements, against the interpreter. */
class CodesLoweringTest {

  private static final double TOLERANCE = 2e-6;

  /** Loads codes, adds one where that is a code too, and stores them elsewhere. */
  @ParameterizedTest
  @CsvSource({
    "U8, 3, 16, 16",
    "U8, 5, 64, 64",
    "U4, 4, 32, 48",
    "U4, 7, 64, 64",
    "U4, 2, 144, 160"
  })
  void loadsAndStores(ElementFormat format, int rows, int columns, int stride) {
    int size = 32 + rows * stride + 64;
    View from = block("x", new View.Layout.Rows(rows, 0, stride), rows, columns, 1, 16);
    View to = block("y", new View.Layout.Rows(rows, 0, stride), rows, columns, 2, 16);
    Kernel kernel =
        new KernelText("codes")
            .reads("x", format)
            .writes("y", format)
            .floats("t", rows, columns)
            .add(new Statement.Load("t", from))
            .map(
                "t",
                TileExpression.element("t")
                    .plus(TileExpression.constant(1))
                    .minimum(TileExpression.constant(format.largestCode())))
            .add(new Statement.Store(to, "t"))
            .build();
    Twins.of(
            kernel,
            () ->
                Twins.memories(
                    "x", Twins.codes(format, size, 1), "y", Twins.codes(format, size, 2)))
        .agree();
  }

  /** Keys of a page by column, all 64 rows and some of them. */
  @ParameterizedTest
  @CsvSource({
    "U8, 1, 64, 0, 32",
    "U8, 4, 64, 0, 48",
    "U8, 5, 16, 32, 16",
    "U4, 4, 64, 0, 128",
    "U4, 3, 32, 32, 64",
    "U4, 8, 16, 48, 16",
    "U4, 16, 64, 0, 32"
  })
  void keysByColumn(ElementFormat format, int queries, int rows, int firstRow, int dim) {
    View keys =
        block("k", new View.Layout.Columns(64), rows, dim, 1, 64L * dim)
            .fromRow(IntExpression.constant(firstRow), rows);
    Kernel kernel =
        new KernelText("scores")
            .reads("q", ElementFormat.F32)
            .reads("k", format)
            .reads("start", ElementFormat.F32)
            .writes("y", ElementFormat.F32)
            .floats("left", queries, dim + 16)
            .floats("result", queries, rows + 16)
            .load("left", "q", queries, dim + 16)
            .load("result", "start", queries, rows + 16)
            .add(
                new Statement.DotNT(
                    new TilePart("result", 16, rows),
                    new Operand.OfTile(new TilePart("left", 16, 0)),
                    keys,
                    true))
            .store("y", queries, rows + 16, "result")
            .build();
    Twins.of(
            kernel,
            () ->
                Twins.memories(
                    "q", Twins.gaussian(ElementFormat.F32, queries * (dim + 16), 1),
                    "k", Twins.codes(format, 3 * 64 * dim, 2),
                    "start", Twins.gaussian(ElementFormat.F32, queries * (rows + 16), 3),
                    "y", Twins.empty(ElementFormat.F32, queries * (rows + 16))))
        .within(TOLERANCE)
        .agree();
  }

  /** A group of channels of the values of a page. */
  @ParameterizedTest
  @CsvSource({
    "U8, 1, 64, 0, 32", "U8, 4, 64, 32, 32", "U8, 5, 32, 16, 16", "U8, 4, 16, 0, 16",
    "U4, 4, 64, 0, 64", "U4, 3, 64, 32, 32", "U4, 8, 48, 32, 16", "U4, 2, 32, 0, 32"
  })
  void valuesOfAGroup(ElementFormat format, int queries, int width, int first, int columns) {
    View values =
        block("v", new View.Layout.Rows(64, 0, width), 64, columns, 1, 64 * width + first);
    Kernel kernel =
        new KernelText("weighted")
            .reads("p", ElementFormat.F32)
            .reads("v", format)
            .reads("start", ElementFormat.F32)
            .writes("y", ElementFormat.F32)
            .floats("left", queries, 64)
            .floats("result", queries, width)
            .load("left", "p", queries, 64)
            .load("result", "start", queries, width)
            .add(new Statement.DotNN(new TilePart("result", first, columns), "left", values, false))
            .store("y", queries, width, "result")
            .build();
    Twins.of(
            kernel,
            () ->
                Twins.memories(
                    "p", Twins.gaussian(ElementFormat.F32, queries * 64, 1),
                    "v", Twins.codes(format, 3 * 64 * width, 2),
                    "start", Twins.gaussian(ElementFormat.F32, queries * width, 3),
                    "y", Twins.empty(ElementFormat.F32, queries * width)))
        .within(TOLERANCE)
        .agree();
  }

  /** A line that starts anywhere: the codes of a vector lie in one field, a line's in any block. */
  @Test
  void linesThatCrossBlocks() {
    View values =
        new View(
            "v", new View.Layout.Rows(5, 0, 48), 5, 48, IntExpression.constant(3), 16, ZERO, ZERO);
    Kernel kernel =
        new KernelText("crossing")
            .reads("p", ElementFormat.F32)
            .reads("v", ElementFormat.U8)
            .writes("y", ElementFormat.F32)
            .floats("left", 2, 5)
            .floats("result", 2, 48)
            .load("left", "p", 2, 5)
            .map("result", TileExpression.constant(0))
            .add(new Statement.DotNN("result", "left", values, true))
            .store("y", 2, 48, "result")
            .build();
    Twins.of(
            kernel,
            () ->
                Twins.memories(
                    "p", Twins.gaussian(ElementFormat.F32, 10, 1),
                    "v", Twins.codes(ElementFormat.U8, 48 + 5 * 48, 2),
                    "y", Twins.empty(ElementFormat.F32, 96)))
        .within(TOLERANCE)
        .agree();
  }

  @ParameterizedTest
  @CsvSource({"1, 1, 16", "3, 4, 16", "2, 3, 32", "5, 1, 64", "4, 2, 128"})
  void spreadsColumns(int rows, int columns, int width) {
    Kernel kernel =
        new KernelText("spreads")
            .reads("x", ElementFormat.F32)
            .writes("y", ElementFormat.F32)
            .floats("few", rows, columns)
            .floats("one", 1, columns)
            .floats("many", rows, columns * width)
            .load("few", "x", rows, columns)
            .load("one", "x", 1, columns)
            .map(
                "many",
                TileExpression.spread("few", width)
                    .times(TileExpression.constant(3))
                    .plus(TileExpression.spread("one", width)))
            .store("y", rows, columns * width, "many")
            .build();
    Twins.of(
            kernel,
            () ->
                Twins.memories(
                    "x", Twins.gaussian(ElementFormat.F32, rows * columns, 1),
                    "y", Twins.empty(ElementFormat.F32, rows * columns * width)))
        .within(TOLERANCE)
        .agree();
  }

  /** Ties go to the even integer, and binary16 has 11 bits. */
  @Test
  void rounds() {
    int columns = 1029;
    float[] values = new float[columns];
    for (int i = 0; i < columns; i++) {
      values[i] = (i - 500) * 0.5f + (i % 3 == 0 ? 0.0001f : 0);
    }
    values[0] = 4194304;
    values[1] = 65519;
    values[2] = 65521;
    Kernel kernel =
        new KernelText("rounds")
            .reads("x", ElementFormat.F32)
            .writes("y", ElementFormat.F32)
            .writes("z", ElementFormat.F32)
            .floats("t", 1, columns)
            .floats("h", 1, columns)
            .load("t", "x", 1, columns)
            .map("h", TileExpression.element("t").roundToHalf())
            .map("t", TileExpression.element("t").rint())
            .store("y", 1, columns, "t")
            .store("z", 1, columns, "h")
            .build();
    Twins.of(
            kernel,
            () ->
                Twins.memories(
                    "x", KernelMemory.ofFloats(ElementFormat.F32, values),
                    "y", Twins.empty(ElementFormat.F32, columns),
                    "z", Twins.empty(ElementFormat.F32, columns)))
        .agree();
  }

  @ParameterizedTest
  @CsvSource({"3, 70, 16, 32", "4, 64, 0, 16", "2, 13, 5, 7"})
  void reducesParts(int rows, int columns, int first, int count) {
    TilePart part = new TilePart("t", first, count);
    Kernel kernel =
        new KernelText("parts")
            .reads("x", ElementFormat.F32)
            .writes("y", ElementFormat.F32)
            .writes("z", ElementFormat.F32)
            .floats("t", rows, columns)
            .floats("sums", rows, 3)
            .floats("least", 1, count)
            .load("t", "x", rows, columns)
            .map("sums", TileExpression.constant(7))
            .add(
                new Statement.Reduce(
                    new TilePart("sums", 1, 1),
                    Statement.ReduceOperator.SUM,
                    Statement.Along.COLUMNS,
                    part))
            .add(
                new Statement.Reduce(
                    new TilePart("sums", 2, 1),
                    Statement.ReduceOperator.MINIMUM,
                    Statement.Along.COLUMNS,
                    part))
            .add(
                new Statement.Reduce(
                    TilePart.whole("least"),
                    Statement.ReduceOperator.MINIMUM,
                    Statement.Along.ROWS,
                    part))
            .store("y", rows, 3, "sums")
            .store("z", 1, count, "least")
            .build();
    Twins.of(
            kernel,
            () ->
                Twins.memories(
                    "x", Twins.gaussian(ElementFormat.F32, rows * columns, 1),
                    "y", Twins.empty(ElementFormat.F32, rows * 3),
                    "z", Twins.empty(ElementFormat.F32, count)))
        .within(TOLERANCE)
        .agree();
  }
}
