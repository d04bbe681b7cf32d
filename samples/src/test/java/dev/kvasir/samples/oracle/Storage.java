package dev.kvasir.samples.oracle;

import java.util.List;
import java.util.Optional;

/**
 * How the rows of a KV head are stored.
 *
 * @param format of rows that are not coded
 * @param packing of full pages
 */
record Storage(RowFormat format, Optional<Packing> packing) {

  /** How full pages are coded. */
  record Packing(CodeFormat key, CodeFormat value) {}

  boolean packed() {
    return packing.isPresent();
  }

  /** {@return the same without codes} */
  Storage plain() {
    return new Storage(format, Optional.empty());
  }

  /** Codes 64 rows of a full page, if pages are coded. */
  void close(List<Row> page) {
    packing.ifPresent(
        formats -> {
          CodedPage keys =
              new CodedPage(formats.key(), page.stream().map(Row::key).toArray(double[][]::new));
          CodedPage values =
              new CodedPage(
                  formats.value(), page.stream().map(Row::value).toArray(double[][]::new));
          for (int row = 0; row < page.size(); row++) {
            page.get(row).code(new Row.Code(keys, values, row));
          }
        });
  }

  /** {@return the bytes of so many pages that are not coded} */
  long plainBytes(long pages, int keyDim, int valueDim) {
    return pages * CodedPage.ROWS * (keyDim + valueDim) * format.bytes();
  }

  /** {@return the bytes of so many packed pages} */
  long packedBytes(long pages, int keyDim, int valueDim) {
    return packing
        .map(
            formats ->
                pages * (formats.key().pageBytes(keyDim) + formats.value().pageBytes(valueDim)))
        .orElse(0L);
  }

  /**
   * {@return the bytes of a head's pages for so many rows: without codes, whole pages; with codes,
   * full pages packed and from the first row on one open page}
   *
   * @param most pages that the head has room for, the open one of a packed segment apart
   */
  long bytes(int rows, int most, int keyDim, int valueDim) {
    return packed()
        ? packedBytes(Math.min(rows / CodedPage.ROWS, most), keyDim, valueDim)
            + plainBytes(Math.min(rows, 1), keyDim, valueDim)
        : plainBytes(Math.min(Math.ceilDiv(rows, CodedPage.ROWS), most), keyDim, valueDim);
  }
}
