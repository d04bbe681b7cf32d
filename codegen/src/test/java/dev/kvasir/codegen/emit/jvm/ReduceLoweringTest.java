package dev.kvasir.codegen.emit.jvm;

import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.Statement.Along;
import dev.kvasir.ir.kernel.Statement.ReduceOperator;
import dev.kvasir.ir.type.ElementFormat;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Reductions against the interpreter. */
class ReduceLoweringTest {

  @ParameterizedTest
  @CsvSource({
    "1, 1", "1, 3", "3, 1", "3, 13", "13, 16", "16, 17", "4, 31", "2, 63", "31, 64", "5, 65"
  })
  void sumsAndMaxima(int rows, int columns) {
    for (ReduceOperator operator :
        new ReduceOperator[] {ReduceOperator.SUM, ReduceOperator.MAXIMUM}) {
      for (Along along : Along.values()) {
        int resultRows = along == Along.COLUMNS ? rows : 1;
        int resultColumns = along == Along.COLUMNS ? 1 : columns;
        Kernel kernel =
            new KernelText("reduced")
                .reads("x", ElementFormat.F32)
                .writes("y", ElementFormat.F32)
                .floats("source", rows, columns)
                .floats("result", resultRows, resultColumns)
                .load("source", "x", rows, columns)
                .add(new Statement.Reduce("result", operator, along, "source"))
                .store("y", resultRows, resultColumns, "result")
                .build();
        Twins.of(
                kernel,
                () ->
                    Twins.memories(
                        "x", negative(rows * columns),
                        "y", Twins.empty(ElementFormat.F32, resultRows * resultColumns)))
            .within(operator == ReduceOperator.SUM ? 1e-6 : 0)
            .agree();
      }
    }
  }

  /** Below -1, so that a maximum that starts at 0 shows. */
  private static KernelMemory negative(int size) {
    Random random = new Random(11);
    KernelMemory memory = KernelMemory.uninitialised(ElementFormat.F32, size);
    for (int i = 0; i < size; i++) {
      memory.setFloat(i, -1 - 1000 * random.nextFloat());
    }
    return memory;
  }

  /** Few different values, so that the largest appears more than once. */
  @ParameterizedTest
  @ValueSource(ints = {1, 3, 13, 16, 17, 31, 63, 64, 65})
  void argmaxTakesTheFirst(int columns) {
    int rows = 7;
    Kernel kernel =
        new KernelText("argmax")
            .reads("x", ElementFormat.F32)
            .writes("y", ElementFormat.I32)
            .floats("source", rows, columns)
            .ints("result", rows, 1)
            .load("source", "x", rows, columns)
            .add(new Statement.Reduce("result", ReduceOperator.ARGMAX, Along.COLUMNS, "source"))
            .store("y", rows, 1, "result")
            .build();
    Twins.of(
            kernel,
            () -> {
              Random random = new Random(columns);
              KernelMemory x = KernelMemory.uninitialised(ElementFormat.F32, (long) rows * columns);
              for (int i = 0; i < rows * columns; i++) {
                x.setFloat(i, random.nextInt(5) - 9);
              }
              return Twins.memories("x", x, "y", Twins.empty(ElementFormat.I32, rows));
            })
        .agree();
  }
}
