package dev.kvasir.codegen.tile;

import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The sizes of one plan, each one that {@link TileSize} of the same name accepts.
 *
 * @param rowsPerSplit cache rows of one KV head that one work item of decode attention reads
 * @param prefillTokens prompt rows that one work item of prefill attention attends
 * @param vectorWeights most weights that one work item of a product of one row reads
 */
public record Tiles(int rowsPerSplit, int prefillTokens, int vectorWeights) {

  /** Checks ranges. */
  public Tiles {
    TileSize.ROWS_PER_SPLIT.require(rowsPerSplit);
    TileSize.PREFILL_TOKENS.require(prefillTokens);
    TileSize.VECTOR_WEIGHTS.require(vectorWeights);
  }

  /** {@return the value of a size} */
  public int get(TileSize size) {
    return switch (size) {
      case ROWS_PER_SPLIT -> rowsPerSplit;
      case PREFILL_TOKENS -> prefillTokens;
      case VECTOR_WEIGHTS -> vectorWeights;
    };
  }

  /**
   * {@return the same with another value of one size}
   *
   * @throws IllegalArgumentException when the size does not accept it
   */
  public Tiles with(TileSize size, int value) {
    return switch (size) {
      case ROWS_PER_SPLIT -> new Tiles(value, prefillTokens, vectorWeights);
      case PREFILL_TOKENS -> new Tiles(rowsPerSplit, value, vectorWeights);
      case VECTOR_WEIGHTS -> new Tiles(rowsPerSplit, prefillTokens, value);
    };
  }

  /** {@return all sizes by their names, as a plan's manifest records them} */
  public SortedMap<String, Integer> byName() {
    return byName(TileSize.values());
  }

  /** {@return these sizes by their names} */
  public SortedMap<String, Integer> byName(TileSize... sizes) {
    SortedMap<String, Integer> named = new TreeMap<>();
    for (TileSize size : sizes) {
      named.put(size.text(), get(size));
    }
    return Collections.unmodifiableSortedMap(named);
  }
}
