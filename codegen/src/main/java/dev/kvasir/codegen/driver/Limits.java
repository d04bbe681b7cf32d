package dev.kvasir.codegen.driver;

import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.diag.Diagnostics;
import dev.kvasir.ir.policy.ByteLimit;
import dev.kvasir.ir.policy.ResolvedPolicy;
import dev.kvasir.passes.analysis.CacheFootprint;
import dev.kvasir.plans.memory.MemoryPlan;
import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.plans.program.Program;
import java.util.Locale;
import java.util.function.IntFunction;

/** Proves a policy's byte limits from the memory plan, or says by how much they are missed. */
final class Limits {

  private final MostBytes kvBytes;
  private final long scratchBytes;
  private final int context;

  Limits(Program program, MemoryPlan memory, int context, int span) {
    CounterIndex counters = CounterIndex.ofProgram(program);
    this.kvBytes = new MostBytes(memory.kvBytes(), counters, program.marks(), context, span);
    this.context = context;
    long[] values = new long[counters.names().size()];
    CounterIndex.set(values, context, span, 0, 0);
    this.scratchBytes = memory.scratchBytes().compile(counters).evaluate(values);
  }

  /**
   * {@return the most resident cache bytes with that many tokens, however long ago marks were set}
   */
  long kvBytes(int tokens) {
    return kvBytes.at(tokens);
  }

  /** {@return cache and working storage with that many tokens} */
  long peakBytes(int tokens) {
    return Math.addExact(kvBytes(tokens), scratchBytes);
  }

  /**
   * Checks every limit at every number of tokens that it covers and every age of the marks. The
   * memory plan depends on nothing else, not on how tokens came into the cache, so this is every
   * state after a prompt or a step.
   */
  void check(ResolvedPolicy policy, IntFunction<CacheFootprint.Share> dominant) {
    Diagnostics diagnostics = new Diagnostics();
    for (ByteLimit limit : policy.limits()) {
      int tokens = kvBytes.within(Math.min(limit.tokens().orElse(context), context)).tokens();
      String what =
          switch (limit.kind()) {
            case KV_BYTES -> "the cache";
            case PEAK_BYTES -> "cache and working storage";
          };
      long bytes =
          switch (limit.kind()) {
            case KV_BYTES -> kvBytes(tokens);
            case PEAK_BYTES -> peakBytes(tokens);
          };
      if (bytes > limit.bytes()) {
        diagnostics.report(
            Diagnostic.error(
                    DiagnosticCode.LIMIT_EXCEEDED,
                    limit.span(),
                    String.format(
                        Locale.ROOT,
                        "%s needs %,d bytes at %,d tokens, %,d more than the limit of %,d",
                        what,
                        bytes,
                        tokens,
                        bytes - limit.bytes(),
                        limit.bytes()))
                .withNote(largestPart(limit, dominant.apply(tokens))));
      }
    }
    diagnostics.throwIfErrors();
  }

  private String largestPart(ByteLimit limit, CacheFootprint.Share dominant) {
    boolean withScratch =
        switch (limit.kind()) {
          case KV_BYTES -> false;
          case PEAK_BYTES -> true;
        };
    if (withScratch && scratchBytes > dominant.bytes()) {
      return String.format(
          Locale.ROOT,
          "largest part: working storage with %,d bytes; prefill in shorter spans, or raise the"
              + " limit",
          scratchBytes);
    }
    return String.format(
        Locale.ROOT,
        "largest part: %s with %,d bytes; keep fewer rows there, store them in fewer bits, or raise"
            + " the limit",
        dominant,
        dominant.bytes());
  }
}
