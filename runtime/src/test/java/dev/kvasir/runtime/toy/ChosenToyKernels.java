package dev.kvasir.runtime.toy;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/** The kernels of the toy model with chosen rows, in the language of {@link ToyKernels}. */
final class ChosenToyKernels {

  private ChosenToyKernels() {}

  /** Adds the span's tokens to a number that the session keeps. */
  static final class Accumulate {

    private Accumulate() {}

    static void run(
        MemorySegment[] buffers,
        int[] dims,
        float[] tileFloats,
        int[] tileInts,
        int axis0,
        int axis1,
        int axis2) {
      int total = buffers[1].get(JAVA_INT_UNALIGNED, 0);
      int span = dims[0];
      for (int row = 0; row < span; row++) {
        total += buffers[0].get(JAVA_INT_UNALIGNED, row * 4L);
      }
      buffers[1].set(JAVA_INT_UNALIGNED, 0, total);
    }
  }

  /** Writes a step's row to the tail of a head. */
  static final class Append {

    private Append() {}

    static void run(
        MemorySegment[] buffers,
        int[] dims,
        float[] tileFloats,
        int[] tileInts,
        int axis0,
        int axis1,
        int axis2) {
      int token = buffers[0].get(JAVA_INT_UNALIGNED, 0);
      int row = dims[0];
      long page = buffers[1].get(JAVA_INT_UNALIGNED, (6 + axis1 * 2 + row / 64) * 4L) * 2048L;
      int key = (token + 7 * axis1) % 128;
      int value = (3 * token + axis1) % 128;
      int inPage = row % 64;
      for (int column = 0; column < 16; column++) {
        long keyElement = page + inPage / 16 * 256L + column * 16L + inPage % 16;
        long valueElement = page + 1024 + inPage * 16L + column;
        buffers[2].set(JAVA_FLOAT_UNALIGNED, keyElement * 4, (key + column) % 128);
        buffers[2].set(JAVA_FLOAT_UNALIGNED, valueElement * 4, (value + column) % 128);
      }
    }
  }

  /**
   * Over the candidates (kept rows, then the tail's, then the span's) either sums what they hold,
   * or keeps of each head the newest whose key is not a multiple of 3 plus the head.
   */
  static final class Candidates {

    private Candidates() {}

    static void run(
        MemorySegment[] buffers,
        int[] dims,
        float[] tileFloats,
        int[] tileInts,
        int axis0,
        int axis1,
        int axis2) {
      if (dims[0] == 1) {
        sum(buffers, dims, tileFloats);
      } else {
        choose(buffers, dims, tileFloats, axis1);
      }
    }

    private static void sum(MemorySegment[] buffers, int[] dims, float[] row) {
      int sum = buffers[8].get(JAVA_INT_UNALIGNED, 0);
      for (int head = 0; head < 2; head++) {
        int count = buffers[7].get(JAVA_INT_UNALIGNED, head * 4L) + dims[3] + dims[4];
        for (int i = 0; i < count; i++) {
          load(buffers, dims, row, head, i);
          int position = (int) row[2];
          sum += ((int) row[0]) * (position % 7 + 1) + ((int) row[1]) * (position % 5 + 1);
        }
      }
      for (int v = 0; v < 256; v++) {
        int difference = v - sum % ToyModel.POISON_TOKEN;
        buffers[9].set(JAVA_FLOAT_UNALIGNED, v * 4L, -Math.max(difference, -difference));
      }
    }

    private static void choose(MemorySegment[] buffers, int[] dims, float[] rows, int head) {
      int candidates = buffers[7].get(JAVA_INT_UNALIGNED, head * 4L) + dims[3] + dims[4];
      int good = 0;
      for (int i = 0; i < candidates; i++) {
        load(buffers, dims, rows, head, i);
        if ((int) rows[0] % 3 != head) {
          good++;
        }
      }
      int skipped = Math.max(0, good - dims[6]);
      int seen = 0;
      int count = 0;
      for (int i = 0; i < candidates; i++) {
        load(buffers, dims, rows, head, i);
        if ((int) rows[0] % 3 != head) {
          if (seen >= skipped) {
            rows[3 + count * 3] = rows[0];
            rows[4 + count * 3] = rows[1];
            rows[5 + count * 3] = rows[2];
            count++;
          }
          seen++;
        }
      }
      // Rows are written after all of them are read: they lie in the same pages.
      int chosen = count;
      int closed = 0;
      if (dims[1] == 1) {
        closed = chosen / 64 * 64;
      }
      for (int row = 0; row < chosen; row++) {
        int key = (int) rows[3 + row * 3];
        int value = (int) rows[4 + row * 3];
        if (row < closed) {
          pack(buffers, head, row, key, value);
        } else {
          store(buffers, dims, head, row, key, value);
        }
        int position = (int) rows[5 + row * 3];
        buffers[6].set(JAVA_INT_UNALIGNED, (head * 150L + row) * 4, position);
      }
      buffers[7].set(JAVA_INT_UNALIGNED, head * 4L, chosen);
    }

    /** Leaves key column 0, value column 0 and the position of a candidate in the tile. */
    private static void load(
        MemorySegment[] buffers, int[] dims, float[] row, int head, int candidate) {
      int kept = buffers[7].get(JAVA_INT_UNALIGNED, head * 4L);
      if (candidate >= kept + dims[3]) {
        int number = candidate - kept - dims[3];
        int token = buffers[0].get(JAVA_INT_UNALIGNED, number * 4L);
        row[0] = (token + 7 * head) % 128;
        row[1] = (3 * token + head) % 128;
        row[2] = dims[5] + number;
        return;
      }
      if (candidate >= kept) {
        int number = candidate - kept;
        row[2] = dims[2] + number;
        loadRow(buffers, row, 6 + head * 2 + number / 64, number, 0);
        return;
      }
      row[2] = buffers[6].get(JAVA_INT_UNALIGNED, (head * 150L + candidate) * 4);
      if (dims[1] == 0) {
        loadRow(buffers, row, head * 3 + candidate / 64, candidate, 0);
        return;
      }
      if (candidate >= kept / 64 * 64) {
        loadRow(buffers, row, head * 3 + 2, candidate, 1);
        return;
      }
      long page = buffers[1].get(JAVA_INT_UNALIGNED, (head * 3 + candidate / 64) * 4L) * 1024L;
      loadCode(buffers[3], page + candidate % 64, row, 0);
      loadCode(buffers[4], page + candidate % 64 * 16L, row, 1);
    }

    private static void loadRow(
        MemorySegment[] buffers, float[] row, int entry, int number, int open) {
      long page = buffers[1].get(JAVA_INT_UNALIGNED, entry * 4L) * 2048L;
      int inPage = number % 64;
      long key = page + inPage / 16 * 256L + inPage % 16;
      if (open == 1) {
        key = page + inPage;
      }
      row[0] = buffers[2].get(JAVA_FLOAT_UNALIGNED, key * 4);
      row[1] = buffers[2].get(JAVA_FLOAT_UNALIGNED, (page + 1024 + inPage * 16L) * 4);
    }

    private static void store(
        MemorySegment[] buffers, int[] dims, int head, int row, int key, int value) {
      int entry = head * 3 + 2;
      if (dims[1] == 0) {
        entry = head * 3 + row / 64;
      }
      long page = buffers[1].get(JAVA_INT_UNALIGNED, entry * 4L) * 2048L;
      int inPage = row % 64;
      for (int column = 0; column < 16; column++) {
        long keyElement = page + column * 64L + inPage;
        if (dims[1] == 0) {
          keyElement = page + inPage / 16 * 256L + column * 16L + inPage % 16;
        }
        long valueElement = page + 1024 + inPage * 16L + column;
        buffers[2].set(JAVA_FLOAT_UNALIGNED, keyElement * 4, (key + column) % 128);
        buffers[2].set(JAVA_FLOAT_UNALIGNED, valueElement * 4, (value + column) % 128);
      }
    }

    private static void pack(MemorySegment[] buffers, int head, int row, int key, int value) {
      long page = buffers[1].get(JAVA_INT_UNALIGNED, (head * 3 + row / 64) * 4L);
      int inPage = row % 64;
      long scales = page * 192;
      for (int column = 0; column < 16; column++) {
        setCode(buffers[3], page * 1024 + column * 64L + inPage, (key + column) % 128);
        setCode(buffers[4], page * 1024 + inPage * 16L + column, (value + column) % 128);
        long group = scales + inPage / 32 * 16L + column;
        setScale(buffers[5], group, 1);
        setScale(buffers[5], group + 32, 0);
      }
      setScale(buffers[5], scales + 64 + inPage, 1);
      setScale(buffers[5], scales + 128 + inPage, 0);
    }

    private static void loadCode(MemorySegment codes, long element, float[] row, int place) {
      int field = codes.get(JAVA_INT_UNALIGNED, element / 64 * 64 + element % 64 % 16 * 4);
      row[place] = (field >>> ((int) (element % 64 / 16) * 8)) & 255;
    }

    private static void setCode(MemorySegment codes, long element, int code) {
      long at = element / 64 * 64 + element % 64 % 16 * 4;
      int shift = (int) (element % 64 / 16) * 8;
      int others = codes.get(JAVA_INT_UNALIGNED, at) & ~(255 << shift);
      codes.set(JAVA_INT_UNALIGNED, at, others | (code << shift));
    }

    private static void setScale(MemorySegment scales, long element, float value) {
      scales.set(JAVA_SHORT_UNALIGNED, element * 2, Float.floatToFloat16(value));
    }
  }
}
