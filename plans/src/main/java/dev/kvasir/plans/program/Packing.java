package dev.kvasir.plans.program;

/**
 * Where a segment's closed pages are. A page number stands for one page in each of the three pools.
 *
 * <p>Page p of the key pool begins at element p * pageRows * keyDim and holds codes as
 * [keyDim][page rows]; that of the value pool at p * pageRows * valueDim, codes as tiles of
 * [pageRows][up to 64]. That of the scale pool (f16) begins at p * {@link #scaleElements} and holds
 * four lists: key steps, key mins, value steps, value mins. A list of a format with groups of n is,
 * per channel, [pageRows / n][dim]; per token, [dim / n][pageRows].
 *
 * @param key how keys are stored
 * @param value how values are stored; per token
 * @param keyPool buffer of pages of key codes
 * @param valuePool buffer of pages of value codes
 * @param scalePool buffer of pages of steps and mins
 */
public record Packing(
    PackedFormat key, PackedFormat value, String keyPool, String valuePool, String scalePool) {

  /**
   * {@return the elements of a page of the scale pool}
   *
   * @param pageRows rows of a page
   * @param keyDim elements of a key row
   * @param valueDim elements of a value row
   */
  public long scaleElements(int pageRows, int keyDim, int valueDim) {
    return 2 * (key.groups(pageRows, keyDim) + value.groups(pageRows, valueDim));
  }
}
