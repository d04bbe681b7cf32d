package dev.kvasir.codegen.skeleton;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;

/**
 * Makes the rows that were chosen those that the cache holds, once every layer that shares a list
 * has copied them. Grid: sequence, list.
 */
public final class CommitChoice {

  private CommitChoice() {}

  /**
   * {@return the kernel}
   *
   * @param name its name in the plan
   * @param listRoom elements of a list of chosen rows
   */
  public static Kernel build(String name, int listRoom) {
    KernelBuilder kernel = new KernelBuilder(name, "list");
    kernel.reads("chosen_positions", ElementFormat.I32);
    kernel.reads("chosen_counts", ElementFormat.I32);
    kernel.writes("positions", ElementFormat.I32);
    kernel.writes(PagedRows.COUNTS, ElementFormat.I32);
    String position = kernel.intTile("position", 1, 1);
    IntExpression list = kernel.axis("list");
    IntExpression kept = kernel.let("kept_list", kernel.dim(PagedRows.FIRST_LIST).plus(list));
    kernel.loop(
        "row",
        IntExpression.constant(0),
        new IntExpression.BufferElement("chosen_counts", list),
        row -> {
          kernel.load(position, View.rows("chosen_positions", 1, 1, list, listRoom).at(row));
          kernel.store(View.rows("positions", 1, 1, kept, listRoom).at(row), position);
        });
    kernel.load(position, View.rows("chosen_counts", 1, 1, list, 1));
    kernel.store(View.rows(PagedRows.COUNTS, 1, 1, kept, 1), position);
    return kernel.build();
  }
}
