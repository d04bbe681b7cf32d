package dev.kvasir.ir.reference;

import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.QuantisedFormat;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * What one layer reads of the rows that it has merged with another layer's; where rows are chosen,
 * everything is 0 in those that it no longer has.
 *
 * @param mark rows at the last merge, 0 before the first
 * @param retained for each KV head and row below the mark, whether it keeps its original
 * @param keys shared directions of keys and this layer's norms
 * @param values shared directions of values and this layer's norms
 */
public record ReferenceMerged(int mark, boolean[][] retained, Side keys, Side values) {
  static final ReferenceMerged NOTHING =
      new ReferenceMerged(0, new boolean[0][], Side.NOTHING, Side.NOTHING);

  /**
   * Keys or values; everything is 0 in rows that keep their originals.
   *
   * @param directions [rows, kvHeads * head dimension] as computed, as stored and as coded
   * @param norms [rows, kvHeads], as f16 holds them
   */
  public record Side(ReferenceSide directions, double[] norms) {
    static final Side NOTHING = new Side(ReferenceSide.empty(0, 0), new double[0]);

    /**
     * {@return element of a direction as it is read}
     *
     * @param column {@code head * head dimension + element}
     */
    public double direction(int row, int column) {
      int place = row * directions.kvHeads() * directions.headDim() + column;
      double coded = directions.coded()[place];
      return Double.isNaN(coded) ? directions.stored()[place] : coded;
    }

    /** {@return this layer's norm of a row of a KV head} */
    public double norm(int row, int kvHead) {
      return norms[row * directions.kvHeads() + kvHead];
    }

    double element(int row, int column) {
      return norm(row, column / directions.headDim()) * direction(row, column);
    }

    double[] row(int row, int kvHead) {
      int first = kvHead * directions.headDim();
      return IntStream.range(first, first + directions.headDim())
          .mapToDouble(column -> element(row, column))
          .toArray();
    }

    /**
     * {@return a row as selections look at it and as it is merged again: this layer's norm times
     * the direction made one long, so that norms stay however often a row is merged}
     */
    double[] straightened(int row, int kvHead) {
      double[] read = row(row, kvHead);
      double squares = Arrays.stream(read).map(element -> element * element).sum();
      double factor = squares == 0 ? 0 : norm(row, kvHead) / Math.sqrt(squares);
      return Arrays.stream(read).map(element -> factor * element).toArray();
    }

    /** These rows and more, none of which are coded. */
    Side append(
        int kvHeads,
        int headDim,
        double[] moreDirections,
        double[] moreNorms,
        ElementFormat format) {
      ReferenceSide before = norms.length == 0 ? ReferenceSide.empty(kvHeads, headDim) : directions;
      double[] stored =
          Arrays.stream(moreDirections).map(element -> format.round((float) element)).toArray();
      double[] longerNorms = Arrays.copyOf(norms, norms.length + moreNorms.length);
      System.arraycopy(moreNorms, 0, longerNorms, norms.length, moreNorms.length);
      return new Side(before.append(moreDirections, stored), longerNorms);
    }

    /**
     * Codes the full pages of a list of rows of a KV head but those that the first rows fill.
     *
     * @param rows true positions, in order
     * @param first how many rows are in coded pages, or in one that was not full
     */
    void code(QuantisedFormat codes, int kvHead, int[] rows, int first) {
      int page = QuantisedFormat.PAGE_ROWS;
      for (int start = first / page * page; start + page <= rows.length; start += page) {
        directions.code(codes, kvHead, Arrays.copyOfRange(rows, start, start + page));
      }
    }
  }

  /** {@return whether a KV head reads a row as shared, which is not its original} */
  public boolean isShared(int kvHead, int row) {
    return row < mark && !retained[kvHead][row];
  }
}
