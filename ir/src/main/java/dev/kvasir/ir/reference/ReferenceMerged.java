package dev.kvasir.ir.reference;

import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.QuantisedFormat;
import java.util.Arrays;
import java.util.Optional;

/**
 * What one layer reads of the rows that it has merged with another layer's.
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

    /** These rows and more; pages that were not full are coded if they are now. */
    Side append(
        int kvHeads,
        int headDim,
        double[] moreDirections,
        double[] moreNorms,
        ElementFormat format,
        Optional<QuantisedFormat> codes) {
      ReferenceSide before = norms.length == 0 ? ReferenceSide.empty(kvHeads, headDim) : directions;
      double[] stored =
          Arrays.stream(moreDirections).map(element -> format.round((float) element)).toArray();
      ReferenceSide longer = before.append(moreDirections, stored);
      double[] longerNorms = Arrays.copyOf(norms, norms.length + moreNorms.length);
      System.arraycopy(moreNorms, 0, longerNorms, norms.length, moreNorms.length);
      codes.ifPresent(
          quantised ->
              codeFullPages(
                  longer, quantised, norms.length / kvHeads, longerNorms.length / kvHeads));
      return new Side(longer, longerNorms);
    }

    private static void codeFullPages(
        ReferenceSide side, QuantisedFormat codes, int rowsBefore, int rows) {
      int page = QuantisedFormat.PAGE_ROWS;
      for (int first = rowsBefore / page * page; first + page <= rows; first += page) {
        int[] pageRows = new int[page];
        Arrays.setAll(pageRows, index -> index);
        for (int index = 0; index < page; index++) {
          pageRows[index] += first;
        }
        for (int head = 0; head < side.kvHeads(); head++) {
          side.code(codes, head, pageRows);
        }
      }
    }
  }

  /** {@return whether a KV head reads a row as shared, which is not its original} */
  public boolean isShared(int kvHead, int row) {
    return row < mark && !retained[kvHead][row];
  }
}
