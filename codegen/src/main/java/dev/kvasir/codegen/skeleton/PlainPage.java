package dev.kvasir.codegen.skeleton;

import dev.kvasir.ir.kernel.IntExpression;

/**
 * A page of numbers: f32 or 16 bits.
 *
 * @param pages where it is
 * @param page which one
 */
record PlainPage(KernelBuilder kernel, PageBuffer pages, IntExpression page) implements PageRows {

  @Override
  public void score(String queries, String logits) {
    kernel.dotNT(logits, queries, pages.keys(page));
  }

  @Override
  public void accumulate(String probabilities, String output, boolean guarded) {
    kernel.dotNN(output, probabilities, pages.values(page), guarded);
  }
}
