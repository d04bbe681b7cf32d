package dev.kvasir.codegen.emit.tornado;

import static dev.kvasir.codegen.emit.tornado.SmallKernel.view;
import static dev.kvasir.codegen.emit.tornado.SmallKernel.whole;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.codegen.emit.tornado.device.Device;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Elements of each format, in each layout, read and written as the interpreter does. */
final class TornadoFormatsTest {

  private static final int[][] NO_DIMS = {{}};

  private final long seed = new Random().nextLong();
  private final Random random = new Random(seed);
  private final Device device = Device.of(seed);
  private final String description = "seed " + seed;

  private float[] numbers(ElementFormat format, int size) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] =
          format.isCode()
              ? random.nextInt(format.largestCode() + 1)
              : format.round((float) random.nextGaussian());
    }
    return values;
  }

  /** Copies a tile of 64 x 1024 through f16 and back, in rows. */
  private static Kernel halves(String name, ElementFormat from, ElementFormat to) {
    return new SmallKernel()
        .buffer("source", from, Kernel.Access.READ)
        .buffer("out", to, Kernel.Access.WRITE)
        .tile(name, 8, 1024)
        .of(
            new Statement.Load(name, whole("source", 8, 1024)),
            new Statement.Store(whole("out", 8, 1024), name));
  }

  @Test
  void readsEveryHalfExactly() {
    for (int first = 0; first < 1 << Short.SIZE; first += 8 * 1024) {
      float[] values = new float[8 * 1024];
      for (int i = 0; i < values.length; i++) {
        values[i] = Float.float16ToFloat((short) (first + i));
      }
      TwinRun run =
          new TwinRun(halves("t", ElementFormat.F16, ElementFormat.F32))
              .floats("source", values)
              .poison("out", values.length);
      run.runDevice(device, NO_DIMS, 1);
      float[] read = run.floatsOnDevice("out");
      for (int i = 0; i < values.length; i++) {
        if (Float.isFinite(values[i])) {
          assertThat(read[i]).as("half %x", first + i).isEqualTo(values[i] + 0f);
        } else {
          assertThat(Math.abs(read[i])).as("half %x", first + i).isBetween(65504f, 131072f);
        }
      }
    }
  }

  @Test
  void writesTheNearestHalf() {
    float[] values = new float[8 * 1024];
    for (int i = 0; i < values.length; i++) {
      float half = Float.float16ToFloat((short) random.nextInt(0x7c00));
      float next = Float.float16ToFloat((short) (Float.floatToFloat16(half) + 1));
      float middle = Math.min((half + next) / 2, 65520);
      float value =
          switch (i % 4) {
            case 0 -> half;
            case 1 -> middle;
            case 2 -> Math.nextUp(middle);
            default -> Math.nextDown(middle);
          };
      values[i] = random.nextBoolean() ? value : -value;
    }
    float[] edges = {
      0,
      65504,
      65519.996f,
      65520,
      65536,
      1e9f,
      1e30f,
      Float.MAX_VALUE,
      0x1p-24f,
      0x1p-25f,
      0x1.8p-25f,
      0x1p-14f,
      0x1.ffcp-15f,
      0x1.ffep-15f,
      1e-30f,
      Float.MIN_VALUE
    };
    for (int i = 0; i < edges.length; i++) {
      values[2 * i] = edges[i];
      values[2 * i + 1] = -edges[i];
    }
    TwinRun run =
        new TwinRun(halves("t", ElementFormat.F32, ElementFormat.F16))
            .floats("source", values)
            .poison("out", values.length);
    run.runDevice(device, NO_DIMS, 1);
    float[] written = run.floatsOnDevice("out");
    for (int i = 0; i < values.length; i++) {
      float nearest = Float.float16ToFloat(Float.floatToFloat16(values[i]));
      assertThat(written[i] + 0f).as("%s, %s", description, values[i]).isEqualTo(nearest + 0f);
    }
  }

  @Test
  void roundsInPlace() {
    float[] values = new float[8 * 1024];
    // Beyond 2^22 the interpreter gives no nearest integer, and kernels any.
    float largest = 1 << 22;
    for (int i = 0; i < values.length; i++) {
      float value = (float) random.nextGaussian() * (1 << random.nextInt(21));
      values[i] = Math.clamp(value, 1 - largest, largest - 1);
      if (i % 3 == 0) {
        values[i] = Math.round(values[i]) + 0.5f;
      }
    }
    float[] edges = {0, 0.5f, 1.5f, 2.5f, 0.49999997f, largest, largest - 0.5f, 255, 254.5f};
    for (int i = 0; i < edges.length; i++) {
      values[2 * i] = edges[i];
      values[2 * i + 1] = -edges[i];
    }
    TileExpression t = TileExpression.element("t");
    for (TileExpression rounded : new TileExpression[] {t.rint(), t.roundToHalf()}) {
      Kernel kernel =
          new SmallKernel()
              .reads("source")
              .writes("out")
              .tile("t", 8, 1024)
              .of(
                  new Statement.Load("t", whole("source", 8, 1024)),
                  new Statement.Map("t", rounded),
                  new Statement.Store(whole("out", 8, 1024), "t"));
      TwinRun run = new TwinRun(kernel).floats("source", values).poison("out", values.length);
      run.run(device, NO_DIMS, 1);
      float[] actual = run.floatsOnDevice("out");
      float[] expected = run.floatsOfInterpreter("out");
      for (int i = 0; i < values.length; i++) {
        // An overflow shows as any number that no half is.
        if (Float.isInfinite(expected[i])) {
          assertThat(Math.abs(actual[i])).as("%s, %s", description, values[i]).isGreaterThan(65504);
        } else {
          assertThat(actual[i] + 0f)
              .as("%s, %s", description, values[i])
              .isEqualTo(expected[i] + 0f);
        }
      }
    }
  }

  static Stream<Arguments> layouts() {
    View.Layout keys = new View.Layout.Columns(64, 32, 20, true);
    View.Layout values = new View.Layout.Tiles(64, 32, 32, 80, true);
    View.Layout narrow = new View.Layout.Tiles(64, 64, 32, 16, true);
    return Stream.of(
        Arguments.of(ElementFormat.F16, keys, 64, 20, 0),
        Arguments.of(ElementFormat.F16, keys, 1, 20, 17),
        Arguments.of(ElementFormat.F16, keys, 1, 13, 50),
        Arguments.of(ElementFormat.F16, values, 64, 80, 0),
        Arguments.of(ElementFormat.F16, values, 1, 80, 63),
        Arguments.of(ElementFormat.F16, values, 64, 64, 0),
        Arguments.of(ElementFormat.F16, values, 1, 32, 40),
        Arguments.of(ElementFormat.F16, narrow, 64, 16, 0),
        Arguments.of(ElementFormat.F16, new View.Layout.Rows(3, 24, 8), 6, 8, 1),
        Arguments.of(ElementFormat.F32, new View.Layout.Columns(64, 16, 9, false), 64, 9, 0),
        Arguments.of(ElementFormat.F32, new View.Layout.Columns(64, 16, 9, false), 1, 9, 33),
        Arguments.of(ElementFormat.F32, new View.Layout.Tiles(64, 32, 16, 24, false), 64, 24, 0),
        Arguments.of(ElementFormat.F32, new View.Layout.Tiles(64, 32, 16, 24, false), 1, 24, 63));
  }

  @ParameterizedTest
  @MethodSource("layouts")
  void copiesEveryLayout(ElementFormat format, View.Layout layout, int rows, int columns, int row) {
    copies(format, layout, rows, columns, row);
  }

  static Stream<Arguments> codes() {
    return Stream.of(ElementFormat.U8, ElementFormat.U4)
        .flatMap(
            format ->
                Stream.of(
                    Arguments.of(format, new View.Layout.Columns(64), 64, 13, 0),
                    Arguments.of(format, new View.Layout.Columns(64), 16, 32, 48),
                    Arguments.of(format, new View.Layout.Rows(32, 0, 32), 32, 32, 0),
                    Arguments.of(format, new View.Layout.Rows(64, 0, 64), 64, 16, 0),
                    Arguments.of(format, new View.Layout.Rows(64, 0, 16), 64, 16, 0),
                    Arguments.of(format, new View.Layout.Rows(32, 32 * 96, 64), 64, 48, 0),
                    Arguments.of(format, new View.Layout.Tiles(64, 64, 96), 64, 96, 0)));
  }

  @ParameterizedTest
  @MethodSource("codes")
  void copiesCodes(ElementFormat format, View.Layout layout, int rows, int columns, int row) {
    copies(format, layout, rows, columns, row);
  }

  /** Reads a view into rows of f32, and rows of f32 into a view whose surroundings stay. */
  private void copies(ElementFormat format, View.Layout layout, int rows, int columns, int row) {
    int size = 64 * 160;
    int offset = 16 * random.nextInt(4);
    Kernel load =
        new SmallKernel()
            .buffer("source", format, Kernel.Access.READ)
            .writes("out")
            .tile("t", rows, columns)
            .of(
                new Statement.Load("t", view("source", layout, rows, columns, offset, row)),
                new Statement.Store(whole("out", rows, columns), "t"));
    new TwinRun(load)
        .floats("source", numbers(format, size))
        .poison("out", rows * columns)
        .agree(description, device, NO_DIMS, 1);
    Kernel store =
        new SmallKernel()
            .reads("source")
            .buffer("out", format, Kernel.Access.WRITE)
            .tile("t", rows, columns)
            .of(
                new Statement.Load("t", whole("source", rows, columns)),
                new Statement.Store(view("out", layout, rows, columns, offset, row), "t"));
    new TwinRun(store)
        .floats("source", numbers(format, rows * columns))
        .poison("out", size)
        .agree(description, device, NO_DIMS, 1);
  }

  @ParameterizedTest
  @EnumSource(names = {"F16", "U8", "U4"})
  void multipliesByEveryFormat(ElementFormat format) {
    View right = view("right", new View.Layout.Columns(64), 64, 32, 64, 0);
    View down = view("right", new View.Layout.Tiles(64, 64, 32), 64, 32, 128, 0);
    Kernel kernel =
        new SmallKernel()
            .reads("left")
            .buffer("right", format, Kernel.Access.READ)
            .writes("out")
            .writes("sums")
            .tile("a", 5, 32)
            .tile("b", 5, 64)
            .tile("c", 5, 32)
            .of(
                new Statement.Load("a", whole("left", 5, 32)),
                new Statement.DotNT("b", new Statement.Operand.OfTile("a"), right, false),
                new Statement.Store(whole("out", 5, 64), "b"),
                new Statement.Map("c", TileExpression.constant(0)),
                new Statement.DotNN("c", "b", down, true),
                new Statement.Store(whole("sums", 5, 32), "c"));
    new TwinRun(kernel)
        .floats("left", numbers(ElementFormat.F32, 160))
        .floats("right", numbers(format, 4096))
        .poison("out", 320)
        .poison("sums", 160)
        .agree(description, device, NO_DIMS, 1);
  }
}
