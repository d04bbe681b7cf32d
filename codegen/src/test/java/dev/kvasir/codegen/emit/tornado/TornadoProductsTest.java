package dev.kvasir.codegen.emit.tornado;

import static dev.kvasir.codegen.emit.tornado.SmallKernel.view;
import static dev.kvasir.codegen.emit.tornado.SmallKernel.whole;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.codegen.emit.tornado.device.Device;
import dev.kvasir.codegen.emit.tornado.device.DeviceException;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.View;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Products and reductions, lowered, do what the interpreter does. */
final class TornadoProductsTest {

  private final Trial trial = new Trial();

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
      values[i] = trial.random().nextInt(40) - 30;
    }
    trial.agree(
        new TwinRun(kernel)
            .floats("source", values)
            .poison("sums", rows)
            .poison("maxima", rows)
            .poison("row_sums", columns)
            .poison("row_maxima", columns)
            .ints("places", new int[rows]));
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

  /** {@return a kernel that loads tile a, and stores tile c after these statements} */
  private static Kernel product(int rows, int length, int columns, Statement... body) {
    List<Statement> all = new ArrayList<>();
    all.add(new Statement.Load("a", whole("left", rows, length)));
    all.addAll(List.of(body));
    all.add(new Statement.Store(whole("out", rows, columns), "c"));
    return new SmallKernel()
        .reads("left")
        .reads("right")
        .writes("out")
        .tile("a", rows, length)
        .tile("c", rows, columns)
        .of(all.toArray(Statement[]::new));
  }

  /** Asserts that a product of these numbers is the same on both. */
  private void agree(Kernel product, float[] left, float[] right, int size) {
    trial.agree(
        new TwinRun(product).floats("left", left).floats("right", right).poison("out", size));
  }

  @ParameterizedTest
  @MethodSource("products")
  void multipliesByTransposedViews(int rows, int columns, int length, View.Layout layout) {
    Kernel kernel =
        product(
            rows,
            length,
            columns,
            new Statement.DotNT(
                "c",
                new Statement.Operand.OfTile("a"),
                view("right", layout, columns, length, 1, 0),
                false),
            new Statement.DotNT(
                "c",
                new Statement.Operand.OfView(whole("left", rows, length)),
                view("right", layout, columns, length, 0, 0),
                true));
    agree(kernel, trial.normal(rows * length), trial.normal(2_500), rows * columns);
  }

  @ParameterizedTest
  @MethodSource("products")
  void multipliesByViews(int rows, int length, int columns, View.Layout layout) {
    View right = view("right", layout, length, columns, 1, 0);
    Kernel kernel =
        product(
            rows,
            length,
            columns,
            new Statement.Map("c", TileExpression.constant(1)),
            new Statement.DotNN("c", "a", right, false),
            new Statement.DotNN("c", "a", right, true));
    agree(kernel, trial.normal(rows * length), trial.normal(2_500), rows * columns);
  }

  @ParameterizedTest
  @CsvSource({"1, 40", "4, 40", "8, 64"})
  void guardedProductsSkipWhatIsNotANumber(int rows, int columns) {
    int length = 24;
    Kernel kernel =
        product(
            rows,
            length,
            columns,
            new Statement.Map("c", TileExpression.constant(0)),
            new Statement.DotNN("c", "a", whole("right", length, columns), true));
    float[] left = trial.normal(rows * length);
    float[] right = trial.normal(length * columns);
    for (int n = 0; n < length; n += 3) {
      for (int row = 0; row < rows; row++) {
        left[row * length + n] = 0;
      }
      Arrays.fill(right, n * columns, (n + 1) * columns, Float.NaN);
    }
    // A row may skip what another takes.
    left[1] = 0;
    agree(kernel, left, right, rows * columns);
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
    trial.agree(
        new TwinRun(kernel)
            .floats("left", trial.normal(rows * length))
            .floats("right", trial.normal(columns * 48))
            .poison("out", rows * (columns + 5)));
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
              .floats("left", trial.normal(128))
              .floats("right", trial.normal(1024))
              .poison("out", 8);
      Device broken = trial.device().without(barrier);
      assertThatThrownBy(() -> run.runDevice(broken, Trial.NO_DIMS, 1))
          .as("%s, without barrier %d", trial.description(), barrier)
          .isInstanceOf(DeviceException.class);
    }
  }
}
