package dev.kvasir.codegen.skeleton;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.ir.type.Merge;
import dev.kvasir.plans.PageLayout;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Rows of two layers, memory for the kernels that merge them, and what a merge is by its
 * definition, in double precision.
 */
public final class MergeFixture extends MergeMemory {

  /** Keys or values of one layer: [row of the batch][head][element]. */
  private record Rows(double[][][] of) {}

  private final MergeBatch batch;
  private final double t;
  private final int from;
  private final int to;
  private final int inTail;
  private final Merge merge;
  private final Rows[] lower;
  private final Rows[] upper;

  /**
   * Draws rows.
   *
   * @param t where directions lie
   * @param retain percentage of originals
   * @param from rows that are merged already
   * @param inTail rows of the batch in the tails
   * @param inSpan rows of the batch behind them
   */
  public MergeFixture(
      Random random,
      ElementFormat format,
      int keyDim,
      int valueDim,
      double t,
      double retain,
      int from,
      int inTail,
      int inSpan) {
    Merge how =
        new Merge(Merge.Side.UPPER, 0, BigDecimal.valueOf(t), BigDecimal.valueOf(retain), TAIL);
    super(random, format, shape(format, keyDim, valueDim, how));
    merge = how;
    this.t = t;
    this.from = from;
    this.inTail = inTail;
    this.to = from + inTail + inSpan;
    batch = new MergeBatch(TAIL, inSpan);
    lower = new Rows[] {rows(keyDim), rows(valueDim)};
    upper = new Rows[] {near(lower[0]), near(lower[1])};
    degenerate();
    for (Rows[] layer : List.of(lower, upper)) {
      for (Rows side : layer) {
        store(side);
      }
    }
    fill("lower", lower);
    fill("upper", upper);
    declare();
  }

  private static AttentionShape shape(ElementFormat format, int keyDim, int valueDim, Merge merge) {
    OptionalInt none = OptionalInt.empty();
    List<CacheSegment> segments =
        List.of(
            CacheSegment.shared(format, merge),
            CacheSegment.of(CacheSegment.Kind.RETAINED, format, 0, none),
            CacheSegment.of(CacheSegment.Kind.TAIL, format, TAIL, none));
    return new AttentionShape(
        6,
        3,
        keyDim,
        valueDim,
        1 / Math.sqrt(keyDim),
        SegmentPart.of(new HeadGroup(List.of(0, 1, 2), segments)),
        CONTEXT);
  }

  private Rows rows(int dim) {
    double[][][] rows = new double[to - from][shape.kvHeads()][dim];
    for (double[][] row : rows) {
      for (double[] head : row) {
        Arrays.setAll(head, i -> (float) (random.nextGaussian() * Math.exp(random.nextGaussian())));
      }
    }
    return new Rows(rows);
  }

  /** Rows at angles of all sizes. */
  private Rows near(Rows others) {
    Rows rows = rows(others.of()[0][0].length);
    for (int row = 0; row < rows.of().length; row++) {
      for (int head = 0; head < shape.kvHeads(); head++) {
        double share = random.nextDouble();
        double[] own = rows.of()[row][head];
        double[] other = others.of()[row][head];
        Arrays.setAll(own, i -> (float) (own[i] * (1 - share) + other[i] * share * 2));
      }
    }
    return rows;
  }

  /** Equal, opposite and zero rows, where there are enough. */
  private void degenerate() {
    if (to - from < 9) {
      return;
    }
    for (int side = 0; side < 2; side++) {
      double[][][] below = lower[side].of();
      double[][][] above = upper[side].of();
      set(above[0][0], below[0][0], 2);
      set(above[1][1], below[1][1], -1);
      set(above[2][2], below[2][2], 0);
      set(below[3][0], below[3][0], 0);
      set(above[4][1], below[4][1], 0);
      set(below[4][1], below[4][1], 0);
    }
  }

  private static void set(double[] target, double[] source, double factor) {
    for (int i = 0; i < target.length; i++) {
      target[i] = source[i] * factor;
    }
  }

  /** Rows of tails are as their format has them. */
  private void store(Rows rows) {
    for (int row = 0; row < inTail; row++) {
      for (double[] head : rows.of()[row]) {
        Arrays.setAll(head, i -> format.round((float) head[i]));
      }
    }
  }

  private void fill(String side, Rows[] layer) {
    int tailPages = Math.ceilDiv(TAIL, PAGE);
    String start = side + "_tail_table";
    pool("tail_" + side, start, tailPages, format);
    for (int head = 0; head < shape.kvHeads(); head++) {
      for (int row = 0; row < inTail; row++) {
        double[][] elements = {layer[0].of()[row][head], layer[1].of()[row][head]};
        write("tail_" + side, start, tailPages, head, row, elements);
      }
    }
    if (batch.hasSpan()) {
      memories.put("k_" + side, activations(layer[0]));
      memories.put("v_" + side, activations(layer[1]));
    }
    int retained = slots(1);
    pool("retained_" + side, side + "_retained_table", retained, format);
    pages("positions_" + side, side + "_positions_table", retained, ElementFormat.I32, PAGE);
  }

  private KernelMemory activations(Rows rows) {
    return KernelMemory.ofFloats(
        ElementFormat.F32,
        toFloats(
            Arrays.stream(rows.of())
                .skip(inTail)
                .flatMap(Arrays::stream)
                .flatMapToDouble(Arrays::stream)
                .toArray()));
  }

  private static float[] toFloats(double[] numbers) {
    float[] floats = new float[numbers.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) numbers[i];
    }
    return floats;
  }

  private void declare() {
    String shared = CachedPages.pages(shape.segments().getFirst());
    before(pool(shared, "shared_table", slots(0), format));
    before(pages(NormPages.NORMS, NormPages.TABLE, slots(0), ElementFormat.F16, 4L * PAGE));
    for (String staged : List.of("staged_lower", "staged_upper")) {
      long elements = (long) shape.kvHeads() * batch.stagedPages() * shape.pageElements();
      memories.put(staged, KernelMemory.uninitialised(ElementFormat.F32, elements));
    }
    memories.put(
        "scores",
        KernelMemory.uninitialised(ElementFormat.F32, (long) shape.kvHeads() * batch.room()));
    memories.put(
        "chosen",
        KernelMemory.uninitialised(ElementFormat.I32, (long) shape.kvHeads() * batch.room()));
    memories.put(
        "refused", KernelMemory.uninitialised(ElementFormat.I32, (long) shape.kvHeads() * pages()));
    memories.put("table", KernelMemory.ofInts(table.stream().mapToInt(i -> i).toArray()));
    dims.put(MergeBatch.FROM, from);
    dims.put(MergeBatch.TO, to);
    dims.put(MergeBatch.TAIL_ROWS, inTail);
    dims.put(MergeBatch.RETAINED_FROM, merge.retained(from));
    dims.put(MergeBatch.RETAINED_TO, merge.retained(to));
    dims.put("retained" + PagedRows.ENTRIES, slots(1));
  }

  /** Fills pages with what earlier merges might have left there. */
  private static void before(KernelMemory pages) {
    for (int i = 0; i < pages.size(); i++) {
      pages.setFloat(i, before(i));
    }
  }

  private static float before(long element) {
    return element % 61 / 64f;
  }

  int pages() {
    return Math.ceilDiv(to, PAGE) - from / PAGE;
  }

  int retainedPages() {
    return Math.ceilDiv(merge.retained(to), PAGE) - merge.retained(from) / PAGE;
  }

  /** Merges. */
  public void run(Runner runner) {
    run(runner, StageMerged.build("stage_merged", shape, batch), batch.stagedPages());
    run(runner, MergeRows.build("merge_rows", shape, batch, t), pages());
    run(runner, ChooseRetained.build("choose_retained", shape, batch));
    run(runner, RetainRows.build("retain_rows", shape, batch), retainedPages());
  }

  private void run(Runner runner, Kernel kernel, int... pages) {
    int[] grid = IntStream.concat(IntStream.of(1, shape.kvHeads()), IntStream.of(pages)).toArray();
    runner.run(kernel, memories, new int[][] {Uniforms.dims(kernel, dims)}, grid);
  }

  /** What becomes of a pair of rows. */
  private record Expected(double angle, double[] direction, double lowerNorm, double upperNorm) {}

  private Expected expected(double[] y, double[] x) {
    double below = norm(y);
    double above = norm(x);
    double[] direction = new double[x.length];
    if (below == 0 || above == 0) {
      mix(direction, y, below == 0 ? 0 : 1 / below, x, above == 0 ? 0 : 1 / above);
      return new Expected(0, direction, below, above);
    }
    double dot = 0;
    for (int i = 0; i < x.length; i++) {
      dot += x[i] * y[i];
    }
    double angle = Math.acos(Math.clamp(dot / below / above, -1, 1));
    double sine = Math.sin(angle);
    if (sine >= 1e-3) {
      mix(
          direction,
          y,
          Math.sin((1 - t) * angle) / sine / below,
          x,
          Math.sin(t * angle) / sine / above);
    } else {
      mix(direction, y, (1 - t) / below, x, t / above);
      double length = norm(direction);
      if (length < 1e-3) {
        mix(direction, y, t >= 0.5 ? 0 : 1 / below, x, t >= 0.5 ? 1 / above : 0);
      } else {
        mix(direction, direction.clone(), 1 / length, x, 0);
      }
    }
    return new Expected(angle, direction, below, above);
  }

  private static void mix(double[] target, double[] y, double ofY, double[] x, double ofX) {
    for (int i = 0; i < target.length; i++) {
      target[i] = y[i] * ofY + x[i] * ofX;
    }
  }

  /** Fails unless memory has what the definition says. */
  public void check(String what) {
    for (int head = 0; head < shape.kvHeads(); head++) {
      check(what + ", head " + head, head);
    }
    for (int i = 0; i < pages() * shape.kvHeads(); i++) {
      assertThat(memory("refused").getInt(i)).as(what).isZero();
    }
  }

  private void check(String what, int head) {
    int rows = to - from;
    Expected[][] all = new Expected[2][rows];
    for (int row = 0; row < rows; row++) {
      for (int side = 0; side < 2; side++) {
        all[side][row] = expected(lower[side].of()[row][head], upper[side].of()[row][head]);
      }
    }
    List<Integer> chosen =
        IntStream.range(0, rows)
            .boxed()
            .sorted(
                Comparator.<Integer>comparingDouble(
                        row -> -Math.max(all[0][row].angle(), all[1][row].angle()))
                    .thenComparing(row -> row))
            .limit(merge.retained(to) - merge.retained(from))
            .sorted()
            .toList();
    for (int row = 0; row < rows; row++) {
      boolean hidden = chosen.contains(row);
      int position = from + row;
      String at = what + ", position " + position;
      double[][] stored = read("pages_shared", "shared_table", slots(0), head, position);
      for (int side = 0; side < 2; side++) {
        double[] direction = hidden ? new double[stored[side].length] : all[side][row].direction();
        assertNear(at + ", direction " + side, stored[side], direction);
        assertNorm(at, storedNorm(head, position, side), hidden ? -1 : all[side][row].lowerNorm());
        assertNorm(
            at, storedNorm(head, position, 2 + side), hidden ? -1 : all[side][row].upperNorm());
      }
    }
    for (int position = from / PAGE * PAGE; position < from; position++) {
      checkBefore("%s, position %d".formatted(what, position), head, position);
    }
    for (int i = 0; i < chosen.size(); i++) {
      int slot = merge.retained(from) + i;
      checkRetained(what + ", slot " + slot, "lower", lower, head, slot, chosen.get(i));
      checkRetained(what + ", slot " + slot, "upper", upper, head, slot, chosen.get(i));
    }
  }

  private void checkRetained(String what, String side, Rows[] layer, int head, int slot, int row) {
    int page = entry(side + "_positions_table", slots(1), head, slot);
    assertThat(memory("positions_" + side).getInt((long) page * PAGE + slot % PAGE))
        .as(what)
        .isEqualTo(from + row);
    double[][] found = read("retained_" + side, side + "_retained_table", slots(1), head, slot);
    for (int of = 0; of < 2; of++) {
      double[] original = layer[of].of()[row][head];
      for (int i = 0; i < original.length; i++) {
        assertThat(found[of][i]).as(what).isEqualTo(format.round((float) original[i]));
      }
    }
  }

  private void checkBefore(String what, int head, int position) {
    PageLayout layout = layout();
    long first = (long) entry("shared_table", slots(0), head, position) * layout.elements();
    double[][] found = read("pages_shared", "shared_table", slots(0), head, position);
    for (int i = 0; i < found[0].length; i++) {
      double wanted = before(first + layout.keyElement(position % PAGE, i));
      assertThat(found[0][i]).as(what).isEqualTo(wanted);
    }
    for (int i = 0; i < found[1].length; i++) {
      double wanted = before(first + layout.valueElement(position % PAGE, i));
      assertThat(found[1][i]).as(what).isEqualTo(wanted);
    }
    for (int list = 0; list < 4; list++) {
      long page = entry(NormPages.TABLE, slots(0), head, position);
      double wanted = before((page * 4 + list) * PAGE + position % PAGE);
      assertThat(storedNorm(head, position, list)).as(what).isEqualTo(wanted);
    }
  }
}
