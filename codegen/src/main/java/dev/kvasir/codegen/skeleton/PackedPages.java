package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import java.util.Optional;

/**
 * Closed pages of a packed segment. Codes are multiplied as they are; steps go into the queries or
 * the logits and into the probabilities, minima into one more product (KIVI, Liu et al., 2024):
 *
 * <pre>{@code
 * per channel  q . k_r = sum_c (q_c * step_c) * code_rc + sum_c q_c * min_c
 * per token    q . k_r = sum_g (sum_c in g of q_c * code_rc) * step_rg + sum_g (sum_c in g of q_c) * min_rg
 * values       out_c  += sum_r (p_r * step_rg) * code_rc + sum_r p_r * min_rg          c in group g
 * }</pre>
 */
final class PackedPages {

  private final PackedKeys keys;
  private final Optional<PackedValues> values;

  /**
   * Declares buffers and tiles.
   *
   * @param rows query rows
   * @param keysAlone whether pages are only scored
   */
  PackedPages(
      KernelBuilder kernel,
      AttentionShape shape,
      SegmentPart segment,
      int rows,
      boolean keysAlone) {
    keys = new PackedKeys(kernel, shape, segment, rows);
    values =
        keysAlone ? Optional.empty() : Optional.of(new PackedValues(kernel, shape, segment, rows));
  }

  /** Lets the sums of this follow the reference maximum. */
  void follow(OnlineSoftmax softmax) {
    values.ifPresent(rows -> rows.follow(softmax));
  }

  /** Adds what has been kept apart to the output. */
  void finish(String output) {
    values.ifPresent(rows -> rows.finish(output));
  }

  /** Prepares for queries that have just been loaded. */
  void start(String queries) {
    keys.start(queries);
  }

  /** {@return one page of them} */
  PageRows page(IntExpression page) {
    return new PageRows() {
      @Override
      public void score(String queries, String logits) {
        keys.score(page, queries, logits);
      }

      // A closed page is full of finite numbers: probability 0 adds nothing by itself.
      @Override
      public void accumulate(String probabilities, String output, boolean guarded) {
        values.orElseThrow().accumulate(page, probabilities, output);
      }
    };
  }
}
