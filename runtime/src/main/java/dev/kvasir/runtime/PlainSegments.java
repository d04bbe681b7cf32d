package dev.kvasir.runtime;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Makes segments of mapped files look like any other native memory.
 *
 * <p>Java has a class of segments for mapped files and one for other native memory. The virtual
 * machine compiles loads for the classes that it has seen: where kernels read both, every load of
 * every kernel asks which one it has. So all segments that kernels see are of one class.
 */
final class PlainSegments {

  private PlainSegments() {}

  /**
   * {@return the bytes of a read-only segment as memory that does not say where it comes from, or
   * the segment itself where this module has no native access: a program that did not ask for it
   * gets slower kernels and no warning}
   *
   * @param segment native memory that lives as long as {@code arena}
   * @param arena where the result ends
   */
  // The address and the size are those of a segment that lives as long.
  @SuppressWarnings("restricted")
  static MemorySegment of(MemorySegment segment, Arena arena) {
    if (!segment.isMapped() || !PlainSegments.class.getModule().isNativeAccessEnabled()) {
      return segment;
    }
    return MemorySegment.ofAddress(segment.address())
        .reinterpret(segment.byteSize(), arena, null)
        .asReadOnly();
  }
}
