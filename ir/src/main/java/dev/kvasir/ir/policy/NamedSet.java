package dev.kvasir.ir.policy;

/**
 * A set that a technique binds to a name for the targets of other uses.
 *
 * @param axis whether the name means layers or KV heads
 * @param heads the members; under {@code LAYERS}, all KV heads of each layer
 */
public record NamedSet(TargetAxis axis, HeadSet heads) {}
