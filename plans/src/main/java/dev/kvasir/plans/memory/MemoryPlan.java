package dev.kvasir.plans.memory;

import dev.kvasir.plans.program.Expression;
import java.util.List;

/**
 * Every buffer of a plan and what a session allocates.
 *
 * @param buffers all buffers that launches name
 * @param kvBytes cache bytes that stay resident after a step, as a function of {@code tokens} and
 *     marks: pages in use, page tables and state
 * @param scratchBytes size of the session's scratch slab, from {@code context} and {@code max_span}
 */
public record MemoryPlan(
    List<BufferDeclaration> buffers, Expression kvBytes, Expression scratchBytes) {

  /** Copies the list. */
  public MemoryPlan {
    buffers = List.copyOf(buffers);
  }
}
