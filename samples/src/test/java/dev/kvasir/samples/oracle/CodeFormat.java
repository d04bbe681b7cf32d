package dev.kvasir.samples.oracle;

/**
 * How pages are coded.
 *
 * @param bits of a code
 * @param perChannel whether a group is made of rows of one channel, or of channels of one row
 * @param group elements of a group
 */
record CodeFormat(int bits, boolean perChannel, int group) {
  /** {@return the bytes of the codes, steps and minima of a page} */
  long pageBytes(int dim) {
    int elements = CodedPage.ROWS * dim;
    return (long) elements * bits / Byte.SIZE + (long) elements / group * 2 * Short.BYTES;
  }

  /** {@return the group of an element, as [row, column] of the steps} */
  int[] groupOf(int row, int channel) {
    return perChannel ? new int[] {row / group, channel} : new int[] {row, channel / group};
  }
}
