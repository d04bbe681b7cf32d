package dev.kvasir.ir.graph.ops;

import dev.kvasir.ir.graph.OpCatalog;
import dev.kvasir.ir.graph.OpDefinition;
import java.util.List;

/** The list of all operations. */
public final class Ops {
  private static final List<OpDefinition> DEFINITIONS =
      List.of(
          // rows in
          EmbedOp.DEFINITION,
          // dense
          RmsNormOp.DEFINITION,
          LinearOp.DEFINITION,
          GatedLinearOp.DEFINITION,
          SwigluOp.DEFINITION,
          AddOp.DEFINITION,
          // attention and cache
          RopeOp.DEFINITION,
          AppendKvOp.DEFINITION,
          AttentionOp.DEFINITION,
          SelectRowsOp.DEFINITION,
          KeepRowsOp.DEFINITION,
          FoldRowsOp.DEFINITION,
          MergeRowsOp.DEFINITION,
          // one row out
          LastRowOp.DEFINITION,
          ArgmaxOp.DEFINITION);

  private static final OpCatalog CATALOG = new OpCatalog(DEFINITIONS);

  private Ops() {}

  /** {@return all operations, by name} */
  public static OpCatalog catalog() {
    return CATALOG;
  }
}
