package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.type.ElementFormat;

/**
 * The mass that candidates of a selection received from the observed queries (SnapKV, Li et al.,
 * 2024): the sum over queries of the mean over the group's query heads of {@code exp(logit - lse)}.
 * The log-sum-exp is that of the attention which the queries had, so that one product over the keys
 * is all there is to do. Grid: sequence, listed head, page of candidates.
 */
public final class ObservedMass {

  /** The dim that says which row of {@code q} is the first observed query. */
  public static final String FIRST_QUERY = "first_query";

  /** The dim that says which row of {@code q} follows the last observed query. */
  public static final String END_QUERY = "end_query";

  /** The dim that says at which true position row 0 of {@code q} stands. */
  public static final String QUERY_ORIGIN = "query_origin";

  private static final double LOG2_E = 1 / Math.log(2);

  private ObservedMass() {}

  /**
   * {@return the kernel}
   *
   * @param name its name in the plan
   * @param shape the head group
   * @param tokens queries that are taken at a time, which divide the rows of {@code q}
   * @param source where candidates are read from
   */
  public static Kernel build(
      String name, AttentionShape shape, int tokens, Candidates.Source source) {
    KernelBuilder kernel = new KernelBuilder(name, "head", "page");
    int rows = tokens * shape.group();
    String queryBuffer = kernel.reads("q", ElementFormat.F32);
    String lseBuffer = kernel.reads("lse", ElementFormat.F32);
    String ordinals = kernel.reads("ordinals", ElementFormat.I32);
    String heads = kernel.reads("heads", ElementFormat.I32);
    String table = kernel.reads("table", ElementFormat.I32);
    CachedPages cached = CachedPages.ofKeys(kernel, shape, source.segments(shape), table, rows);
    Candidates candidates = new Candidates(kernel, shape, source, cached);
    String massBuffer = kernel.writes("mass", ElementFormat.F32);

    String queries = kernel.tile("queries", rows, shape.keyDim());
    String positions = kernel.intTile("positions", rows, 1);
    String lse = kernel.tile("query_lse", rows, 1);
    String logits = kernel.tile("logits", rows, SegmentPart.PAGE_ROWS);
    String received = kernel.tile("received", 1, SegmentPart.PAGE_ROWS);
    String mass = kernel.tile("page_mass", 1, SegmentPart.PAGE_ROWS);
    String places = kernel.intTile("places", 1, SegmentPart.PAGE_ROWS);

    IntExpression head = PagedRows.head(kernel, heads);
    IntExpression origin = kernel.dim(QUERY_ORIGIN);
    IntExpression first = kernel.dim(FIRST_QUERY);
    IntExpression end = kernel.dim(END_QUERY);
    candidates.visit(
        kernel.axis("page"),
        head,
        (page, firstCandidate, count, position) -> {
          kernel.map(mass, TileExpression.constant(0));
          kernel.loop(
              "block",
              // Queries before the page's first row see none of it.
              first.maximum(position.minus(origin)).floorDivide(tokens),
              end.ceilDivide(tokens),
              block -> {
                IntExpression token = kernel.let("token", block.times(tokens));
                QueryRows.loadPositions(
                    kernel, shape, ordinals, positions, rows, origin.plus(token));
                QueryRows.loadScaled(kernel, shape, queryBuffer, queries, head, token, tokens);
                kernel.load(lse, QueryRows.view(shape, lseBuffer, 1, head, token, tokens));
                cached.start(queries);
                page.score(queries, logits);
                TileExpression query = TileExpression.element(positions);
                TileExpression candidate =
                    TileExpression.uniform(position).plus(new TileExpression.ColumnIndex());
                TileExpression observed =
                    candidate
                        .lessOrEqual(query)
                        .and(TileExpression.uniform(origin.plus(first)).lessOrEqual(query))
                        .and(query.less(TileExpression.uniform(origin.plus(end))));
                TileExpression weight =
                    TileExpression.element(logits)
                        .minus(TileExpression.element(lse).times((float) LOG2_E))
                        .exp2();
                kernel.map(logits, observed.select(weight, TileExpression.constant(0)));
                kernel.reduce(received, Statement.ReduceOperator.SUM, Statement.Along.ROWS, logits);
                kernel.map(
                    mass, TileExpression.element(mass).plus(TileExpression.element(received)));
              });
          kernel.map(mass, TileExpression.element(mass).times(1f / shape.group()));
          kernel.map(places, Candidates.places(firstCandidate, count));
          kernel.scatter(
              massBuffer,
              kernel.axis("head").times(source.room().elements()).plus(CandidateRoom.GUARD),
              places,
              mass);
        });
    return kernel.build();
  }
}
