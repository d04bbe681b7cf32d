package dev.kvasir.ir.policy;

import dev.kvasir.ir.diag.SourceSpan;
import java.util.OptionalInt;

/**
 * A bound that a plan must keep or not be made.
 *
 * @param kind what is bounded
 * @param bytes the largest allowed number of bytes
 * @param tokens the number of tokens in the cache at which it is bounded; without one, the longest
 *     context of the plan
 * @param span where the policy says so
 */
public record ByteLimit(LimitKind kind, long bytes, OptionalInt tokens, SourceSpan span) {}
