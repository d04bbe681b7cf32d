package dev.kvasir.codegen.emit.tornado;

import static dev.kvasir.codegen.emit.tornado.SmallKernel.view;
import static dev.kvasir.codegen.emit.tornado.SmallKernel.whole;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import dev.kvasir.codegen.emit.tornado.device.Device;
import dev.kvasir.codegen.emit.tornado.device.DeviceException;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each statement of the kernel IR, lowered, does what the interpreter does. */
final class TornadoStatementsTest {

  private static final int[][] NO_DIMS = {{}};

  private final long seed = new Random().nextLong();
  private final Random random = new Random(seed);
  private final Device device = Device.of(seed);
  private final String description = "seed " + seed;

  private float[] normal(int size) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  static Stream<Arguments> layouts() {
    return Stream.of(
        Arguments.of(new View.Layout.Rows(1000, 0, 11), 5, 7, 2),
        Arguments.of(new View.Layout.Rows(1, 13, 0), 300, 1, 3),
        Arguments.of(new View.Layout.Rows(4, 100, 8), 8, 7, 4),
        Arguments.of(new View.Layout.Rows(3, 24, 8), 6, 8, 1),
        Arguments.of(new View.Layout.Columns(64), 13, 9, 50),
        Arguments.of(new View.Layout.Columns(64), 64, 33, 0),
        Arguments.of(new View.Layout.Tiles(16, 64, 32), 16, 32, 0),
        Arguments.of(new View.Layout.Tiles(16, 64, 128), 7, 128, 9),
        Arguments.of(new View.Layout.Tiles(16, 64, 96), 10, 96, 1),
        Arguments.of(new View.Layout.Tiles(16, 6, 20), 10, 17, 1),
        Arguments.of(new View.Layout.Tiles(16, 6, 20), 10, 20, 1),
        Arguments.of(new View.Layout.Tiles(1, 64, 320), 1, 300, 0));
  }

  @ParameterizedTest
  @MethodSource("layouts")
  void loadsAndStoresEveryLayout(View.Layout layout, int rows, int columns, int row) {
    int size = 4_200;
    Kernel load =
        new SmallKernel()
            .reads("source")
            .writes("out")
            .tile("t", rows, columns)
            .of(
                new Statement.Load("t", view("source", layout, rows, columns, 5, row)),
                new Statement.Store(whole("out", rows, columns), "t"));
    new TwinRun(load)
        .floats("source", normal(size))
        .poison("out", rows * columns)
        .agree(description, device, NO_DIMS, 1);
    Kernel store =
        new SmallKernel()
            .reads("source")
            .writes("out")
            .tile("t", rows, columns)
            .of(
                new Statement.Load("t", whole("source", rows, columns)),
                new Statement.Store(view("out", layout, rows, columns, 5, row), "t"));
    new TwinRun(store)
        .floats("source", normal(rows * columns))
        .poison("out", size)
        .agree(description, device, NO_DIMS, 1);
  }

  @Test
  void movesIntegersByBlockOffsetAndRow() {
    IntExpression sequence = new IntExpression.Axis("sequence");
    IntExpression head = new IntExpression.Axis("head");
    View in =
        new View(
            "source",
            new View.Layout.Rows(8, 0, 10),
            3,
            10,
            sequence,
            80,
            IntExpression.constant(0),
            new IntExpression.Dimension("first"));
    View out =
        new View(
            "out",
            new View.Layout.Rows(3, 0, 10),
            3,
            10,
            sequence.times(2).plus(head),
            30,
            IntExpression.constant(0),
            IntExpression.constant(0));
    Kernel kernel =
        new SmallKernel()
            .readsInts("source")
            .writesInts("out")
            .dim("unused")
            .dim("first")
            .intTile("t", 3, 10)
            .of(
                List.of("sequence", "head"),
                new Statement.Load("t", in),
                new Statement.Store(out, "t"));
    new TwinRun(kernel)
        .ints("source", random.ints(240).toArray())
        .ints("out", new int[180])
        .agree(description, device, new int[][] {{7, 1}, {7, 0}, {7, 5}}, 3, 2);
  }

  @Test
  void groupsOutsideTheGridDoNothing() {
    View row =
        View.rows(
            "out",
            1,
            4,
            new IntExpression.Axis("sequence")
                .times(3)
                .plus(new IntExpression.Axis("head"))
                .times(3)
                .plus(new IntExpression.Axis("split")),
            4);
    Kernel kernel =
        new SmallKernel()
            .writes("out")
            .dim("value")
            .tile("t", 1, 4)
            .of(
                List.of("sequence", "head", "split"),
                new Statement.Map(
                    "t",
                    unary(
                        TileExpression.UnaryOperator.TO_FLOAT,
                        TileExpression.uniform(new IntExpression.Dimension("value")))),
                new Statement.Store(row, "t"));
    int[][] dims = {{5}, {7}};
    int[] groups = {3, 3, 3};
    TwinRun some = new TwinRun(kernel).poison("out", 108);
    some.runGroups(device, groups, dims, 2, 1, 2);
    float[] out = some.floatsOnDevice("out");
    for (int i = 0; i < out.length; i++) {
      int group = i / 4;
      boolean inside = group / 9 < 2 && group / 3 % 3 < 1 && group % 3 < 2;
      assertThat(out[i])
          .as("%s, element %d", description, i)
          .isEqualTo(Float.valueOf(inside ? dims[group / 9][0] : Float.NaN));
    }
    TwinRun none = new TwinRun(kernel).poison("out", 108);
    none.runGroups(device, groups, dims, 2, 0, 2);
    assertThat(none.floatsOnDevice("out")).as(description).containsOnly(Float.NaN);
  }

  @Test
  void mapsFloatsWithBroadcasts() {
    TileExpression a = TileExpression.element("a");
    TileExpression row = TileExpression.element("across");
    TileExpression column = TileExpression.element("down");
    TileExpression one = TileExpression.element("one");
    TileExpression two = TileExpression.constant(2);
    Kernel kernel =
        new SmallKernel()
            .reads("source")
            .writes("out")
            .tile("a", 6, 50)
            .tile("across", 1, 50)
            .tile("down", 6, 1)
            .tile("one", 1, 1)
            .tile("b", 6, 50)
            .of(
                new Statement.Load("a", whole("source", 6, 50)),
                new Statement.Load("across", whole("source", 1, 50)),
                new Statement.Load("down", whole("source", 6, 1)),
                new Statement.Load("one", whole("source", 1, 1)),
                new Statement.Map("b", a.plus(row).minus(column).times(one)),
                new Statement.Map(
                    "b",
                    a.less(row)
                        .or(column.lessOrEqual(one))
                        .and(
                            new TileExpression.Binary(
                                TileExpression.BinaryOperator.EQUAL, one, one))
                        .select(
                            TileExpression.element("b").over(two),
                            a.maximum(column)
                                .plus(
                                    new TileExpression.Binary(
                                        TileExpression.BinaryOperator.MINIMUM, a, row)))),
                new Statement.Map(
                    "a",
                    unary(TileExpression.UnaryOperator.RSQRT, a.times(a).plus(two))
                        .plus(unary(TileExpression.UnaryOperator.LOG2, a.times(a).plus(two)))),
                new Statement.Map("across", TileExpression.element("across").exp2()),
                new Statement.Map(
                    "b", TileExpression.element("b").plus(TileExpression.element("a")).times(row)),
                new Statement.Store(whole("out", 6, 50), "b"));
    new TwinRun(kernel)
        .floats("source", normal(300))
        .poison("out", 300)
        .agree(description, device, NO_DIMS, 1);
  }

  private static TileExpression unary(
      TileExpression.UnaryOperator operator, TileExpression operand) {
    return new TileExpression.Unary(operator, operand);
  }

  @Test
  void mapsIntegersAndTruth() {
    TileExpression a = TileExpression.element("a");
    TileExpression row = new TileExpression.RowIndex();
    TileExpression column = new TileExpression.ColumnIndex();
    TileExpression dim = TileExpression.uniform(new IntExpression.Dimension("n"));
    // The uniform element of the target itself is taken before any element changes.
    TileExpression corner = TileExpression.uniform(new IntExpression.TileElement("a", 2, 3));
    Kernel kernel =
        new SmallKernel()
            .readsInts("source")
            .writesInts("out")
            .writes("floats")
            .dim("n")
            .intTile("a", 5, 40)
            .tile("f", 5, 40)
            .of(
                new Statement.Load("a", whole("source", 5, 40)),
                new Statement.Map("a", a.plus(corner).minus(row.times(dim)).plus(column)),
                new Statement.Map(
                    "a",
                    a.less(dim)
                        .and(row.lessOrEqual(column))
                        .or(new TileExpression.Binary(TileExpression.BinaryOperator.EQUAL, a, dim))
                        .select(
                            a.maximum(column),
                            new TileExpression.Binary(
                                TileExpression.BinaryOperator.MINIMUM, a, row))),
                new Statement.Map("f", unary(TileExpression.UnaryOperator.TO_FLOAT, a)),
                new Statement.Store(whole("out", 5, 40), "a"),
                new Statement.Store(whole("floats", 5, 40), "f"));
    new TwinRun(kernel)
        .ints("source", random.ints(200, -50, 50).toArray())
        .ints("out", new int[200])
        .poison("floats", 200)
        .agree(description, device, new int[][] {{3}}, 1);
  }

  @Test
  void computesUniformIntegersExactly() {
    IntExpression.IntOperator[] operators = IntExpression.IntOperator.values();
    IntExpression left =
        new IntExpression.BufferElement("source", new IntExpression.Axis("sequence"));
    IntExpression right = new IntExpression.Dimension("divisor");
    Statement[] body = new Statement[operators.length + 2];
    TileExpression all = TileExpression.uniform(IntExpression.constant(0));
    for (int i = 0; i < operators.length; i++) {
      body[i] = new Statement.Let("x" + i, new IntExpression.Binary(operators[i], left, right));
      TileExpression here =
          new TileExpression.Binary(
              TileExpression.BinaryOperator.EQUAL,
              new TileExpression.ColumnIndex(),
              TileExpression.uniform(IntExpression.constant(i)));
      all = here.select(TileExpression.uniform(new IntExpression.Variable("x" + i)), all);
    }
    body[operators.length] = new Statement.Map("t", all);
    body[operators.length + 1] =
        new Statement.Store(
            View.rows("out", 1, operators.length, new IntExpression.Axis("sequence"), 13), "t");
    Kernel kernel =
        new SmallKernel()
            .readsInts("source")
            .writesInts("out")
            .dim("divisor")
            .intTile("t", 1, operators.length)
            .of(body);
    new TwinRun(kernel)
        .ints("source", -7, -6, -1, 0, 1, 2, 6, 7, 2)
        .ints("out", new int[9 * 13])
        .agree(description, device, new int[][] {{3}, {3}, {3}, {3}, {3}, {1}, {3}, {3}, {2}}, 9);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 64, 100})
  void dividesByConstantsOfAnySign(int divisor) {
    IntExpression value =
        new IntExpression.BufferElement("source", new IntExpression.Axis("sequence"));
    TileExpression column = new TileExpression.ColumnIndex();
    TileExpression first = column.equalTo(TileExpression.uniform(IntExpression.constant(0)));
    TileExpression second = column.equalTo(TileExpression.uniform(IntExpression.constant(1)));
    Kernel kernel =
        new SmallKernel()
            .readsInts("source")
            .writesInts("out")
            .intTile("t", 1, 3)
            .of(
                new Statement.Map(
                    "t",
                    first.select(
                        TileExpression.uniform(value.floorDivide(divisor)),
                        second.select(
                            TileExpression.uniform(value.ceilDivide(divisor)),
                            TileExpression.uniform(value.modulo(divisor))))),
                new Statement.Store(
                    View.rows("out", 1, 3, new IntExpression.Axis("sequence"), 3), "t"));
    int[] values = {-129, -128, -65, -64, -1, 0, 1, 63, 64, 65, 207, Integer.MAX_VALUE};
    new TwinRun(kernel)
        .ints("source", values)
        .ints("out", new int[3 * values.length])
        .agree(description, device, new int[values.length][0], values.length);
  }

  @Test
  void runsLoopsAndBranchesUniformly() {
    IntExpression i = new IntExpression.Variable("i");
    IntExpression limit = new IntExpression.TileElement("n", 0, 0);
    TileExpression t = TileExpression.element("t");
    TileExpression sum = TileExpression.element("sum");
    Kernel kernel =
        new SmallKernel()
            .reads("source")
            .readsInts("counts")
            .writes("out")
            .tile("t", 3, 60)
            .tile("sum", 3, 1)
            .intTile("n", 1, 1)
            .of(
                new Statement.Load("t", whole("source", 3, 60)),
                new Statement.Load("n", whole("counts", 1, 1)),
                new Statement.For(
                    "i",
                    IntExpression.constant(1),
                    limit,
                    List.of(
                        new Statement.Reduce(
                            "sum", Statement.ReduceOperator.SUM, Statement.Along.COLUMNS, "t"),
                        new Statement.If(
                            i.modulo(2).equalTo(IntExpression.constant(0)),
                            List.of(
                                new Statement.Let("x", i.plus(1)),
                                new Statement.Map(
                                    "t",
                                    t.minus(
                                        sum.times(
                                            unary(
                                                TileExpression.UnaryOperator.TO_FLOAT,
                                                TileExpression.uniform(
                                                    new IntExpression.Variable("x"))))))),
                            List.of(
                                new Statement.Let("x", i.times(i)),
                                new Statement.If(
                                    new IntExpression.Variable("x").less(IntExpression.constant(9)),
                                    List.of(
                                        new Statement.Map(
                                            "t", t.times(0.5f).plus(sum.times(0.01f)))),
                                    List.of()))),
                        // Changing the bound of the running loop changes nothing.
                        new Statement.Map(
                            "n", TileExpression.element("n").plus(TileExpression.uniform(limit))))),
                new Statement.Store(whole("out", 3, 60), "t"));
    for (int count : new int[] {-1, 1, 2, 6}) {
      new TwinRun(kernel)
          .floats("source", normal(180))
          .ints("counts", count)
          .poison("out", 180)
          .agree(description + ", count " + count, device, NO_DIMS, 1);
    }
  }

  @Test
  void readsWhatItStoredThroughAnyName() {
    TileExpression a = TileExpression.element("a");
    View transposed = view("same", new View.Layout.Columns(20), 20, 20, 0, 0);
    Kernel kernel =
        new SmallKernel()
            .buffer("data", ElementFormat.F32, Kernel.Access.READ_WRITE)
            .reads("same")
            .tile("a", 20, 20)
            .tile("b", 20, 20)
            .of(
                new Statement.Load("a", transposed),
                new Statement.Map("a", a.times(2)),
                new Statement.Store(whole("data", 20, 20), "a"),
                new Statement.Load("b", transposed),
                new Statement.Map("a", a.plus(TileExpression.element("b"))),
                new Statement.Store(whole("data", 20, 20), "a"));
    new TwinRun(kernel)
        .floats("data", normal(400))
        .alias("same", "data")
        .agree(description, device, NO_DIMS, 1);
    List<String> barriers = Device.barriers(TornadoLowering.lower(kernel));
    for (int barrier = 0; barrier < barriers.size(); barrier++) {
      TwinRun run = new TwinRun(kernel).floats("data", normal(400)).alias("same", "data");
      Device broken = device.without(barrier);
      assertThatThrownBy(() -> run.runDevice(broken, NO_DIMS, 1))
          .as("%s, without barrier %d, %s", description, barrier, barriers.get(barrier))
          .isInstanceOf(DeviceException.class)
          .extracting(problem -> ((DeviceException) problem).fault())
          .isEqualTo(DeviceException.Fault.RACE);
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "1, 8", "1, 9", "3, 64", "8, 64", "16, 13", "130, 5", "130, 60", "2, 1000"})
  void reducesAlongBothAxes(int rows, int columns) {
    Kernel kernel =
        new SmallKernel()
            .reads("source")
            .writes("sums")
            .writes("maxima")
            .writes("row_sums")
            .writes("row_maxima")
            .writesInts("places")
            .tile("t", rows, columns)
            .tile("down", rows, 1)
            .tile("across", 1, columns)
            .intTile("place", rows, 1)
            .of(
                new Statement.Load("t", whole("source", rows, columns)),
                reduce("down", Statement.ReduceOperator.SUM, Statement.Along.COLUMNS),
                new Statement.Store(whole("sums", rows, 1), "down"),
                reduce("down", Statement.ReduceOperator.MAXIMUM, Statement.Along.COLUMNS),
                new Statement.Store(whole("maxima", rows, 1), "down"),
                reduce("across", Statement.ReduceOperator.SUM, Statement.Along.ROWS),
                new Statement.Store(whole("row_sums", 1, columns), "across"),
                reduce("across", Statement.ReduceOperator.MAXIMUM, Statement.Along.ROWS),
                new Statement.Store(whole("row_maxima", 1, columns), "across"),
                reduce("place", Statement.ReduceOperator.ARGMAX, Statement.Along.COLUMNS),
                new Statement.Store(whole("places", rows, 1), "place"));
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      // Few distinct values, so that equals meet in different threads.
      values[i] = random.nextInt(40) - 30;
    }
    new TwinRun(kernel)
        .floats("source", values)
        .poison("sums", rows)
        .poison("maxima", rows)
        .poison("row_sums", columns)
        .poison("row_maxima", columns)
        .ints("places", new int[rows])
        .agree(description, device, NO_DIMS, 1);
  }

  private static Statement reduce(
      String target, Statement.ReduceOperator operator, Statement.Along along) {
    return new Statement.Reduce(target, operator, along, "t");
  }

  static Stream<Arguments> products() {
    return Stream.of(
        Arguments.of(1, 5, 3, new View.Layout.Rows(5, 0, 3)),
        Arguments.of(3, 65, 32, new View.Layout.Columns(65)),
        Arguments.of(8, 64, 20, new View.Layout.Columns(64)),
        Arguments.of(4, 130, 7, new View.Layout.Rows(65, 1000, 9)),
        Arguments.of(1, 8, 256, new View.Layout.Rows(8, 0, 256)),
        Arguments.of(3, 4, 100, new View.Layout.Rows(2, 300, 101)),
        Arguments.of(8, 2, 128, new View.Layout.Rows(2, 0, 128)),
        Arguments.of(6, 10, 100, new View.Layout.Tiles(10, 64, 100)),
        Arguments.of(16, 100, 12, new View.Layout.Tiles(100, 64, 20)));
  }

  @ParameterizedTest
  @MethodSource("products")
  void multipliesByTransposedViews(int rows, int columns, int length, View.Layout layout) {
    Kernel kernel =
        new SmallKernel()
            .reads("left")
            .reads("right")
            .writes("out")
            .tile("a", rows, length)
            .tile("c", rows, columns)
            .of(
                new Statement.Load("a", whole("left", rows, length)),
                new Statement.DotNT(
                    "c",
                    new Statement.Operand.OfTile("a"),
                    view("right", layout, columns, length, 1, 0),
                    false),
                new Statement.DotNT(
                    "c",
                    new Statement.Operand.OfView(whole("left", rows, length)),
                    view("right", layout, columns, length, 0, 0),
                    true),
                new Statement.Store(whole("out", rows, columns), "c"));
    new TwinRun(kernel)
        .floats("left", normal(rows * length))
        .floats("right", normal(2_500))
        .poison("out", rows * columns)
        .agree(description, device, NO_DIMS, 1);
  }

  @ParameterizedTest
  @CsvSource({"1, 8", "5, 1", "2, 16"})
  void addsProductsToPartOfATile(int rows, int columns) {
    int length = 64;
    Kernel kernel =
        new SmallKernel()
            .reads("left")
            .reads("right")
            .writes("out")
            .tile("a", rows, length)
            .tile("c", rows, columns + 5)
            .of(
                new Statement.Load("a", whole("left", rows, length)),
                new Statement.Load("c", whole("left", rows, columns + 5)),
                new Statement.DotNT(
                    new Statement.TilePart("c", 3, columns),
                    new Statement.Operand.OfTile(new Statement.TilePart("a", 8, 48)),
                    whole("right", columns, 48),
                    true),
                new Statement.Store(whole("out", rows, columns + 5), "c"));
    new TwinRun(kernel)
        .floats("left", normal(rows * length))
        .floats("right", normal(columns * 48))
        .poison("out", rows * (columns + 5))
        .agree(description, device, NO_DIMS, 1);
  }

  @Test
  void everyBarrierOfSharedTermsIsNeeded() {
    Kernel kernel =
        new SmallKernel()
            .reads("left")
            .reads("right")
            .writes("out")
            .tile("c", 1, 8)
            .of(
                new Statement.DotNT(
                    "c",
                    new Statement.Operand.OfView(whole("left", 1, 128)),
                    whole("right", 8, 128),
                    false),
                new Statement.Store(whole("out", 1, 8), "c"));
    List<String> barriers = Device.barriers(TornadoLowering.lower(kernel));
    // Five steps join 32 lanes, and the results go to other threads.
    int local = Collections.frequency(barriers, "localBarrier");
    assertThat(local).isEqualTo(6);
    for (int barrier = 0; barrier < local; barrier++) {
      TwinRun run =
          new TwinRun(kernel)
              .floats("left", normal(128))
              .floats("right", normal(1024))
              .poison("out", 8);
      Device broken = device.without(barrier);
      assertThatThrownBy(() -> run.runDevice(broken, NO_DIMS, 1))
          .as("%s, without barrier %d", description, barrier)
          .isInstanceOf(DeviceException.class);
    }
  }

  @ParameterizedTest
  @MethodSource("products")
  void multipliesByViews(int rows, int length, int columns, View.Layout layout) {
    View right = view("right", layout, length, columns, 1, 0);
    Kernel kernel =
        new SmallKernel()
            .reads("left")
            .reads("right")
            .writes("out")
            .tile("a", rows, length)
            .tile("c", rows, columns)
            .of(
                new Statement.Load("a", whole("left", rows, length)),
                new Statement.Map("c", TileExpression.constant(1)),
                new Statement.DotNN("c", "a", right, false),
                new Statement.DotNN("c", "a", right, true),
                new Statement.Store(whole("out", rows, columns), "c"));
    new TwinRun(kernel)
        .floats("left", normal(rows * length))
        .floats("right", normal(2_500))
        .poison("out", rows * columns)
        .agree(description, device, NO_DIMS, 1);
  }

  @ParameterizedTest
  @CsvSource({"1, 40", "4, 40", "8, 64"})
  void guardedProductsSkipWhatIsNotANumber(int rows, int columns) {
    int length = 24;
    Kernel kernel =
        new SmallKernel()
            .reads("left")
            .reads("right")
            .writes("out")
            .tile("a", rows, length)
            .tile("c", rows, columns)
            .of(
                new Statement.Load("a", whole("left", rows, length)),
                new Statement.Map("c", TileExpression.constant(0)),
                new Statement.DotNN("c", "a", whole("right", length, columns), true),
                new Statement.Store(whole("out", rows, columns), "c"));
    float[] left = normal(rows * length);
    float[] right = normal(length * columns);
    for (int n = 0; n < length; n += 3) {
      for (int row = 0; row < rows; row++) {
        left[row * length + n] = 0;
      }
      Arrays.fill(right, n * columns, (n + 1) * columns, Float.NaN);
    }
    // A row may skip what another takes.
    left[1] = 0;
    new TwinRun(kernel)
        .floats("left", left)
        .floats("right", right)
        .poison("out", rows * columns)
        .agree(description, device, NO_DIMS, 1);
  }

  @Test
  void powersOfTwoKeepTheirRelativeError() {
    int rows = 16;
    int columns = 256;
    Kernel kernel =
        new SmallKernel()
            .reads("source")
            .writes("out")
            .tile("t", rows, columns)
            .of(
                new Statement.Load("t", whole("source", rows, columns)),
                new Statement.Map("t", TileExpression.element("t").exp2()),
                new Statement.Store(whole("out", rows, columns), "t"));
    float[] in = new float[rows * columns];
    for (int i = 0; i < in.length; i++) {
      in[i] = random.nextFloat(-126, 126);
    }
    float[] edges = {-1e30f, -126.00001f, -126, -125.5f, -1e-9f, 0, 1e-9f, 0.99999994f, 1, 126};
    System.arraycopy(edges, 0, in, 0, edges.length);
    in[edges.length] = 1e30f;
    TwinRun run = new TwinRun(kernel).floats("source", in).poison("out", in.length);
    run.run(device, NO_DIMS, 1);
    float[] out = run.floatsOnDevice("out");
    for (int i = 0; i < in.length; i++) {
      double exact = in[i] < -126 ? 0 : Math.pow(2, Math.min(in[i], 126));
      assertThat((double) out[i])
          .as("%s, 2^%s", description, in[i])
          .isCloseTo(exact, offset(2.5e-7 * exact));
    }
  }
}
