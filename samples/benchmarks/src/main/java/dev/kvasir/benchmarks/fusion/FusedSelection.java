package dev.kvasir.benchmarks.fusion;

import static dev.kvasir.benchmarks.fusion.LayerRows.DIM;
import static dev.kvasir.benchmarks.fusion.LayerRows.KV_HEADS;
import static dev.kvasir.benchmarks.fusion.LayerRows.OBSERVE;
import static dev.kvasir.benchmarks.fusion.LayerRows.QUERY_HEADS;

import dev.kvasir.benchmarks.AttentionCase;
import dev.kvasir.benchmarks.CacheFormat;
import dev.kvasir.benchmarks.GridKernel;
import dev.kvasir.benchmarks.NativeMemory;
import dev.kvasir.benchmarks.Team;
import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.CandidatePositions;
import dev.kvasir.codegen.skeleton.CandidateRoom;
import dev.kvasir.codegen.skeleton.Candidates;
import dev.kvasir.codegen.skeleton.ChooseRows;
import dev.kvasir.codegen.skeleton.CombineAttention;
import dev.kvasir.codegen.skeleton.CommitChoice;
import dev.kvasir.codegen.skeleton.CompactRows;
import dev.kvasir.codegen.skeleton.DecodeAttention;
import dev.kvasir.codegen.skeleton.ObservedMass;
import dev.kvasir.codegen.skeleton.PagedRows;
import dev.kvasir.codegen.skeleton.ScoreRows;
import dev.kvasir.codegen.skeleton.ScoreShape;
import dev.kvasir.codegen.tile.TargetProfile;
import dev.kvasir.codegen.tile.Tiles;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.HeadGroup;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * The kernels that a plan runs behind a layer's attention of a prompt to choose and keep rows, and
 * those of a step's attention over what was kept.
 */
final class FusedSelection implements AutoCloseable {

  private static final int TAIL = 512;

  /** The program's mark of the last selection. */
  private static final String MARK = "selected_" + TAIL;

  private static final int PAGE = SegmentPart.PAGE_ROWS;

  private final LayerRows rows;
  private final SelectionCase selection;
  private final NativeMemory memory = new NativeMemory();
  private final Map<String, MemorySegment> buffers = new HashMap<>();
  private final Map<String, Integer> dims = new HashMap<>();
  private final AttentionShape shape;
  private final SegmentPart kept;
  private final int lists;
  private final int listRoom;
  private final List<GridKernel> kernels = new ArrayList<>();
  private final List<GridKernel.Launch> launches = new ArrayList<>();
  private final GridKernel decode;
  private final GridKernel.Launch decodeLaunch;
  private final GridKernel combine;
  private final GridKernel.Launch combineLaunch;

  FusedSelection(LayerRows rows, SelectionCase selection, Team team) {
    this.rows = rows;
    this.selection = selection;
    HeadGroup group =
        new HeadGroup(
            IntStream.range(0, KV_HEADS).boxed().toList(),
            List.of(
                CacheSegment.kept(ElementFormat.BF16, selection.budget()),
                CacheSegment.of(
                    CacheSegment.Kind.TAIL, ElementFormat.BF16, TAIL, OptionalInt.empty())));
    List<SegmentPart> segments = SegmentPart.of(group);
    int context = rows.tokens + TAIL;
    shape = new AttentionShape(QUERY_HEADS, KV_HEADS, DIM, DIM, LayerRows.SCALE, segments, context);
    kept = segments.getFirst();
    lists = selection.perHead() ? KV_HEADS : 1;
    listRoom = kept.slots(context) * PAGE;
    CandidateRoom room = CandidateRoom.of(listRoom + TAIL + rows.tokens);
    Tiles tiles =
        new AttentionCase(QUERY_HEADS, KV_HEADS, DIM, rows.tokens, CacheFormat.BF16)
            .tiles(TargetProfile.jvm());
    inputs(tiles);
    lists(room);
    pages(segments, context);
    counters();
    Candidates.Source source = new Candidates.Source(true, rows.tokens / PAGE, room);
    ScoreShape score =
        new ScoreShape(
            KV_HEADS / lists,
            selection.window(),
            selection.pool(),
            new ScoreShape.Maximum(),
            room.elements());
    int pages = rows.tokens / PAGE;
    add(CandidatePositions.build("candidate_positions", room, listRoom), team, lists, pages);
    add(
        ObservedMass.build("observed_mass", shape, tiles.prefillTokens(), source),
        team,
        KV_HEADS,
        pages);
    add(ScoreRows.build("score_rows", score), team, lists, pages);
    add(
        ChooseRows.build("choose_rows", selection.window(), room.elements(), listRoom),
        team,
        lists,
        1);
    add(CompactRows.build("compact_rows", shape, source, listRoom), team, KV_HEADS, 1);
    add(CommitChoice.build("commit_choice", listRoom), team, lists, 1);
    int pagesPerSplit = tiles.rowsPerSplit() / PAGE;
    int splits = Math.ceilDiv(Math.ceilDiv(selection.slots(), PAGE), pagesPerSplit);
    partials(splits);
    Kernel attention = DecodeAttention.build("decode", shape, pagesPerSplit, splits);
    decode = new GridKernel(attention, team);
    dims.put(MARK, rows.tokens);
    decodeLaunch = decode.launch(buffers, dims, KV_HEADS, splits);
    combine = new GridKernel(CombineAttention.build("combine", shape, splits), team);
    dims.put("splits", splits);
    combineLaunch = combine.launch(buffers, dims, KV_HEADS, 1);
  }

  private void add(Kernel kernel, Team team, int second, int third) {
    GridKernel loaded = new GridKernel(kernel, team);
    kernels.add(loaded);
    launches.add(loaded.launch(buffers, dims, second, third));
  }

  private void inputs(Tiles tiles) {
    int queries = Math.max(OBSERVE, tiles.prefillTokens());
    MemorySegment q = memory.floats((long) queries * QUERY_HEADS * DIM);
    MemorySegment.copy(rows.queries, 0, q, ValueLayout.JAVA_FLOAT, 0, rows.queries.length);
    buffers.put("q", q);
    MemorySegment sums = memory.floats((long) queries * QUERY_HEADS);
    IntStream.range(0, OBSERVE * QUERY_HEADS)
        .parallel()
        .forEach(
            i ->
                sums.setAtIndex(
                    ValueLayout.JAVA_FLOAT,
                    i,
                    (float) rows.logSumExp(i / QUERY_HEADS, i % QUERY_HEADS)));
    buffers.put("lse", sums);
    buffers.put("ordinals", memory.ascending(queries));
    buffers.put("heads", memory.ascending(KV_HEADS));
    int pages = rows.tokens / PAGE;
    MemorySegment raw = memory.floats((long) KV_HEADS * pages * FusedPages.RAW.elements());
    for (int head = 0; head < KV_HEADS; head++) {
      for (int row = 0; row < rows.tokens; row++) {
        FusedPages.putRaw(rows, head, row, raw, head * pages + row / PAGE);
      }
    }
    buffers.put("raw", raw);
  }

  private void lists(CandidateRoom room) {
    buffers.put("mass", memory.floats((long) KV_HEADS * room.elements()));
    buffers.put("scores", memory.floats((long) lists * room.elements()));
    buffers.put("candidate_positions", memory.floats((long) lists * room.elements()));
    for (String name : List.of("chosen", "chosen_positions", "positions")) {
      buffers.put(name, memory.floats((long) lists * listRoom));
    }
    buffers.put("chosen_counts", memory.floats(lists));
    buffers.put(PagedRows.COUNTS, memory.floats(lists));
  }

  private void pages(List<SegmentPart> segments, int context) {
    int entries = 0;
    for (SegmentPart segment : segments) {
      dims.put(segment.name() + "_table", entries * KV_HEADS);
      dims.put(segment.name() + PagedRows.ENTRIES, segment.tableEntries(context));
      entries += segment.tableEntries(context);
      buffers.put(
          "pages_" + segment.name(),
          memory.bytes(
              (long) Short.BYTES
                  * KV_HEADS
                  * segment.slots(context)
                  * FusedPages.CACHED.elements()));
    }
    // Of each segment, pages from 0 on; the tail is empty.
    buffers.put("table", memory.ascending(entries * KV_HEADS));
  }

  private void counters() {
    dims.put(Candidates.TAIL_ROWS, 0);
    dims.put(CandidatePositions.TAIL_ORIGIN, 0);
    dims.put(MARK, 0);
    dims.put("more", rows.tokens);
    dims.put("span", rows.tokens);
    dims.put("tokens", rows.tokens);
    dims.put("position", 0);
    dims.put("protected_from", rows.tokens - OBSERVE);
    dims.put("choose", selection.windows());
    dims.put(ObservedMass.FIRST_QUERY, 0);
    dims.put(ObservedMass.END_QUERY, OBSERVE);
    dims.put(ObservedMass.QUERY_ORIGIN, rows.tokens - OBSERVE);
    dims.put("first_head", 0);
    dims.put(PagedRows.FIRST_LIST, 0);
    dims.put(PagedRows.LIST_STRIDE, selection.perHead() ? 1 : 0);
  }

  private void partials(int splits) {
    long partials = (long) QUERY_HEADS * splits;
    buffers.put("partial_maximum", memory.floats(partials));
    buffers.put("partial_sum", memory.floats(partials));
    buffers.put("partial_output", memory.floats(partials * DIM));
    buffers.put("out", memory.floats((long) QUERY_HEADS * DIM));
  }

  private MemorySegment buffer(String name) {
    return buffers.getOrDefault(name, MemorySegment.NULL);
  }

  /** Forgets what an earlier run has chosen. */
  void prepare() {
    buffer(PagedRows.COUNTS).fill((byte) 0);
  }

  /** Chooses and keeps, of a prompt. */
  void run() {
    for (int i = 0; i < kernels.size(); i++) {
      kernels.get(i).run(launches.get(i));
    }
  }

  /** Attends what is kept, with the first of the observed queries. */
  void attend() {
    decode.run(decodeLaunch);
    combine.run(combineLaunch);
  }

  /** {@return what was attended, [query heads, dim]} */
  float[] output() {
    return buffer("out").toArray(ValueLayout.JAVA_FLOAT);
  }

  /** {@return chosen positions of a head} */
  int[] chosen(int head) {
    int list = selection.perHead() ? head : 0;
    int count = buffer(PagedRows.COUNTS).getAtIndex(ValueLayout.JAVA_INT, list);
    return IntStream.range(0, count)
        .map(
            row ->
                buffer("positions").getAtIndex(ValueLayout.JAVA_INT, (long) list * listRoom + row))
        .toArray();
  }

  /**
   * Compares kept rows with those of a layer, to the bit.
   *
   * @throws IllegalStateException when one differs
   */
  void requireRows() {
    int slots = listRoom / PAGE;
    for (int head = 0; head < KV_HEADS; head++) {
      int[] chosen = chosen(head);
      for (int i = 0; i < chosen.length; i++) {
        FusedPages.require(
            buffer("pages_" + kept.name()),
            head * slots + i / PAGE,
            i % PAGE,
            rows.keys[head],
            rows.values[head],
            chosen[i]);
      }
    }
  }

  /** {@return bytes of rows that a run reads: keys once, and what is kept} */
  double bytes() {
    return (double) Float.BYTES * KV_HEADS * DIM * (rows.tokens + 2.0 * selection.slots());
  }

  @Override
  public void close() {
    memory.close();
  }
}
