package dev.kvasir.benchmarks;

import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.Packing;
import java.util.Optional;
import java.util.OptionalInt;

/** How the rows of a cache are stored. */
public interface RowFormat {

  /** {@return how rows are stored that are not coded} */
  ElementFormat plain();

  /** {@return how closed pages are coded; empty where they are not} */
  Optional<Packing> packing(int headDim);

  /** {@return the name in tables} */
  String text();

  /** {@return the only segment of a cache in this format} */
  default CacheSegment segment(int headDim) {
    CacheSegment dense = CacheSegment.of(CacheSegment.Kind.DENSE, plain(), 0, OptionalInt.empty());
    return packing(headDim).map(dense::withPacking).orElse(dense);
  }
}
