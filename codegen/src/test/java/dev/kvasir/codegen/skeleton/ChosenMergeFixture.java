package dev.kvasir.codegen.skeleton;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.ir.type.Merge;
import dev.kvasir.ir.type.RowBudget;
import dev.kvasir.plans.PageLayout;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.IntStream;

/**
 * Two layers that share rows which a selection chose, a tail, a span, and a new choice from all of
 * them; memory for the kernels that merge what was chosen, and what that is by its definition, in
 * double precision.
 */
public final class ChosenMergeFixture extends MergeMemory {

  private static final int HEADS = 3;
  private static final int LIST_ROOM = 3 * PAGE;
  private static final int SPAN_PAGES = 2;
  private static final int FIRST_LIST = 2;
  private static final int RETAINED_LISTS = 4;
  private static final List<String> SIDES = List.of("lower", "upper");

  /** A key and a value. */
  private record Row(double[] key, double[] value) {
    double[] of(int side) {
      return side == 0 ? key : value;
    }
  }

  private final Merge merge;
  private final boolean perHead;
  private final int tailRows;
  private final int spanRows;
  private final int[] held;
  private final int[][] chosen;
  private final int[][] positions;

  /** Candidates by layer, head and number. */
  private final Row[][][] rows = new Row[SIDES.size()][HEADS][];

  /**
   * Draws rows and a choice.
   *
   * @param t where directions lie
   * @param retain percentage of originals
   * @param perHead whether each head has a list of its own
   * @param kept most rows that were chosen before
   * @param tailRows rows of the tail
   * @param spanRows rows of the span, 0 without one
   */
  public ChosenMergeFixture(
      Random random,
      ElementFormat format,
      int keyDim,
      int valueDim,
      double t,
      double retain,
      boolean perHead,
      int kept,
      int tailRows,
      int spanRows) {
    Merge how = merge(t, retain);
    super(random, format, shape(format, keyDim, valueDim, how));
    merge = how;
    this.perHead = perHead;
    this.tailRows = tailRows;
    this.spanRows = spanRows;
    int lists = perHead ? HEADS : 1;
    held = IntStream.range(0, lists).map(list -> kept - random.nextInt(kept / 2 + 1)).toArray();
    chosen = new int[lists][];
    positions = new int[lists][];
    for (int list = 0; list < lists; list++) {
      choose(list);
    }
    declareShared();
    for (int side = 0; side < SIDES.size(); side++) {
      declare(SIDES.get(side));
    }
    for (int head = 0; head < HEADS; head++) {
      draw(head);
    }
    declareLists();
    declareResults();
  }

  private static Merge merge(double t, double retain) {
    return new Merge(Merge.Side.UPPER, 0, BigDecimal.valueOf(t), BigDecimal.valueOf(retain), TAIL);
  }

  private static AttentionShape shape(ElementFormat format, int keyDim, int valueDim, Merge merge) {
    RowBudget budget = new RowBudget(new RowBudget.Rows(LIST_ROOM), 4, 1, new RowBudget.Uniform());
    OptionalInt none = OptionalInt.empty();
    List<CacheSegment> segments =
        List.of(
            CacheSegment.shared(format, Optional.of(budget), merge),
            CacheSegment.of(CacheSegment.Kind.RETAINED, format, 0, none),
            CacheSegment.of(CacheSegment.Kind.TAIL, format, TAIL, none));
    return new AttentionShape(
        2 * HEADS,
        HEADS,
        keyDim,
        valueDim,
        1 / Math.sqrt(keyDim),
        SegmentPart.of(new HeadGroup(List.of(0, 1, 2), segments)),
        CONTEXT);
  }

  private void choose(int list) {
    int candidates = held[list] + tailRows + spanRows;
    int most = Math.min(candidates, LIST_ROOM);
    int count = most - random.nextInt(most / 2 + 1);
    List<Integer> all = new ArrayList<>(IntStream.range(0, candidates).boxed().toList());
    Collections.shuffle(all, random);
    chosen[list] = all.stream().limit(count).sorted().mapToInt(i -> i).toArray();
    TreeSet<Integer> places = new TreeSet<>();
    while (places.size() < count) {
      places.add(random.nextInt(4 * count + 1));
    }
    positions[list] = places.stream().mapToInt(i -> i).toArray();
  }

  private int list(int head) {
    return perHead ? head : 0;
  }

  private void declareShared() {
    pool("pages_shared", "shared_table", slots(0), format);
    pages(NormPages.NORMS, NormPages.TABLE, slots(0), ElementFormat.F16, 4L * PAGE);
  }

  private void declare(String side) {
    long elements = shape.pageElements();
    pool("retained_" + side, side + "_retained_table", slots(1), format);
    pages("positions_" + side, side + "_positions_table", slots(1), ElementFormat.I32, (long) PAGE);
    pool("tail_" + side, side + "_tail_table", slots(2), format);
    memories.put("raw_" + side, scratch(SPAN_PAGES * elements));
    memories.put("rebuilt_" + side, scratch(LIST_ROOM / PAGE * elements));
    memories.put("staged_" + side, scratch(LIST_ROOM / PAGE * elements));
  }

  private static KernelMemory scratch(long elementsOfHead) {
    return KernelMemory.uninitialised(ElementFormat.F32, HEADS * elementsOfHead);
  }

  private void draw(int head) {
    int kept = held[list(head)];
    int candidates = kept + tailRows + spanRows;
    for (int side = 0; side < SIDES.size(); side++) {
      rows[side][head] = new Row[candidates];
    }
    int retained = 0;
    for (int c = 0; c < candidates; c++) {
      Row below = row();
      Row above = near(below);
      boolean hidden = c < kept && random.nextInt(9) == 0;
      if (c < kept && !hidden) {
        share(head, c, below);
      } else if (hidden) {
        hide(head, c);
        keep(0, head, c, "retained_lower", retained, below);
        keep(1, head, c, "retained_upper", retained, above);
        retained++;
      } else {
        int later = c - kept;
        keep(0, head, c, later < tailRows ? "tail_lower" : "raw_lower", later, below);
        keep(1, head, c, later < tailRows ? "tail_upper" : "raw_upper", later, above);
      }
    }
  }

  private Row row() {
    return new Row(numbers(shape.keyDim()), numbers(shape.valueDim()));
  }

  private double[] numbers(int dim) {
    return random.doubles(dim).map(d -> (float) (d * 4 - 2)).toArray();
  }

  /** A row at any angle. */
  private Row near(Row other) {
    double share = random.nextDouble();
    return new Row(mixed(other.key(), share), mixed(other.value(), share));
  }

  private double[] mixed(double[] other, double share) {
    double[] own = numbers(other.length);
    Arrays.setAll(own, i -> (float) (own[i] * (1 - share) + other[i] * share * 2));
    return own;
  }

  /** Makes a row one direction with norms of each layer. */
  private void share(int head, int slot, Row drawn) {
    double[][] directions = new double[2][];
    for (int of = 0; of < 2; of++) {
      double length = norm(drawn.of(of));
      directions[of] =
          Arrays.stream(drawn.of(of)).map(e -> format.round((float) (e / length))).toArray();
    }
    write("pages_shared", "shared_table", slots(0), head, slot, directions);
    for (int side = 0; side < SIDES.size(); side++) {
      double[][] read = new double[2][];
      for (int of = 0; of < 2; of++) {
        float norm = ElementFormat.F16.round(random.nextFloat() * 5);
        setNorm(head, slot, 2 * side + of, norm);
        double factor = norm / norm(directions[of]);
        read[of] = Arrays.stream(directions[of]).map(e -> factor * e).toArray();
      }
      rows[side][head][slot] = new Row(read[0], read[1]);
    }
  }

  /** Hidden rows are zeros and norms below 0. */
  private void hide(int head, int slot) {
    double[][] zeros = {new double[shape.keyDim()], new double[shape.valueDim()]};
    write("pages_shared", "shared_table", slots(0), head, slot, zeros);
    for (int list = 0; list < 4; list++) {
      setNorm(head, slot, list, -1);
    }
  }

  /** Puts a row where it is found as it is. */
  private void keep(int side, int head, int candidate, String buffer, int place, Row drawn) {
    boolean raw = buffer.startsWith("raw");
    double[][] stored = {drawn.key(), drawn.value()};
    if (raw) {
      int row = place - tailRows;
      long page = (long) head * SPAN_PAGES + row / PAGE;
      write(memory(buffer), PageLayout.plain(shape.keyDim(), shape.valueDim()), page, row, stored);
    } else {
      for (int of = 0; of < 2; of++) {
        stored[of] = Arrays.stream(stored[of]).map(e -> format.round((float) e)).toArray();
      }
      int slots = slots(buffer.startsWith("tail") ? 2 : 1);
      String name = buffer.substring(0, buffer.indexOf('_'));
      String start = SIDES.get(side) + "_" + name + "_table";
      write(buffer, start, slots, head, place, stored);
    }
    rows[side][head][candidate] = new Row(stored[0], stored[1]);
  }

  private void declareLists() {
    int lists = held.length;
    int[] counts = random.ints(FIRST_LIST + RETAINED_LISTS + lists, 0, 9).toArray();
    int[] chosenRows = random.ints((long) lists * LIST_ROOM, 1 << 20, 1 << 21).toArray();
    int[] chosenPositions = chosenRows.clone();
    for (int list = 0; list < lists; list++) {
      counts[FIRST_LIST + list] = held[list];
      System.arraycopy(chosen[list], 0, chosenRows, list * LIST_ROOM, chosen[list].length);
      System.arraycopy(
          positions[list], 0, chosenPositions, list * LIST_ROOM, positions[list].length);
    }
    memories.put(PagedRows.COUNTS, KernelMemory.ofInts(counts));
    memories.put("new_rows", KernelMemory.ofInts(chosenRows));
    memories.put("chosen_positions", KernelMemory.ofInts(chosenPositions));
    memories.put(
        "chosen_counts",
        KernelMemory.ofInts(Arrays.stream(chosen).mapToInt(rows -> rows.length).toArray()));
    memories.put("heads", KernelMemory.ofInts(0, 1, 2));
    memories.put("table", KernelMemory.ofInts(table.stream().mapToInt(i -> i).toArray()));
    dims.put(PagedRows.FIRST_LIST, FIRST_LIST);
    dims.put(PagedRows.LIST_STRIDE, perHead ? 1 : 0);
    dims.put("retained" + PagedRows.LISTS, RETAINED_LISTS);
    dims.put("retained" + PagedRows.ENTRIES, slots(1));
    dims.put("shared" + PagedRows.ENTRIES, slots(0));
    dims.put("first_head", 0);
    dims.put("span", spanRows);
    dims.put(Candidates.TAIL_ROWS, tailRows);
  }

  private void declareResults() {
    long room = batch().room();
    memories.put("scores", KernelMemory.uninitialised(ElementFormat.F32, HEADS * room));
    memories.put("kept_rows", KernelMemory.uninitialised(ElementFormat.I32, HEADS * room));
    memories.put("refused", KernelMemory.uninitialised(ElementFormat.I32, HEADS * (long) pages()));
    dims.put("chosen_pages", pages());
  }

  private static MergeBatch batch() {
    return MergeBatch.ofChosen(LIST_ROOM);
  }

  private int pages() {
    return Math.ceilDiv(mostChosen(), PAGE);
  }

  private int mostChosen() {
    return Arrays.stream(chosen).mapToInt(list -> list.length).max().orElse(0);
  }

  private int retainedPages() {
    return Math.max(1, Math.ceilDiv(merge.retained(mostChosen()), PAGE));
  }

  /** Merges. */
  public void run(Runner runner) {
    Candidates.Source source =
        new Candidates.Source(
            spanRows > 0, SPAN_PAGES, CandidateRoom.of(LIST_ROOM + TAIL + 2 * PAGE), LIST_ROOM);
    for (int side = 0; side < SIDES.size(); side++) {
      Map<String, KernelMemory> own = of(SIDES.get(side));
      Map<String, Integer> ownDims = dimsOf(side);
      int heldPages = Math.ceilDiv(Arrays.stream(held).max().orElse(0), PAGE);
      Kernel rebuild = RebuildRows.build("rebuild_rows", shape, LIST_ROOM);
      run(runner, rebuild, own, ownDims, HEADS, heldPages);
      Kernel stage = StageChosen.build("stage_chosen", shape, source, LIST_ROOM);
      run(runner, stage, own, ownDims, HEADS, pages());
    }
    Map<String, KernelMemory> both = new HashMap<>(memories);
    both.put("chosen", memory("kept_rows"));
    Kernel count = CountRetained.build("count_retained", shape.segments().get(1), merge, LIST_ROOM);
    run(runner, count, both, dims, held.length);
    double t = merge.t().doubleValue();
    Kernel rowsOfBoth = MergeRows.build("merge_rows", shape, batch(), t);
    run(runner, rowsOfBoth, both, dims, HEADS, pages());
    Kernel choice = ChooseRetained.build("choose_retained", shape, batch());
    run(runner, choice, both, dims, HEADS);
    Kernel retain = RetainRows.build("retain_rows", shape, batch());
    run(runner, retain, both, dims, HEADS, retainedPages());
  }

  private Map<String, KernelMemory> of(String side) {
    Map<String, KernelMemory> own = new HashMap<>(memories);
    own.put("chosen", memory("new_rows"));
    own.put("pages_retained", memory("retained_" + side));
    own.put("pages_tail", memory("tail_" + side));
    for (String scratch : List.of("raw", RebuildRows.REBUILT, "staged")) {
      own.put(scratch, memory(scratch + "_" + side));
    }
    return own;
  }

  private Map<String, Integer> dimsOf(int side) {
    Map<String, Integer> own = new HashMap<>(dims);
    String name = SIDES.get(side);
    own.put("retained_table", Objects.requireNonNull(dims.get(name + "_retained_table")));
    own.put("tail_table", Objects.requireNonNull(dims.get(name + "_tail_table")));
    own.put(NormPages.KEYS, 2 * side * PAGE);
    own.put(NormPages.VALUES, (2 * side + 1) * PAGE);
    return own;
  }

  private static void run(
      Runner runner,
      Kernel kernel,
      Map<String, KernelMemory> memories,
      Map<String, Integer> dims,
      int... extents) {
    int[] grid = IntStream.concat(IntStream.of(1), IntStream.of(extents)).toArray();
    runner.run(kernel, memories, new int[][] {Uniforms.dims(kernel, dims)}, grid);
  }

  /** What becomes of a pair of rows. */
  private record Expected(double angle, double[] direction, double lowerNorm, double upperNorm) {}

  private Expected expected(double[] y, double[] x) {
    double below = norm(y);
    double above = norm(x);
    double dot = 0;
    for (int i = 0; i < x.length; i++) {
      dot += x[i] * y[i];
    }
    double angle = Math.acos(Math.clamp(dot / below / above, -1, 1));
    double sine = Math.sin(angle);
    double t = merge.t().doubleValue();
    boolean turned = sine >= 1e-3;
    double ofY = turned ? Math.sin((1 - t) * angle) / sine / below : (1 - t) / below;
    double ofX = turned ? Math.sin(t * angle) / sine / above : t / above;
    double[] direction = new double[x.length];
    Arrays.setAll(direction, i -> ofY * y[i] + ofX * x[i]);
    double length = turned ? 1 : norm(direction);
    Arrays.setAll(direction, i -> direction[i] / length);
    return new Expected(angle, direction, below, above);
  }

  /** Fails unless memory has what the definition says. */
  public void check(String what) {
    for (int list = 0; list < held.length; list++) {
      assertThat(memory(PagedRows.COUNTS).getInt(FIRST_LIST + RETAINED_LISTS + list))
          .as("%s, retained rows of list %d", what, list)
          .isEqualTo(merge.retained(chosen[list].length));
      assertThat(memory(PagedRows.COUNTS).getInt(FIRST_LIST + list)).as(what).isEqualTo(held[list]);
    }
    for (int head = 0; head < HEADS; head++) {
      check(what + ", head " + head, head);
    }
    for (int i = 0; i < pages() * HEADS; i++) {
      assertThat(memory("refused").getInt(i)).as(what).isZero();
    }
  }

  private void check(String what, int head) {
    int[] list = chosen[list(head)];
    Expected[][] all = new Expected[2][list.length];
    for (int slot = 0; slot < list.length; slot++) {
      for (int of = 0; of < 2; of++) {
        all[of][slot] =
            expected(rows[0][head][list[slot]].of(of), rows[1][head][list[slot]].of(of));
      }
    }
    List<Integer> kept =
        IntStream.range(0, list.length)
            .boxed()
            .sorted(
                Comparator.<Integer>comparingDouble(
                        slot -> -difference(Math.max(all[0][slot].angle(), all[1][slot].angle())))
                    .thenComparing(slot -> slot))
            .limit(merge.retained(list.length))
            .sorted()
            .toList();
    for (int slot = 0; slot < list.length; slot++) {
      boolean hidden = kept.contains(slot);
      String at = what + ", slot " + slot;
      double[][] stored = read("pages_shared", "shared_table", slots(0), head, slot);
      for (int of = 0; of < 2; of++) {
        double[] direction = hidden ? new double[stored[of].length] : all[of][slot].direction();
        assertNear(at + ", direction " + of, stored[of], direction);
        assertNorm(at, storedNorm(head, slot, of), hidden ? -1 : all[of][slot].lowerNorm());
        assertNorm(at, storedNorm(head, slot, 2 + of), hidden ? -1 : all[of][slot].upperNorm());
      }
    }
    for (int i = 0; i < kept.size(); i++) {
      for (int side = 0; side < SIDES.size(); side++) {
        checkRetained(what + ", retained " + i, side, head, i, kept.get(i));
      }
    }
  }

  private static double difference(double angle) {
    double difference = 1 - Math.cos(angle);
    return difference < Merge.SMALLEST_DIFFERENCE ? 0 : difference;
  }

  private void checkRetained(String what, int side, int head, int place, int slot) {
    String name = SIDES.get(side);
    int page = entry(name + "_positions_table", slots(1), head, place);
    assertThat(memory("positions_" + name).getInt((long) page * PAGE + place % PAGE))
        .as(what)
        .isEqualTo(positions[list(head)][slot]);
    double[][] found = read("retained_" + name, name + "_retained_table", slots(1), head, place);
    Row original = rows[side][head][chosen[list(head)][slot]];
    for (int of = 0; of < 2; of++) {
      for (int i = 0; i < found[of].length; i++) {
        // A row that was shared before is rounded on its way here.
        double slack = 3e-7 * Math.abs(original.of(of)[i]);
        assertThat((float) found[of][i])
            .as(what)
            .isBetween(
                format.round((float) (original.of(of)[i] - slack)),
                format.round((float) (original.of(of)[i] + slack)));
      }
    }
  }
}
