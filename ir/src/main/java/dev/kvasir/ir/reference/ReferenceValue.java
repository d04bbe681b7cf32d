package dev.kvasir.ir.reference;

/** What a graph value holds during an evaluation. */
public sealed interface ReferenceValue permits ReferenceTensor, ReferenceCache, ReferenceChoice {}
