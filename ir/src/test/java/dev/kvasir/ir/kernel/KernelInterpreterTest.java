package dev.kvasir.ir.kernel;

import static dev.kvasir.ir.kernel.Kernels.HEAD;
import static dev.kvasir.ir.kernel.Kernels.SEQUENCE;
import static dev.kvasir.ir.kernel.Kernels.ZERO;
import static dev.kvasir.ir.kernel.Kernels.element;
import static dev.kvasir.ir.kernel.Kernels.fill;
import static dev.kvasir.ir.kernel.Kernels.load;
import static dev.kvasir.ir.kernel.Kernels.map;
import static dev.kvasir.ir.kernel.Kernels.random;
import static dev.kvasir.ir.kernel.Kernels.store;
import static dev.kvasir.ir.kernel.Kernels.whole;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.ir.kernel.Statement.Along;
import dev.kvasir.ir.kernel.Statement.Operand;
import dev.kvasir.ir.kernel.Statement.ReduceOperator;
import dev.kvasir.ir.type.ElementFormat;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What each statement computes, against plain loops. */
class KernelInterpreterTest {

  private final long seed = System.nanoTime();
  private final Random random = new Random(seed);

  private static void runOnce(Kernel kernel, Map<String, KernelMemory> buffers) {
    KernelInterpreter.run(kernel, buffers, new int[][] {{}}, new int[] {1, 1});
  }

  private static KernelMemory floats(float... values) {
    return KernelMemory.ofFloats(ElementFormat.F32, values);
  }

  private static KernelMemory empty(int size) {
    return KernelMemory.uninitialised(ElementFormat.F32, size);
  }

  private void assertEquals(KernelMemory actual, float... expected) {
    assertThat(actual.toFloats()).as("seed %d", seed).containsExactly(expected);
  }

  @ParameterizedTest
  @CsvSource({"1, 1, 1", "1, 13, 63", "13, 1, 64", "5, 64, 65", "3, 65, 13"})
  void dotNT(int m, int n, int k) {
    float[] left = random(random, m * k);
    float[] right = random(random, n * k);
    float[] before = random(random, m * n);
    KernelMemory half = KernelMemory.ofFloats(ElementFormat.F16, right);
    KernelMemory fromView = empty(m * n);
    KernelMemory fromTile = empty(m * n);
    Kernel kernel =
        new Kernels()
            .read("x", ElementFormat.F32)
            .read("w", ElementFormat.F16)
            .read("start", ElementFormat.F32)
            .write("from_view", ElementFormat.F32)
            .write("from_tile", ElementFormat.F32)
            .f32("a", m, k)
            .f32("c", m, n)
            .then(
                load("a", whole("x", m, k)),
                new Statement.DotNT(
                    "c", new Operand.OfView(whole("x", m, k)), whole("w", n, k), false),
                store(whole("from_view", m, n), "c"),
                load("c", whole("start", m, n)),
                new Statement.DotNT("c", new Operand.OfTile("a"), whole("w", n, k), true),
                store(whole("from_tile", m, n), "c"))
            .build();
    runOnce(
        kernel,
        Map.of(
            "x",
            floats(left),
            "w",
            half,
            "start",
            floats(before),
            "from_view",
            fromView,
            "from_tile",
            fromTile));
    float[] product = new float[m * n];
    float[] accumulated = new float[m * n];
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        double sum = 0;
        double added = before[i * n + j];
        for (int c = 0; c < k; c++) {
          double term =
              left[i * k + c]
                  * (double) Float.float16ToFloat(Float.floatToFloat16(right[j * k + c]));
          sum += term;
          added += term;
        }
        product[i * n + j] = (float) sum;
        accumulated[i * n + j] = (float) added;
      }
    }
    assertEquals(fromView, product);
    assertEquals(fromTile, accumulated);
  }

  @ParameterizedTest
  @CsvSource({"1, 1, 1", "2, 13, 63", "13, 64, 1", "3, 65, 64", "4, 63, 65"})
  void dotNN(int m, int n, int d) {
    float[] weights = random(random, m * n);
    float[] values = random(random, n * d);
    KernelMemory out = empty(m * d);
    Kernel kernel =
        new Kernels()
            .read("p", ElementFormat.F32)
            .read("v", ElementFormat.F32)
            .write("out", ElementFormat.F32)
            .f32("left", m, n)
            .f32("o", m, d)
            .then(
                load("left", whole("p", m, n)),
                fill("o", 0.5f),
                new Statement.DotNN("o", "left", whole("v", n, d), false),
                store(whole("out", m, d), "o"))
            .build();
    runOnce(kernel, Map.of("p", floats(weights), "v", floats(values), "out", out));
    float[] expected = new float[m * d];
    for (int i = 0; i < m; i++) {
      for (int c = 0; c < d; c++) {
        double sum = 0.5;
        for (int j = 0; j < n; j++) {
          sum += (double) weights[i * n + j] * values[j * d + c];
        }
        expected[i * d + c] = (float) sum;
      }
    }
    assertEquals(out, expected);
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "13, 63", "64, 13", "3, 65"})
  void reductions(int rows, int columns) {
    float[] values = random(random, rows * columns);
    KernelMemory sums = empty(rows);
    KernelMemory largest = empty(columns);
    KernelMemory winners = KernelMemory.uninitialised(ElementFormat.I32, rows);
    Kernel kernel =
        new Kernels()
            .read("x", ElementFormat.F32)
            .write("sums", ElementFormat.F32)
            .write("largest", ElementFormat.F32)
            .write("winners", ElementFormat.I32)
            .f32("a", rows, columns)
            .f32("s", rows, 1)
            .f32("l", 1, columns)
            .i32("w", rows, 1)
            .then(
                load("a", whole("x", rows, columns)),
                new Statement.Reduce("s", ReduceOperator.SUM, Along.COLUMNS, "a"),
                new Statement.Reduce("l", ReduceOperator.MAXIMUM, Along.ROWS, "a"),
                new Statement.Reduce("w", ReduceOperator.ARGMAX, Along.COLUMNS, "a"),
                store(whole("sums", rows, 1), "s"),
                store(whole("largest", 1, columns), "l"),
                store(whole("winners", rows, 1), "w"))
            .build();
    runOnce(
        kernel, Map.of("x", floats(values), "sums", sums, "largest", largest, "winners", winners));
    float[] wantedLargest = new float[columns];
    Arrays.fill(wantedLargest, Float.NEGATIVE_INFINITY);
    for (int r = 0; r < rows; r++) {
      double sum = 0;
      int winner = 0;
      for (int c = 0; c < columns; c++) {
        float value = values[r * columns + c];
        sum += value;
        winner = value > values[r * columns + winner] ? c : winner;
        wantedLargest[c] = Math.max(wantedLargest[c], value);
      }
      assertThat(sums.getFloat(r)).as("seed %d", seed).isEqualTo((float) sum);
      assertThat(winners.getInt(r)).as("seed %d", seed).isEqualTo(winner);
    }
    assertEquals(largest, wantedLargest);
  }

  @Test
  void argmaxTakesTheLowestOfEquals() {
    KernelMemory winner = KernelMemory.uninitialised(ElementFormat.I32, 1);
    Kernel kernel =
        new Kernels()
            .read("x", ElementFormat.F32)
            .write("w", ElementFormat.I32)
            .f32("a", 1, 4)
            .i32("best", 1, 1)
            .then(
                load("a", whole("x", 1, 4)),
                new Statement.Reduce("best", ReduceOperator.ARGMAX, Along.COLUMNS, "a"),
                store(whole("w", 1, 1), "best"))
            .build();
    runOnce(kernel, Map.of("x", floats(1, 3, 3, 2), "w", winner));
    assertThat(winner.getInt(0)).isEqualTo(1);
  }

  @Test
  void mapBroadcastsAndReadsItself() {
    KernelMemory out = empty(6);
    Kernel kernel =
        new Kernels()
            .read("x", ElementFormat.F32)
            .write("out", ElementFormat.F32)
            .f32("a", 2, 3)
            .f32("row_sum", 2, 1)
            .f32("column_max", 1, 3)
            .f32("one", 1, 1)
            .then(
                load("a", whole("x", 2, 3)),
                new Statement.Reduce("row_sum", ReduceOperator.SUM, Along.COLUMNS, "a"),
                new Statement.Reduce("column_max", ReduceOperator.MAXIMUM, Along.ROWS, "a"),
                fill("one", 1),
                map(
                    "a",
                    element("a")
                        .times(100)
                        .plus(element("row_sum"))
                        .plus(element("column_max"))
                        .minus(element("one"))),
                store(whole("out", 2, 3), "a"))
            .build();
    runOnce(kernel, Map.of("x", floats(1, 2, 3, 4, 5, 6), "out", out));
    assertEquals(out, 109, 210, 311, 418, 519, 620);
  }

  @Test
  void mapAppliesEveryOperator() {
    TileExpression a = element("a");
    TileExpression row = new TileExpression.RowIndex();
    TileExpression column = new TileExpression.ColumnIndex();
    TileExpression two = TileExpression.constant(2);
    List<TileExpression> expressions =
        List.of(
            a.over(two),
            new TileExpression.Binary(TileExpression.BinaryOperator.MINIMUM, a, two),
            a.maximum(two),
            a.exp2(),
            new TileExpression.Unary(TileExpression.UnaryOperator.LOG2, a),
            new TileExpression.Unary(TileExpression.UnaryOperator.RSQRT, a),
            new TileExpression.Unary(
                TileExpression.UnaryOperator.TO_FLOAT,
                row.plus(column).times(TileExpression.uniform(IntExpression.constant(3)))),
            a.lessOrEqual(two)
                .and(new TileExpression.Binary(TileExpression.BinaryOperator.EQUAL, column, row))
                .or(two.less(a))
                .select(a, two.times(-1)));
    float[][] expected = {{0.5f, 2}, {1, 2}, {2, 4}, {2, 16}, {0, 2}, {1, 0.5f}, {0, 3}, {1, 4}};
    for (int i = 0; i < expected.length; i++) {
      KernelMemory out = empty(2);
      Kernel kernel =
          new Kernels()
              .read("x", ElementFormat.F32)
              .write("out", ElementFormat.F32)
              .f32("a", 1, 2)
              .then(
                  load("a", whole("x", 1, 2)),
                  map("a", expressions.get(i)),
                  store(whole("out", 1, 2), "a"))
              .build();
      runOnce(kernel, Map.of("x", floats(1, 4), "out", out));
      assertThat(out.toFloats())
          .as(KernelPrinter.print(expressions.get(i)))
          .containsExactly(expected[i]);
    }
  }

  @Test
  void exp2IsZeroFarDownAndStopsAt126() {
    float top = (float) Math.pow(2, 126);
    KernelMemory out = empty(5);
    Kernel kernel =
        new Kernels()
            .read("x", ElementFormat.F32)
            .write("out", ElementFormat.F32)
            .f32("a", 1, 5)
            .then(
                load("a", whole("x", 1, 5)),
                map("a", element("a").exp2()),
                store(whole("out", 1, 5), "a"))
            .build();
    runOnce(kernel, Map.of("x", floats(-1e30f, -126.5f, -126, 126, 1e30f), "out", out));
    assertEquals(out, 0, 0, Float.MIN_NORMAL, top, top);
  }

  @Test
  void uniformArithmeticRoundsTheRightWay() {
    IntExpression minusSeven = IntExpression.constant(-7);
    IntExpression four = IntExpression.constant(4);
    List<IntExpression> expressions =
        List.of(
            minusSeven.floorDivide(4),
            minusSeven.ceilDivide(4),
            minusSeven.modulo(4),
            four.minus(minusSeven).times(four),
            four.minimum(minusSeven).plus(four.maximum(minusSeven)),
            four.less(four)
                .plus(four.lessOrEqual(four).times(10))
                .plus(four.equalTo(four).times(100)),
            four.and(ZERO).plus(four.or(ZERO).times(10)));
    int[] expected = {-2, -1, 1, 44, -3, 110, 10};
    for (int i = 0; i < expected.length; i++) {
      KernelMemory out = KernelMemory.uninitialised(ElementFormat.I32, 1);
      Kernel kernel =
          new Kernels()
              .write("out", ElementFormat.I32)
              .i32("a", 1, 1)
              .then(
                  map("a", TileExpression.uniform(expressions.get(i))),
                  store(whole("out", 1, 1), "a"))
              .build();
      runOnce(kernel, Map.of("out", out));
      assertThat(out.getInt(0)).as(KernelPrinter.print(expressions.get(i))).isEqualTo(expected[i]);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = ElementFormat.class,
      names = {"F32", "BF16", "F16"})
  void storesRoundToTheFormat(ElementFormat format) {
    float value = random.nextFloat() * 10;
    KernelMemory out = KernelMemory.uninitialised(format, 1);
    Kernel kernel =
        new Kernels()
            .write("out", format)
            .f32("a", 1, 1)
            .then(fill("a", value), store(whole("out", 1, 1), "a"))
            .build();
    runOnce(kernel, Map.of("out", out));
    assertThat(out.getFloat(0)).as("seed %d", seed).isEqualTo(format.round(value));
  }

  @ParameterizedTest
  @CsvSource({"U8, 255, 256", "U4, 15, 16"})
  void holdsCodesAndNothingElse(ElementFormat format, int largest, int beyond) {
    for (float wrong : new float[] {-1, beyond, 0.5f}) {
      Kernel broken = code(format, wrong);
      assertThatThrownBy(
              () -> runOnce(broken, Map.of("out", KernelMemory.uninitialised(format, 16))))
          .isInstanceOf(KernelInterpreterException.class)
          .hasMessageContaining(wrong + " is no " + format.text() + " code");
    }
    KernelMemory out = KernelMemory.uninitialised(format, 16);
    runOnce(code(format, largest), Map.of("out", out));
    assertThat(out.getFloat(0)).isEqualTo(largest);
  }

  private static Kernel code(ElementFormat format, float value) {
    return new Kernels()
        .write("out", format)
        .f32("a", 1, 16)
        .then(fill("a", value), store(whole("out", 1, 16), "a"))
        .build();
  }

  /** Element i of the buffer holds i, so that what is loaded tells where it lay. */
  private static float[] places(View view, int size) {
    float[] indices = new float[size];
    for (int i = 0; i < size; i++) {
      indices[i] = i;
    }
    KernelMemory out = empty(view.rows() * view.columns());
    Kernel kernel =
        new Kernels()
            .read("x", ElementFormat.F32)
            .write("out", ElementFormat.F32)
            .f32("a", view.rows(), view.columns())
            .then(load("a", view), store(whole("out", view.rows(), view.columns()), "a"))
            .build();
    runOnce(kernel, Map.of("x", floats(indices), "out", out));
    return out.toFloats();
  }

  @Test
  void rowsComeInGroups() {
    IntExpression two = IntExpression.constant(2);
    View view =
        new View(
            "x", new View.Layout.Rows(2, 100, 10), 4, 2, two, 1000, IntExpression.constant(5), two);
    assertThat(places(view, 3000)).containsExactly(2105, 2106, 2115, 2116, 2205, 2206, 2215, 2216);
  }

  @Test
  void columnsLieLeadingApart() {
    View view =
        new View("x", new View.Layout.Columns(64), 2, 3, ZERO, 0, ZERO, IntExpression.constant(62));
    assertThat(places(view, 192)).containsExactly(62, 126, 190, 63, 127, 191);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 13, 63, 64, 65, 96})
  void tilesOf96ColumnsAre64And32Wide(int columns) {
    View view =
        new View(
            "x",
            new View.Layout.Tiles(64, 64, 96),
            3,
            columns,
            ZERO,
            0,
            ZERO,
            IntExpression.constant(61));
    float[] actual = places(view, 64 * 96);
    for (int r = 0; r < 3; r++) {
      for (int c = 0; c < columns; c++) {
        int expected = c < 64 ? (61 + r) * 64 + c : 64 * 64 + (61 + r) * 32 + c - 64;
        assertThat(actual[r * columns + c]).as("(%d, %d)", r, c).isEqualTo(expected);
      }
    }
  }

  @Test
  void stripsOfColumnsLieOneAfterTheOther() {
    View view = new View("x", new View.Layout.Columns(4, 2, 3, false), 4, 3, ZERO, 0, ZERO, ZERO);
    assertThat(places(view, 12)).containsExactly(0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11);
  }

  @Test
  void stripsOfTilesLieOneAfterTheOther() {
    View view = new View("x", new View.Layout.Tiles(4, 2, 2, 3, false), 4, 3, ZERO, 0, ZERO, ZERO);
    assertThat(places(view, 12)).containsExactly(0, 1, 4, 2, 3, 5, 6, 7, 10, 8, 9, 11);
  }

  @Test
  void pairsAreSixteenElementsApart() {
    float[] places = new float[48];
    Kernel kernel =
        new Kernels()
            .read("x", ElementFormat.BF16)
            .write("out", ElementFormat.F32)
            .f32("a", 1, 48)
            .then(
                load(
                    "a",
                    new View(
                        "x",
                        new View.Layout.Tiles(1, 1, 32, 48, true),
                        1,
                        48,
                        ZERO,
                        0,
                        ZERO,
                        ZERO)),
                store(whole("out", 1, 48), "a"))
            .build();
    KernelMemory source = KernelMemory.uninitialised(ElementFormat.BF16, 48);
    for (int i = 0; i < 48; i++) {
      source.setFloat(i, i);
    }
    KernelMemory out = empty(48);
    runOnce(kernel, Map.of("x", source, "out", out));
    for (int c = 0; c < 48; c++) {
      places[c] = c < 16 ? 2 * c : c < 32 ? 2 * (c - 16) + 1 : c;
    }
    assertThat(out.toFloats()).containsExactly(places);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void everyGridPointRunsOnceInAnyOrder(long order) {
    KernelMemory out = KernelMemory.uninitialised(ElementFormat.I32, 3 * 4);
    IntExpression place = SEQUENCE.times(4).plus(HEAD);
    Kernel kernel =
        new Kernels()
            .write("out", ElementFormat.I32)
            .dims("first", "step")
            .i32("sum", 1, 1)
            .then(
                map("sum", Kernels.integer(0)),
                new Statement.For(
                    "i",
                    new IntExpression.Dimension("first"),
                    HEAD.plus(1).times(new IntExpression.Dimension("step")),
                    List.of(
                        new Statement.If(
                            new IntExpression.Variable("i").modulo(2),
                            List.of(
                                map(
                                    "sum",
                                    element("sum")
                                        .plus(
                                            TileExpression.uniform(
                                                new IntExpression.Variable("i"))))),
                            List.of()))),
                store(View.rows("out", 1, 1, place, 1), "sum"))
            .build();
    int[][] dims = {{0, 1}, {2, 3}, {9, 2}};
    KernelInterpreter.run(kernel, Map.of("out", out), dims, new int[] {3, 4}, order);
    for (int sequence = 0; sequence < 3; sequence++) {
      for (int head = 0; head < 4; head++) {
        int sum = 0;
        for (int i = dims[sequence][0]; i < (head + 1) * dims[sequence][1]; i++) {
          sum += i % 2 != 0 ? i : 0;
        }
        assertThat(out.getInt(sequence * 4 + head)).isEqualTo(sum);
      }
    }
  }
}
