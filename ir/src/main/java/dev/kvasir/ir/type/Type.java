package dev.kvasir.ir.type;

/** The type of a graph value. */
public sealed interface Type permits TensorType, CacheType {
  /** {@return the canonical text of the type, on one line} */
  String text();
}
