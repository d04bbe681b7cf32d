package dev.kvasir.codegen.skeleton;

import static dev.kvasir.ir.kernel.TileExpression.constant;
import static dev.kvasir.ir.kernel.TileExpression.element;
import static dev.kvasir.ir.kernel.TileExpression.integer;
import static dev.kvasir.ir.kernel.TileExpression.uniform;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.Merge;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes the directions of a batch of rows of two layers, and the norms of both beside them, a page
 * of 64 rows at a time: those of the batch's first page that were merged before stay as they are,
 * and those behind its last row become 0. What {@link ChooseRetained} compares goes to {@code
 * scores}, of all rows of the batch's pages: 1 - cosine of the larger angle of keys and values, 0
 * where that is below {@link Merge#SMALLEST_DIFFERENCE}. Where f16 holds no norm, or a row is no
 * number, the point's element of {@code refused}, [head][page], becomes 1, else 0. Grid: sequence,
 * head, page of shared rows.
 */
public final class MergeRows {

  /** The argument that holds a score for each row of the batch's pages. */
  static final String SCORES = "scores";

  private static final int PAGE_ROWS = SegmentPart.PAGE_ROWS;
  private static final float LARGEST_HALF = 65504;
  private static final IntExpression ZERO = IntExpression.constant(0);
  private static final List<String> SIDES = List.of("lower", "upper");

  private final KernelBuilder kernel;
  private final AttentionShape shape;
  private final MergeBatch batch;
  private final SharedRows shared;
  private final Direction direction;
  private final String score;
  private final String norm;
  private final String odd;
  private final Map<Integer, Channels> channels = new HashMap<>();

  /**
   * Tiles of some channels of 64 rows.
   *
   * @param between directions, and whatever else is made of both
   */
  private record Channels(String lower, String upper, String between) {}

  /**
   * The page of a point.
   *
   * @param page where it is written
   * @param norms where norms are
   * @param kept rows that stay as they are
   * @param end the row behind its last one
   * @param isPartial whether it has other rows than those between
   * @param isInSpan whether all of its rows are in the span
   * @param spanRow the first of them there
   * @param stagedRow its first row where it was staged
   */
  private record Place(
      IntExpression page,
      IntExpression norms,
      IntExpression kept,
      IntExpression end,
      IntExpression isPartial,
      IntExpression isInSpan,
      IntExpression spanRow,
      IntExpression stagedRow) {}

  private MergeRows(KernelBuilder kernel, AttentionShape shape, MergeBatch batch, double t) {
    this.kernel = kernel;
    this.shape = shape;
    this.batch = batch;
    String table = kernel.reads("table", ElementFormat.I32);
    for (String side : SIDES) {
      kernel.reads(StageMerged.buffer(side), ElementFormat.F32);
      if (batch.hasSpan()) {
        kernel.reads("k_" + side, ElementFormat.F32);
        kernel.reads("v_" + side, ElementFormat.F32);
      }
    }
    batch.declare(kernel);
    shared =
        batch.isChosen()
            ? SharedRows.written(kernel, shape, batch, table)
            : SharedRows.joined(kernel, shape, batch, table);
    kernel.writes(SCORES, ElementFormat.F32);
    kernel.writes("refused", ElementFormat.I32);
    direction = new Direction(kernel, PAGE_ROWS, t);
    score = kernel.tile("score", PAGE_ROWS, 1);
    norm = kernel.tile("norm", PAGE_ROWS, 1);
    odd = kernel.tile("odd", PAGE_ROWS, 1);
  }

  /**
   * {@return the kernel}
   *
   * @param name its name in the plan
   * @param shape a merged head group
   * @param batch what is merged
   * @param t where the direction lies between that of the lower layer, 0, and that of the upper, 1
   */
  public static Kernel build(String name, AttentionShape shape, MergeBatch batch, double t) {
    KernelBuilder kernel = new KernelBuilder(name, "head", "page");
    return new MergeRows(kernel, shape, batch, t).write();
  }

  private Kernel write() {
    IntExpression from = batch.from(kernel);
    IntExpression to = batch.to(kernel);
    IntExpression number = kernel.let("number", shared.firstPage().plus(kernel.axis("page")));
    IntExpression first = kernel.let("first", number.times(PAGE_ROWS));
    IntExpression spanRow =
        batch.hasSpan()
            ? kernel.let("span_row", first.minus(from).minus(kernel.dim(MergeBatch.TAIL_ROWS)))
            : ZERO;
    IntExpression end = first.plus(PAGE_ROWS);
    IntExpression kept = kernel.let("kept", from.minus(first).maximum(ZERO));
    Place place =
        new Place(
            shared.page(number),
            shared.norms(number),
            kept,
            kernel.let("end", to.minus(first)),
            kernel.let("partial", ZERO.less(kept).or(to.less(end))),
            kernel.let("in_span", ZERO.lessOrEqual(spanRow).and(end.lessOrEqual(to))),
            spanRow,
            kernel.let("staged_row", StageMerged.row(kernel, batch, batch.staged(kernel))));
    kernel.map(odd, constant(0));
    merge(place, PageChannels.ofKeys(shared.target), 0);
    kernel.map(score, element(direction.cosine));
    merge(place, PageChannels.ofValues(shared.target), 1);
    kernel.map(
        score,
        inBatch(
            place,
            constant(1).minus(element(score).minimum(element(direction.cosine))),
            constant(0)));
    kernel.map(
        score,
        element(score)
            .less(constant(Merge.SMALLEST_DIFFERENCE))
            .select(constant(0), element(score)));
    kernel.store(column(SCORES, kernel.axis("page").times(PAGE_ROWS)), score);
    storeFlag();
    return kernel.build();
  }

  private View column(String buffer, IntExpression first) {
    return new View(
        buffer,
        new View.Layout.Rows(PAGE_ROWS, 0, 1),
        PAGE_ROWS,
        1,
        kernel.axis("head"),
        batch.room(),
        first,
        ZERO);
  }

  private void storeFlag() {
    String anyOdd = kernel.tile("any_odd", 1, 1);
    String flag = kernel.intTile("flag", 1, 1);
    kernel.maximumRows(anyOdd, odd);
    kernel.map(flag, constant(0).less(element(anyOdd)).select(integer(1), integer(0)));
    IntExpression pages = kernel.let("pages", batch.toRefuse(kernel));
    kernel.store(
        View.rows("refused", 1, 1, kernel.axis("head").times(pages).plus(kernel.axis("page")), 1),
        flag);
  }

  /** Merges keys, list 0, or values, list 1. */
  private void merge(Place place, List<PageChannels> parts, int list) {
    direction.start();
    each(
        place,
        parts,
        (_, _, tiles) -> direction.join(tiles.lower(), tiles.upper(), tiles.between()));
    direction.find();
    each(place, parts, (part, number, tiles) -> store(place, part, number, tiles));
    storeNorms(place, list, direction.lowerNorm);
    storeNorms(place, 2 + list, direction.upperNorm);
  }

  private interface Body {
    void write(PageChannels part, IntExpression number, Channels tiles);
  }

  /** Runs a body for all channels, loaded. */
  private void each(Place place, List<PageChannels> parts, Body body) {
    for (PageChannels part : parts) {
      Channels tiles = channels.computeIfAbsent(part.width(), this::channels);
      kernel.loop(
          "part",
          ZERO,
          part.count(),
          number -> {
            load(place, part, number, tiles);
            body.write(part, number, tiles);
          });
    }
  }

  private Channels channels(int width) {
    return new Channels(
        kernel.tile("lower_%d".formatted(width), PAGE_ROWS, width),
        kernel.tile("upper_%d".formatted(width), PAGE_ROWS, width),
        kernel.tile("between_%d".formatted(width), PAGE_ROWS, width));
  }

  private void load(Place place, PageChannels part, IntExpression number, Channels tiles) {
    IntExpression channel = kernel.let("channel", part.channel(number));
    if (!batch.hasSpan()) {
      loadStaged(place, part, channel, tiles);
      return;
    }
    int dim = part.isKey() ? shape.keyDim() : shape.valueDim();
    String rows = part.isKey() ? "k_" : "v_";
    IntExpression inRow = kernel.axis("head").times(dim).plus(channel);
    long stride = (long) shape.kvHeads() * dim;
    kernel.choose(
        place.isInSpan(),
        () -> {
          load(tiles.lower(), rows + "lower", part, place.spanRow(), stride, inRow);
          load(tiles.upper(), rows + "upper", part, place.spanRow(), stride, inRow);
        },
        () -> loadStaged(place, part, channel, tiles));
  }

  private void loadStaged(Place place, PageChannels part, IntExpression channel, Channels tiles) {
    IntExpression inRow = part.isKey() ? channel : channel.plus(shape.keyDim());
    int stride = StageMerged.stride(shape);
    String lower = StageMerged.buffer("lower");
    String upper = StageMerged.buffer("upper");
    load(tiles.lower(), lower, part, place.stagedRow(), stride, inRow);
    load(tiles.upper(), upper, part, place.stagedRow(), stride, inRow);
  }

  private void load(
      String tile,
      String buffer,
      PageChannels part,
      IntExpression row,
      long stride,
      IntExpression inRow) {
    kernel.load(tile, View.rows(buffer, PAGE_ROWS, part.width(), row, stride).at(inRow));
  }

  private void store(Place place, PageChannels part, IntExpression number, Channels tiles) {
    kernel.map(tiles.between(), direction.between(tiles.lower(), tiles.upper()));
    kernel.when(
        place.isPartial(),
        () -> {
          chooseOld(
              place,
              () ->
                  kernel.load(
                      tiles.upper(), part.of(shared.old, shared.oldPage(place.page()), number)),
              () -> kernel.map(tiles.upper(), constant(0)));
          kernel.map(
              tiles.between(), inBatch(place, element(tiles.between()), element(tiles.upper())));
        });
    kernel.store(part.of(shared.target, place.page(), number), tiles.between());
  }

  /** Runs one of two bodies; chosen rows are all merged anew. */
  private void chooseOld(Place place, Runnable old, Runnable none) {
    if (batch.isChosen()) {
      none.run();
    } else {
      kernel.choose(ZERO.less(place.kept()), old, none);
    }
  }

  /** {@return what is found for rows of the batch, what is old for those before, 0 behind} */
  private static TileExpression inBatch(Place place, TileExpression found, TileExpression old) {
    TileExpression row = new TileExpression.RowIndex();
    return row.less(uniform(place.kept()))
        .select(old, row.less(uniform(place.end())).select(found, constant(0)));
  }

  private void storeNorms(Place place, int list, String found) {
    TileExpression isOdd =
        element(found).lessOrEqual(constant(LARGEST_HALF)).select(constant(0), constant(1));
    kernel.map(odd, inBatch(place, element(odd).maximum(isOdd), constant(0)));
    View norms = NormPages.norms(place.norms(), list);
    chooseOld(place, () -> kernel.load(norm, norms), () -> kernel.map(norm, constant(0)));
    kernel.map(norm, inBatch(place, element(found), element(norm)));
    kernel.store(norms, norm);
  }
}
