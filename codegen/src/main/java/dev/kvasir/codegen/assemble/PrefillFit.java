package dev.kvasir.codegen.assemble;

import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.PrefillAttention;
import dev.kvasir.codegen.tile.TileSize;
import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.ops.AttentionOp;
import dev.kvasir.ir.kernel.Kernel;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Lowers the tokens of a prefill tile until the tiles of each prefill kernel of a graph fit where
 * the target has them: how many numbers a query row needs depends on the formats of the segments
 * that it attends.
 */
public final class PrefillFit {

  /** Local memory that a kernel needs beside its tiles: partial results of 128 threads, twice. */
  private static final int SCRATCH = 2 * 128 * Float.BYTES;

  private PrefillFit() {}

  /**
   * {@return the sizes, with as many tokens as fit, at least one, where the profile has a bound}
   */
  public static PlanSizes fit(Graph graph, PlanSizes sizes) {
    if (sizes.profile().localBytes().isEmpty()) {
      return sizes;
    }
    int most = sizes.profile().localBytes().getAsInt() - SCRATCH;
    Set<AttentionShape> shapes =
        graph.nodes().stream()
            .map(node -> node.op())
            .filter(AttentionOp.class::isInstance)
            .map(AttentionOp.class::cast)
            .flatMap(op -> CacheAssembly.shapes(op, sizes.context()))
            .collect(Collectors.toSet());
    int tokens = sizes.tiles().prefillTokens();
    for (AttentionShape shape : shapes) {
      while (tokens > 1 && tileBytes(shape, tokens) > most) {
        tokens /= 2;
      }
    }
    return sizes.with(sizes.tiles().with(TileSize.PREFILL_TOKENS, tokens));
  }

  private static long tileBytes(AttentionShape shape, int tokens) {
    return PrefillAttention.build("prefill", shape, tokens, 1).tiles().stream()
        .mapToLong(Kernel.Tile::size)
        .map(size -> size * Float.BYTES)
        .sum();
  }
}
