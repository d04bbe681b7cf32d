package dev.kvasir.codegen.emit.jvm;

import static dev.kvasir.codegen.emit.jvm.KernelText.ZERO;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.IntExpression.IntOperator;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.plans.abi.JvmKernelAbi;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Uniform control and uniform integers against the interpreter. */
class ControlLoweringTest {

  private static final int[] NUMBERS = {-65, -64, -2, -1, 0, 1, 2, 3, 63, 64, 65, 1000};

  private static IntExpression.Dimension dim(String name) {
    return new IntExpression.Dimension(name);
  }

  private static IntExpression.Axis axis(String name) {
    return new IntExpression.Axis(name);
  }

  private static IntExpression.Variable variable(String name) {
    return new IntExpression.Variable(name);
  }

  private static Statement.Map set(String tile, IntExpression value) {
    return new Statement.Map(tile, TileExpression.uniform(value));
  }

  private static Statement.Map increase(String tile, IntExpression value) {
    return new Statement.Map(
        tile, TileExpression.element(tile).plus(TileExpression.uniform(value)));
  }

  private static Statement.Store storeAt(String buffer, IntExpression block, String tile) {
    return new Statement.Store(View.rows(buffer, 1, 1, block, 1), tile);
  }

  private static KernelText counter(String name) {
    return new KernelText(name).writes("y", ElementFormat.I32).ints("t", 1, 1);
  }

  @ParameterizedTest
  @EnumSource(IntOperator.class)
  void joinsUniformIntegers(IntOperator operator) {
    boolean divides =
        operator == IntOperator.FLOOR_DIVIDE
            || operator == IntOperator.CEIL_DIVIDE
            || operator == IntOperator.MODULO;
    boolean truth = operator == IntOperator.AND || operator == IntOperator.OR;
    Kernel kernel =
        counter("joins")
            .reads("x", ElementFormat.I32)
            .axis("left")
            .axis("right")
            .add(
                new Statement.Let("a", new IntExpression.BufferElement("x", axis("left"))),
                new Statement.Let("b", new IntExpression.BufferElement("x", axis("right"))),
                set("t", new IntExpression.Binary(operator, variable("a"), variable("b"))),
                storeAt("y", axis("left").times(NUMBERS.length).plus(axis("right")), "t"))
            .build();
    int[] values = NUMBERS.clone();
    for (int i = 0; i < values.length; i++) {
      values[i] = truth ? Math.floorMod(values[i], 2) : divides ? 1 + i * 7 : values[i];
    }
    int[] operands = values;
    if (divides) {
      dividesNegativeNumbersToo(operator);
    }
    Twins.of(
            kernel,
            () ->
                Twins.memories(
                    "x", KernelMemory.ofInts(operands),
                    "y", Twins.empty(ElementFormat.I32, NUMBERS.length * NUMBERS.length)))
        .grid(1, NUMBERS.length, NUMBERS.length)
        .agree();
  }

  private static void dividesNegativeNumbersToo(IntOperator operator) {
    for (int divisor : new int[] {1, 3, 64}) {
      Kernel kernel =
          counter("divides")
              .reads("x", ElementFormat.I32)
              .axis("left")
              .add(
                  set(
                      "t",
                      new IntExpression.Binary(
                          operator,
                          new IntExpression.BufferElement("x", axis("left")),
                          IntExpression.constant(divisor))),
                  storeAt("y", axis("left"), "t"))
              .build();
      Twins.of(
              kernel,
              () ->
                  Twins.memories(
                      "x", KernelMemory.ofInts(NUMBERS),
                      "y", Twins.empty(ElementFormat.I32, NUMBERS.length)))
          .grid(1, NUMBERS.length)
          .agree();
    }
  }

  /** Truth beyond 1: both operands only need to differ from 0. */
  @ParameterizedTest
  @EnumSource(
      value = IntOperator.class,
      names = {"AND", "OR"})
  void anyNumberButZeroIsTrue(IntOperator operator) {
    Kernel kernel =
        counter("truth")
            .dim("a")
            .dim("b")
            .add(
                new Statement.If(
                    new IntExpression.Binary(operator, dim("a"), dim("b")),
                    List.of(set("t", IntExpression.constant(1))),
                    List.of(set("t", IntExpression.constant(2)))),
                storeAt("y", ZERO, "t"))
            .build();
    for (int[] pair : new int[][] {{1, 2}, {2, 4}, {4, 0}, {0, 0}, {-1, 8}}) {
      Twins.of(kernel, () -> Twins.memories("y", Twins.empty(ElementFormat.I32, 1)))
          .dims(pair)
          .agree();
    }
  }

  @Test
  void loopsCountUpAndMayBeEmpty() {
    Kernel kernel =
        counter("loops")
            .dim("from")
            .dim("to")
            .add(
                set("t", ZERO),
                new Statement.For(
                    "i",
                    dim("from"),
                    dim("to"),
                    List.of(
                        new Statement.Let("twice", variable("i").times(2)),
                        new Statement.For(
                            "j",
                            variable("i"),
                            dim("to"),
                            List.of(
                                increase(
                                    "t",
                                    variable("twice").plus(variable("j").times(variable("i")))))))),
                storeAt("y", ZERO, "t"))
            .build();
    for (int[] bounds : new int[][] {{0, 0}, {0, 1}, {5, 2}, {-3, 4}, {2, 9}}) {
      Twins.of(kernel, () -> Twins.memories("y", Twins.empty(ElementFormat.I32, 1)))
          .dims(bounds)
          .agree();
    }
  }

  /** The end of a loop is known before its first round. */
  @Test
  void theEndOfALoopIsTakenOnce() {
    Kernel kernel =
        counter("end_once")
            .ints("limit", 1, 1)
            .add(
                set("t", ZERO),
                set("limit", IntExpression.constant(3)),
                new Statement.For(
                    "i",
                    ZERO,
                    new IntExpression.TileElement("limit", 0, 0),
                    List.of(
                        set("limit", IntExpression.constant(50)),
                        increase("t", IntExpression.constant(1)))),
                storeAt("y", ZERO, "t"))
            .build();
    Twins.of(kernel, () -> Twins.memories("y", Twins.empty(ElementFormat.I32, 1))).agree();
  }

  @Test
  void choosesWithAndWithoutOtherwise() {
    Kernel kernel =
        counter("chooses")
            .axis("i")
            .add(
                set("t", ZERO),
                new Statement.If(
                    axis("i").modulo(2),
                    List.of(
                        increase("t", IntExpression.constant(10)),
                        new Statement.If(
                            axis("i").less(IntExpression.constant(4)),
                            List.of(increase("t", IntExpression.constant(100))),
                            List.of(increase("t", IntExpression.constant(200))))),
                    List.of()),
                new Statement.If(
                    axis("i").equalTo(IntExpression.constant(2)),
                    List.of(),
                    List.of(increase("t", IntExpression.constant(1)))),
                storeAt("y", axis("i"), "t"))
            .build();
    Twins.of(kernel, () -> Twins.memories("y", Twins.empty(ElementFormat.I32, 8)))
        .grid(1, 8)
        .agree();
  }

  /** Each sequence has its own dims; a tile element steers control. */
  @Test
  void everySequenceHasItsDims() {
    Kernel kernel =
        counter("sequences")
            .dim("unused")
            .dim("n")
            .ints("grow", 2, 3)
            .add(
                new Statement.Map(
                    "grow",
                    new TileExpression.ColumnIndex()
                        .plus(TileExpression.uniform(dim("n")))
                        .plus(new TileExpression.RowIndex())),
                set("t", new IntExpression.TileElement("grow", 1, 2)),
                storeAt("y", axis("sequence"), "t"))
            .build();
    int[][] dims = {{-1, 5}, {-2, 7}, {-3, 11}};
    for (int bits : JvmKernelAbi.VECTOR_BITS) {
      KernelMemory y = Twins.empty(ElementFormat.I32, 3);
      JvmKernelRunner.run(kernel, bits, Twins.memories("y", y), dims, new int[] {3});
      assertThat(y.toInts()).containsExactly(8, 10, 14);
    }
  }

  /** block * stride passes 2^31 where the offset takes it back: addresses have 64 bits. */
  @Test
  void addressesHave64Bits() {
    View far =
        new View(
            "x",
            new View.Layout.Rows(1, 0, 1),
            1,
            4,
            IntExpression.constant(3),
            700_000_000,
            IntExpression.constant(-2_100_000_000),
            ZERO);
    Kernel kernel =
        new KernelText("far")
            .reads("x", ElementFormat.F32)
            .writes("y", ElementFormat.F32)
            .floats("t", 1, 4)
            .add(new Statement.Load("t", far))
            .store("y", 1, 4, "t")
            .build();
    Twins.of(
            kernel,
            () ->
                Twins.memories(
                    "x", Twins.gaussian(ElementFormat.F32, 4, 1),
                    "y", Twins.empty(ElementFormat.F32, 4)))
        .agree();
  }
}
