package dev.kvasir.benchmarks.fusion;

import java.util.Arrays;

/** The places of the n largest of many numbers that are not negative, without a sort. */
final class LargestScores {

  private static final int DIGIT = 11;
  private static final int MASK = (1 << DIGIT) - 1;
  private static final int DIGITS = 3;

  private LargestScores() {}

  /**
   * {@return the places of the {@code wanted} largest of the first {@code count} numbers,
   * ascending; of equal ones the first}
   */
  static int[] places(float[] numbers, int count, int wanted) {
    if (wanted >= count) {
      return ascending(count);
    }
    if (wanted == 0) {
      return new int[0];
    }
    int threshold = threshold(numbers, count, wanted);
    int larger = 0;
    for (int i = 0; i < count; i++) {
      larger += Float.floatToRawIntBits(numbers[i]) > threshold ? 1 : 0;
    }
    int ties = wanted - larger;
    int[] places = new int[wanted];
    int found = 0;
    for (int i = 0; i < count; i++) {
      int bits = Float.floatToRawIntBits(numbers[i]);
      boolean tied = bits == threshold && ties > 0;
      if (bits > threshold || tied) {
        places[found++] = i;
        ties -= tied ? 1 : 0;
      }
    }
    return places;
  }

  private static int[] ascending(int count) {
    int[] places = new int[count];
    Arrays.setAll(places, i -> i);
    return places;
  }

  /** Digit after digit from the highest: a histogram of the numbers that agree so far. */
  private static int threshold(float[] numbers, int count, int wanted) {
    int[] histogram = new int[MASK + 1];
    int prefix = 0;
    int left = wanted;
    for (int digit = DIGITS - 1; digit >= 0; digit--) {
      Arrays.fill(histogram, 0);
      int shift = digit * DIGIT;
      for (int i = 0; i < count; i++) {
        int bits = Float.floatToRawIntBits(numbers[i]);
        if (((bits ^ prefix) >>> shift) >>> DIGIT == 0) {
          histogram[(bits >>> shift) & MASK]++;
        }
      }
      int bin = MASK;
      while (histogram[bin] < left) {
        left -= histogram[bin--];
      }
      prefix |= bin << shift;
    }
    return prefix;
  }
}
