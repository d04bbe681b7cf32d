package dev.kvasir.runtime;

import java.util.List;
import java.util.Optional;

/**
 * The rows that a segment holds, as attention reads them; or, after a segment that keeps means of
 * the rows it has dropped, those means, one row of each head, once there are some.
 *
 * @param name for example {@code layer.1.ring}, and {@code layer.1.ring.mean} of its means
 * @param layer decoder layer
 * @param heads KV heads that have this segment, ascending
 * @param rows rows of each head, ascending by position, empty ones last
 * @param positions true position of each row, [heads, rows]; {@link #EMPTY} of an empty one, {@link
 *     #SYNTHETIC} of one that stands for others
 * @param keyDim elements of a key row
 * @param valueDim elements of a value row
 * @param keys dequantised, [heads, rows, keyDim]; 0 in empty rows
 * @param values dequantised, [heads, rows, valueDim]; 0 in empty rows
 * @param packed the rows in closed pages as they are stored, the first of {@code rows}; empty when
 *     the segment has none
 * @param norms what attention multiplies the logit and the value of each row by; empty where it
 *     does not
 * @param rowBias what attention adds to the logit of each row, [heads, rows]; empty where it adds
 *     nothing
 * @param bytes bytes of the pages or of the state that holds the rows
 */
public record SegmentSnapshot(
    String name,
    int layer,
    List<Integer> heads,
    int rows,
    int[] positions,
    int keyDim,
    int valueDim,
    float[] keys,
    float[] values,
    Optional<PackedRows> packed,
    Optional<Norms> norms,
    Optional<float[]> rowBias,
    long bytes) {

  /**
   * Factors of rows that are directions.
   *
   * @param keys of logits, [heads, rows]; -1 in empty rows
   * @param values of values, [heads, rows]; -1 in empty rows
   */
  public record Norms(float[] keys, float[] values) {}

  /** The position of an empty row. */
  public static final int EMPTY = -2;

  /** The position of a row that stands for others. */
  public static final int SYNTHETIC = -1;

  /** Copies the list. */
  public SegmentSnapshot {
    heads = List.copyOf(heads);
  }
}
