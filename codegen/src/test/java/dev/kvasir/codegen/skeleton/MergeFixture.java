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
import dev.kvasir.plans.StorageFormat;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Rows of two layers, memory for the kernels that merge them, and what a merge is by its
 * definition, in double precision.
 */
public final class MergeFixture {

  private static final int PAGE = SegmentPart.PAGE_ROWS;
  private static final int CONTEXT = 512;
  private static final int TAIL = 100;

  /** Keys or values of one layer: [row of the batch][head][element]. */
  private record Rows(double[][][] of) {}

  private final AttentionShape shape;
  private final MergeBatch batch;
  private final double t;
  private final int from;
  private final int to;
  private final int inTail;
  private final Map<String, KernelMemory> memories = new HashMap<>();
  private final Map<String, Integer> dims = new HashMap<>();
  private final Merge merge;
  private final ElementFormat format;
  private final Random random;
  private final Rows[] lower;
  private final Rows[] upper;
  private final List<Integer> table = new ArrayList<>();

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
    this.random = random;
    this.format = format;
    this.t = t;
    this.from = from;
    this.inTail = inTail;
    this.to = from + inTail + inSpan;
    merge = new Merge(Merge.Side.UPPER, 0, BigDecimal.valueOf(t), BigDecimal.valueOf(retain), TAIL);
    OptionalInt none = OptionalInt.empty();
    List<CacheSegment> segments =
        List.of(
            CacheSegment.shared(format, merge),
            CacheSegment.of(CacheSegment.Kind.RETAINED, format, 0, none),
            CacheSegment.of(CacheSegment.Kind.TAIL, format, TAIL, none));
    shape =
        new AttentionShape(
            6,
            3,
            keyDim,
            valueDim,
            1 / Math.sqrt(keyDim),
            SegmentPart.of(new HeadGroup(List.of(0, 1, 2), segments)),
            CONTEXT);
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
    KernelMemory tail = pool("tail_" + side, side + "_tail_table", tailPages, format);
    int start = Objects.requireNonNull(dims.get(side + "_tail_table"));
    for (int head = 0; head < shape.kvHeads(); head++) {
      for (int row = 0; row < inTail; row++) {
        int page = table.get(start + head * tailPages + row / PAGE);
        write(tail, page, row % PAGE, layer[0].of()[row][head], layer[1].of()[row][head]);
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

  private int slots(int segment) {
    return shape.segments().get(segment).slots(CONTEXT);
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

  private KernelMemory pool(String buffer, String start, int slots, ElementFormat elements) {
    return pages(buffer, start, slots, elements, shape.pageElements());
  }

  /** A pool in which the pages of all heads lie in any order. */
  private KernelMemory pages(
      String buffer, String start, int slots, ElementFormat elements, long pageElements) {
    int count = slots * shape.kvHeads();
    List<Integer> order = new ArrayList<>(IntStream.range(0, count + 1).boxed().toList());
    Collections.shuffle(order, random);
    dims.put(start, table.size());
    table.addAll(order.subList(0, count));
    KernelMemory memory = KernelMemory.uninitialised(elements, (count + 1) * pageElements);
    memories.put(buffer, memory);
    return memory;
  }

  private PageLayout layout() {
    return PageLayout.streamed(
        StorageFormat.ofText(format.text()), shape.keyDim(), shape.valueDim());
  }

  private void write(KernelMemory pages, int page, int row, double[] key, double[] value) {
    PageLayout layout = layout();
    long start = (long) page * layout.elements();
    for (int i = 0; i < key.length; i++) {
      pages.setFloat(start + layout.keyElement(row, i), (float) key[i]);
    }
    for (int i = 0; i < value.length; i++) {
      pages.setFloat(start + layout.valueElement(row, i), (float) value[i]);
    }
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

  /** Something that runs a kernel over memories. */
  public interface Runner {
    /** Takes what the interpreter takes. */
    void run(Kernel kernel, Map<String, KernelMemory> memories, int[][] dims, int[] grid);
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

  private static double norm(double[] row) {
    return Math.sqrt(Arrays.stream(row).map(number -> number * number).sum());
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
        assertNorm(at, norm(head, position, side), hidden ? -1 : all[side][row].lowerNorm());
        assertNorm(at, norm(head, position, 2 + side), hidden ? -1 : all[side][row].upperNorm());
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
      assertThat(norm(head, position, list)).as(what).isEqualTo(wanted);
    }
  }

  private void assertNear(String what, double[] found, double[] wanted) {
    double bar = format == ElementFormat.F32 ? 3e-6 : 0.0045;
    for (int i = 0; i < wanted.length; i++) {
      assertThat(Math.abs(found[i] - wanted[i]))
          .as("%s, element %d: %s for %s", what, i, found[i], wanted[i])
          .isLessThanOrEqualTo(bar);
    }
  }

  private static void assertNorm(String what, double found, double wanted) {
    assertThat(found)
        .as(what)
        .isBetween(wanted - Math.abs(wanted) / 2000, wanted + Math.abs(wanted) / 2000);
  }

  private double norm(int head, int position, int list) {
    int page = entry(NormPages.TABLE, slots(0), head, position);
    return memory(NormPages.NORMS).getFloat((page * 4L + list) * PAGE + position % PAGE);
  }

  private int entry(String start, int slots, int head, int row) {
    return table.get(Objects.requireNonNull(dims.get(start)) + head * slots + row / PAGE);
  }

  private double[][] read(String buffer, String start, int slots, int head, int row) {
    PageLayout layout = layout();
    long first = (long) entry(start, slots, head, row) * layout.elements();
    KernelMemory pages = memory(buffer);
    return new double[][] {
      IntStream.range(0, shape.keyDim())
          .mapToDouble(i -> pages.getFloat(first + layout.keyElement(row % PAGE, i)))
          .toArray(),
      IntStream.range(0, shape.valueDim())
          .mapToDouble(i -> pages.getFloat(first + layout.valueElement(row % PAGE, i)))
          .toArray()
    };
  }

  private KernelMemory memory(String name) {
    return Objects.requireNonNull(memories.get(name));
  }
}
