package dev.kvasir.codegen.driver;

import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.diag.Diagnostics;
import dev.kvasir.ir.policy.ByteLimit;
import dev.kvasir.ir.policy.ResolvedPolicy;
import dev.kvasir.passes.analysis.CacheFootprint;
import dev.kvasir.plans.PageLayout;
import dev.kvasir.plans.memory.MemoryPlan;
import dev.kvasir.plans.program.CompiledExpression;
import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.plans.program.Program;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;

/** Proves a policy's byte limits from the memory plan, or says by how much they are missed. */
final class Limits {

  private static final int PAGE_ROWS = PageLayout.ROWS;

  private final CompiledExpression kvBytes;
  private final long scratchBytes;
  private final CounterIndex counters;
  private final List<Program.Mark> marks;
  private final int context;
  private final int span;

  Limits(Program program, MemoryPlan memory, int context, int span) {
    this.counters = CounterIndex.ofProgram(program);
    this.kvBytes = memory.kvBytes().compile(counters);
    this.context = context;
    this.span = span;
    this.marks = program.marks();
    this.scratchBytes = memory.scratchBytes().compile(counters).evaluate(values(0));
  }

  /** Every mark set just now. */
  private long[] values(int tokens) {
    long[] values = new long[counters.names().size()];
    CounterIndex.set(values, context, span, tokens, 0);
    Arrays.fill(values, CounterIndex.PROGRAM_COUNTERS.size(), values.length, tokens);
    return values;
  }

  /**
   * {@return the most resident cache bytes with that many tokens, however long ago marks were set}
   */
  long kvBytes(int tokens) {
    long[] values = values(tokens);
    long least = kvBytes.evaluate(values);
    long bytes = least;
    for (int mark = 0; mark < marks.size(); mark++) {
      // What one mark adds does not depend on the others: they are marks of different segments.
      bytes = Math.addExact(bytes, mostSince(mark, values, tokens) - least);
    }
    return bytes;
  }

  /**
   * The most bytes for any age of one mark. Pages change at whole ones alone; a mark between is met
   * with as many pages after it at another number of tokens.
   */
  private long mostSince(int mark, long[] values, int tokens) {
    int counter = CounterIndex.PROGRAM_COUNTERS.size() + mark;
    int oldest = Math.min(marks.get(mark).most() - 1, tokens);
    long most = 0;
    for (int page = 0; page <= oldest; page += PAGE_ROWS) {
      for (int age : new int[] {page, Math.min(page + 1, oldest), oldest}) {
        values[counter] = (long) tokens - age;
        most = Math.max(most, kvBytes.evaluate(values));
      }
    }
    values[counter] = tokens;
    return most;
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
      int tokens = largestWithin(Math.min(limit.tokens().orElse(context), context));
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

  /** The most tokens, up to a bound, among those that need the most bytes. */
  private int largestWithin(int bound) {
    int largest = 0;
    long most = kvBytes(0);
    for (int tokens = 1; tokens <= bound; tokens++) {
      long bytes = kvBytes(tokens);
      if (bytes >= most) {
        largest = tokens;
        most = bytes;
      }
    }
    return largest;
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
