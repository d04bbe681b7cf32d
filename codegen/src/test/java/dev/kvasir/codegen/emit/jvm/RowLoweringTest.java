package dev.kvasir.codegen.emit.jvm;

import static dev.kvasir.ir.kernel.TileExpression.element;
import static dev.kvasir.ir.kernel.TileExpression.integer;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.Statement.Along;
import dev.kvasir.ir.kernel.Statement.ReduceOperator;
import dev.kvasir.ir.kernel.Statement.TilePart;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.type.ElementFormat;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Reductions, running sums, scattered stores and divisions of integers against the interpreter. */
class RowLoweringTest {

  private final long seed = new Random().nextLong();
  private final Random random = new Random(seed);

  private int[] integers(int size, int bound) {
    return random.ints(size, -bound, bound).toArray();
  }

  private void agree(Kernel kernel, Object... namesAndMemories) {
    try {
      Twins.of(
              kernel,
              () -> {
                Object[] copies = namesAndMemories.clone();
                for (int i = 1; i < copies.length; i += 2) {
                  copies[i] =
                      copies[i] instanceof int[] content
                          ? KernelMemory.ofInts(content)
                          : Twins.empty(format(kernel, (String) copies[i - 1]), (int) copies[i]);
                }
                return Twins.memories(copies);
              })
          .agree();
    } catch (AssertionError error) {
      throw new AssertionError("seed " + seed, error);
    }
  }

  private static ElementFormat format(Kernel kernel, String buffer) {
    return kernel.buffer(buffer).format();
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "1, 3", "3, 1", "3, 13", "13, 16", "7, 128", "4, 31", "2, 63", "5, 65"})
  void reducesIntegers(int rows, int columns) {
    for (ReduceOperator operator :
        List.of(ReduceOperator.SUM, ReduceOperator.MAXIMUM, ReduceOperator.MINIMUM)) {
      for (Along along : Along.values()) {
        int resultRows = along == Along.COLUMNS ? rows : 1;
        int resultColumns = along == Along.COLUMNS ? 1 : columns;
        Kernel kernel =
            new KernelText("reduced")
                .reads("x", ElementFormat.I32)
                .writes("y", ElementFormat.I32)
                .ints("before", 3, 5)
                .ints("source", rows, columns + 2)
                .ints("result", resultRows, resultColumns)
                .map("before", integer(1))
                .load("source", "x", rows, columns + 2)
                .add(
                    new Statement.Reduce(
                        TilePart.whole("result"),
                        operator,
                        along,
                        new TilePart("source", 2, columns)))
                .store("y", resultRows, resultColumns, "result")
                .build();
        agree(
            kernel, "x", integers(rows * (columns + 2), 1 << 20), "y", resultRows * resultColumns);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 13, 63, 64, 65, 207})
  void scans(int columns) {
    Kernel kernel =
        new KernelText("scanned")
            .reads("x", ElementFormat.I32)
            .writes("y", ElementFormat.I32)
            .writes("z", ElementFormat.I32)
            .ints("source", 1, columns)
            .ints("carry", 1, 1)
            .ints("result", 1, columns)
            .load("source", "x", 1, columns)
            .map("carry", integer(-5))
            .add(
                new Statement.Scan("result", "carry", "source"),
                new Statement.Scan("result", "carry", "source"))
            .store("y", 1, columns, "result")
            .store("z", 1, 1, "carry")
            .build();
    agree(kernel, "x", integers(columns, 1 << 20), "y", columns, "z", 1);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 13, 64, 207})
  void scatters(int columns) {
    Kernel kernel =
        new KernelText("scattered")
            .reads("x", ElementFormat.I32)
            .writes("y", ElementFormat.I32)
            .writes("z", ElementFormat.F32)
            .ints("place", 1, columns)
            .ints("value", 1, columns)
            .floats("number", 1, columns)
            .load("place", "x", 1, columns)
            .map("value", new TileExpression.ColumnIndex().plus(integer(7)))
            .map("number", element("value").toFloat())
            .add(
                new Statement.Scatter("y", IntExpression.constant(4), "place", "value"),
                new Statement.Scatter("z", IntExpression.constant(0), "place", "number"))
            .build();
    agree(kernel, "x", places(columns), "y", 2 * columns + 4, "z", 2 * columns);
  }

  /** Different places, some of them negative. */
  private int[] places(int columns) {
    List<Integer> places = new ArrayList<>();
    for (int i = 0; i < 2 * columns; i++) {
      places.add(random.nextInt(3) == 0 ? -1 - random.nextInt(Integer.MAX_VALUE) : i);
    }
    Collections.shuffle(places, random);
    return places.stream().limit(columns).mapToInt(Integer::intValue).toArray();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 8, 64, 100, Integer.MAX_VALUE})
  void divides(int divisor) {
    int[] values = {
      Integer.MIN_VALUE, -129, -64, -1, 0, 1, 63, 64, Integer.MAX_VALUE, 5, 6, 7, 8, 9, 10, 11, 12
    };
    int columns = values.length;
    Kernel kernel =
        new KernelText("divided")
            .reads("x", ElementFormat.I32)
            .writes("y", ElementFormat.I32)
            .writes("z", ElementFormat.I32)
            .ints("source", 1, columns)
            .ints("result", 1, columns)
            .load("source", "x", 1, columns)
            .map("result", element("source").floorDivide(divisor))
            .store("y", 1, columns, "result")
            .map("result", element("source").modulo(divisor))
            .store("z", 1, columns, "result")
            .build();
    agree(kernel, "x", values, "y", columns, "z", columns);
  }

  @Test
  void makesNumbersOfBits() {
    int columns = 33;
    Kernel kernel =
        new KernelText("numbers")
            .reads("x", ElementFormat.I32)
            .writes("y", ElementFormat.F32)
            .ints("source", 1, columns)
            .floats("result", 1, columns)
            .load("source", "x", 1, columns)
            .map("result", element("source").fromBits())
            .store("y", 1, columns, "result")
            .build();
    int[] bits = random.ints(columns, 0x0080_0000, 0x7f80_0000).toArray();
    bits[0] = 0;
    bits[1] = 0x0080_0000;
    bits[2] = 0x7f7f_ffff;
    agree(kernel, "x", bits, "y", columns);
  }
}
