package dev.kvasir.codegen.skeleton;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.plans.program.CounterIndex;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Launch arguments of skeletons by name, and expressions over the program's counters. */
final class Uniforms {

  private Uniforms() {}

  /** {@return the value of an expression over {@code position} and {@code tokens}} */
  static int evaluate(IntExpression expression, int position, int tokens) {
    long[] counters = new long[CounterIndex.PROGRAM_COUNTERS.size()];
    CounterIndex.set(counters, 0, 0, position, tokens - position);
    return Math.toIntExact(
        ProgramExpressions.of(expression)
            .compile(CounterIndex.of(CounterIndex.PROGRAM_COUNTERS, List.of()))
            .evaluate(counters));
  }

  /** {@return the kernel's dims in order} */
  static int[] dims(Kernel kernel, Map<String, Integer> values) {
    return kernel.dims().stream()
        .mapToInt(dim -> Objects.requireNonNull(values.get(dim), dim))
        .toArray();
  }
}
