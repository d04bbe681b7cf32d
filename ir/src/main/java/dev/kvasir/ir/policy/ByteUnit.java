package dev.kvasir.ir.policy;

/** The units of an amount of memory in a policy, by their symbols. */
public enum ByteUnit {
  B(0),
  KiB(10),
  MiB(20),
  GiB(30),
  TiB(40);

  private final int shift;

  ByteUnit(int shift) {
    this.shift = shift;
  }

  /** How many bytes one unit has. */
  public long bytes() {
    return 1L << shift;
  }
}
