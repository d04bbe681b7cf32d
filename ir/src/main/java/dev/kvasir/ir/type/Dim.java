package dev.kvasir.ir.type;

/** One extent of a tensor. */
public sealed interface Dim {
  /** Rows of the running span: the tokens that are processed at once, 1 in a decode step. */
  Dim ROWS = new Symbolic("rows");

  /** {@return the canonical text} */
  String text();

  /** {@return an extent that is known when the graph is built} */
  static Dim of(int extent) {
    return new Static(extent);
  }

  /**
   * A known extent.
   *
   * @param extent at least 1
   */
  record Static(int extent) implements Dim {
    /** Refuses empty extents. */
    public Static {
      if (extent < 1) {
        throw new IllegalArgumentException("an extent must be at least 1, got " + extent);
      }
    }

    @Override
    public String text() {
      return Integer.toString(extent);
    }
  }

  /**
   * An extent that is known when the plan runs.
   *
   * @param name lower-case letters
   */
  record Symbolic(String name) implements Dim {
    /** Refuses names that the text form could not read back. */
    public Symbolic {
      if (!name.matches("[a-z]+")) {
        throw new IllegalArgumentException(
            "a symbolic extent is named by lower-case letters, got " + name);
      }
    }

    @Override
    public String text() {
      return name;
    }
  }
}
