package dev.kvasir.codegen.emit.tornado;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.codegen.skeleton.AppendRows;
import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.CombineAttention;
import dev.kvasir.codegen.skeleton.DecodeAttention;
import dev.kvasir.codegen.skeleton.ExpelRows;
import dev.kvasir.codegen.skeleton.GatherRows;
import dev.kvasir.codegen.skeleton.PackPages;
import dev.kvasir.codegen.skeleton.PackedLayout;
import dev.kvasir.codegen.skeleton.PrefillAttention;
import dev.kvasir.codegen.skeleton.StageRows;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.ir.type.Packing;
import dev.kvasir.ir.type.QuantisedFormat;
import dev.kvasir.plans.PageLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;

/** Launches of the attention kernels over drawn caches. */
final class SkeletonCases {

  static final int CONTEXT = 320;
  private static final int ROWS = SegmentPart.PAGE_ROWS;
  private static final int SINK = 4;

  /** Rows that are packed lie on few levels, so that codes do not depend on rounding. */
  private static final int LEVELS = 16;

  private static final float LEVEL = 17 * 0x1p-6f;

  private final Random random;

  SkeletonCases(long seed) {
    this.random = new Random(seed);
  }

  /** {@return codes of these bits, keys by channel or by token} */
  static Packing packing(int keyBits, boolean byChannel, int keyGroup, int valueBits, int group) {
    QuantisedFormat.Per per = byChannel ? QuantisedFormat.Per.CHANNEL : QuantisedFormat.Per.TOKEN;
    return new Packing(
        new QuantisedFormat(keyBits, per, keyGroup),
        new QuantisedFormat(valueBits, QuantisedFormat.Per.TOKEN, group));
  }

  static CacheSegment dense(ElementFormat format) {
    return CacheSegment.of(CacheSegment.Kind.DENSE, format, 0, OptionalInt.empty());
  }

  static CacheSegment ring(ElementFormat format, int recent) {
    return CacheSegment.of(CacheSegment.Kind.RING, format, recent, OptionalInt.empty());
  }

  static CacheSegment sink(ElementFormat format) {
    return CacheSegment.of(CacheSegment.Kind.SINK, format, SINK, OptionalInt.empty());
  }

  static AttentionShape shape(int group, int kvHeads, int dim, CacheSegment... segments) {
    List<SegmentPart> parts = SegmentPart.of(new HeadGroup(List.of(0), List.of(segments)));
    return new AttentionShape(
        group * kvHeads, kvHeads, dim, dim, 1 / Math.sqrt(dim), parts, CONTEXT);
  }

  /** {@return the shape with a compensation row} */
  static AttentionShape compensated(AttentionShape shape) {
    return new AttentionShape(
        shape.queryHeads(),
        shape.kvHeads(),
        shape.keyDim(),
        shape.valueDim(),
        shape.scale(),
        shape.segments(),
        shape.context(),
        true);
  }

  KernelCase expelRows(AttentionShape shape, int held, int span) {
    CacheCase cache = new CacheCase(random, shape, 0, held);
    return builder(
            "expel rows for %d after %d".formatted(span, held),
            shape,
            ExpelRows.ofRun("expel", shape))
        .memories(cache.memories())
        .normal("k", span * shape.kvHeads() * shape.keyDim())
        .normal("v", span * shape.kvHeads() * shape.valueDim())
        .launch(
            new int[] {1, shape.kvHeads()},
            dims(cache, 1, _ -> Map.of("position", held, "span", span)));
  }

  KernelCase expelPage(AttentionShape shape, int tokens) {
    CacheCase cache = new CacheCase(random, shape, 0, tokens);
    return builder(
            "expel a page at %d".formatted(tokens), shape, ExpelRows.ofFullPage("expel", shape))
        .memories(cache.memories())
        .launch(new int[] {1, shape.kvHeads()}, dims(cache, 1, _ -> Map.of("tokens", tokens)));
  }

  private KernelCase.Builder builder(String text, AttentionShape shape, Kernel kernel) {
    return new KernelCase.Builder(random, text + " " + shape.text(), kernel);
  }

  KernelCase decode(AttentionShape shape, int pagesPerSplit, int... tokens) {
    int splits = Math.ceilDiv(CONTEXT, ROWS * pagesPerSplit) + shape.segments().size() + 1;
    CacheCase cache = new CacheCase(random, shape, 1, tokens);
    Kernel kernel = DecodeAttention.build("decode", shape, pagesPerSplit, splits);
    int rows = tokens.length * shape.queryHeads() * splits;
    return builder("decode %s of".formatted(Arrays.toString(tokens)), shape, kernel)
        .memories(cache.memories())
        .normal("q", tokens.length * shape.queryHeads() * shape.keyDim())
        .output("partial_maximum", rows)
        .output("partial_sum", rows)
        .output("partial_output", rows * shape.valueDim())
        .launch(
            new int[] {tokens.length, shape.kvHeads(), splits},
            dims(cache, tokens.length, i -> Map.of("tokens", tokens[i])));
  }

  KernelCase combine(AttentionShape shape, int splits) {
    int rows = 2 * shape.queryHeads() * splits;
    Kernel kernel = CombineAttention.build("combine", shape, splits);
    KernelMemory sums = KernelMemory.uninitialised(ElementFormat.F32, rows);
    for (int i = 0; i < rows; i++) {
      sums.setFloat(i, random.nextFloat(1, 9));
    }
    CacheCase cache = new CacheCase(random, shape, 1, 1, 1);
    return builder("combine", shape, kernel)
        .memories(cache.memories())
        .normal("partial_maximum", rows)
        .memory("partial_sum", sums)
        .normal("partial_output", rows * shape.valueDim())
        .output("out", 2 * shape.queryHeads() * shape.valueDim())
        .output("lse", 2 * shape.queryHeads())
        .launch(new int[] {2, shape.kvHeads()}, dims(cache, 2, _ -> Map.of("splits", splits - 1)));
  }

  private interface Others {
    Map<String, Integer> of(int sequence);
  }

  private static List<Map<String, Integer>> dims(CacheCase cache, int sequences, Others others) {
    return IntStream.range(0, sequences).mapToObj(i -> cache.dims(i, others.of(i))).toList();
  }

  KernelCase prefill(AttentionShape shape, int tokens, int held, int span) {
    int pages = Math.ceilDiv(span, ROWS);
    int blocks = Math.ceilDiv(span, tokens);
    CacheCase cache = new CacheCase(random, shape, 0, held);
    Kernel kernel = PrefillAttention.build("prefill", shape, tokens, pages);
    KernelMemory raw =
        KernelMemory.uninitialised(
            ElementFormat.F32, (long) shape.kvHeads() * pages * shape.pageElements());
    PageLayout layout = PageLayout.plain(shape.keyDim(), shape.valueDim());
    for (int head = 0; head < shape.kvHeads(); head++) {
      for (int row = 0; row < span; row++) {
        int page = (head * pages + row / ROWS) * shape.pageElements();
        for (int channel = 0; channel < shape.keyDim(); channel++) {
          int key = layout.keyElement(row % ROWS, channel);
          raw.setFloat(page + key, (float) random.nextGaussian());
          int value = layout.valueElement(row % ROWS, channel);
          raw.setFloat(page + value, (float) random.nextGaussian());
        }
      }
    }
    int rows = blocks * tokens * shape.queryHeads();
    return builder("prefill %d after %d".formatted(span, held), shape, kernel)
        .memories(cache.memories())
        .normal("q", rows * shape.keyDim())
        .memory("ordinals", KernelMemory.ofInts(IntStream.range(0, tokens).toArray()))
        .memory("raw", raw)
        .output("out", rows * shape.valueDim())
        .output("lse", rows)
        .launch(
            new int[] {1, shape.kvHeads(), blocks},
            dims(cache, 1, _ -> Map.of("position", held, "span", span)));
  }

  KernelCase append(AttentionShape shape, int held, int span) {
    CacheCase cache = new CacheCase(random, shape, 0, held);
    Kernel kernel = AppendRows.build("append", shape);
    int pages = Math.ceilDiv(span, ROWS) + 1;
    return builder("append %d after %d".formatted(span, held), shape, kernel)
        .memories(cache.memories())
        .normal("k", span * shape.kvHeads() * shape.keyDim())
        .normal("v", span * shape.kvHeads() * shape.valueDim())
        .launch(
            new int[] {1, shape.kvHeads(), pages},
            dims(cache, 1, _ -> Map.of("position", held, "span", span)));
  }

  KernelCase stage(AttentionShape shape, int span) {
    int pages = Math.ceilDiv(span, ROWS);
    return builder("stage", shape, StageRows.build("stage", shape, pages + 1))
        .normal("k", span * shape.kvHeads() * shape.keyDim())
        .normal("v", span * shape.kvHeads() * shape.valueDim())
        .output("raw", shape.kvHeads() * (pages + 1) * shape.pageElements())
        .launch(new int[] {1, shape.kvHeads(), pages}, List.of(Map.of("span", span)));
  }

  KernelCase gather(AttentionShape shape, int held, int span) {
    SegmentPart segment = shape.segments().getLast();
    int room = closing(segment, held, span);
    CacheCase cache = new CacheCase(random, shape, 0, held);
    return builder(
            "gather %d after %d".formatted(span, held),
            shape,
            GatherRows.build("gather", shape, segment, room))
        .memories(cache.memories())
        .normal("k", span * shape.kvHeads() * shape.keyDim())
        .normal("v", span * shape.kvHeads() * shape.valueDim())
        .output("closing", shape.kvHeads() * room * shape.pageElements())
        .launch(
            new int[] {1, shape.kvHeads(), room},
            dims(cache, 1, _ -> Map.of("position", held, "span", span)));
  }

  private static int closing(SegmentPart segment, int held, int span) {
    int before = Math.max(0, held - segment.firstPosition());
    int after = Math.max(0, held + span - segment.firstPosition());
    return Math.max(1, Math.min((after - 1) / ROWS - before / ROWS, segment.slots(CONTEXT)));
  }

  /** Packs what a span closes. */
  KernelCase packSpan(AttentionShape shape, int held, int span) {
    SegmentPart segment = shape.segments().getLast();
    int room = closing(segment, held, span);
    Kernel kernel = PackPages.ofSpan("pack", shape, segment, room);
    KernelCase.Builder builder = builder("pack a span of", shape, kernel);
    return pack(builder, shape, shape.kvHeads() * room, held, span, room);
  }

  /** Packs the open page that {@code tokens} rows have filled. */
  KernelCase packOpenPage(AttentionShape shape, int tokens) {
    SegmentPart segment = shape.segments().getLast();
    Kernel kernel = PackPages.ofOpenPage("pack", shape, segment);
    KernelCase.Builder builder = builder("pack the open page of", shape, kernel);
    return pack(builder, shape, shape.kvHeads(), tokens, 0, 1);
  }

  private KernelCase pack(
      KernelCase.Builder builder, AttentionShape shape, int pages, int held, int span, int room) {
    SegmentPart segment = shape.segments().getLast();
    PackedLayout layout =
        new PackedLayout(segment.packing().orElseThrow(), shape.keyDim(), shape.valueDim());
    CacheCase cache = new CacheCase(random, shape, 0, held);
    int all = shape.kvHeads() * segment.slots(CONTEXT);
    KernelMemory source =
        KernelMemory.uninitialised(segment.format(), (long) pages * shape.pageElements());
    for (int i = 0; i < source.size(); i++) {
      source.setFloat(i, random.nextInt(LEVELS) * LEVEL);
    }
    return builder
        .memory("source", source)
        .memories(Map.of("table", cache.memories().getOrDefault("table", source)))
        .output(PackedLayout.keyCodes(segment), all * layout.keyElements())
        .output(PackedLayout.valueCodes(segment), all * layout.valueElements())
        .output(PackedLayout.scales(segment), all * layout.scaleElements())
        .output("refused", shape.kvHeads() * room)
        .launch(
            new int[] {1, shape.kvHeads(), room},
            dims(cache, 1, _ -> Map.of("position", held, "span", span, "tokens", held)));
  }
}
