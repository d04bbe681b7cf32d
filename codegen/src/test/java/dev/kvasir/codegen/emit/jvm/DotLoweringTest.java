package dev.kvasir.codegen.emit.jvm;

import static dev.kvasir.codegen.emit.jvm.KernelText.block;
import static dev.kvasir.codegen.emit.jvm.KernelText.dense;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import java.util.function.Supplier;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Contractions against the interpreter, where extents leave every kind of remainder. */
class DotLoweringTest {

  private static final double TOLERANCE = 1e-6;

  @ParameterizedTest
  @CsvSource({
    "1, 1, 1, F32", "1, 64, 32, BF16", "3, 13, 16, F32", "4, 17, 31, BF16", "5, 65, 3, F16",
    "8, 16, 63, F32", "13, 31, 13, BF16", "2, 63, 65, F32", "16, 64, 17, F16", "7, 3, 64, BF16"
  })
  void keysByColumn(int rows, int keys, int length, ElementFormat format) {
    View right = block("k", new View.Layout.Columns(keys + 3), keys, length, 1, 7);
    product(rows, keys, length, format, right, 7 + length * (keys + 3), false);
  }

  /** Strips of rows, paired or not, also where an iteration takes terms from both halves. */
  @ParameterizedTest
  @CsvSource({
    "4, 64, 16, 128, F32, false", "3, 64, 16, 5, F32, false", "8, 64, 32, 128, BF16, true",
    "5, 64, 32, 127, F16, true", "1, 64, 32, 64, BF16, true", "2, 32, 32, 80, F16, true",
    "16, 96, 48, 7, BF16, false", "4, 24, 8, 33, F32, false", "6, 64, 32, 256, BF16, true"
  })
  void keysInStrips(
      int rows, int keys, int strip, int length, ElementFormat format, boolean paired) {
    View right =
        block("k", new View.Layout.Columns(keys, strip, length, paired), keys, length, 1, 7);
    product(rows, keys, length, format, right, 7 + length * keys, false);
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, 1, F32", "1, 16, 64, BF16", "3, 13, 16, F32", "4, 17, 31, BF16", "5, 2, 65, F16",
    "16, 16, 63, F32", "13, 3, 13, BF16", "2, 5, 17, F16", "17, 7, 3, F32", "6, 31, 1, BF16"
  })
  void weightsByRow(int rows, int outputs, int length, ElementFormat format) {
    View right = block("k", new View.Layout.Rows(outputs, 0, length + 5), outputs, length, 1, 9);
    product(rows, outputs, length, format, right, 9 + outputs * (length + 5), true);
  }

  /** Left from a tile and from a view, fresh and accumulated. */
  private static void product(
      int rows,
      int columns,
      int length,
      ElementFormat format,
      View right,
      int rightSize,
      boolean leftView) {
    for (boolean accumulate : new boolean[] {false, true}) {
      Statement.Operand left =
          leftView
              ? new Statement.Operand.OfView(
                  block("a", new View.Layout.Rows(rows, 0, length + 1), rows, length, 1, 2))
              : new Statement.Operand.OfTile("left");
      Kernel kernel =
          new KernelText("dot_nt")
              .reads("a", ElementFormat.F32)
              .reads("k", format)
              .reads("start", ElementFormat.F32)
              .writes("y", ElementFormat.F32)
              .floats("left", rows, length)
              .floats("result", rows, columns)
              .load("left", "a", rows, length)
              .load("result", "start", rows, columns)
              .add(new Statement.DotNT("result", left, right, accumulate))
              .store("y", rows, columns, "result")
              .build();
      Twins.of(
              kernel,
              () ->
                  Twins.memories(
                      "a", Twins.gaussian(ElementFormat.F32, 2 + rows * (length + 1), 1),
                      "k", Twins.gaussian(format, rightSize, 2),
                      "start", Twins.gaussian(ElementFormat.F32, rows * columns, 3),
                      "y", Twins.empty(ElementFormat.F32, rows * columns)))
          .within(TOLERANCE)
          .agree();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "64, 0, 32, F32, 1", "64, 0, 96, BF16, 4", "64, 0, 128, F16, 3", "64, 0, 65, F32, 8",
    "16, 48, 96, BF16, 5", "13, 7, 70, F32, 2", "1, 63, 64, BF16, 1", "3, 1, 17, F16, 16"
  })
  void valuesInTiles(int rows, int firstRow, int dim, ElementFormat format, int queries) {
    View right =
        block("v", new View.Layout.Tiles(64, 64, dim), rows, dim, 2, 11)
            .fromRow(IntExpression.constant(firstRow), rows);
    int size = 22 + 64 * dim;
    values(rows, dim, format, queries, right, false, () -> Twins.gaussian(format, size, 5));
    values(rows, dim, format, queries, right, true, () -> Twins.gaussian(format, size, 5));
  }

  /** Strips of rows and narrow tiles, paired or not; the last tile may be a part of one. */
  @ParameterizedTest
  @CsvSource({
    "64, 64, 16, 128, F32, false, 4",
    "64, 64, 16, 100, F32, false, 3",
    "64, 32, 32, 128, BF16, true, 8",
    "64, 64, 32, 96, F16, true, 5",
    "64, 32, 32, 256, F16, true, 1",
    "64, 32, 32, 144, BF16, true, 2",
    "64, 16, 16, 50, F32, false, 6",
    "32, 8, 32, 64, BF16, true, 4",
    "48, 8, 8, 20, F32, false, 1"
  })
  void valuesInStrips(
      int rows, int strip, int tile, int dim, ElementFormat format, boolean paired, int queries) {
    View right =
        block("v", new View.Layout.Tiles(rows, strip, tile, dim, paired), rows, dim, 2, 11);
    int size = 22 + rows * dim;
    values(rows, dim, format, queries, right, false, () -> Twins.gaussian(format, size, 5));
    values(rows, dim, format, queries, right, true, () -> Twins.gaussian(format, size, 5));
  }

  /** Guarded, V of every third row, where p is 0, is NaN and infinite. */
  @ParameterizedTest
  @CsvSource({
    "1, 1, F32, 1",
    "3, 13, BF16, 3",
    "13, 16, F16, 4",
    "16, 17, F32, 5",
    "17, 31, BF16, 8",
    "31, 63, F32, 2",
    "63, 64, F16, 1",
    "64, 65, BF16, 13"
  })
  void valuesByRow(int rows, int dim, ElementFormat format, int queries) {
    View right = block("v", new View.Layout.Rows(rows, 0, dim + 2), rows, dim, 1, 5);
    int size = 5 + rows * (dim + 2);
    values(rows, dim, format, queries, right, false, () -> Twins.gaussian(format, size, 5));
    values(
        rows,
        dim,
        format,
        queries,
        right,
        true,
        () -> {
          KernelMemory v = Twins.gaussian(format, size, 5);
          for (int i = 0; i < rows * dim; i++) {
            if (i / dim % 3 == 0) {
              float broken = i % 2 == 0 ? Float.NaN : Float.NEGATIVE_INFINITY;
              v.setFloat(5 + (long) (i / dim) * (dim + 2) + i % dim, broken);
            }
          }
          return v;
        });
  }

  private static void values(
      int rows,
      int dim,
      ElementFormat format,
      int queries,
      View right,
      boolean guarded,
      Supplier<KernelMemory> values) {
    Kernel kernel =
        new KernelText("dot_nn")
            .reads("p", ElementFormat.F32)
            .reads("v", format)
            .reads("start", ElementFormat.F32)
            .writes("y", ElementFormat.F32)
            .floats("left", queries, rows)
            .floats("result", queries, dim)
            .load("left", "p", queries, rows)
            .load("result", "start", queries, dim)
            .add(new Statement.DotNN("result", "left", right, guarded))
            .store("y", queries, dim, "result")
            .build();
    Twins.of(
            kernel,
            () ->
                Twins.memories(
                    "p", probabilities(queries, rows),
                    "v", values.get(),
                    "start", Twins.gaussian(ElementFormat.F32, queries * dim, 6),
                    "y", Twins.empty(ElementFormat.F32, queries * dim)))
        .within(TOLERANCE)
        .agree();
  }

  /** Every third row has p = 0, once as -0. */
  private static KernelMemory probabilities(int queries, int rows) {
    KernelMemory p = Twins.gaussian(ElementFormat.F32, queries * rows, 4);
    for (int query = 0; query < queries; query++) {
      for (int row = 0; row < rows; row += 3) {
        p.setFloat((long) query * rows + row, row == 3 ? -0f : 0f);
      }
    }
    return p;
  }

  @ParameterizedTest
  @CsvSource({"1, 96, BF16", "4, 32, F32", "8, 65, BF16", "3, 128, F32"})
  void rowsOfZeroProbabilityAddNothingInTiles(int queries, int dim, ElementFormat format) {
    int rows = 64;
    Kernel kernel =
        new KernelText("guarded_tiles")
            .reads("p", ElementFormat.F32)
            .reads("v", format)
            .writes("y", ElementFormat.F32)
            .floats("left", queries, rows)
            .floats("result", queries, dim)
            .load("left", "p", queries, rows)
            .add(
                new Statement.Map("result", dev.kvasir.ir.kernel.TileExpression.constant(0)),
                new Statement.DotNN(
                    "result",
                    "left",
                    block("v", new View.Layout.Tiles(rows, 64, dim), rows, dim, 0, 0),
                    true))
            .store("y", queries, dim, "result")
            .build();
    Twins.of(
            kernel,
            () -> {
              KernelMemory p = Twins.gaussian(ElementFormat.F32, queries * rows, 7);
              KernelMemory v = Twins.gaussian(format, rows * dim, 8);
              for (int row = 1; row < rows; row += 2) {
                for (int query = 0; query < queries; query++) {
                  p.setFloat((long) query * rows + row, 0);
                }
                for (int column = 0; column < dim; column++) {
                  int tile = column / 64;
                  int width = Math.min(64, dim - tile * 64);
                  v.setFloat((long) tile * 64 * rows + (long) row * width + column % 64, Float.NaN);
                }
              }
              return Twins.memories(
                  "p", p, "v", v, "y", Twins.empty(ElementFormat.F32, queries * dim));
            })
        .within(TOLERANCE)
        .agree();
  }

  @ParameterizedTest
  @CsvSource({"F32", "BF16", "F16"})
  void rowBlocksShareBodies(ElementFormat format) {
    Kernel kernel =
        new KernelText("rows_21")
            .reads("a", ElementFormat.F32)
            .reads("k", format)
            .writes("y", ElementFormat.F32)
            .floats("left", 21, 8)
            .floats("result", 21, 9)
            .load("left", "a", 21, 8)
            .add(
                new Statement.DotNT(
                    "result", new Statement.Operand.OfTile("left"), dense("k", 9, 8), false))
            .store("y", 21, 9, "result")
            .build();
    Twins.of(
            kernel,
            () ->
                Twins.memories(
                    "a", Twins.gaussian(ElementFormat.F32, 21 * 8, 9),
                    "k", Twins.gaussian(format, 72, 10),
                    "y", Twins.empty(ElementFormat.F32, 21 * 9)))
        .within(TOLERANCE)
        .agree();
  }
}
