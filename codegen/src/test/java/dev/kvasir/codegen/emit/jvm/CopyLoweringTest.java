package dev.kvasir.codegen.emit.jvm;

import static dev.kvasir.codegen.emit.jvm.KernelText.ZERO;
import static dev.kvasir.codegen.emit.jvm.KernelText.block;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.plans.abi.JvmKernelAbi;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Loads and stores against the interpreter, in every layout and format. */
class CopyLoweringTest {

  private static final int SIZE = 2100;

  private static KernelMemory content(ElementFormat format, long seed) {
    if (format.isFloating()) {
      return Twins.gaussian(format, SIZE, seed);
    }
    return KernelMemory.ofInts(new Random(seed).ints(SIZE).toArray());
  }

  /** Loads through the view into dense rows, and stores dense rows through it. */
  private static void bothWays(ElementFormat format, int rows, int columns, View view) {
    Kernel load =
        tile(new KernelText("loads"), format, rows, columns)
            .reads("x", format)
            .writes("y", format)
            .add(new Statement.Load("t", view))
            .store("y", rows, columns, "t")
            .build();
    Twins.of(load, () -> Twins.memories("x", content(format, 1), "y", Twins.empty(format, SIZE)))
        .agree();
    Kernel store =
        tile(new KernelText("stores"), format, rows, columns)
            .reads("y", format)
            .writes("x", format)
            .load("t", "y", rows, columns)
            .add(new Statement.Store(view, "t"))
            .build();
    Twins.of(store, () -> Twins.memories("y", content(format, 2), "x", Twins.empty(format, SIZE)))
        .agree();
  }

  private static KernelText tile(KernelText text, ElementFormat format, int rows, int columns) {
    return format.isFloating() ? text.floats("t", rows, columns) : text.ints("t", rows, columns);
  }

  @ParameterizedTest
  @EnumSource(
      value = ElementFormat.class,
      names = {"I8", "U8", "U4"},
      mode = EnumSource.Mode.EXCLUDE)
  void rowsAtAnyDistance(ElementFormat format) {
    for (int columns : new int[] {1, 3, 13, 16, 17, 31, 63, 64, 65}) {
      int rows = 3;
      bothWays(
          format,
          rows,
          columns,
          block("x", new View.Layout.Rows(5, 0, columns + 2), rows, columns, 3, 17));
      bothWays(
          format,
          rows,
          columns,
          View.rows("x", 5, columns, ZERO, columns)
              .at(IntExpression.constant(7))
              .fromRow(IntExpression.constant(2), rows));
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = ElementFormat.class,
      names = {"I8", "U8", "U4"},
      mode = EnumSource.Mode.EXCLUDE)
  void groupedRows(ElementFormat format) {
    for (int columns : new int[] {1, 13, 17, 32}) {
      bothWays(
          format,
          12,
          columns,
          block("x", new View.Layout.Rows(4, 400, columns), 12, columns, 1, 31));
      bothWays(
          format,
          3,
          columns,
          block("x", new View.Layout.Rows(4, 400, columns + 1), 3, columns, 0, 0));
    }
  }

  /** Rows 4 to 7 of groups of 4 are the second group. */
  @ParameterizedTest
  @CsvSource({"4, 4", "4, 8", "8, 4", "2, 1", "1, 3", "2, 2"})
  void groupedRowsFromALaterRow(int rows, int firstRow) {
    bothWays(
        ElementFormat.F32,
        rows,
        17,
        block("x", new View.Layout.Rows(4, 400, 20), rows, 17, 0, 0)
            .fromRow(IntExpression.constant(firstRow), rows));
  }

  @Test
  void ordinalsRepeatWithinAGroup() {
    Kernel kernel =
        new KernelText("ordinals")
            .reads("x", ElementFormat.I32)
            .writes("y", ElementFormat.I32)
            .ints("t", 12, 1)
            .add(new Statement.Load("t", block("x", new View.Layout.Rows(4, 1, 0), 12, 1, 0, 0)))
            .store("y", 12, 1, "t")
            .build();
    Twins.of(
            kernel,
            () ->
                Twins.memories(
                    "x", KernelMemory.ofInts(0, 1, 2), "y", Twins.empty(ElementFormat.I32, 12)))
        .agree();
  }

  @ParameterizedTest
  @EnumSource(
      value = ElementFormat.class,
      names = {"I8", "U8", "U4"},
      mode = EnumSource.Mode.EXCLUDE)
  void columns(ElementFormat format) {
    for (int rows : new int[] {1, 13, 64}) {
      bothWays(format, rows, 17, block("x", new View.Layout.Columns(rows), rows, 17, 1, 900));
    }
    View page = block("x", new View.Layout.Columns(64), 64, 31, 1, 100);
    bothWays(format, 1, 31, page.fromRow(IntExpression.constant(63), 1));
    bothWays(format, 5, 31, page.fromRow(IntExpression.constant(7), 5));
  }

  @ParameterizedTest
  @EnumSource(
      value = ElementFormat.class,
      names = {"I8", "U8", "U4"},
      mode = EnumSource.Mode.EXCLUDE)
  void tiles(ElementFormat format) {
    for (int columns : new int[] {1, 16, 63, 64, 65, 96}) {
      View page = block("x", new View.Layout.Tiles(16, 32, 96), 16, columns, 1, 100);
      bothWays(format, 16, columns, page);
      bothWays(format, 1, columns, page.fromRow(IntExpression.constant(15), 1));
      bothWays(format, 3, columns, page.fromRow(IntExpression.constant(2), 3));
    }
    View ragged = block("x", new View.Layout.Tiles(16, 64, 70), 16, 70, 0, 0);
    bothWays(format, 16, 70, ragged);
    bothWays(format, 2, 70, ragged.fromRow(IntExpression.constant(9), 2));
  }

  @ParameterizedTest
  @EnumSource(
      value = ElementFormat.class,
      names = {"I8", "U8", "U4"},
      mode = EnumSource.Mode.EXCLUDE)
  void strips(ElementFormat format) {
    boolean paired = format.bits() == Short.SIZE;
    for (int columns : new int[] {1, 17, 32}) {
      View page = block("x", new View.Layout.Columns(64, 32, columns, paired), 64, columns, 0, 0);
      bothWays(format, 64, columns, page);
      for (int row : new int[] {0, 15, 16, 33, 50, 63}) {
        bothWays(format, 1, columns, page.fromRow(IntExpression.constant(row), 1));
      }
    }
    for (int columns : new int[] {16, 32, 80, 128}) {
      View page = block("x", new View.Layout.Tiles(16, 8, 32, columns, paired), 16, columns, 0, 0);
      bothWays(format, 16, columns, page);
      for (int row : new int[] {0, 7, 8, 13}) {
        bothWays(format, 1, columns, page.fromRow(IntExpression.constant(row), 1));
      }
    }
  }

  /** Every upper half of a float, with lower halves around the tie. */
  @Test
  void roundsToBfloat16AsTheFormatSays() {
    int[] lower = {0, 1, 0x7fff, 0x8000, 0x8001, 0xffff};
    int[] upper =
        IntStream.range(0, 0x10000)
            .filter(i -> i % 37 == 0 || (i & 0x7f80) == 0x7f80 || (i & 0x7fff) < 4)
            .toArray();
    float[] values = new float[upper.length * lower.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = Float.intBitsToFloat(upper[i / lower.length] << 16 | lower[i % lower.length]);
    }
    int columns = 18;
    int rows = values.length / columns;
    Kernel kernel =
        new KernelText("rounds")
            .reads("x", ElementFormat.F32)
            .writes("y", ElementFormat.BF16)
            .floats("t", rows, columns)
            .load("t", "x", rows, columns)
            .store("y", rows, columns, "t")
            .build();
    for (int bits : JvmKernelAbi.VECTOR_BITS) {
      Map<String, KernelMemory> memories =
          Twins.memories(
              "x", KernelMemory.ofFloats(ElementFormat.F32, values),
              "y", KernelMemory.ofFloats(ElementFormat.BF16, new float[rows * columns]));
      JvmKernelRunner.run(kernel, bits, memories, new int[][] {{}}, new int[] {1});
      float[] results = Objects.requireNonNull(memories.get("y")).toFloats();
      for (int i = 0; i < results.length; i++) {
        float expected = ElementFormat.fromBfloat16(ElementFormat.toBfloat16(values[i]));
        assertThat(Float.floatToRawIntBits(results[i]))
            .as("%08x at %d bits", Float.floatToRawIntBits(values[i]), bits)
            .isEqualTo(Float.floatToRawIntBits(expected));
      }
    }
  }

  /** Zeros, subnormals, normal numbers, infinities and NaN; the remainder of a row meets all. */
  @ParameterizedTest
  @EnumSource(
      value = ElementFormat.class,
      names = {"F16", "BF16", "I8"})
  void loadsEveryNumberOfFewBits(ElementFormat format) {
    int rows = 61;
    int columns = 1075;
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      short bits = (short) (i * 7);
      values[i] =
          switch (format) {
            case F16 -> Float.float16ToFloat(bits);
            case BF16 -> ElementFormat.fromBfloat16(bits);
            case I8 -> (byte) bits;
            case F32, I32, U8, U4 -> throw new IllegalArgumentException(format.text());
          };
    }
    Kernel kernel =
        new KernelText("widens")
            .reads("x", format)
            .writes("y", ElementFormat.F32)
            .floats("t", rows, columns)
            .load("t", "x", rows, columns)
            .store("y", rows, columns, "t")
            .build();
    for (int bits : JvmKernelAbi.VECTOR_BITS) {
      Map<String, KernelMemory> memories =
          Twins.memories(
              "x", KernelMemory.ofFloats(format, values),
              "y", Twins.empty(ElementFormat.F32, values.length));
      JvmKernelRunner.run(kernel, bits, memories, new int[][] {{}}, new int[] {1});
      float[] results = Objects.requireNonNull(memories.get("y")).toFloats();
      assertThat(results).as("%d bits", bits).isEqualTo(values);
    }
  }
}
