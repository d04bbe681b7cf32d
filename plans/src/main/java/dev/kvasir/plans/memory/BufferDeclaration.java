package dev.kvasir.plans.memory;

import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.program.Expression;

/**
 * One buffer that launches name.
 *
 * @param name unique in the plan
 * @param kind where its memory comes from
 * @param format element format
 * @param elements number of elements, from {@code context} and {@code max_span} only
 * @param firstUse first launch that uses it, counted over the longest procedure; scratch only, else
 *     0
 * @param lastUse last operation that uses it; scratch only, else 0
 * @param offset byte offset in the session's scratch slab, a multiple of 64; scratch only, else 0
 * @param tensor the tensor it is bound to; weights and derived tensors only, else empty
 */
public record BufferDeclaration(
    String name,
    Kind kind,
    StorageFormat format,
    Expression elements,
    int firstUse,
    int lastUse,
    long offset,
    String tensor) {

  /** Where a buffer's memory comes from. */
  public enum Kind {
    /**
     * A tensor of the model's safetensors, read-only, shared by all sessions. In plans of target
     * {@code tornado} one of bf16 may be bound to a buffer of f32: it is widened, which is exact.
     */
    WEIGHT,
    /** A tensor of the plan's {@code weights.safetensors}, read-only, shared by all sessions. */
    DERIVED,
    /** Cache pages; counted page by page as they come into use. */
    POOL,
    /** Page tables; counted whole. */
    TABLE,
    /**
     * What a session keeps from run to run beside its rows, in any format: zero when the session
     * opens, copied by a fork, written by launches; counted whole.
     */
    STATE,
    /** Working storage in the session's slab; shares bytes with buffers of other lifetimes. */
    SCRATCH
  }
}
