package dev.kvasir.ir.reference;

import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.QuantisedFormat;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Keys or values of one layer, [rows, kvHeads * head dimension], in each form in which they are
 * read; elements of rows that are not coded are NaN.
 */
record ReferenceSide(int kvHeads, int headDim, double[] computed, double[] stored, double[] coded) {
  static ReferenceSide empty(int kvHeads, int headDim) {
    return new ReferenceSide(kvHeads, headDim, new double[0], new double[0], new double[0]);
  }

  double[] in(RowForm form) {
    return switch (form) {
      case COMPUTED -> computed;
      case STORED -> stored;
      case CODED -> coded;
      case MERGED -> throw new IllegalArgumentException("a side is not merged");
    };
  }

  ReferenceSide copy() {
    return new ReferenceSide(kvHeads, headDim, computed, stored.clone(), coded.clone());
  }

  /** A row of a head as it is read: decoded where it is coded. */
  double[] read(int row, int head) {
    int start = place(row, head, 0);
    double[] form = Double.isNaN(coded[start]) ? stored : coded;
    return Arrays.copyOfRange(form, start, start + headDim);
  }

  /** A row of a head in one of the forms. */
  double[] read(int row, int head, RowForm form) {
    int start = place(row, head, 0);
    return Arrays.copyOfRange(in(form), start, start + headDim);
  }

  /** These rows and more, not coded. */
  ReferenceSide append(double[] moreComputed, double[] moreStored) {
    double[] notCoded = new double[moreStored.length];
    Arrays.fill(notCoded, Double.NaN);
    return new ReferenceSide(
        kvHeads,
        headDim,
        concatenate(computed, moreComputed),
        concatenate(stored, moreStored),
        concatenate(coded, notCoded));
  }

  /** Puts a row of a head in the place of the stored one. */
  void store(int row, int head, double[] elements, ElementFormat format) {
    for (int channel = 0; channel < headDim; channel++) {
      stored[place(row, head, channel)] = format.round((float) elements[channel]);
    }
  }

  /**
   * Codes a page of a head from its rows as stored.
   *
   * @param rows the page's rows, in order
   */
  void code(QuantisedFormat format, int head, int[] rows) {
    boolean perChannel =
        switch (format.per()) {
          case CHANNEL -> true;
          case TOKEN -> false;
        };
    int lines = perChannel ? headDim : rows.length;
    int length = perChannel ? rows.length : headDim;
    for (int line = 0; line < lines; line++) {
      for (int start = 0; start < length; start += format.group()) {
        int[] places = new int[format.group()];
        for (int index = 0; index < places.length; index++) {
          int row = rows[perChannel ? start + index : line];
          places[index] = place(row, head, perChannel ? line : start + index);
        }
        double[] group = Arrays.stream(places).mapToDouble(place -> stored[place]).toArray();
        ReferenceQuantiser.Coded codes = ReferenceQuantiser.code(format, group);
        IntStream.range(0, places.length)
            .forEach(index -> coded[places[index]] = codes.decoded(index));
      }
    }
  }

  private int place(int row, int head, int channel) {
    return (row * kvHeads + head) * headDim + channel;
  }

  private static double[] concatenate(double[] first, double[] second) {
    double[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }
}
