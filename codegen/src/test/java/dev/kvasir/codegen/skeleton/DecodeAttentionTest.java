package dev.kvasir.codegen.skeleton;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.codegen.emit.jvm.JvmKernelRunner;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.ElementFormat;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Decode attention and its combine against the definition. */
class DecodeAttentionTest {

  private static final int CONTEXT = 256;

  /** A launch of both kernels for one or more sequences. */
  private record Results(KernelMemory out, KernelMemory lse) {}

  private static Results run(
      AttentionFixture fixture,
      int bits,
      int pagesPerSplit,
      List<AttentionFixture.Cache> caches,
      int... tokens) {
    AttentionShape shape = fixture.shape;
    int sequences = tokens.length;
    int maxSplits =
        Math.ceilDiv(
            shape.segments().stream().mapToInt(s -> s.slots(CONTEXT)).sum(), pagesPerSplit);
    Kernel decode = DecodeAttention.build("decode", shape, pagesPerSplit, maxSplits);
    Kernel combine = CombineAttention.build("combine", shape, maxSplits);
    Map<String, KernelMemory> memories = new HashMap<>();
    AttentionFixture.Cache cache = caches.getFirst();
    memories.putAll(cache.memories);
    memories.put("table", cache.table);
    memories.put("heads", KernelMemory.ofInts(fixture.heads));
    int rowSize = shape.queryHeads() * shape.keyDim();
    KernelMemory q = KernelMemory.uninitialised(ElementFormat.F32, (long) sequences * rowSize);
    int[] splits = new int[sequences];
    int[][] decodeDims = new int[sequences][];
    int[][] combineDims = new int[sequences][];
    for (int s = 0; s < sequences; s++) {
      for (int i = 0; i < rowSize; i++) {
        q.setFloat((long) s * rowSize + i, fixture.queries[(tokens[s] - 1) * rowSize + i]);
      }
      Map<String, Integer> dims = new HashMap<>(caches.get(s).tableDims);
      dims.put("tokens", tokens[s]);
      dims.put("first_head", fixture.firstHead);
      splits[s] =
          Uniforms.evaluate(
              DecodeAttention.splits(shape, pagesPerSplit, ProgramExpressions.counter("tokens")),
              0,
              tokens[s]);
      dims.put("splits", splits[s]);
      decodeDims[s] = Uniforms.dims(decode, dims);
      combineDims[s] = Uniforms.dims(combine, dims);
    }
    memories.put("q", q);
    int heads = sequences * shape.queryHeads();
    for (String partial : List.of("partial_maximum", "partial_sum")) {
      memories.put(
          partial, KernelMemory.uninitialised(ElementFormat.F32, (long) heads * maxSplits));
    }
    memories.put(
        "partial_output",
        KernelMemory.uninitialised(ElementFormat.F32, (long) heads * maxSplits * shape.valueDim()));
    KernelMemory out =
        KernelMemory.uninitialised(ElementFormat.F32, (long) heads * shape.valueDim());
    KernelMemory lse = KernelMemory.uninitialised(ElementFormat.F32, heads);
    memories.put("out", out);
    memories.put("lse", lse);
    int most = Arrays.stream(splits).max().orElseThrow();
    assertThat(most).isLessThanOrEqualTo(maxSplits);
    JvmKernelRunner.run(
        decode, bits, memories, decodeDims, new int[] {sequences, shape.kvHeads(), most});
    JvmKernelRunner.run(
        combine, bits, memories, combineDims, new int[] {sequences, shape.kvHeads()});
    return new Results(out, lse);
  }

  private static AttentionFixture fixture(
      int group,
      int keyDim,
      int valueDim,
      String kind,
      ElementFormat format,
      float spread,
      long seed) {
    List<CacheSegment> segments = AttentionFixture.segments(kind, format);
    AttentionShape shape = AttentionFixture.shape(group, 2, keyDim, valueDim, segments, CONTEXT);
    return new AttentionFixture(shape, segments, CONTEXT, spread, seed);
  }

  private static AttentionFixture.Cache filled(AttentionFixture fixture, int tokens) {
    AttentionFixture.Cache cache = fixture.new Cache();
    cache.put(0, tokens, tokens - 1, tokens - 1);
    return cache;
  }

  /** Rows that the query does not see are NaN, and so are all pages not in use. */
  @ParameterizedTest
  @CsvSource({
    "1, 32, 32, dense, F32, 1, 1, 128", "2, 64, 64, dense, BF16, 13, 1, 256",
    "3, 96, 96, dense, BF16, 63, 2, 512", "4, 128, 128, dense, BF16, 64, 1, 512",
    "8, 32, 32, dense, F32, 65, 1, 256", "4, 64, 64, dense, BF16, 207, 2, 128",
    "1, 64, 96, window, BF16, 207, 1, 256", "2, 32, 32, window, F32, 65, 1, 512",
    "4, 32, 64, window, BF16, 70, 1, 128", "8, 32, 32, window, F32, 71, 2, 512",
    "2, 32, 32, sink+ring, BF16, 1, 1, 128", "3, 32, 32, sink+ring, F32, 4, 1, 256",
    "1, 96, 32, sink+ring, BF16, 63, 1, 512", "4, 64, 64, sink+ring, F32, 68, 1, 256",
    "2, 128, 128, sink+ring, BF16, 69, 2, 512", "8, 32, 32, sink+ring, BF16, 207, 1, 128",
    "2, 64, 64, sink+ring, F32, 132, 1, 512", "4, 32, 32, sink+ring, BF16, 133, 1, 256",
    "1, 32, 32, ring, BF16, 13, 1, 128", "4, 64, 32, ring, F32, 64, 1, 256",
    "2, 96, 96, ring, BF16, 207, 1, 512", "3, 32, 32, ring, F32, 128, 1, 512",
    "2, 32, 32, sink+ring+window, BF16, 207, 1, 256", "4, 32, 32, sink+ring+window, F32, 93, 1, 512"
  })
  void equalsTheDefinition(
      int group,
      int keyDim,
      int valueDim,
      String kind,
      ElementFormat format,
      int tokens,
      int pagesPerSplit,
      int bits) {
    long seed = 31L * tokens + group;
    AttentionFixture fixture = fixture(group, keyDim, valueDim, kind, format, 1, seed);
    Results results = run(fixture, bits, pagesPerSplit, List.of(filled(fixture, tokens)), tokens);
    fixture.check("seed " + seed, results.out(), results.lse(), 0, tokens - 1, Integer.MAX_VALUE);
  }

  @ParameterizedTest
  @CsvSource({"dense, 200", "sink+ring, 150", "ring, 61"})
  void extremeLogitsStayFinite(String kind, int tokens) {
    long seed = 77;
    AttentionFixture fixture = fixture(2, 32, 32, kind, ElementFormat.F32, 55, seed);
    AttentionFixture.Expected some = fixture.attend(tokens - 1, 0, 0);
    assertThat(some.largestLogit()).as("seed %d", seed).isGreaterThan(4000);
    Results results = run(fixture, 512, 1, List.of(filled(fixture, tokens)), tokens);
    fixture.check("seed " + seed, results.out(), results.lse(), 0, tokens - 1, 0);
  }

  @ParameterizedTest
  @ValueSource(strings = {"dense", "sink+ring"})
  void averagesOfOnesAreOnes(String kind) {
    AttentionFixture fixture = fixture(4, 32, 64, kind, ElementFormat.BF16, 3, 5);
    fixture.setAllValues(1);
    Results results = run(fixture, 256, 1, List.of(filled(fixture, 191)), 191);
    for (float number : results.out().toFloats()) {
      assertThat(number).isBetween(1 - 1e-6f, 1 + 1e-6f);
    }
  }

  /** Logits rise page after page, so that every page moves the reference maximum, or none does. */
  @ParameterizedTest
  @ValueSource(ints = {1, -1})
  void followsTheMaximumThroughPages(int direction) {
    AttentionFixture fixture = fixture(2, 32, 32, "dense", ElementFormat.F32, 1, 6);
    fixture.ramp(direction * 0.5f);
    Results results = run(fixture, 128, 4, List.of(filled(fixture, 250)), 250);
    fixture.check("ramp " + direction, results.out(), results.lse(), 0, 249, 0);
  }

  /** The shorter sequence has splits without a page. */
  @ParameterizedTest
  @CsvSource({"dense, 207, 40", "sink+ring, 3, 180", "window, 130, 255"})
  void sequencesHaveTheirOwnLengths(String kind, int first, int second) {
    AttentionFixture fixture = fixture(2, 32, 32, kind, ElementFormat.BF16, 1, 8);
    AttentionFixture.Cache cache = fixture.new Cache();
    int longest = Math.max(first, second);
    cache.put(0, longest, Math.min(first, second) - 1, longest - 1);
    if (kind.equals("sink+ring")) {
      // A ring holds one length at a time: the other sequence sees the sink alone.
      cache = filled(fixture, longest);
    }
    Results results = run(fixture, 512, 1, List.of(cache, cache), first, second);
    fixture.check(kind, results.out(), results.lse(), 0, first - 1, Integer.MAX_VALUE);
    fixture.check(kind, results.out(), results.lse(), 1, second - 1, Integer.MAX_VALUE);
  }

  @Test
  void widthsAgree() {
    AttentionFixture fixture = fixture(3, 96, 96, "sink+ring", ElementFormat.BF16, 1, 9);
    float[] narrow = run(fixture, 128, 1, List.of(filled(fixture, 150)), 150).out().toFloats();
    fixture = fixture(3, 96, 96, "sink+ring", ElementFormat.BF16, 1, 9);
    float[] wide = run(fixture, 512, 1, List.of(filled(fixture, 150)), 150).out().toFloats();
    for (int i = 0; i < wide.length; i++) {
      assertThat(wide[i]).isCloseTo(narrow[i], Offset.offset(1e-5f));
    }
  }

  @Test
  void splitsNeverPassTheirRoom() {
    for (String kind : List.of("dense", "window", "ring", "sink+ring", "sink+ring+window")) {
      for (int pagesPerSplit : new int[] {1, 2, 3}) {
        List<CacheSegment> segments = AttentionFixture.segments(kind, ElementFormat.BF16);
        AttentionShape shape = AttentionFixture.shape(2, 2, 32, 32, segments, CONTEXT);
        int room =
            Math.ceilDiv(
                shape.segments().stream().mapToInt(s -> s.slots(CONTEXT)).sum(), pagesPerSplit);
        for (int tokens = 1; tokens <= CONTEXT; tokens += tokens % 64 < 8 ? 1 : 5) {
          int splits =
              Uniforms.evaluate(
                  DecodeAttention.splits(
                      shape, pagesPerSplit, ProgramExpressions.counter("tokens")),
                  0,
                  tokens);
          assertThat(splits).as("%s, %d tokens", kind, tokens).isBetween(1, room);
        }
      }
    }
  }
}
