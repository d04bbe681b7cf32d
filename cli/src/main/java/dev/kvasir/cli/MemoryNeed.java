package dev.kvasir.cli;

import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.OperatingSystemMXBean;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.runtime.ErrorCode;
import java.lang.management.ManagementFactory;

/**
 * What a session of a plan takes, and what there is, without opening one.
 *
 * @param cache bytes of all pages and page tables
 * @param working bytes of working memory
 * @param available bytes that Java may take outside its heap, at most what the machine has
 */
record MemoryNeed(long cache, long working, long available) {
  /** The code of memory that does not suffice. */
  static final String CODE = ErrorCode.OUT_OF_MEMORY.text();

  static MemoryNeed of(Plan plan) {
    long cache = 0;
    for (BufferDeclaration buffer : plan.memory().buffers()) {
      boolean counts =
          switch (buffer.kind()) {
            case POOL, TABLE, STATE -> true;
            case WEIGHT, DERIVED, SCRATCH -> false;
          };
      if (counts) {
        long bytes = buffer.format().bytes(evaluate(plan, buffer.elements()));
        cache = Math.addExact(cache, bytes);
      }
    }
    return new MemoryNeed(cache, evaluate(plan, plan.memory().scratchBytes()), availableBytes());
  }

  /** {@return bytes of both} */
  long bytes() {
    return Math.addExact(cache, working);
  }

  /** {@return the numbers as people read them} */
  String text() {
    return "%s a session (cache %s, working memory %s) of %s"
        .formatted(
            Texts.bytes(bytes()), Texts.bytes(cache), Texts.bytes(working), Texts.bytes(available));
  }

  /** {@return the error of memory that does not suffice} */
  String error() {
    return "error[%s]: too little memory: %s; compile with a smaller --max-context, or raise -Xmx with KVASIR_JVM_OPTIONS"
        .formatted(CODE, text());
  }

  private static long evaluate(Plan plan, Expression expression) {
    return expression
        .compile(CounterIndex.ofSession())
        .evaluate(new long[] {plan.manifest().context(), plan.manifest().span()});
  }

  private static long availableBytes() {
    long machine =
        ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize()
            - Runtime.getRuntime().totalMemory();
    String configured =
        ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
            .getVMOption("MaxDirectMemorySize")
            .getValue();
    long direct = Long.parseLong(configured);
    return Math.max(0, Math.min(machine, direct == 0 ? Runtime.getRuntime().maxMemory() : direct));
  }
}
