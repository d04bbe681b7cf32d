package dev.kvasir.codegen.skeleton;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.codegen.emit.jvm.JvmKernelRunner;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.ElementFormat;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where appended and staged rows end up, to the bit. */
class CacheWritingTest {

  private static final int CONTEXT = 256;

  /** Appends spans one after the other and looks at every row that a later query may see. */
  @ParameterizedTest
  @CsvSource({
    "dense, BF16, 32, 96, 65 1 1 62 100, 128", "dense, F32, 65, 32, 1 13 50 192, 512",
    "window, F16, 32, 32, 200 1 1 54, 256", "sink+ring, BF16, 32, 64, 3 1 1 64 64 123, 512",
    "sink+ring, F32, 32, 32, 207 1 1 1 46, 128", "ring, BF16, 96, 32, 64 64 1 127, 256",
    "ring, F32, 32, 32, 256, 512", "sink+ring+window, BF16, 32, 32, 66 1 100 89, 512"
  })
  void appends(
      String kind, ElementFormat format, int keyDim, int valueDim, String spans, int bits) {
    List<CacheSegment> segments = AttentionFixture.segments(kind, format);
    AttentionShape shape = AttentionFixture.shape(2, 2, keyDim, valueDim, segments, CONTEXT);
    AttentionFixture fixture = new AttentionFixture(shape, segments, CONTEXT, 1, 21);
    Kernel kernel = AppendRows.build("append", shape);
    AttentionFixture.Cache cache = fixture.new Cache();
    int position = 0;
    for (String text : spans.split(" ")) {
      int span = Integer.parseInt(text);
      append(kernel, fixture, cache, bits, position, span);
      position += span;
      for (int row = 0; row < position; row++) {
        if (fixture.visible(position - 1, row)) {
          requireRow(fixture, cache, row, position);
        }
      }
    }
    requireSparePagesIntact(fixture, cache, position);
  }

  private static void append(
      Kernel kernel,
      AttentionFixture fixture,
      AttentionFixture.Cache cache,
      int bits,
      int position,
      int span) {
    Map<String, KernelMemory> memories = new HashMap<>(cache.memories);
    memories.put("table", cache.table);
    memories.put("heads", KernelMemory.ofInts(fixture.heads));
    memories.put("k", fixture.rows(true, position, position + span));
    memories.put("v", fixture.rows(false, position, position + span));
    Map<String, Integer> dims = new HashMap<>(cache.tableDims);
    dims.put("position", position);
    dims.put("span", span);
    dims.put("first_head", fixture.firstHead);
    int pages =
        Uniforms.evaluate(
            AppendRows.pages(
                fixture.shape,
                ProgramExpressions.counter("position"),
                ProgramExpressions.counter("tokens")),
            position,
            position + span);
    JvmKernelRunner.run(
        kernel,
        bits,
        memories,
        new int[][] {Uniforms.dims(kernel, dims)},
        new int[] {1, fixture.shape.kvHeads(), pages});
  }

  private static void requireRow(
      AttentionFixture fixture, AttentionFixture.Cache cache, int row, int tokens) {
    KernelMemory pages = cache.memoryAt(row);
    for (int listed = 0; listed < fixture.shape.kvHeads(); listed++) {
      int head = fixture.heads[fixture.firstHead + listed];
      for (int i = 0; i < fixture.shape.keyDim(); i++) {
        assertThat(pages.getFloat(cache.keyPlace(row, listed, i)))
            .as("key %d[%d] of head %d at %d tokens", row, i, head, tokens)
            .isEqualTo(pages.format().round(fixture.key(row, head, i)));
      }
      for (int i = 0; i < fixture.shape.valueDim(); i++) {
        assertThat(pages.getFloat(cache.valuePlace(row, listed, i)))
            .as("value %d[%d] of head %d at %d tokens", row, i, head, tokens)
            .isEqualTo(pages.format().round(fixture.value(row, head, i)));
      }
    }
  }

  /** Pages of the pool that the table does not name are as they were. */
  private static void requireSparePagesIntact(
      AttentionFixture fixture, AttentionFixture.Cache cache, int tokens) {
    int pageElements = fixture.shape.pageElements();
    for (KernelMemory pages : cache.memories.values()) {
      Set<Long> used = new HashSet<>();
      for (int row = 0; row < tokens; row++) {
        for (int listed = 0; listed < fixture.shape.kvHeads(); listed++) {
          if (cache.memoryAt(row) == pages) {
            used.add(cache.pageStart(row, listed) / pageElements);
          }
        }
      }
      assertThat((long) used.size()).isLessThan(pages.size() / pageElements);
      for (long i = 0; i < pages.size(); i++) {
        if (pages.isInitialised(i) && !used.contains(i / pageElements)) {
          throw new AssertionError("page " + i / pageElements + " was written, but holds no row");
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 32, 32, 128", "63, 32, 96, 256", "64, 65, 32, 512", "150, 32, 32, 512"})
  void stages(int span, int keyDim, int valueDim, int bits) {
    int spanPages = 3;
    List<CacheSegment> segments = AttentionFixture.segments("dense", ElementFormat.BF16);
    AttentionShape shape = AttentionFixture.shape(1, 2, keyDim, valueDim, segments, CONTEXT);
    AttentionFixture fixture = new AttentionFixture(shape, segments, span, 1, 22);
    Kernel kernel = StageRows.build("stage", shape, spanPages);
    KernelMemory raw =
        KernelMemory.uninitialised(
            ElementFormat.F32, (long) shape.kvHeads() * spanPages * shape.pageElements());
    Map<String, KernelMemory> memories =
        Map.of("k", fixture.rows(true, 0, span), "v", fixture.rows(false, 0, span), "raw", raw);
    JvmKernelRunner.run(
        kernel,
        bits,
        memories,
        new int[][] {{span}},
        new int[] {1, shape.kvHeads(), Math.ceilDiv(span, AttentionFixture.PAGE)});
    int written = 0;
    for (long i = 0; i < raw.size(); i++) {
      written += raw.isInitialised(i) ? 1 : 0;
    }
    assertThat(written).isEqualTo(span * shape.kvHeads() * (keyDim + valueDim));
    for (int head = 0; head < shape.kvHeads(); head++) {
      for (int token = 0; token < span; token++) {
        long page = (long) head * spanPages + token / AttentionFixture.PAGE;
        int row = token % AttentionFixture.PAGE;
        for (int i = 0; i < keyDim; i++) {
          assertThat(raw.getFloat(page * shape.pageElements() + (long) i * 64 + row))
              .isEqualTo(fixture.key(token, head, i));
        }
        for (int i = 0; i < valueDim; i++) {
          long place = AttentionFixture.inPage(keyDim, valueDim, row, i);
          assertThat(raw.getFloat(page * shape.pageElements() + place))
              .isEqualTo(fixture.value(token, head, i));
        }
      }
    }
  }
}
