package dev.kvasir.ir.kernel;

import static dev.kvasir.ir.kernel.Kernels.HEAD;
import static dev.kvasir.ir.kernel.Kernels.element;
import static dev.kvasir.ir.kernel.Kernels.integer;
import static dev.kvasir.ir.kernel.Kernels.load;
import static dev.kvasir.ir.kernel.Kernels.map;
import static dev.kvasir.ir.kernel.Kernels.store;
import static dev.kvasir.ir.kernel.Kernels.whole;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.ir.kernel.Statement.Along;
import dev.kvasir.ir.kernel.Statement.ReduceOperator;
import dev.kvasir.ir.type.ElementFormat;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the interpreter makes of integers: reductions, running sums and stores to many places. */
class KernelRowsTest {

  private static void run(Kernel kernel, Map<String, KernelMemory> buffers, int heads) {
    KernelInterpreter.run(kernel, buffers, new int[][] {{}}, new int[] {1, heads});
  }

  private static KernelMemory ints(int size) {
    return KernelMemory.uninitialised(ElementFormat.I32, size);
  }

  private static int[] content(KernelMemory memory) {
    return IntStream.range(0, (int) memory.size()).map(memory::getInt).toArray();
  }

  private static Kernel reduction(ReduceOperator operator, Along along) {
    int rows = along == Along.COLUMNS ? 2 : 1;
    int columns = along == Along.COLUMNS ? 1 : 3;
    return new Kernels()
        .read("x", ElementFormat.I32)
        .write("out", ElementFormat.I32)
        .i32("a", 2, 3)
        .i32("r", rows, columns)
        .then(
            load("a", whole("x", 2, 3)),
            new Statement.Reduce("r", operator, along, "a"),
            store(whole("out", rows, columns), "r"))
        .build();
  }

  @Test
  void reducesIntegers() {
    int[][] expected = {{-4, 2_000_000_011}, {3, 2_000_000_000}, {-9, 4}};
    int[][] expectedRows = {{2_000_000_003, 6, -2}, {2_000_000_000, 4, 7}, {3, 2, -9}};
    ReduceOperator[] operators = {
      ReduceOperator.SUM, ReduceOperator.MAXIMUM, ReduceOperator.MINIMUM
    };
    for (int i = 0; i < operators.length; i++) {
      KernelMemory x = KernelMemory.ofInts(3, 2, -9, 2_000_000_000, 4, 7);
      KernelMemory out = ints(2);
      run(reduction(operators[i], Along.COLUMNS), Map.of("x", x, "out", out), 1);
      assertThat(content(out)).as(operators[i].text()).containsExactly(expected[i]);
      KernelMemory rows = ints(3);
      run(reduction(operators[i], Along.ROWS), Map.of("x", x, "out", rows), 1);
      assertThat(content(rows)).as(operators[i].text()).containsExactly(expectedRows[i]);
    }
  }

  @Test
  void sumsOfIntegersStayIntegers() {
    KernelMemory x = KernelMemory.ofInts(1, 1, 1, Integer.MAX_VALUE, 0, 1);
    assertThatThrownBy(
            () ->
                run(
                    reduction(ReduceOperator.SUM, Along.COLUMNS),
                    Map.of("x", x, "out", ints(2)),
                    1))
        .isInstanceOf(KernelInterpreterException.class)
        .hasMessageContaining("overflows to 2147483648");
  }

  /** Two scans of a row of three, one after the other. */
  private static Kernel scan() {
    return new Kernels()
        .read("x", ElementFormat.I32)
        .write("out", ElementFormat.I32)
        .write("last", ElementFormat.I32)
        .i32("a", 1, 3)
        .i32("r", 1, 3)
        .i32("total", 1, 1)
        .then(
            load("a", whole("x", 1, 3)),
            map("total", integer(10)),
            new Statement.Scan("r", "total", "a"),
            new Statement.Scan("r", "total", "a"),
            store(whole("out", 1, 3), "r"),
            store(whole("last", 1, 1), "total"))
        .build();
  }

  @Test
  void scansFromWhatWasCarried() {
    KernelMemory out = ints(3);
    KernelMemory last = ints(1);
    run(scan(), Map.of("x", KernelMemory.ofInts(1, -2, 7), "out", out, "last", last), 1);
    assertThat(content(out)).containsExactly(17, 15, 22);
    assertThat(content(last)).containsExactly(22);
  }

  @Test
  void scansDoNotOverflow() {
    KernelMemory x = KernelMemory.ofInts(0, Integer.MAX_VALUE, 0);
    assertThatThrownBy(() -> run(scan(), Map.of("x", x, "out", ints(3), "last", ints(1)), 1))
        .isInstanceOf(KernelInterpreterException.class)
        .hasMessageContaining("overflows to 2147483657");
  }

  /** Each head stores three integers and three numbers to where its row of indices says. */
  private static Kernel scatter() {
    return new Kernels()
        .read("index", ElementFormat.I32)
        .write("out", ElementFormat.I32)
        .write("floats", ElementFormat.F32)
        .i32("place", 1, 3)
        .i32("value", 1, 3)
        .f32("number", 1, 3)
        .then(
            load("place", View.rows("index", 1, 3, HEAD, 3)),
            map("value", new TileExpression.ColumnIndex()),
            map("number", element("value").toFloat().times(0.5f)),
            new Statement.Scatter("out", HEAD.times(5), "place", "value"),
            new Statement.Scatter("floats", HEAD.times(5), "place", "number"))
        .build();
  }

  @Test
  void scattersWhereAnIndexIsNotNegative() {
    KernelMemory out = ints(10);
    KernelMemory floats = KernelMemory.uninitialised(ElementFormat.F32, 10);
    KernelMemory index = KernelMemory.ofInts(2, -1, 0, 4, 1, Integer.MIN_VALUE);
    run(scatter(), Map.of("index", index, "out", out, "floats", floats), 2);
    int[] expected = {2, -1, 0, -1, -1, -1, 1, -1, -1, 0};
    for (int i = 0; i < expected.length; i++) {
      assertThat(out.isInitialised(i)).isEqualTo(expected[i] >= 0);
      assertThat(floats.isInitialised(i)).isEqualTo(expected[i] >= 0);
      if (expected[i] >= 0) {
        assertThat(out.getInt(i)).isEqualTo(expected[i]);
        assertThat(floats.getFloat(i)).isEqualTo(expected[i] / 2f);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0, two columns have index 0",
    "10, 3, element 10 is outside buffer out of 10",
    "2147483647, 3, element 2147483647 is outside buffer out",
    "5, 3, 'writes element 5 of buffer out, which grid point (sequence 0, head 0) wrote too'"
  })
  void refusesWhatNoTargetDefines(int first, int second, String message) {
    KernelMemory index = KernelMemory.ofInts(first, second, -1, 0, 2, -1);
    Map<String, KernelMemory> buffers =
        Map.of(
            "index", index,
            "out", ints(10),
            "floats", KernelMemory.uninitialised(ElementFormat.F32, 10));
    assertThatThrownBy(() -> run(scatter(), buffers, 2))
        .isInstanceOf(KernelInterpreterException.class)
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 8, 64, 100, Integer.MAX_VALUE})
  void dividesRoundingDown(int divisor) {
    int[] values = {Integer.MIN_VALUE, -129, -64, -1, 0, 1, 63, 64, Integer.MAX_VALUE};
    KernelMemory out = ints(2 * values.length);
    Kernel kernel =
        new Kernels()
            .read("x", ElementFormat.I32)
            .write("out", ElementFormat.I32)
            .i32("a", 1, values.length)
            .i32("both", 2, values.length)
            .then(
                load("a", whole("x", 1, values.length)),
                map(
                    "both",
                    new TileExpression.RowIndex()
                        .equalTo(integer(0))
                        .select(element("a").floorDivide(divisor), element("a").modulo(divisor))),
                store(whole("out", 2, values.length), "both"))
            .build();
    run(kernel, Map.of("x", KernelMemory.ofInts(values), "out", out), 1);
    for (int i = 0; i < values.length; i++) {
      assertThat(out.getInt(i)).isEqualTo(Math.floorDiv(values[i], divisor));
      assertThat(out.getInt(values.length + i)).isEqualTo(Math.floorMod(values[i], divisor));
    }
  }

  @Test
  void numbersComeFromTheirBits() {
    float[] expected = {
      0, Float.MIN_NORMAL, 1, 3.25f, Float.MAX_VALUE, Float.NaN, Float.NaN, Float.NaN, Float.NaN
    };
    int[] bits = {
      0,
      0x0080_0000,
      Float.floatToRawIntBits(1f),
      Float.floatToRawIntBits(3.25f),
      0x7f7f_ffff,
      1,
      0x007f_ffff,
      0x7f80_0000,
      Float.floatToRawIntBits(-1f)
    };
    KernelMemory out = KernelMemory.uninitialised(ElementFormat.F32, bits.length);
    Kernel kernel =
        new Kernels()
            .read("x", ElementFormat.I32)
            .write("out", ElementFormat.F32)
            .i32("a", 1, bits.length)
            .f32("b", 1, bits.length)
            .then(
                load("a", whole("x", 1, bits.length)),
                map("b", element("a").fromBits()),
                store(whole("out", 1, bits.length), "b"))
            .build();
    run(kernel, Map.of("x", KernelMemory.ofInts(bits), "out", out), 1);
    assertThat(out.toFloats()).containsExactly(expected);
  }
}
