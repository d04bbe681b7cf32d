package dev.kvasir.codegen.emit.tornado;

/**
 * How a phase touches memory that the threads of a work-group share.
 *
 * @param space which memory
 * @param name the array
 * @param write whether it is written
 * @param own whether element e is touched by thread e mod 128 alone
 */
record Access(Space space, String name, boolean write, boolean own) {

  /** A memory with a fence of its own. */
  enum Space {
    /** Tiles, shared by the threads of a work-group. */
    LOCAL,
    /** Buffers, shared by all. */
    GLOBAL
  }

  static Access readsOwn(String tile) {
    return new Access(Space.LOCAL, tile, false, true);
  }

  static Access readsAny(String tile) {
    return new Access(Space.LOCAL, tile, false, false);
  }

  static Access writesOwn(String tile) {
    return new Access(Space.LOCAL, tile, true, true);
  }

  static Access writesAny(String tile) {
    return new Access(Space.LOCAL, tile, true, false);
  }

  /** {@return whether the order of both matters and only a barrier keeps it} */
  boolean conflictsWith(Access other) {
    return space == other.space
        && name.equals(other.name)
        && (write || other.write)
        && !(own && other.own);
  }
}
