package dev.kvasir.runtime;

import java.util.List;

/**
 * The rows in the closed pages of a packed segment, as they are stored: an element is {@code step *
 * code + min} of its group.
 *
 * <p>Steps and mins are [heads, rows / group, dim] where a group is made of rows of one channel,
 * and [heads, rows, dim / group] where it is made of channels of one row; their shapes tell.
 *
 * @param rows rows of each head, the oldest of the snapshot; where heads have chosen rows of their
 *     own, the most of a head, and codes, steps and mins of the others are 0 from their last page
 *     on
 * @param keyCodes unsigned bytes from 0, [heads, rows, keyDim]
 * @param keySteps of the shape {@code keyGroups}
 * @param keyMins of the shape {@code keyGroups}
 * @param keyGroups shape of steps and mins of keys
 * @param valueCodes unsigned bytes from 0, [heads, rows, valueDim]
 * @param valueSteps of the shape {@code valueGroups}
 * @param valueMins of the shape {@code valueGroups}
 * @param valueGroups shape of steps and mins of values
 */
public record PackedRows(
    int rows,
    byte[] keyCodes,
    float[] keySteps,
    float[] keyMins,
    List<Integer> keyGroups,
    byte[] valueCodes,
    float[] valueSteps,
    float[] valueMins,
    List<Integer> valueGroups) {

  /** Copies the lists. */
  public PackedRows {
    keyGroups = List.copyOf(keyGroups);
    valueGroups = List.copyOf(valueGroups);
  }
}
