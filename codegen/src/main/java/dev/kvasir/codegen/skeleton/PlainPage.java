package dev.kvasir.codegen.skeleton;

import dev.kvasir.ir.kernel.IntExpression;

/**
 * A page of numbers: f32 or 16 bits.
 *
 * @param buffer pages
 * @param page which one
 */
record PlainPage(KernelBuilder kernel, AttentionShape shape, String buffer, IntExpression page)
    implements PageRows {

  @Override
  public void score(String queries, String logits) {
    kernel.dotNT(logits, queries, PagedRows.keys(shape, buffer, page));
  }

  @Override
  public void accumulate(String probabilities, String output, boolean guarded) {
    kernel.dotNN(output, probabilities, PagedRows.values(shape, buffer, page), guarded);
  }
}
