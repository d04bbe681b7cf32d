package dev.kvasir.codegen.skeleton;

import static dev.kvasir.ir.kernel.TileExpression.uniform;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.Merge;

/**
 * Writes for each list of chosen rows how many of them keep their originals: the share that a merge
 * retains, rounded up. Grid: sequence, list.
 */
public final class CountRetained {

  /** Base of the digits in which a product is divided that i32 cannot hold. */
  private static final int BASE = 16;

  private CountRetained() {}

  /**
   * {@return the kernel}
   *
   * @param name its name in the plan
   * @param retained the part of the retained rows
   * @param merge says which share
   * @param listRoom elements of a list of chosen rows
   * @throws IllegalArgumentException when lists are so long that i32 cannot hold what is between
   */
  public static Kernel build(String name, SegmentPart retained, Merge merge, int listRoom) {
    KernelBuilder kernel = new KernelBuilder(name, "list");
    String counts = kernel.reads("chosen_counts", ElementFormat.I32);
    kernel.writes(PagedRows.COUNTS, ElementFormat.I32);
    String count = kernel.intTile("count", 1, 1);
    IntExpression list = kernel.axis("list");
    IntExpression rows = kernel.let("rows", new IntExpression.BufferElement(counts, list));
    kernel.map(count, uniform(share(kernel, rows, merge, listRoom)));
    IntExpression target =
        kernel.dim(PagedRows.FIRST_LIST).plus(kernel.dim(retained.name() + PagedRows.LISTS));
    kernel.store(View.rows(PagedRows.COUNTS, 1, 1, target.plus(list), 1), count);
    return kernel.build();
  }

  /** {@return {@link Merge#retained}, whose product of rows and share may be beyond i32} */
  private static IntExpression share(
      KernelBuilder kernel, IntExpression rows, Merge merge, int most) {
    long numerator = merge.retainNumerator();
    int divisor = Math.toIntExact(merge.retainDenominator());
    if (numerator * most + divisor <= Integer.MAX_VALUE) {
      return rows.times(Math.toIntExact(numerator)).ceilDivide(divisor);
    }
    if ((BASE - 1L) * most + (long) BASE * divisor > Integer.MAX_VALUE) {
      throw new IllegalArgumentException("lists have too many rows to be shared out: " + most);
    }
    IntExpression quotient = IntExpression.constant(0);
    IntExpression rest = IntExpression.constant(0);
    for (char digit : Long.toString(numerator, BASE).toCharArray()) {
      IntExpression sum = rest.times(BASE).plus(rows.times(Character.digit(digit, BASE)));
      IntExpression dividend = kernel.let("dividend", sum);
      quotient = kernel.let("quotient", quotient.times(BASE).plus(dividend.floorDivide(divisor)));
      rest = kernel.let("rest", dividend.modulo(divisor));
    }
    return quotient.plus(IntExpression.constant(0).less(rest));
  }
}
