package dev.kvasir.ir.policy;

import java.util.Optional;

/**
 * What a technique decides about the cache of a layer and KV head. Which techniques can share one
 * follows from their roles alone: per layer exactly one retention (all rows, or streaming, or a
 * selection, or a fusion), at most one merge, one storage format per segment.
 */
public enum TechniqueRole {
  /** Keeps the first rows and a ring of recent ones. */
  STREAMING("keeps only the first and the recent rows"),
  /** Keeps chosen rows. */
  SELECTION("keeps chosen rows"),
  /** Mixes many rows into few slots. */
  FUSION("mixes rows into slots"),
  /** Shares rows between neighbouring layers. */
  MERGE("shares rows between layers"),
  /** The format of rows that are not quantised: on a quantised layer, of its tail. */
  STORAGE("sets the format of unquantised rows"),
  /** Packs closed pages. */
  QUANTISATION("quantises closed pages");

  private final String effect;

  TechniqueRole(String effect) {
    this.effect = effect;
  }

  /** What the role does, as the predicate of a sentence about the technique. */
  public String effect() {
    return effect;
  }

  /** Whether the role decides which rows are kept, of which there is one decision per layer. */
  public boolean isRetention() {
    return switch (this) {
      case STREAMING, SELECTION, FUSION -> true;
      case MERGE, STORAGE, QUANTISATION -> false;
    };
  }

  /**
   * Why two different techniques of these roles cannot share a layer and KV head; empty if they
   * can. The order of the two does not matter.
   */
  public static Optional<String> conflict(TechniqueRole first, TechniqueRole second) {
    if (first.isRetention() && second.isRetention()) {
      return Optional.of("a layer keeps its rows in one way");
    }
    if (first == second) {
      return Optional.of(
          switch (first) {
            case MERGE -> "a layer merges with one partner";
            case STREAMING, SELECTION, FUSION, STORAGE, QUANTISATION ->
                "a segment has one storage format";
          });
    }
    if (isMergeWith(first, second, STREAMING) || isMergeWith(first, second, FUSION)) {
      return Optional.of("layers merge only where both keep all rows or share one selection");
    }
    return Optional.empty();
  }

  private static boolean isMergeWith(TechniqueRole one, TechniqueRole two, TechniqueRole other) {
    return (one == MERGE && two == other) || (one == other && two == MERGE);
  }
}
