package dev.kvasir.runtime.toy;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * The kernels of the toy model, written in Java against the kernel ABI, in the part of the language
 * that the class verifier lets pass: what loops count to are locals or constants. {@link ToyPlan}
 * makes kernel classes of them.
 */
final class ToyKernels {

  private ToyKernels() {}

  /** {@code x[row][head][column] = 100 token + 10 head + column}; the poison token throws. */
  static final class Embed {

    private Embed() {}

    static void run(
        MemorySegment[] buffers,
        int[] dims,
        float[] tileFloats,
        int[] tileInts,
        int axis0,
        int axis1,
        int axis2) {
      int token = buffers[0].get(JAVA_INT_UNALIGNED, axis1 * 4L);
      if (token == ToyModel.POISON_TOKEN) {
        tileFloats[-token] = 0;
      }
      // Working storage holds anything at entry: what another launch left must not matter.
      for (int i = 0; i < 6; i++) {
        tileFloats[i] = 100 * token + i / 3 * 10 + i % 3;
      }
      for (int i = 0; i < 6; i++) {
        buffers[1].set(JAVA_FLOAT_UNALIGNED, (axis1 * 6L + i) * 4, tileFloats[i]);
      }
    }
  }

  /** Writes key {@code (3 token + column) mod 128} and value {@code (token + column) mod 128}. */
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
      int row = dims[0] + axis2;
      int rowsAfter = dims[1];
      int slots = dims[2];
      int keyDim = dims[3];
      int valueDim = dims[4];
      int half = dims[5];
      if (row < 0 || row / 64 <= (rowsAfter - 1) / 64 - slots) {
        return;
      }
      int token = buffers[0].get(JAVA_INT_UNALIGNED, axis2 * 4L);
      long page = buffers[1].get(JAVA_INT_UNALIGNED, (axis1 * (long) slots + row / 64 % slots) * 4);
      long start = page * 64 * (keyDim + valueDim);
      int inPage = row % 64;
      // Strips and tiles of one line: 16 elements of f32, or 32 of bf16, then paired.
      int line = 16 + 16 * half;
      int inLine = row % line;
      int pairs = inLine % 16 * (1 + half) + inLine / 16;
      for (int column = 0; column < keyDim; column++) {
        long strip = start + (long) inPage / line * line * keyDim;
        long element = strip + (long) column * line + pairs;
        put(buffers[2], element, (3 * token + column) % 128, half);
      }
      for (int column = 0; column < valueDim; column++) {
        int first = column - column % line;
        int width = Math.min(line, valueDim - first);
        long tile = start + keyDim * 64L + first * 64L;
        int inTile = column - first;
        int place = width == 32 ? inTile % 16 * 2 + inTile / 16 : inTile;
        long element = tile + inPage * (long) width + place;
        put(buffers[2], element, (token + column) % 128, half);
      }
    }

    private static void put(MemorySegment pool, long element, float value, int half) {
      if (half == 1) {
        pool.set(
            JAVA_SHORT_UNALIGNED, element * 2, (short) (Float.floatToRawIntBits(value) >>> 16));
      } else {
        pool.set(JAVA_FLOAT_UNALIGNED, element * 4, value);
      }
    }
  }

  /** {@code logits[v] = bias[v] - scale |v - target|}, the target a sum over all visible rows. */
  static final class Score {

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
        long page = buffers[0].get(JAVA_INT_UNALIGNED, row / 64 % fullSlots * 4L);
        long strip = page * pageElements + row % 64 / 16 * 16L * ToyModel.KEY_DIM;
        long element = strip + row % 16;
        int key = (int) buffers[1].get(JAVA_FLOAT_UNALIGNED, element * 4);
        sum += key * (row % 7 + 1);
      }
      for (int row = Math.max(0, ringRows - window); row < ringRows; row++) {
        long page = buffers[2].get(JAVA_INT_UNALIGNED, row / 64 % ringSlots * 4L);
        long strip = page * pageElements + row % 64 / 32 * 32L * ToyModel.KEY_DIM;
        long element = strip + row % 16 * 2L + row % 32 / 16;
        int bits = buffers[3].get(JAVA_SHORT_UNALIGNED, element * 2) << 16;
        int key = (int) Float.intBitsToFloat(bits);
        sum += key * (row % 5 + 1);
      }
      float scale = buffers[5].get(JAVA_FLOAT_UNALIGNED, 0);
      int end = axis1 * 16 + 16;
      for (int v = axis1 * 16; v < end; v++) {
        int difference = v - sum % ToyModel.POISON_TOKEN;
        float bias = buffers[4].get(JAVA_FLOAT_UNALIGNED, v * 4L);
        buffers[6].set(
            JAVA_FLOAT_UNALIGNED, v * 4L, bias - scale * Math.max(difference, -difference));
      }
    }
  }

  /** The index of the largest logit, the lower one of equals, for every sequence. */
  static final class Largest {

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
      int count = dims[axis0];
      for (int v = 1; v < count; v++) {
        if (buffers[0].get(JAVA_FLOAT_UNALIGNED, v * 4L)
            > buffers[0].get(JAVA_FLOAT_UNALIGNED, best * 4L)) {
          best = v;
        }
      }
      buffers[1].set(JAVA_INT_UNALIGNED, axis0 * 4L, best);
    }
  }
}
