package dev.kvasir.codegen.skeleton;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.codegen.emit.jvm.JvmKernelRunner;
import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelInterpreter;
import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.type.ElementFormat;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;

/** Launches of the kernels of a packed cache, as the program of a plan makes them. */
final class PackedRuns {

  static final int SPAN_PAGES = 7;

  /** Where compensation rows start in their buffer. */
  static final int FIRST_MEAN = 5;

  private static final int ROW_TILE = 16;
  private static final int PAGE = AttentionFixture.PAGE;
  private static final IntExpression POSITION = ProgramExpressions.counter("position");
  private static final IntExpression TOKENS = ProgramExpressions.counter("tokens");

  /** Output and log-sum-exp of a launch. */
  record Results(KernelMemory out, KernelMemory lse) {}

  private final AttentionShape shape;
  private final List<AttentionFixture> sequences;
  private final PackedCache cache;
  private final int bits;

  /**
   * Runs over one cache.
   *
   * @param bits vector width; 0 for the interpreter
   */
  PackedRuns(AttentionShape shape, List<AttentionFixture> sequences, PackedCache cache, int bits) {
    this.shape = shape;
    this.sequences = sequences;
    this.cache = cache;
    this.bits = bits;
  }

  private static KernelMemory empty(long size) {
    return KernelMemory.uninitialised(ElementFormat.F32, size);
  }

  private Results results(int rows, Map<String, KernelMemory> memories) {
    int heads = rows * shape.queryHeads();
    Results results = new Results(empty((long) heads * shape.valueDim()), empty(heads));
    memories.put("out", results.out());
    memories.put("lse", results.lse());
    return results;
  }

  /** Decode attention and its combine for the last of so many tokens of each sequence. */
  Results decode(int pagesPerSplit, int... tokens) {
    int room =
        Math.ceilDiv(
            shape.segments().stream().mapToInt(s -> s.tableEntries(shape.context())).sum(),
            pagesPerSplit);
    Kernel decode = DecodeAttention.build("decode", shape, pagesPerSplit, room);
    Kernel combine = CombineAttention.build("combine", shape, room);
    Map<String, KernelMemory> memories = new HashMap<>(cache.memories);
    int rowSize = shape.queryHeads() * shape.keyDim();
    KernelMemory queries = empty((long) tokens.length * rowSize);
    int[] splits = new int[tokens.length];
    int[][] decodeDims = new int[tokens.length][];
    int[][] combineDims = new int[tokens.length][];
    for (int s = 0; s < tokens.length; s++) {
      for (int i = 0; i < rowSize; i++) {
        queries.setFloat(
            (long) s * rowSize + i, sequences.get(s).queries[(tokens[s] - 1) * rowSize + i]);
      }
      splits[s] =
          Uniforms.evaluate(DecodeAttention.splits(shape, pagesPerSplit, TOKENS), 0, tokens[s]);
      Map<String, Integer> dims = dims(s);
      dims.put("tokens", tokens[s]);
      dims.put("splits", splits[s]);
      decodeDims[s] = Uniforms.dims(decode, dims);
      combineDims[s] = Uniforms.dims(combine, dims);
    }
    memories.put("q", queries);
    long partials = (long) tokens.length * shape.queryHeads() * room;
    memories.put("partial_maximum", empty(partials));
    memories.put("partial_sum", empty(partials));
    memories.put("partial_output", empty(partials * shape.valueDim()));
    Results results = results(tokens.length, memories);
    int most = Arrays.stream(splits).max().orElseThrow();
    assertThat(most).isLessThanOrEqualTo(room);
    launch(decode, memories, decodeDims, tokens.length, most);
    launch(combine, memories, combineDims, new int[] {tokens.length, shape.kvHeads()});
    return results;
  }

  /** Prefill attention of the first sequence over what the cache held before the span. */
  Results prefill(int position, int span) {
    AttentionFixture fixture = sequences.getFirst();
    int tileTokens = AttentionFixture.tileTokens(shape.group());
    Kernel kernel = PrefillAttention.build("prefill", shape, tileTokens, SPAN_PAGES);
    Map<String, KernelMemory> memories = new HashMap<>(cache.memories);
    memories.put("ordinals", KernelMemory.ofInts(IntStream.range(0, ROW_TILE).toArray()));
    memories.put("raw", raw(fixture, position, span));
    int rows = Math.ceilDiv(span, ROW_TILE) * ROW_TILE;
    int rowSize = shape.queryHeads() * shape.keyDim();
    KernelMemory queries = empty((long) rows * rowSize);
    for (int i = 0; i < span * rowSize; i++) {
      queries.setFloat(i, fixture.queries[position * rowSize + i]);
    }
    memories.put("q", queries);
    Results results = results(rows, memories);
    launch(kernel, memories, spanDims(kernel, position, span), 1, Math.ceilDiv(span, tileTokens));
    return results;
  }

  private KernelMemory raw(AttentionFixture fixture, int position, int span) {
    KernelMemory raw = empty((long) shape.kvHeads() * SPAN_PAGES * shape.pageElements());
    for (int head = 0; head < shape.kvHeads(); head++) {
      for (int token = 0; token < span; token++) {
        long page = (long) head * SPAN_PAGES + token / PAGE;
        long start = page * shape.pageElements();
        int row = token % PAGE;
        for (int i = 0; i < shape.keyDim(); i++) {
          raw.setFloat(start + (long) i * PAGE + row, fixture.key(position + token, head, i));
        }
        for (int i = 0; i < shape.valueDim(); i++) {
          raw.setFloat(
              start + AttentionFixture.inPage(shape.keyDim(), shape.valueDim(), row, i),
              fixture.value(position + token, head, i));
        }
      }
    }
    return raw;
  }

  /** Gathers and packs the pages that close within a span, then appends the rows that are left. */
  void writeSpan(int position, int span, Random random) {
    for (SegmentPart segment : shape.segments()) {
      if (segment.packing().isEmpty()) {
        continue;
      }
      int closing =
          Uniforms.evaluate(
              ClosingPages.count(segment, shape, POSITION, TOKENS), position, position + span);
      if (closing == 0) {
        continue;
      }
      int room = ClosingPages.most(segment, shape, SPAN_PAGES);
      Map<String, KernelMemory> memories = rows(position, span);
      KernelMemory rows =
          KernelMemory.uninitialised(
              segment.format(), (long) shape.kvHeads() * room * shape.pageElements());
      memories.put("closing", rows);
      memories.put("source", rows);
      Kernel gather = GatherRows.build("gather", shape, segment, room);
      launch(gather, memories, spanDims(gather, position, span), 1, closing);
      Kernel pack = PackPages.ofSpan("pack", shape, segment, room);
      KernelMemory refused = refusals(shape.kvHeads() * room, random);
      memories.put("refused", refused);
      launch(pack, memories, spanDims(pack, position, span), 1, closing);
      for (int head = 0; head < shape.kvHeads(); head++) {
        for (int page = 0; page < closing; page++) {
          requireAccepted(refused, head * closing + page);
        }
      }
    }
    append(
        position,
        span,
        Uniforms.evaluate(AppendRows.pages(shape, POSITION, TOKENS), position, position + span));
  }

  /** Appends the row of a step. */
  void writeStep(int position) {
    append(position, 1, 1);
  }

  private void append(int position, int span, int pages) {
    Kernel append = AppendRows.build("append", shape);
    launch(append, rows(position, span), spanDims(append, position, span), 1, pages);
  }

  /** Packs the open pages that are full now, as the rule after a run does. */
  void closeFullPages(int tokens, Random random) {
    for (SegmentPart segment : shape.segments()) {
      int rows = Math.max(0, tokens - segment.firstPosition());
      if (segment.packing().isEmpty() || rows == 0 || rows % PAGE != 0) {
        continue;
      }
      Kernel pack = PackPages.ofOpenPage("pack_open", shape, segment);
      Map<String, KernelMemory> memories = new HashMap<>(cache.memories);
      memories.put("source", cache.memory("pages_", segment.segment()));
      KernelMemory refused = refusals(shape.kvHeads(), random);
      memories.put("refused", refused);
      Map<String, Integer> dims = dims(0);
      dims.put("tokens", tokens);
      launch(pack, memories, new int[][] {Uniforms.dims(pack, dims)}, 1, 1);
      for (int head = 0; head < shape.kvHeads(); head++) {
        requireAccepted(refused, head);
      }
    }
  }

  private static KernelMemory refusals(int points, Random random) {
    return KernelMemory.ofInts(random.ints(points, 2, 99).toArray());
  }

  private static void requireAccepted(KernelMemory refused, int point) {
    if (refused.getInt(point) != 0) {
      throw new AssertionError("page " + point + " was refused: " + refused.getInt(point));
    }
  }

  private Map<String, KernelMemory> rows(int position, int span) {
    Map<String, KernelMemory> memories = new HashMap<>(cache.memories);
    memories.put("k", sequences.getFirst().rows(true, position, position + span));
    memories.put("v", sequences.getFirst().rows(false, position, position + span));
    return memories;
  }

  private Map<String, Integer> dims(int sequence) {
    Map<String, Integer> dims = new HashMap<>(cache.tableDims(sequence));
    dims.put("first_head", sequences.getFirst().firstHead);
    dims.put("first_mean", FIRST_MEAN);
    return dims;
  }

  private int[][] spanDims(Kernel kernel, int position, int span) {
    Map<String, Integer> dims = dims(0);
    dims.put("position", position);
    dims.put("span", span);
    return new int[][] {Uniforms.dims(kernel, dims)};
  }

  private void launch(
      Kernel kernel, Map<String, KernelMemory> memories, int[][] dims, int sequences, int last) {
    launch(kernel, memories, dims, new int[] {sequences, shape.kvHeads(), last});
  }

  private void launch(Kernel kernel, Map<String, KernelMemory> memories, int[][] dims, int[] grid) {
    if (bits == 0) {
      KernelInterpreter.run(kernel, memories, dims, grid);
    } else {
      JvmKernelRunner.run(kernel, bits, memories, dims, grid);
    }
  }

  /** Compensates what the rows of a run push out of the ring, before they are written. */
  void expelRun(int position, int span) {
    if (Uniforms.evaluate(ExpelledPages.any(shape, POSITION, TOKENS), position, position + span)
        == 1) {
      Kernel expel = ExpelRows.ofRun("expel", shape);
      launch(
          expel,
          rows(position, span),
          spanDims(expel, position, span),
          new int[] {1, shape.kvHeads()});
    }
  }

  /** Compensates the page whose place the open page takes, which is full. */
  void expelForFullPage(int tokens) {
    SegmentPart ring = shape.ring();
    int rows = Math.max(0, tokens - ring.firstPosition());
    if (ring.packing().isPresent()
        && rows > 0
        && rows % PAGE == 0
        && Uniforms.evaluate(ExpelledPages.count(shape, TOKENS), 0, tokens) > 0) {
      Kernel expel = ExpelRows.ofFullPage("expel_page", shape);
      Map<String, Integer> dims = dims(0);
      dims.put("tokens", tokens);
      launch(
          expel,
          new HashMap<>(cache.memories),
          new int[][] {Uniforms.dims(expel, dims)},
          new int[] {1, shape.kvHeads()});
    }
  }
}
