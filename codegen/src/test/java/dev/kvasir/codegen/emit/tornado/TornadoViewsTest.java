package dev.kvasir.codegen.emit.tornado;

import static dev.kvasir.codegen.emit.tornado.SmallKernel.unary;
import static dev.kvasir.codegen.emit.tornado.SmallKernel.view;
import static dev.kvasir.codegen.emit.tornado.SmallKernel.whole;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.codegen.emit.tornado.device.Device;
import dev.kvasir.codegen.emit.tornado.device.DeviceException;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Loads and stores through views, lowered, do what the interpreter does. */
final class TornadoViewsTest {

  private final Trial trial = new Trial();

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
    trial.agree(
        new TwinRun(load).floats("source", trial.normal(size)).poison("out", rows * columns));
    Kernel store =
        new SmallKernel()
            .reads("source")
            .writes("out")
            .tile("t", rows, columns)
            .of(
                new Statement.Load("t", whole("source", rows, columns)),
                new Statement.Store(view("out", layout, rows, columns, 5, row), "t"));
    trial.agree(
        new TwinRun(store).floats("source", trial.normal(rows * columns)).poison("out", size));
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
        .ints("source", trial.random().ints(240).toArray())
        .ints("out", new int[180])
        .agree(trial.description(), trial.device(), new int[][] {{7, 1}, {7, 0}, {7, 5}}, 3, 2);
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
    some.runGroups(trial.device(), groups, dims, 2, 1, 2);
    float[] out = some.floatsOnDevice("out");
    for (int i = 0; i < out.length; i++) {
      int group = i / 4;
      boolean inside = group / 9 < 2 && group / 3 % 3 < 1 && group % 3 < 2;
      assertThat(out[i])
          .as("%s, element %d", trial.description(), i)
          .isEqualTo(Float.valueOf(inside ? dims[group / 9][0] : Float.NaN));
    }
    TwinRun none = new TwinRun(kernel).poison("out", 108);
    none.runGroups(trial.device(), groups, dims, 2, 0, 2);
    assertThat(none.floatsOnDevice("out")).as(trial.description()).containsOnly(Float.NaN);
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
    trial.agree(new TwinRun(kernel).floats("data", trial.normal(400)).alias("same", "data"));
    List<String> barriers = Device.barriers(TornadoLowering.lower(kernel));
    for (int barrier = 0; barrier < barriers.size(); barrier++) {
      TwinRun run = new TwinRun(kernel).floats("data", trial.normal(400)).alias("same", "data");
      Device broken = trial.device().without(barrier);
      assertThatThrownBy(() -> run.runDevice(broken, Trial.NO_DIMS, 1))
          .as("%s, without barrier %d, %s", trial.description(), barrier, barriers.get(barrier))
          .isInstanceOf(DeviceException.class)
          .extracting(problem -> ((DeviceException) problem).fault())
          .isEqualTo(DeviceException.Fault.RACE);
    }
  }
}
