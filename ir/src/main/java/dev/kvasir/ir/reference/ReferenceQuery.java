package dev.kvasir.ir.reference;

/**
 * A query row that a selection looks back on.
 *
 * @param position its true position
 * @param query after RoPE, [queryHeads * keyDim]
 * @param lse log-sum-exp of its logits, [queryHeads]
 */
public record ReferenceQuery(int position, double[] query, double[] lse) {}
