package dev.kvasir.ir.reference;

/** In which form a cache row is read. */
public enum RowForm {
  /** As computed: rows of the running span while a prompt is prefilled. */
  COMPUTED,
  /** Rounded to the element format of its segment. */
  STORED,
  /** Rounded, then coded and decoded: rows of closed pages of a packed segment. */
  CODED,
  /** As the directions that two layers share say, multiplied by the layer's norms. */
  MERGED
}
