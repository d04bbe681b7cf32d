package dev.kvasir.codegen.emit.tornado;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.codegen.emit.tornado.device.Device;
import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.CachedPages;
import dev.kvasir.codegen.skeleton.CombineAttention;
import dev.kvasir.codegen.skeleton.DecodeAttention;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.plans.PageLayout;
import dev.kvasir.plans.StorageFormat;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;

/**
 * Decode attention on drawn caches: sequences of different length, pages in drawn places, NaN in
 * every row that is not attended, grid points of splits that have no page.
 */
final class AttentionCase {

  private static final int CONTEXT = 300;
  private static final int SINK = 4;

  private final Random random;
  private final AttentionShape shape;
  private final int[] tokens;
  private final int pagesPerSplit;
  private final int splits;
  private final int[] heads;
  private final int[][] dims;
  private final int[] table;
  private final List<float[]> pools = new ArrayList<>();
  private final float[] queries;

  AttentionCase(long seed, AttentionShape shape, int pagesPerSplit, int... tokens) {
    this.random = new Random(seed);
    this.shape = shape;
    this.tokens = tokens;
    this.pagesPerSplit = pagesPerSplit;
    this.heads = headsInReverse(shape.kvHeads());
    int slots = 0;
    int most = 0;
    for (SegmentPart segment : shape.segments()) {
      slots += segment.slots(CONTEXT);
      most += Math.ceilDiv(segment.slots(CONTEXT), pagesPerSplit);
    }
    this.splits = most + 1;
    this.table = new int[tokens.length * shape.kvHeads() * slots];
    this.dims = new int[tokens.length][];
    this.queries = normal(tokens.length * shape.queryHeads() * shape.keyDim());
    fill();
  }

  static List<SegmentPart> dense() {
    return parts(segment(CacheSegment.Kind.DENSE, 0));
  }

  /** The first 4 positions and the {@code recent} latest ones. */
  static List<SegmentPart> sinkAndRing(int recent) {
    return parts(segment(CacheSegment.Kind.SINK, SINK), segment(CacheSegment.Kind.RING, recent));
  }

  private static List<SegmentPart> parts(CacheSegment... segments) {
    return SegmentPart.of(new HeadGroup(List.of(0), List.of(segments)));
  }

  private static CacheSegment segment(CacheSegment.Kind kind, int rows) {
    return CacheSegment.of(kind, ElementFormat.F32, rows, OptionalInt.empty());
  }

  static AttentionShape shape(List<SegmentPart> segments, int group, int kvHeads, int dim) {
    return new AttentionShape(
        group * kvHeads, kvHeads, dim, dim, 1 / Math.sqrt(dim), segments, CONTEXT);
  }

  private static int[] headsInReverse(int count) {
    int[] heads = new int[count];
    Arrays.setAll(heads, i -> count - 1 - i);
    return heads;
  }

  private float[] normal(int size) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  private void fill() {
    int[][] starts = new int[tokens.length][shape.segments().size()];
    int next = 0;
    for (int s = 0; s < shape.segments().size(); s++) {
      SegmentPart segment = shape.segments().get(s);
      int slots = segment.slots(CONTEXT);
      int pages = tokens.length * shape.kvHeads() * slots;
      float[] pool = new float[pages * shape.pageElements()];
      Arrays.fill(pool, Float.NaN);
      List<Integer> places = new ArrayList<>();
      for (int page = 0; page < pages; page++) {
        places.add(page);
      }
      Collections.shuffle(places, random);
      int drawn = 0;
      for (int sequence = 0; sequence < tokens.length; sequence++) {
        starts[sequence][s] = next;
        for (int head = 0; head < shape.kvHeads(); head++) {
          for (int slot = 0; slot < slots; slot++) {
            table[next + slot] = places.get(drawn++);
          }
          fillHead(segment, pool, next, tokens[sequence]);
          next += slots;
        }
      }
      pools.add(pool);
    }
    for (int sequence = 0; sequence < tokens.length; sequence++) {
      int[] row = new int[2 + starts[sequence].length];
      row[0] = tokens[sequence];
      System.arraycopy(starts[sequence], 0, row, 2, starts[sequence].length);
      dims[sequence] = row;
    }
  }

  /** Writes the rows that a segment sees; what it passed over stays NaN. */
  private void fillHead(SegmentPart segment, float[] pool, int tableStart, int count) {
    int window = segment.window().orElse(Integer.MAX_VALUE);
    int end = Math.min(count, segment.endPosition().orElse(Integer.MAX_VALUE));
    PageLayout layout = PageLayout.streamed(StorageFormat.F32, shape.keyDim(), shape.valueDim());
    for (int position = segment.firstPosition(); position < end; position++) {
      if ((long) position <= (long) count - 1 - window) {
        continue;
      }
      int row = position - segment.firstPosition();
      int slot = row / SegmentPart.PAGE_ROWS % segment.slots(CONTEXT);
      int page = table[tableStart + slot] * shape.pageElements();
      int inPage = row % SegmentPart.PAGE_ROWS;
      for (int c = 0; c < shape.keyDim(); c++) {
        pool[page + layout.keyElement(inPage, c)] = (float) random.nextGaussian();
      }
      for (int c = 0; c < shape.valueDim(); c++) {
        pool[page + layout.valueElement(inPage, c)] = (float) random.nextGaussian();
      }
    }
  }

  /** {@return the decode, its memory in place} */
  TwinRun decode() {
    TwinRun run =
        new TwinRun(DecodeAttention.build("decode", shape, pagesPerSplit, splits))
            .floats("q", queries)
            .ints("heads", heads)
            .ints("table", table);
    for (int s = 0; s < pools.size(); s++) {
      run.floats(CachedPages.pages(shape.segments().get(s)), pools.get(s));
    }
    int rows = tokens.length * shape.queryHeads() * splits;
    return run.poison("partial_maximum", rows)
        .poison("partial_sum", rows)
        .poison("partial_output", rows * shape.valueDim());
  }

  int[][] decodeDims() {
    return dims;
  }

  int[] decodeGrid() {
    return new int[] {tokens.length, shape.kvHeads(), splits};
  }

  /** Runs decode and combine on both and compares what a model would see of them. */
  void agree(String description, Device device) {
    TwinRun decode = decode();
    decode.run(device, dims, decodeGrid());
    requireSameSplits(description, decode);
    TwinRun combine =
        new TwinRun(CombineAttention.build("combine", shape, splits)).ints("heads", heads);
    for (String partial : List.of("partial_maximum", "partial_sum", "partial_output")) {
      combine.floats(partial, decode.floatsOnDevice(partial));
    }
    int rows = tokens.length * shape.queryHeads();
    int[][] combineDims = new int[tokens.length][];
    Arrays.setAll(combineDims, _ -> new int[] {0, splits});
    combine
        .poison("out", rows * shape.valueDim())
        .poison("lse", rows)
        .agree(description + ", combined", device, combineDims, tokens.length, shape.kvHeads());
    assertThat(combine.floatsOnDevice("out")).as(description).doesNotContain(Float.NaN);
  }

  /** The maximum of a split is a reference only, so the sum and output are compared beside it. */
  private void requireSameSplits(String description, TwinRun decode) {
    float[] actualSum = decode.floatsOnDevice("partial_sum");
    float[] expectedSum = decode.floatsOfInterpreter("partial_sum");
    for (int i = 0; i < actualSum.length; i++) {
      assertThat(actualSum[i] > 0)
          .as("%s, split row %d sees a row", description, i)
          .isEqualTo(expectedSum[i] > 0);
    }
    TwinRun.requireClose(
        description + ", output of splits",
        normalised(decode.floatsOnDevice("partial_output"), actualSum),
        normalised(decode.floatsOfInterpreter("partial_output"), expectedSum),
        TwinRun.TOLERANCE);
    TwinRun.requireClose(
        description + ", logarithm of splits",
        logarithm(decode.floatsOnDevice("partial_maximum"), actualSum),
        logarithm(decode.floatsOfInterpreter("partial_maximum"), expectedSum),
        TwinRun.TOLERANCE);
  }

  private static float[] normalised(float[] output, float[] sums) {
    float[] result = output.clone();
    int dim = output.length / sums.length;
    for (int i = 0; i < result.length; i++) {
      if (sums[i / dim] > 0) {
        result[i] /= sums[i / dim];
      }
    }
    return result;
  }

  private static float[] logarithm(float[] maximum, float[] sums) {
    float[] result = new float[sums.length];
    for (int i = 0; i < result.length; i++) {
      result[i] = sums[i] > 0 ? maximum[i] + (float) (Math.log(sums[i]) / Math.log(2)) : 0;
    }
    return result;
  }
}
