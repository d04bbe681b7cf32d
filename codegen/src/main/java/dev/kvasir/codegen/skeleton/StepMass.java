package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;

/**
 * Adds what the rows of folded heads receive from a step's query to what they received before:
 * {@code mass_after[head, row] = mass_before[head, row] + mean over the group's query heads of
 * exp(logit - lse)}, slots first, then the tail. A row that the step has brought has received
 * nothing before. Both are buffers of a row of {@link FoldShape#massRoom} for each listed head, and
 * two of them take turns, so that a step which is cancelled and run again counts once. Grid:
 * sequence, listed head, page of rows.
 */
public final class StepMass {

  /** The dim that says how many rows there were before the step. */
  public static final String BEFORE = "rows_before";

  private static final int PAGE_ROWS = SegmentPart.PAGE_ROWS;
  private static final double LOG2_E = 1 / Math.log(2);

  private final KernelBuilder kernel;
  private final FoldShape fold;
  private final AttentionShape shape;
  private final String queries;
  private final String lse;
  private final String logits;
  private final String received;
  private final String mass;
  private final String places;

  private StepMass(KernelBuilder kernel, FoldShape fold) {
    this.kernel = kernel;
    this.fold = fold;
    this.shape = fold.attention();
    queries = kernel.tile("queries", shape.group(), shape.keyDim());
    lse = kernel.tile("query_lse", shape.group(), 1);
    logits = kernel.tile("logits", shape.group(), PAGE_ROWS);
    received = kernel.tile("received", 1, PAGE_ROWS);
    mass = kernel.tile("mass", 1, PAGE_ROWS);
    places = kernel.intTile("places", 1, PAGE_ROWS);
  }

  /** {@return the kernel} */
  public static Kernel build(String name, FoldShape fold) {
    KernelBuilder kernel = new KernelBuilder(name, "head", "page");
    new StepMass(kernel, fold).write();
    return kernel.build();
  }

  private void write() {
    String queryBuffer = kernel.reads("q", ElementFormat.F32);
    String lseBuffer = kernel.reads("lse", ElementFormat.F32);
    String heads = kernel.reads("heads", ElementFormat.I32);
    String table = kernel.reads("table", ElementFormat.I32);
    CachedPages cached = CachedPages.ofKeys(kernel, shape, shape.segments(), table, shape.group());
    Candidates.Source source = new Candidates.Source(false, 0, fold.room());
    Candidates candidates = new Candidates(kernel, shape, source, cached);
    kernel.reads("mass_before", ElementFormat.F32);
    kernel.writes("mass_after", ElementFormat.F32);
    IntExpression head = PagedRows.head(kernel, heads);
    IntExpression first = IntExpression.constant(0);
    QueryRows.loadScaled(kernel, shape, queryBuffer, queries, head, first, 1);
    kernel.load(lse, QueryRows.view(shape, lseBuffer, 1, head, first, 1));
    cached.start(queries);
    candidates.visit(
        kernel.axis("page"), head, (page, candidate, count, _) -> add(page, candidate, count));
  }

  private void add(PageRows page, IntExpression candidate, IntExpression count) {
    page.score(queries, logits);
    kernel.map(
        logits,
        TileExpression.element(logits)
            .minus(TileExpression.element(lse).times((float) LOG2_E))
            .exp2());
    kernel.reduce(received, Statement.ReduceOperator.SUM, Statement.Along.ROWS, logits);
    kernel.load(
        mass,
        View.rows("mass_before", 1, PAGE_ROWS, kernel.axis("head"), fold.massRoom()).at(candidate));
    TileExpression before =
        TileExpression.uniform(candidate)
            .plus(new TileExpression.ColumnIndex())
            .less(TileExpression.uniform(kernel.dim(BEFORE)))
            .select(TileExpression.element(mass), TileExpression.constant(0));
    kernel.map(mass, before.plus(TileExpression.element(received).times(1f / shape.group())));
    kernel.map(places, Candidates.places(candidate, count));
    kernel.scatter("mass_after", kernel.axis("head").times(fold.massRoom()), places, mass);
  }
}
