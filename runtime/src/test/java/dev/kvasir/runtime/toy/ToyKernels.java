package dev.kvasir.runtime.toy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The kernels of the toy model, written in Java against the kernel ABI. {@link ToyPlan} renames
 * their class files.
 */
final class ToyKernels {

  private ToyKernels() {}

  /** {@code x[row][head][column] = 100 token + 10 head + column}; the poison token throws. */
  static final class Embed {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

    private Embed() {}

    static void run(
        MemorySegment[] buffers,
        int[] dims,
        float[] tileFloats,
        int[] tileInts,
        int axis0,
        int axis1,
        int axis2) {
      int token = buffers[0].get(INT, axis1 * 4L);
      if (token == ToyModel.POISON_TOKEN) {
        throw new IllegalStateException("poison");
      }
      // Working storage holds anything at entry: what another launch left must not matter.
      for (int i = 0; i < 6; i++) {
        tileFloats[i] = 100 * token + i / 3 * 10 + i % 3;
      }
      for (int i = 0; i < 6; i++) {
        buffers[1].set(FLOAT, (axis1 * 6L + i) * 4, tileFloats[i]);
      }
    }
  }

  /** Writes key {@code (3 token + column) mod 128} and value {@code (token + column) mod 128}. */
  static final class Append {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

    private Append() {}

    static void run(
        MemorySegment[] buffers,
        int[] dims,
        float[] tileFloats,
        int[] tileInts,
        int axis0,
        int axis1,
        int axis2) {
      int row = dims[0] + axis2;
      int rowsAfter = dims[1];
      int slots = dims[2];
      int keyDim = dims[3];
      int valueDim = dims[4];
      boolean half = dims[5] == 1;
      if (row < 0 || row / 64 <= (rowsAfter - 1) / 64 - slots) {
        return;
      }
      int token = buffers[0].get(INT, axis2 * 4L);
      long page = buffers[1].get(INT, (axis1 * (long) slots + row / 64 % slots) * 4);
      long start = page * 64 * (keyDim + valueDim);
      int inPage = row % 64;
      for (int column = 0; column < keyDim; column++) {
        put(buffers[2], start + column * 64L + inPage, (3 * token + column) % 128, half);
      }
      for (int column = 0; column < valueDim; column++) {
        int tile = column / 64;
        int width = Math.min(64, valueDim - tile * 64);
        long element = start + keyDim * 64L + tile * 64L * 64 + inPage * (long) width + column % 64;
        put(buffers[2], element, (token + column) % 128, half);
      }
    }

    private static void put(MemorySegment pool, long element, float value, boolean half) {
      if (half) {
        pool.set(SHORT, element * 2, (short) (Float.floatToRawIntBits(value) >>> 16));
      } else {
        pool.set(FLOAT, element * 4, value);
      }
    }
  }

  /** {@code logits[v] = bias[v] - scale |v - target|}, the target a sum over all visible rows. */
  static final class Score {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

    private Score() {}

    static void run(
        MemorySegment[] buffers,
        int[] dims,
        float[] tileFloats,
        int[] tileInts,
        int axis0,
        int axis1,
        int axis2) {
      int fullRows = dims[0];
      int ringRows = dims[1];
      int fullSlots = dims[2];
      int ringSlots = dims[3];
      int window = dims[4];
      int pageElements = dims[5];
      int sum = 0;
      for (int row = 0; row < fullRows; row++) {
        long page = buffers[0].get(INT, row / 64 % fullSlots * 4L);
        int key = (int) buffers[1].get(FLOAT, (page * pageElements + row % 64) * 4);
        sum += key * (row % 7 + 1);
      }
      for (int row = Math.max(0, ringRows - window); row < ringRows; row++) {
        long page = buffers[2].get(INT, row / 64 % ringSlots * 4L);
        int bits = buffers[3].get(SHORT, (page * pageElements + row % 64) * 2) << 16;
        int key = (int) Float.intBitsToFloat(bits);
        sum += key * (row % 5 + 1);
      }
      float scale = buffers[5].get(FLOAT, 0);
      for (int v = axis1 * 16; v < axis1 * 16 + 16; v++) {
        float bias = buffers[4].get(FLOAT, v * 4L);
        buffers[6].set(FLOAT, v * 4L, bias - scale * Math.abs(v - sum % ToyModel.POISON_TOKEN));
      }
    }
  }

  /** The index of the largest logit, the lower one of equals, for every sequence. */
  static final class Largest {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

    private Largest() {}

    static void run(
        MemorySegment[] buffers,
        int[] dims,
        float[] tileFloats,
        int[] tileInts,
        int axis0,
        int axis1,
        int axis2) {
      int best = 0;
      for (int v = 1; v < dims[axis0]; v++) {
        if (buffers[0].get(FLOAT, v * 4L) > buffers[0].get(FLOAT, best * 4L)) {
          best = v;
        }
      }
      buffers[1].set(INT, axis0 * 4L, best);
    }
  }
}
