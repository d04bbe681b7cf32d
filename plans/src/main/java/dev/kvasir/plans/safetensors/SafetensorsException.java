package dev.kvasir.plans.safetensors;

import java.io.IOException;

/**
 * A safetensors file or index that cannot be trusted, with the reason, the place and what was
 * expected.
 */
public final class SafetensorsException extends IOException {
  /** Why a file was refused. */
  public enum Reason {
    /** The file ends before the header length or the header does. */
    TRUNCATED,
    /** The header length is zero, too small to hold an object, or beyond the limit. */
    HEADER_LENGTH,
    /** The header is not UTF-8, not JSON, or not the object this format asks for. */
    MALFORMED_HEADER,
    /** A tensor, a field or a metadata key appears twice. */
    DUPLICATE_NAME,
    /** An element type that is not one of {@link SafetensorsType}. */
    UNKNOWN_TYPE,
    /** A negative or overflowing extent, or too many axes. */
    BAD_SHAPE,
    /** Offsets that are negative, reversed or beyond the end of the data. */
    BAD_OFFSETS,
    /** The range of a tensor is not its shape times its element size. */
    SIZE_MISMATCH,
    /** Two tensors share bytes. */
    OVERLAP,
    /** Bytes between two tensors, or before the first, belong to none. */
    HOLE,
    /** Bytes after the last tensor belong to none. */
    TRAILING_BYTES,
    /** The index of several files is not UTF-8, not JSON, or not the object that is asked for. */
    BAD_INDEX,
    /** The files hold other tensors than their index says. */
    INDEX_MISMATCH
  }

  private final Reason reason;
  private final String place;
  private final String problem;

  /**
   * @param place the file, and where one is concerned the tensor
   * @param problem one sentence with what was expected and what was found
   */
  public SafetensorsException(Reason reason, String place, String problem) {
    super(place + ": " + problem);
    this.reason = reason;
    this.place = place;
    this.problem = problem;
  }

  /** {@return why the file was refused} */
  public Reason reason() {
    return reason;
  }

  /** {@return the file, followed by the tensor where one is concerned} */
  public String place() {
    return place;
  }

  /** {@return the message without the place} */
  public String problem() {
    return problem;
  }
}
