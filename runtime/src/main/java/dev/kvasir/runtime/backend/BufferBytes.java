package dev.kvasir.runtime.backend;

import dev.kvasir.plans.Manifest;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.plans.program.Expression;

/** Sizes that depend on nothing but a plan. */
public final class BufferBytes {

  private BufferBytes() {}

  /** {@return the bytes of one buffer of a session of {@code plan}} */
  public static long of(Plan plan, BufferDeclaration buffer) {
    return buffer.format().bytes(of(plan, buffer.elements()));
  }

  /** {@return the value of an expression of {@code context} and {@code max_span} only} */
  public static long of(Plan plan, Expression expression) {
    Manifest manifest = plan.manifest();
    return expression
        .compile(CounterIndex.ofSession())
        .evaluate(new long[] {manifest.context(), manifest.span()});
  }
}
