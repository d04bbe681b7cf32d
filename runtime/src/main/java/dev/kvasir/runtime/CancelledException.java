package dev.kvasir.runtime;

/** Work that stopped because the caller cancelled it or the thread was interrupted. */
public final class CancelledException extends KvasirException {

  CancelledException(int position) {
    super(ErrorCode.CANCELLED, "cancelled; the session holds %,d tokens".formatted(position));
  }
}
