package dev.kvasir.codegen.skeleton;

import java.util.Optional;

/** The 64 keys and values of a page as the running softmax uses them, however they are stored. */
interface PageRows {

  /**
   * Tiles [1, 64] of the norms of rows that are directions, loaded.
   *
   * @param keys factors of logits; a row with a negative one is hidden
   * @param values factors of values
   */
  record Norms(String keys, String values) {}

  /** {@return the norms of the rows; empty where they are rows as they were} */
  default Optional<Norms> norms() {
    return Optional.empty();
  }

  /** Writes logits [rows, 64] = queries . keys^T. */
  void score(String queries, String logits);

  /**
   * Adds probabilities [rows, 64] . values to the output.
   *
   * @param guarded rows with probability 0 add exactly nothing, whatever they hold
   */
  void accumulate(String probabilities, String output, boolean guarded);
}
