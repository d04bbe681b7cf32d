package dev.kvasir.codegen.skeleton;

import dev.kvasir.ir.kernel.IntExpression;

/** Moves one key row and one value row from page to page. */
final class RowMove {

  private final KernelBuilder kernel;
  final String key;
  final String value;

  RowMove(KernelBuilder kernel, AttentionShape shape) {
    this.kernel = kernel;
    this.key = kernel.tile("key", 1, shape.keyDim());
    this.value = kernel.tile("value", 1, shape.valueDim());
  }

  /** Loads row {@code row} of a page. */
  void load(PageBuffer pages, IntExpression page, IntExpression row) {
    kernel.load(key, pages.keys(page).fromRow(row, 1));
    kernel.load(value, pages.values(page).fromRow(row, 1));
  }

  /** Stores what was loaded as row {@code row} of a page. */
  void store(PageBuffer pages, IntExpression page, IntExpression row) {
    kernel.store(pages.keys(page).fromRow(row, 1), key);
    kernel.store(pages.values(page).fromRow(row, 1), value);
  }
}
