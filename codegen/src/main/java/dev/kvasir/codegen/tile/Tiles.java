package dev.kvasir.codegen.tile;

import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The sizes of one plan, each one that {@link TileSize} of the same name accepts.
 *
 * @param rowsPerSplit cache rows of one KV head that one work item of decode attention reads
 * @param prefillTokens prompt rows that one work item of prefill attention attends
 */
public record Tiles(int rowsPerSplit, int prefillTokens) {

  /** Checks ranges. */
  public Tiles {
    TileSize.ROWS_PER_SPLIT.require(rowsPerSplit);
    TileSize.PREFILL_TOKENS.require(prefillTokens);
  }

  /** {@return the value of a size} */
  public int get(TileSize size) {
    return switch (size) {
      case ROWS_PER_SPLIT -> rowsPerSplit;
      case PREFILL_TOKENS -> prefillTokens;
    };
  }

  /**
   * {@return the same with another value of one size}
   *
   * @throws IllegalArgumentException when the size does not accept it
   */
  public Tiles with(TileSize size, int value) {
    return switch (size) {
      case ROWS_PER_SPLIT -> new Tiles(value, prefillTokens);
      case PREFILL_TOKENS -> new Tiles(rowsPerSplit, value);
    };
  }

  /** {@return all sizes by their names, as a plan's manifest records them} */
  public SortedMap<String, Integer> byName() {
    SortedMap<String, Integer> sizes = new TreeMap<>();
    for (TileSize size : TileSize.values()) {
      sizes.put(size.text(), get(size));
    }
    return Collections.unmodifiableSortedMap(sizes);
  }
}
