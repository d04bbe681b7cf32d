package dev.kvasir.codegen.emit.jvm;

import static dev.kvasir.ir.kernel.TileExpression.constant;
import static dev.kvasir.ir.kernel.TileExpression.element;
import static dev.kvasir.ir.kernel.TileExpression.uniform;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.TileExpression.BinaryOperator;
import dev.kvasir.ir.kernel.TileExpression.UnaryOperator;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.plans.abi.JvmKernelAbi;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Pointwise phases against the interpreter: every operator, broadcasts, selects, indices. */
class MapLoweringTest {

  private static final int ROWS = 3;

  /**
   * Tiles a, b [rows, columns]; column [rows, 1]; row [1, columns]; one [1, 1]; i, j as integers.
   */
  private static Kernel floats(int rows, int columns, TileExpression value) {
    return inputs(rows, columns)
        .writes("y", ElementFormat.F32)
        .floats("result", rows, columns)
        .add(new Statement.Map("result", value))
        .store("y", rows, columns, "result")
        .build();
  }

  private static Kernel ints(int rows, int columns, TileExpression value) {
    return inputs(rows, columns)
        .writes("y", ElementFormat.I32)
        .ints("result", rows, columns)
        .add(new Statement.Map("result", value))
        .store("y", rows, columns, "result")
        .build();
  }

  private static KernelText inputs(int rows, int columns) {
    return new KernelText("mapped")
        .dim("n")
        .reads("fa", ElementFormat.F32)
        .reads("fb", ElementFormat.F32)
        .reads("ia", ElementFormat.I32)
        .reads("ib", ElementFormat.I32)
        .floats("a", rows, columns)
        .floats("b", rows, columns)
        .floats("fcolumn", rows, 1)
        .floats("frow", 1, columns)
        .floats("fone", 1, 1)
        .ints("i", rows, columns)
        .ints("j", rows, columns)
        .ints("icolumn", rows, 1)
        .ints("irow", 1, columns)
        .ints("ione", 1, 1)
        .load("a", "fa", rows, columns)
        .load("b", "fb", rows, columns)
        .load("fcolumn", "fb", rows, 1)
        .load("frow", "fb", 1, columns)
        .load("fone", "fb", 1, 1)
        .load("i", "ia", rows, columns)
        .load("j", "ib", rows, columns)
        .load("icolumn", "ib", rows, 1)
        .load("irow", "ib", 1, columns)
        .load("ione", "ib", 1, 1);
  }

  private static KernelMemory integers(int size, long seed) {
    return KernelMemory.ofInts(new Random(seed).ints(size, -9, 10).toArray());
  }

  private static void agree(Kernel kernel, int rows, int columns, double tolerance) {
    ElementFormat format = kernel.buffer("y").format();
    Twins.of(
            kernel,
            () ->
                Twins.memories(
                    "fa", Twins.gaussian(ElementFormat.F32, rows * columns, 1),
                    "fb", Twins.gaussian(ElementFormat.F32, rows * columns, 2),
                    "ia", integers(rows * columns, 3),
                    "ib", integers(rows * columns, 4),
                    "y", Twins.empty(format, rows * columns)))
        .dims(5)
        .within(tolerance)
        .agree();
  }

  private static TileExpression choose(TileExpression condition) {
    return condition.select(constant(1), constant(2));
  }

  private static TileExpression chooseInt(TileExpression condition) {
    return condition.select(uniform(IntExpression.constant(1)), uniform(IntExpression.constant(2)));
  }

  @ParameterizedTest
  @EnumSource(BinaryOperator.class)
  void floatOperators(BinaryOperator operator) {
    TileExpression left = element("a");
    TileExpression right = element("b");
    TileExpression value =
        switch (operator) {
          case AND, OR ->
              choose(
                  new TileExpression.Binary(
                      operator, left.less(right), constant(0).lessOrEqual(left)));
          case EQUAL -> choose(new TileExpression.Binary(operator, left.maximum(right), left));
          case LESS, LESS_OR_EQUAL -> choose(new TileExpression.Binary(operator, left, right));
          case ADD, SUBTRACT, MULTIPLY, DIVIDE, MINIMUM, MAXIMUM ->
              new TileExpression.Binary(operator, left, right);
        };
    agree(floats(ROWS, 17, value), ROWS, 17, 0);
    agree(floats(2, 64, value), 2, 64, 0);
  }

  @ParameterizedTest
  @EnumSource(value = BinaryOperator.class, mode = EnumSource.Mode.EXCLUDE, names = "DIVIDE")
  void intOperators(BinaryOperator operator) {
    TileExpression left = element("i");
    TileExpression right = element("j");
    TileExpression value =
        switch (operator) {
          case AND, OR ->
              chooseInt(
                  new TileExpression.Binary(
                      operator, left.less(right), element("a").lessOrEqual(element("b"))));
          case LESS, LESS_OR_EQUAL, EQUAL ->
              chooseInt(new TileExpression.Binary(operator, left, right));
          case ADD, SUBTRACT, MULTIPLY, DIVIDE, MINIMUM, MAXIMUM ->
              new TileExpression.Binary(operator, left, right);
        };
    agree(ints(ROWS, 17, value), ROWS, 17, 0);
    agree(ints(2, 31, value), 2, 31, 0);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 13, 16, 17, 31, 63, 64, 65})
  void broadcastsAndIndices(int columns) {
    TileExpression value =
        element("a")
            .times(element("fcolumn"))
            .plus(element("frow").times(element("fone")))
            .plus(
                new TileExpression.Unary(
                    UnaryOperator.TO_FLOAT,
                    new TileExpression.RowIndex()
                        .times(uniform(new IntExpression.Dimension("n")))
                        .plus(new TileExpression.ColumnIndex())));
    agree(floats(ROWS, columns, value), ROWS, columns, 1e-6);
    TileExpression integer =
        element("icolumn")
            .plus(element("irow"))
            .times(element("ione"))
            .minus(new TileExpression.ColumnIndex())
            .maximum(element("i").plus(new TileExpression.RowIndex()));
    agree(ints(ROWS, columns, integer), ROWS, columns, 0);
  }

  @ParameterizedTest
  @CsvSource({"5, 1", "1, 1", "1, 17", "17, 1"})
  void tilesOfOneRowOrColumn(int rows, int columns) {
    TileExpression value = element("a").times(element("fcolumn")).minus(element("frow"));
    agree(floats(rows, columns, value), rows, columns, 1e-6);
  }

  /** Conditions over integers choose floats, over floats integers, and mixed ones both. */
  @Test
  void selectsMixTypes() {
    TileExpression byInt = element("i").less(element("j"));
    TileExpression byFloat = element("a").less(element("b"));
    agree(floats(ROWS, 31, byInt.select(element("a"), element("b"))), ROWS, 31, 0);
    agree(ints(ROWS, 31, byFloat.select(element("i"), element("j"))), ROWS, 31, 0);
    agree(floats(ROWS, 31, byInt.and(byFloat).select(element("a"), element("frow"))), ROWS, 31, 0);
    agree(ints(ROWS, 31, byFloat.or(byInt).select(element("i"), element("ione"))), ROWS, 31, 0);
    TileExpression nested =
        byInt.select(
            byFloat.select(element("a"), constant(3)), byFloat.select(constant(4), element("b")));
    agree(floats(ROWS, 31, nested), ROWS, 31, 0);
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 16, 33})
  void whatASelectDiscardsMayBeNaN(int columns) {
    TileExpression nothing = element("a").minus(element("a")).over(constant(0));
    TileExpression even = new TileExpression.ColumnIndex().less(element("icolumn"));
    for (TileExpression broken :
        new TileExpression[] {
          nothing, nothing.exp2(), new TileExpression.Unary(UnaryOperator.LOG2, constant(-1))
        }) {
      Kernel whenFalse = floats(ROWS, columns, even.select(element("a"), broken));
      Kernel whenTrue = floats(ROWS, columns, even.select(broken, element("a")));
      for (Kernel kernel : new Kernel[] {whenFalse, whenTrue}) {
        agree(kernel, ROWS, columns, 0);
      }
    }
  }

  @Test
  void aMapMayReadItsOwnTile() {
    Kernel kernel =
        new KernelText("own")
            .reads("x", ElementFormat.F32)
            .writes("y", ElementFormat.F32)
            .floats("t", 3, 21)
            .load("t", "x", 3, 21)
            .add(new Statement.Map("t", element("t").times(element("t")).plus(element("t"))))
            .store("y", 3, 21, "t")
            .build();
    Twins.of(
            kernel,
            () ->
                Twins.memories(
                    "x", Twins.gaussian(ElementFormat.F32, 63, 1),
                    "y", Twins.empty(ElementFormat.F32, 63)))
        .within(1e-6)
        .agree();
  }

  /** Runs one function over many numbers at one width; 25 columns leave a remainder. */
  private static float[] apply(UnaryOperator operator, float[] inputs, int bits) {
    int columns = 25;
    int rows = inputs.length / columns;
    Kernel kernel =
        new KernelText("function")
            .reads("x", ElementFormat.F32)
            .writes("y", ElementFormat.F32)
            .floats("t", rows, columns)
            .load("t", "x", rows, columns)
            .add(new Statement.Map("t", new TileExpression.Unary(operator, element("t"))))
            .store("y", rows, columns, "t")
            .build();
    Map<String, KernelMemory> memories =
        Twins.memories(
            "x", KernelMemory.ofFloats(ElementFormat.F32, inputs),
            "y", Twins.empty(ElementFormat.F32, inputs.length));
    JvmKernelRunner.run(kernel, bits, memories, new int[][] {{}}, new int[] {1});
    return Objects.requireNonNull(memories.get("y")).toFloats();
  }

  private static float[] sample(int count, double from, double to, long seed) {
    Random random = new Random(seed);
    float[] inputs = new float[count];
    for (int i = 0; i < count; i++) {
      inputs[i] = (float) (from + (to - from) * random.nextDouble());
    }
    return inputs;
  }

  @Test
  void exp2IsAccurate() {
    long seed = 20251;
    float[] inputs = sample(10_000, -126, 126, seed);
    for (int i = 0; i < 253; i++) {
      inputs[i] = i - 126;
      inputs[300 + i] = Math.nextUp(i - 126.5f);
    }
    inputs[300] = Math.nextUp(-126f);
    for (int bits : JvmKernelAbi.VECTOR_BITS) {
      float[] results = apply(UnaryOperator.EXP2, inputs, bits);
      for (int i = 0; i < inputs.length; i++) {
        double exact = Math.pow(2, inputs[i]);
        assertThat(Math.abs(results[i] - exact) / exact)
            .as("2^%s at %d bits, number %d, seed %d", inputs[i], bits, i, seed)
            .isLessThanOrEqualTo(2.5e-7);
      }
    }
  }

  @Test
  void exp2IsZeroBelowItsRangeAndBoundedAbove() {
    float[] inputs = new float[50];
    float[] below = {
      Math.nextDown(-126f),
      -127,
      -149,
      -150,
      -1000,
      -1e30f,
      -Float.MAX_VALUE,
      Float.NEGATIVE_INFINITY
    };
    float[] above = {126, Math.nextUp(126f), 127, 128, 1000, 1e30f, Float.MAX_VALUE};
    for (int i = 0; i < inputs.length; i++) {
      inputs[i] = i < 25 ? below[i % below.length] : above[i % above.length];
    }
    for (int bits : JvmKernelAbi.VECTOR_BITS) {
      float[] results = apply(UnaryOperator.EXP2, inputs, bits);
      for (int i = 0; i < inputs.length; i++) {
        if (i < 25) {
          assertThat(Float.floatToRawIntBits(results[i])).as("2^%s", inputs[i]).isZero();
        } else {
          assertThat(results[i] / 0x1p126).as("2^%s", inputs[i]).isBetween(1 - 3e-7, 1 + 3e-7);
        }
      }
    }
  }

  @Test
  void exp2OfNaNIsNaNWhateverItsPayload() {
    float[] inputs = new float[25];
    for (int i = 0; i < inputs.length; i++) {
      inputs[i] = Float.intBitsToFloat((i % 2 == 0 ? 0x7fc00000 : 0xffc00000) + 0x1357 * i);
    }
    for (int bits : JvmKernelAbi.VECTOR_BITS) {
      assertThat(apply(UnaryOperator.EXP2, inputs, bits)).containsOnly(Float.NaN);
    }
  }

  @Test
  void logarithmsAndRootsAreAccurate() {
    long seed = 20252;
    float[] inputs = sample(2_000, 0, 4, seed);
    for (int i = 0; i < 500; i++) {
      inputs[i] = (float) Math.pow(2, sample(1, -125, 126, seed + i)[0]);
    }
    inputs[500] = 1;
    inputs[501] = Math.nextUp(1f);
    inputs[502] = Math.nextDown(1f);
    for (int bits : JvmKernelAbi.VECTOR_BITS) {
      float[] logarithms = apply(UnaryOperator.LOG2, inputs, bits);
      float[] roots = apply(UnaryOperator.RSQRT, inputs, bits);
      for (int i = 0; i < inputs.length; i++) {
        double logarithm = Math.log(inputs[i]) / Math.log(2);
        double root = 1 / Math.sqrt(inputs[i]);
        assertThat(Math.abs(logarithms[i] - logarithm) / Math.max(1, Math.abs(logarithm)))
            .as("log2 %s at %d bits, seed %d", inputs[i], bits, seed)
            .isLessThanOrEqualTo(1e-6);
        assertThat(Math.abs(roots[i] - root) / root)
            .as("rsqrt %s at %d bits, seed %d", inputs[i], bits, seed)
            .isLessThanOrEqualTo(2e-7);
      }
    }
  }
}
