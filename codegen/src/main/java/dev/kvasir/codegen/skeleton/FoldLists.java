package dev.kvasir.codegen.skeleton;

import static dev.kvasir.ir.kernel.TileExpression.constant;
import static dev.kvasir.ir.kernel.TileExpression.element;
import static dev.kvasir.ir.kernel.TileExpression.integer;
import static dev.kvasir.ir.kernel.TileExpression.uniform;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import java.util.function.Consumer;

/**
 * Says what becomes of each of {@code candidates} rows, by their mass: the verbatim ones, of the
 * largest mass, are listed in {@code chosen}, {@code chosen_counts} of them, all others in {@code
 * rest}, {@code rest_counts} of them, and those of the others that have the largest mass, as many
 * as there are mixed slots, in {@code residual} by their place in {@code rest}. All lists ascend;
 * of equal masses the lower candidate is the larger. Grid: sequence, listed head.
 */
public final class FoldLists {

  /** The dim that says how many rows are folded. */
  public static final String CANDIDATES = "candidates";

  private static final int BLOCK = 2 * CandidateRoom.GUARD;
  private static final IntExpression ZERO = IntExpression.constant(0);

  private final KernelBuilder kernel;
  private final FoldShape fold;
  private final IntExpression candidates;
  private final String mass;

  private FoldLists(KernelBuilder kernel, FoldShape fold) {
    this.kernel = kernel;
    this.fold = fold;
    kernel.reads("mass", ElementFormat.F32);
    candidates = kernel.dim(CANDIDATES);
    mass = kernel.tile("candidate_mass", 1, BLOCK);
  }

  /** {@return the kernel} */
  public static Kernel build(String name, FoldShape fold) {
    KernelBuilder kernel = new KernelBuilder(name, "head");
    new FoldLists(kernel, fold).write();
    return kernel.build();
  }

  /** Numbers of a list in the order of candidates. */
  private final class Listed {
    private final String buffer;
    private final IntExpression start;
    private final String member;
    private final String place;
    private final String count;

    Listed(String buffer, int room) {
      this.buffer = kernel.writes(buffer, ElementFormat.I32);
      start = kernel.let("first_of_" + buffer, kernel.axis("head").times(room));
      member = kernel.intTile("is_" + buffer, 1, BLOCK);
      place = kernel.intTile("place_in_" + buffer, 1, BLOCK);
      count = kernel.intTile("count_of_" + buffer, 1, 1);
      kernel.map(count, integer(0));
    }

    /** Counts the members of a block, marked by 1. */
    void add(TileExpression members) {
      kernel.map(member, members);
      kernel.scan(place, count, member);
      kernel.map(
          place,
          element(member)
              .equalTo(integer(1))
              .select(element(place).minus(integer(1)), integer(-1)));
    }

    void write(String value) {
      kernel.scatter(buffer, start, place, value);
    }
  }

  /** The largest so and so many. */
  private final class Largest {
    private final String value;
    private final String ties;
    private final String tied;
    private final String rank;
    private final String allTied;

    Largest(String prefix, int count) {
      Threshold threshold = new Threshold(kernel, BLOCK, prefix);
      threshold.find(IntExpression.constant(count), mass, FoldLists.this::forEachBlock);
      value = threshold.value();
      ties = kernel.intTile(prefix + "ties", 1, 1);
      tied = kernel.intTile(prefix + "tied", 1, BLOCK);
      rank = kernel.intTile(prefix + "rank", 1, BLOCK);
      allTied = kernel.intTile(prefix + "all_tied", 1, 1);
      kernel.map(ties, integer(count).minus(element(threshold.above())));
      kernel.map(allTied, integer(0));
    }

    /** {@return 1 for those of a block that are among them, else 0; once for each block} */
    TileExpression members() {
      kernel.map(tied, element(mass).equalTo(element(value)).select(integer(1), integer(0)));
      kernel.scan(rank, allTied, tied);
      return element(value)
          .less(element(mass))
          .or(element(value).equalTo(element(mass)).and(element(rank).lessOrEqual(element(ties))))
          .select(integer(1), integer(0));
    }
  }

  private void write() {
    Largest verbatim = new Largest("verbatim_", fold.fold().verbatim());
    Largest largest = new Largest("largest_", fold.fold().slots());
    Listed chosen = new Listed("chosen", fold.slotRoom());
    Listed rest = new Listed("rest", fold.room().elements());
    Listed residual = new Listed("residual", fold.slotRoom());
    String number = kernel.intTile("number", 1, BLOCK);
    forEachBlock(
        first -> {
          kernel.map(number, number(first));
          TileExpression isThere = element(number).less(uniform(candidates));
          chosen.add(isThere.select(verbatim.members(), integer(0)));
          chosen.write(number);
          rest.add(isThere.select(integer(1).minus(element(chosen.member)), integer(0)));
          rest.write(number);
          residual.add(element(rest.member).times(largest.members()));
          residual.write(rest.place);
        });
    String counts = kernel.writes("chosen_counts", ElementFormat.I32);
    kernel.store(View.rows(counts, 1, 1, kernel.axis("head"), 1), chosen.count);
    counts = kernel.writes("rest_counts", ElementFormat.I32);
    kernel.store(View.rows(counts, 1, 1, kernel.axis("head"), 1), rest.count);
    counts = kernel.writes("slot_counts", ElementFormat.I32);
    kernel.map(residual.count, integer(fold.fold().slots()));
    kernel.store(View.rows(counts, 1, 1, kernel.axis("head"), 1), residual.count);
  }

  private static TileExpression number(IntExpression first) {
    return new TileExpression.ColumnIndex().plus(uniform(first));
  }

  /** Runs the body for each block, with {@code mass} holding 0 or a normal number; -1 beyond. */
  private void forEachBlock(Consumer<IntExpression> body) {
    kernel.loop(
        "block",
        ZERO,
        candidates.ceilDivide(BLOCK),
        block -> {
          IntExpression first = kernel.let("first", block.times(BLOCK));
          kernel.load(mass, fold.room().view("mass", 1, BLOCK, kernel.axis("head"), first));
          // Devices may take what is below for 0.
          TileExpression normal =
              constant(Float.MIN_NORMAL)
                  .lessOrEqual(element(mass))
                  .select(element(mass), constant(0));
          kernel.map(mass, number(first).less(uniform(candidates)).select(normal, constant(-1)));
          body.accept(first);
        });
  }
}
