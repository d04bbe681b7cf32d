package dev.kvasir.codegen.skeleton;

/** The 64 keys and values of a page as the running softmax uses them, however they are stored. */
interface PageRows {

  /** Writes logits [rows, 64] = queries . keys^T. */
  void score(String queries, String logits);

  /**
   * Adds probabilities [rows, 64] . values to the output.
   *
   * @param guarded rows with probability 0 add exactly nothing, whatever they hold
   */
  void accumulate(String probabilities, String output, boolean guarded);
}
