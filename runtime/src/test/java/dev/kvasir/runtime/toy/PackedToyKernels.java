package dev.kvasir.runtime.toy;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/** The kernels of the toy model with packed segments, in the language of {@link ToyKernels}. */
final class PackedToyKernels {

  private PackedToyKernels() {}

  /** Writes rows to the open page and packs full pages; or packs the open page alone. */
  static final class Store {

    private Store() {}

    static void run(
        MemorySegment[] buffers,
        int[] dims,
        float[] tileFloats,
        int[] tileInts,
        int axis0,
        int axis1,
        int axis2) {
      int before = dims[1];
      int after = dims[2];
      int table = dims[4] + axis1 * (dims[5] + 1);
      if (dims[0] == 1) {
        close(buffers, dims, table, after / 64 - 1);
        return;
      }
      for (int row = before; row < after; row++) {
        put(buffers, dims, table, row);
        if (row % 64 == 63) {
          if (row < after - 1) {
            close(buffers, dims, table, row / 64);
          }
        }
      }
    }

    private static void put(MemorySegment[] buffers, int[] dims, int table, int row) {
      int token = buffers[0].get(JAVA_INT_UNALIGNED, (row - dims[3]) * 4L);
      long open = buffers[1].get(JAVA_INT_UNALIGNED, (table + dims[5]) * 4L) * 6144L;
      int keyLevels = dims[6] == 8 ? 64 : 16;
      int valueLevels = dims[9] == 8 ? 64 : 16;
      int keyGroup = row / dims[7];
      for (int column = 0; column < 16; column++) {
        int group = column / dims[8];
        int step = 1 + (keyGroup + group) % 2;
        int value = step * ((3 * token + column) % keyLevels) + (keyGroup + 3 * group) % 4;
        setRow(buffers[2], open + column * 64L + row % 64, value);
      }
      for (int column = 0; column < 80; column++) {
        int group = column / 16;
        int step = 1 + (row + group) % 2;
        int value = step * ((3 * token + column) % valueLevels) + (row + 3 * group) % 4;
        long tile = 1024 + column / 64 * 4096L;
        long width = Math.min(64, 80 - column / 64 * 64);
        setRow(buffers[2], open + tile + row % 64 * width + column % 64, value);
      }
    }

    private static void close(MemorySegment[] buffers, int[] dims, int table, int logicalPage) {
      int groupRows = dims[7];
      int groupColumns = dims[8];
      long open = buffers[1].get(JAVA_INT_UNALIGNED, (table + dims[5]) * 4L) * 6144L;
      long page = buffers[1].get(JAVA_INT_UNALIGNED, (table + logicalPage % dims[5]) * 4L);
      int keyGroups = 64 / groupRows * (16 / groupColumns);
      long scales = page * 2 * (keyGroups + 320);
      for (int row = 0; row < 64; row++) {
        int all = logicalPage * 64 + row;
        for (int column = 0; column < 16; column++) {
          long element = column * 64L + row;
          int step = 1 + (all / groupRows + column / groupColumns) % 2;
          int min = (all / groupRows + 3 * (column / groupColumns)) % 4;
          int group = row / groupRows * 16 + column;
          if (groupColumns > 1) {
            group = column / groupColumns * 64 + row;
          }
          int bits = buffers[2].get(JAVA_SHORT_UNALIGNED, (open + element) * 2) << 16;
          int code = (int) ((Float.intBitsToFloat(bits) - min) / step);
          setCode(buffers[3], dims[6], page * 1024 + element, code);
          setScale(buffers[5], scales + group, step);
          setScale(buffers[5], scales + keyGroups + group, min);
        }
        for (int column = 0; column < 80; column++) {
          long width = Math.min(64, 80 - column / 64 * 64);
          long element = column / 64 * 4096L + row * width + column % 64;
          int step = 1 + (all + column / 16) % 2;
          int min = (all + 3 * (column / 16)) % 4;
          int bits = buffers[2].get(JAVA_SHORT_UNALIGNED, (open + 1024 + element) * 2) << 16;
          int code = (int) ((Float.intBitsToFloat(bits) - min) / step);
          setCode(buffers[4], dims[9], page * 5120 + element, code);
          long group = scales + 2L * keyGroups + column / 16 * 64L + row;
          setScale(buffers[5], group, step);
          setScale(buffers[5], group + 320, min);
        }
      }
    }

    private static void setRow(MemorySegment tail, long element, float value) {
      tail.set(JAVA_SHORT_UNALIGNED, element * 2, (short) (Float.floatToRawIntBits(value) >>> 16));
    }

    private static void setScale(MemorySegment scales, long element, float value) {
      scales.set(JAVA_SHORT_UNALIGNED, element * 2, Float.floatToFloat16(value));
    }

    private static void setCode(MemorySegment codes, int bits, long element, int code) {
      int block = 512 / bits;
      long at = element / block * 64 + element % block % 16 * 4;
      int shift = (int) (element % block / 16) * bits;
      int others = codes.get(JAVA_INT_UNALIGNED, at) & ~(((1 << bits) - 1) << shift);
      codes.set(JAVA_INT_UNALIGNED, at, others | (code << shift));
    }
  }

  /** {@code logits[v] = -|v - target|}, the target a sum over all visible rows of both segments. */
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
      int sum = 0;
      for (int row = 0; row < fullRows; row++) {
        row(buffers, tileFloats, 1, fullSlots + 1, fullSlots, fullRows, row, 8, 32, 1, 4);
        sum += (int) (tileFloats[0] * (row % 7 + 1));
      }
      for (int row = Math.max(0, ringRows - dims[5]); row < ringRows; row++) {
        row(buffers, tileFloats, 5, dims[4], dims[3], ringRows, row, 4, 1, 16, 8);
        sum += (int) (tileFloats[0] * (row % 5 + 1));
      }
      for (int v = 0; v < 256; v++) {
        int difference = v - sum % ToyModel.POISON_TOKEN;
        buffers[9].set(JAVA_FLOAT_UNALIGNED, v * 4L, -Math.max(difference, -difference));
      }
    }

    /** Leaves the sum of key column 5 and value column 70 in the first tile element. */
    private static void row(
        MemorySegment[] buffers,
        float[] result,
        int first,
        int table,
        int slots,
        int rows,
        int row,
        int keyBits,
        int groupRows,
        int groupColumns,
        int valueBits) {
      int inPage = row % 64;
      long keyElement = 5 * 64L + inPage;
      long valueElement = 4096 + inPage * 16L + 6;
      result[0] = 0;
      if (row >= (rows - 1) / 64 * 64) {
        long open = buffers[0].get(JAVA_INT_UNALIGNED, (table + slots) * 4L) * 6144L;
        addRow(buffers[first], open + keyElement, result);
        addRow(buffers[first], open + 1024 + valueElement, result);
        return;
      }
      long page = buffers[0].get(JAVA_INT_UNALIGNED, (table + row / 64 % slots) * 4L);
      int keyGroups = 64 / groupRows * (16 / groupColumns);
      long scales = page * 2 * (keyGroups + 320);
      int group = inPage / groupRows * 16 + 5;
      if (groupColumns > 1) {
        group = inPage;
      }
      MemorySegment scalePool = buffers[first + 3];
      long key = page * 1024 + keyElement;
      addCode(buffers[first + 1], keyBits, key, scalePool, scales + group, keyGroups, result);
      long valueGroup = scales + 2L * keyGroups + 4 * 64L + inPage;
      long value = page * 5120 + valueElement;
      addCode(buffers[first + 2], valueBits, value, scalePool, valueGroup, 320, result);
    }

    private static void addRow(MemorySegment tail, long element, float[] result) {
      int bits = tail.get(JAVA_SHORT_UNALIGNED, element * 2) << 16;
      result[0] = result[0] + Float.intBitsToFloat(bits);
    }

    private static void addCode(
        MemorySegment codes,
        int bits,
        long element,
        MemorySegment scales,
        long group,
        int groups,
        float[] result) {
      int block = 512 / bits;
      int field = codes.get(JAVA_INT_UNALIGNED, element / block * 64 + element % block % 16 * 4);
      int code = (field >>> ((int) (element % block / 16) * bits)) & ((1 << bits) - 1);
      float step = Float.float16ToFloat(scales.get(JAVA_SHORT_UNALIGNED, group * 2));
      float min = Float.float16ToFloat(scales.get(JAVA_SHORT_UNALIGNED, (group + groups) * 2));
      result[0] = result[0] + step * code + min;
    }
  }
}
