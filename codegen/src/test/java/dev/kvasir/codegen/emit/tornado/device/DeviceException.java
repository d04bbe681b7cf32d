package dev.kvasir.codegen.emit.tornado.device;

/** A kernel did what no device defines. */
public final class DeviceException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What it did. */
  public enum Fault {
    /** Two threads touch one element without a barrier in between, and one of them writes. */
    RACE,
    /** An index outside an array. */
    BOUNDS,
    /** A read of local memory that nothing wrote. */
    POISON,
    /** Not all threads of a work-group reach the same barrier. */
    DIVERGENCE,
    /** Threads take different local arrays. */
    ALLOCATION
  }

  private final Fault fault;

  DeviceException(Fault fault, String message) {
    super(fault + ": " + message);
    this.fault = fault;
  }

  /** {@return what the kernel did} */
  public Fault fault() {
    return fault;
  }
}
