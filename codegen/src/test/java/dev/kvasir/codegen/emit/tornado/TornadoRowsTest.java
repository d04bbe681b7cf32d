package dev.kvasir.codegen.emit.tornado;

import static dev.kvasir.codegen.emit.tornado.SmallKernel.whole;
import static dev.kvasir.ir.kernel.TileExpression.element;
import static dev.kvasir.ir.kernel.TileExpression.integer;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.codegen.emit.tornado.device.Device;
import dev.kvasir.codegen.emit.tornado.device.DeviceException;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.Statement.Along;
import dev.kvasir.ir.kernel.Statement.ReduceOperator;
import dev.kvasir.ir.kernel.TileExpression;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Reductions, running sums, scattered stores and divisions of integers on the device. */
final class TornadoRowsTest {

  private static final int[][] NO_DIMS = {{}};

  private final long seed = new Random().nextLong();
  private final Random random = new Random(seed);
  private final Device device = Device.of(seed);
  private final String description = "seed " + seed;

  @ParameterizedTest
  @CsvSource({"1, 1", "3, 8", "1, 207", "7, 128", "40, 9", "207, 3", "2, 200"})
  void reducesIntegers(int rows, int columns) {
    for (ReduceOperator operator :
        List.of(ReduceOperator.SUM, ReduceOperator.MAXIMUM, ReduceOperator.MINIMUM)) {
      Kernel kernel =
          new SmallKernel()
              .readsInts("source")
              .writesInts("along_columns")
              .writesInts("along_rows")
              .intTile("t", rows, columns)
              .intTile("c", rows, 1)
              .intTile("r", 1, columns)
              .of(
                  new Statement.Load("t", whole("source", rows, columns)),
                  new Statement.Reduce("c", operator, Along.COLUMNS, "t"),
                  new Statement.Reduce("r", operator, Along.ROWS, "t"),
                  new Statement.Store(whole("along_columns", rows, 1), "c"),
                  new Statement.Store(whole("along_rows", 1, columns), "r"));
      new TwinRun(kernel)
          .ints("source", random.ints((long) rows * columns, -1 << 20, 1 << 20).toArray())
          .poison("along_columns", rows)
          .poison("along_rows", columns)
          .agree(description + ", " + operator, device, NO_DIMS, 1);
    }
  }

  /** Flags are summed and the columns that have one are stored side by side, three times over. */
  private static Kernel compaction(int columns) {
    return new SmallKernel()
        .readsInts("source")
        .writesInts("out")
        .writes("halves")
        .writesInts("count")
        .intTile("flags", 1, columns)
        .intTile("place", 1, columns)
        .intTile("index", 1, columns)
        .intTile("value", 1, columns)
        .tile("number", 1, columns)
        .intTile("total", 1, 1)
        .of(
            new Statement.Load("flags", whole("source", 1, columns)),
            new Statement.Map("total", integer(0)),
            new Statement.For(
                "i",
                IntExpression.constant(0),
                IntExpression.constant(3),
                List.of(
                    new Statement.Scan("place", "total", "flags"),
                    new Statement.Map(
                        "index",
                        element("flags")
                            .equalTo(integer(1))
                            .select(element("place").minus(integer(1)), integer(-1))),
                    new Statement.Map(
                        "value",
                        new TileExpression.ColumnIndex()
                            .plus(TileExpression.uniform(new IntExpression.Variable("i")))),
                    new Statement.Map("number", element("value").toFloat().times(0.5f)),
                    new Statement.Scatter("out", IntExpression.constant(2), "index", "value"),
                    new Statement.Scatter("halves", IntExpression.constant(0), "index", "number"))),
            new Statement.Store(whole("count", 1, 1), "total"));
  }

  private TwinRun compactionRun(int columns) {
    return new TwinRun(compaction(columns))
        .ints("source", random.ints(columns, 0, 2).toArray())
        .poison("out", 3 * columns + 2)
        .poison("halves", 3 * columns)
        .poison("count", 1);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 13, 64, 127, 128, 129, 300})
  void scansAndScatters(int columns) {
    compactionRun(columns).agree(description, device, NO_DIMS, 1);
  }

  @ParameterizedTest
  @ValueSource(ints = {64, 300})
  void needsEveryBarrierOfAScan(int columns) {
    List<String> barriers = Device.barriers(TornadoLowering.lower(compaction(columns)));
    for (int barrier = 0; barrier < barriers.size(); barrier++) {
      if (barriers.get(barrier).equals("globalBarrier")) {
        // That no two stores meet is more than the lowering knows.
        continue;
      }
      Device broken = device.without(barrier);
      assertThatThrownBy(() -> compactionRun(columns).runDevice(broken, NO_DIMS, 1))
          .as("%s, without barrier %d, %s", description, barrier, barriers.get(barrier))
          .isInstanceOf(DeviceException.class)
          .extracting(problem -> ((DeviceException) problem).fault())
          .isIn(DeviceException.Fault.RACE, DeviceException.Fault.POISON);
    }
  }

  @Test
  void scattersInAnyOrder() {
    int columns = 130;
    List<Integer> places = new ArrayList<>();
    for (int i = 0; i < columns; i++) {
      places.add(random.nextInt(3) == 0 ? -1 - random.nextInt(Integer.MAX_VALUE) : i);
    }
    Collections.shuffle(places, random);
    Kernel kernel =
        new SmallKernel()
            .readsInts("source")
            .writesInts("out")
            .intTile("index", 1, columns)
            .intTile("value", 1, columns)
            .of(
                new Statement.Load("index", whole("source", 1, columns)),
                new Statement.Map("value", new TileExpression.ColumnIndex()),
                new Statement.Scatter("out", IntExpression.constant(0), "index", "value"));
    new TwinRun(kernel)
        .ints("source", places.stream().mapToInt(Integer::intValue).toArray())
        .poison("out", columns)
        .agree(description, device, NO_DIMS, 1);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 8, 64, 100, Integer.MAX_VALUE})
  void dividesElements(int divisor) {
    int[] values = {
      Integer.MIN_VALUE, -129, -128, -65, -64, -1, 0, 1, 63, 64, 65, 207, Integer.MAX_VALUE
    };
    int columns = values.length;
    Kernel kernel =
        new SmallKernel()
            .readsInts("source")
            .writesInts("quotients")
            .writesInts("rests")
            .intTile("t", 1, columns)
            .intTile("u", 1, columns)
            .of(
                new Statement.Load("t", whole("source", 1, columns)),
                new Statement.Map("u", element("t").floorDivide(divisor)),
                new Statement.Store(whole("quotients", 1, columns), "u"),
                new Statement.Map("u", element("t").modulo(divisor)),
                new Statement.Store(whole("rests", 1, columns), "u"));
    new TwinRun(kernel)
        .ints("source", values)
        .poison("quotients", columns)
        .poison("rests", columns)
        .agree(description, device, NO_DIMS, 1);
  }

  /** One number a run, as numbers are compared by their distance over a whole buffer. */
  @Test
  void makesNumbersOfBits() {
    Kernel kernel =
        new SmallKernel()
            .readsInts("source")
            .writes("out")
            .intTile("t", 1, 1)
            .tile("f", 1, 1)
            .of(
                new Statement.Load("t", whole("source", 1, 1)),
                new Statement.Map("f", element("t").fromBits()),
                new Statement.Store(whole("out", 1, 1), "f"));
    for (int i = 0; i < 60; i++) {
      int bits =
          switch (i) {
            case 0 -> 0;
            case 1 -> 0x0080_0000;
            case 2 -> 0x7f7f_ffff;
            default -> random.nextInt(0x0080_0000, 0x7f80_0000);
          };
      TwinRun run = new TwinRun(kernel).ints("source", bits).poison("out", 1);
      run.run(device, NO_DIMS, 1);
      assertThat(run.floatsOnDevice("out"))
          .as("%s, bits %x", description, bits)
          .containsExactly(Float.intBitsToFloat(bits));
    }
  }
}
