package dev.kvasir.ir.kernel;

import static dev.kvasir.ir.kernel.Kernels.HEAD;
import static dev.kvasir.ir.kernel.Kernels.ZERO;
import static dev.kvasir.ir.kernel.Kernels.element;
import static dev.kvasir.ir.kernel.Kernels.fill;
import static dev.kvasir.ir.kernel.Kernels.integer;
import static dev.kvasir.ir.kernel.Kernels.load;
import static dev.kvasir.ir.kernel.Kernels.map;
import static dev.kvasir.ir.kernel.Kernels.store;
import static dev.kvasir.ir.kernel.Kernels.whole;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.ir.diag.CompilerBug;
import dev.kvasir.ir.type.ElementFormat;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the interpreter refuses to run, and how far NaN reaches. */
class KernelInterpreterChecksTest {

  private static final IntExpression N = new IntExpression.Dimension("n");

  private static void run(Kernel kernel, Map<String, KernelMemory> buffers, int heads, int n) {
    KernelInterpreter.run(kernel, buffers, new int[][] {{n}}, new int[] {1, heads});
  }

  private static KernelMemory empty(ElementFormat format, int size) {
    return KernelMemory.uninitialised(format, size);
  }

  /** Loads [2, 3] from x by the view and stores it. */
  private static Kernel copy(View view) {
    return new Kernels()
        .read("x", ElementFormat.F32)
        .write("out", ElementFormat.F32)
        .dims("n")
        .f32("a", 2, 3)
        .then(load("a", view), store(whole("out", 2, 3), "a"))
        .build();
  }

  @ParameterizedTest
  @CsvSource({"-1, element -1 is", "5, element 6 is", "2147483647, element 2147483647 is"})
  void viewsStayInTheirBuffer(int offset, String message) {
    Kernel kernel = copy(whole("x", 2, 3).at(N));
    Map<String, KernelMemory> buffers =
        Map.of(
            "x", KernelMemory.ofFloats(ElementFormat.F32, new float[6]),
            "out", empty(ElementFormat.F32, 6));
    assertThatThrownBy(() -> run(kernel, buffers, 1, offset))
        .isInstanceOf(KernelInterpreterException.class)
        .hasMessageStartingWith(
            "kernel probe at grid point (sequence 0, head 0), "
                + "`load a, x[rows 2 x 3 stride 3 at 0 * 3 + (dim n)]`: ")
        .hasMessageContaining(message)
        .hasMessageContaining("outside buffer x of 6 elements");
  }

  @Test
  void addressesAreComputedIn64Bits() {
    Map<String, KernelMemory> buffers =
        Map.of(
            "x", KernelMemory.ofFloats(ElementFormat.F32, new float[6]),
            "out", empty(ElementFormat.F32, 6));
    assertThatThrownBy(() -> run(copy(View.rows("x", 2, 3, N, 4)), buffers, 1, 1 << 30))
        .isInstanceOf(KernelInterpreterException.class)
        .hasMessageContaining("element 4294967296 is outside buffer x");
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 63})
  void viewsStayInTheirBlock(int row) {
    View columns = new View("x", new View.Layout.Columns(64), 2, 3, ZERO, 0, ZERO, N);
    View tiles = new View("x", new View.Layout.Tiles(64, 2, 3), 2, 3, ZERO, 0, ZERO, N);
    View rows = new View("x", new View.Layout.Rows(64, 0, 3), 2, 3, ZERO, 0, ZERO, N);
    for (View view : new View[] {columns, tiles, rows}) {
      Map<String, KernelMemory> buffers =
          Map.of(
              "x", KernelMemory.ofFloats(ElementFormat.F32, new float[1000]),
              "out", empty(ElementFormat.F32, 6));
      assertThatThrownBy(() -> run(copy(view), buffers, 1, row))
          .isInstanceOf(KernelInterpreterException.class)
          .hasMessageContaining(row < 0 ? "first row -1 is negative" : "rows 63 to 64 leave");
    }
  }

  @Test
  void twoGridPointsMayNotWriteOneElement() {
    Kernel kernel =
        new Kernels()
            .write("out", ElementFormat.F32)
            .dims("n")
            .f32("a", 1, 2)
            .then(fill("a", 1), store(View.rows("out", 1, 2, HEAD, 1), "a"))
            .build();
    assertThatThrownBy(() -> run(kernel, Map.of("out", empty(ElementFormat.F32, 3)), 2, 0))
        .isInstanceOf(KernelInterpreterException.class)
        .hasMessageContaining("(sequence 0, head 1)")
        .hasMessageContaining(
            "writes element 1 of buffer out, which grid point (sequence 0, head 0) wrote too");
  }

  /** Each head stores its own element and reads the one {@code n} further on. */
  private static Kernel neighbour() {
    return new Kernels()
        .readWrite("x", ElementFormat.F32)
        .dims("n")
        .f32("a", 1, 1)
        .then(
            fill("a", 1),
            store(View.rows("x", 1, 1, HEAD, 1), "a"),
            load("a", View.rows("x", 1, 1, HEAD.plus(N), 1)))
        .build();
  }

  @ParameterizedTest
  @CsvSource({
    "-1, 'reads element 0 of buffer x, which grid point (sequence 0, head 0) wrote in'",
    "1, 'writes element 1 of buffer x, which another grid point read in the same launch'"
  })
  void noGridPointReadsWhatAnotherWrites(int distance, String message) {
    Map<String, KernelMemory> buffers =
        Map.of("x", KernelMemory.ofFloats(ElementFormat.F32, new float[8]));
    Kernel shifted =
        distance < 0
            ? new Kernels()
                .readWrite("x", ElementFormat.F32)
                .dims("n")
                .f32("a", 1, 1)
                .then(
                    fill("a", 1),
                    store(View.rows("x", 1, 1, HEAD, 1), "a"),
                    load("a", View.rows("x", 1, 1, HEAD.plus(N).maximum(ZERO), 1)))
                .build()
            : neighbour();
    assertThatThrownBy(() -> run(shifted, buffers, 2, distance))
        .isInstanceOf(KernelInterpreterException.class)
        .hasMessageContaining(message);
  }

  @Test
  void aGridPointReadsWhatItWrote() {
    KernelMemory memory = empty(ElementFormat.F32, 4);
    run(neighbour(), Map.of("x", memory), 4, 0);
    assertThat(memory.toFloats()).containsExactly(1, 1, 1, 1);
  }

  @Test
  void racesShowThroughTwoNamesOfOneMemory() {
    Kernel kernel =
        new Kernels()
            .read("x", ElementFormat.F32)
            .write("y", ElementFormat.F32)
            .dims("n")
            .f32("a", 1, 1)
            .then(
                load("a", View.rows("x", 1, 1, ZERO, 1)), store(View.rows("y", 1, 1, HEAD, 1), "a"))
            .build();
    KernelMemory memory = KernelMemory.ofFloats(ElementFormat.F32, 1, 2);
    assertThatThrownBy(() -> run(kernel, Map.of("x", memory, "y", memory), 2, 0))
        .isInstanceOf(KernelInterpreterException.class)
        .hasMessageContaining("reads element 0 of buffer x");
  }

  @ParameterizedTest
  @CsvSource({"2147483647, n + 1, overflows to 2147483648", "0, 7 / n, divides by 0"})
  void uniformArithmeticIsExact(int n, String kind, String message) {
    IntExpression value =
        kind.contains("+")
            ? N.plus(1)
            : new IntExpression.Binary(
                IntExpression.IntOperator.FLOOR_DIVIDE, IntExpression.constant(7), N);
    Kernel kernel = new Kernels().dims("n").then(new Statement.Let("v", value)).build();
    assertThatThrownBy(() -> run(kernel, Map.of(), 1, n))
        .isInstanceOf(KernelInterpreterException.class)
        .hasMessageContaining(message);
  }

  @Test
  void pointwiseIntegersAreExactToo() {
    Kernel kernel =
        new Kernels()
            .dims("n")
            .i32("a", 1, 2)
            .then(map("a", TileExpression.uniform(N).plus(new TileExpression.ColumnIndex())))
            .build();
    run(kernel, Map.of(), 1, Integer.MAX_VALUE - 1);
    assertThatThrownBy(() -> run(kernel, Map.of(), 1, Integer.MAX_VALUE))
        .isInstanceOf(KernelInterpreterException.class)
        .hasMessageContaining("uniform(dim n) + column overflows at (0, 1)");
  }

  @Test
  void integersThatNothingWroteAreAnError() {
    Kernel kernel =
        new Kernels()
            .read("table", ElementFormat.I32)
            .dims("n")
            .then(new Statement.Let("v", new IntExpression.BufferElement("table", N)))
            .build();
    KernelMemory table = empty(ElementFormat.I32, 2);
    table.setInt(0, 7);
    run(kernel, Map.of("table", table), 1, 0);
    assertThatThrownBy(() -> run(kernel, Map.of("table", table), 1, 1))
        .isInstanceOf(KernelInterpreterException.class)
        .hasMessageContaining("i32 element 1 of buffer table was never written");
  }

  /** One row of two weights against two rows of values, the second never written. */
  private static float weightedSum(float secondWeight, boolean guarded) {
    KernelMemory values = empty(ElementFormat.F32, 2);
    values.setFloat(0, 3);
    KernelMemory out = empty(ElementFormat.F32, 1);
    Kernel kernel =
        new Kernels()
            .read("w", ElementFormat.F32)
            .read("v", ElementFormat.F32)
            .write("out", ElementFormat.F32)
            .dims("n")
            .f32("p", 1, 2)
            .f32("o", 1, 1)
            .then(
                load("p", whole("w", 1, 2)),
                fill("o", 0),
                new Statement.DotNN("o", "p", whole("v", 2, 1), guarded),
                store(whole("out", 1, 1), "o"))
            .build();
    KernelMemory weights = KernelMemory.ofFloats(ElementFormat.F32, 2, secondWeight);
    run(kernel, Map.of("w", weights, "v", values, "out", out), 1, 0);
    return out.getFloat(0);
  }

  @Test
  void onlyAGuardedContractionSkipsNaN() {
    assertThat(weightedSum(0, true)).isEqualTo(6);
    assertThat(weightedSum(-0f, true)).isEqualTo(6);
    assertThat(weightedSum(0, false)).isNaN();
    assertThat(weightedSum(1, true)).isNaN();
  }

  @Test
  void whatNothingWroteIsNaNUntilASelectDiscardsIt() {
    KernelMemory keys = empty(ElementFormat.BF16, 4);
    keys.setFloat(0, 1);
    keys.setFloat(1, 2);
    KernelMemory raw = empty(ElementFormat.F32, 2);
    KernelMemory masked = empty(ElementFormat.F32, 2);
    Kernel kernel =
        new Kernels()
            .read("k", ElementFormat.BF16)
            .write("raw", ElementFormat.F32)
            .write("masked", ElementFormat.F32)
            .dims("n")
            .f32("q", 1, 2)
            .f32("s", 1, 2)
            .then(
                fill("q", 1),
                new Statement.DotNT(
                    "s", new Statement.Operand.OfTile("q"), whole("k", 2, 2), false),
                store(whole("raw", 1, 2), "s"),
                map(
                    "s",
                    new TileExpression.ColumnIndex()
                        .less(TileExpression.uniform(N))
                        .select(element("s"), TileExpression.constant(-5))),
                store(whole("masked", 1, 2), "s"))
            .build();
    run(kernel, Map.of("k", keys, "raw", raw, "masked", masked), 1, 1);
    assertThat(raw.toFloats()).containsExactly(3, Float.NaN);
    assertThat(masked.toFloats()).containsExactly(3, -5);
  }

  @Test
  void argmaxRefusesNaN() {
    Kernel kernel =
        new Kernels()
            .read("x", ElementFormat.F32)
            .dims("n")
            .f32("a", 1, 2)
            .i32("w", 1, 1)
            .then(
                load("a", whole("x", 1, 2)),
                new Statement.Reduce(
                    "w", Statement.ReduceOperator.ARGMAX, Statement.Along.COLUMNS, "a"))
            .build();
    KernelMemory values = KernelMemory.ofFloats(ElementFormat.F32, 1, Float.NaN);
    assertThatThrownBy(() -> run(kernel, Map.of("x", values), 1, 0))
        .isInstanceOf(KernelInterpreterException.class)
        .hasMessageContaining("argmax over NaN at (0, 1)");
  }

  @Test
  void anIllFormedKernelDoesNotRun() {
    Kernel kernel =
        new Kernels().f32("a", 1, 1).f32("b", 1, 1).then(map("b", element("a"))).build();
    assertThatThrownBy(
            () -> KernelInterpreter.run(kernel, Map.of(), new int[][] {{}}, new int[] {1, 1}))
        .isInstanceOf(CompilerBug.class);
  }

  @Test
  void argumentsMustFitTheKernel() {
    Kernel kernel =
        new Kernels()
            .read("x", ElementFormat.F32)
            .dims("n")
            .i32("a", 1, 1)
            .then(map("a", integer(1)))
            .build();
    Map<String, KernelMemory> right = Map.of("x", empty(ElementFormat.F32, 1));
    Map<String, KernelMemory> wrong = Map.of("x", empty(ElementFormat.F16, 1));
    int[][] dims = {{1}};
    int[] grid = {1, 1};
    assertThatThrownBy(() -> KernelInterpreter.run(kernel, Map.of(), dims, grid))
        .hasMessage("buffer x is missing");
    assertThatThrownBy(() -> KernelInterpreter.run(kernel, wrong, dims, grid))
        .hasMessage("buffer x is f32, got f16");
    assertThatThrownBy(() -> KernelInterpreter.run(kernel, right, new int[][] {{}}, grid))
        .hasMessage("kernel probe takes 1 dims, got 0");
    assertThatThrownBy(() -> KernelInterpreter.run(kernel, right, dims, new int[] {2, 1}))
        .hasMessage("2 sequences on the grid, dims of 1");
    assertThatThrownBy(() -> KernelInterpreter.run(kernel, right, dims, new int[] {1}))
        .hasMessage("grid has 1 axes, kernel probe has 2");
  }

  @Test
  void memoryKnowsWhatWasWritten() {
    KernelMemory memory = empty(ElementFormat.BF16, 2);
    memory.setFloat(1, 1 + 0x1p-8f);
    assertThat(memory.isInitialised(0)).isFalse();
    assertThat(memory.getFloat(0)).isNaN();
    assertThat(memory.getFloat(1)).isEqualTo(1);
    assertThatThrownBy(() -> memory.getFloat(2)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> memory.getInt(0)).isInstanceOf(IllegalStateException.class);
    assertThat(KernelMemory.ofInts(4, 5).toInts()).containsExactly(4, 5);
  }
}
