package dev.kvasir.codegen.assemble;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.graph.ops.AttentionOp;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.ir.type.Packing;
import dev.kvasir.ir.type.QuantisedFormat;
import dev.kvasir.ir.type.TensorType;
import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.plans.program.SegmentDeclaration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Caches that are larger than one buffer may be. */
class CacheAssemblyTest {

  private static final int CONTEXT = 131_072;
  private static final int LAYERS = 40;
  private static final int HEADS = 8;
  private static final int DIM = 128;

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void poolsStayWithinWhatABufferHolds(boolean packed) {
    CacheAssembly caches =
        new CacheAssembly(CONTEXT, LAYERS * HEADS, new SelectionLists(List.of(), CONTEXT));
    for (int layer = 0; layer < LAYERS; layer++) {
      CacheType cache = cache(layer, packed);
      Value query = new Value(0, "q", TensorType.activation(4 * HEADS * DIM));
      caches.add(
          cache,
          new AttentionOp(
              query,
              new Value(1, "cache", cache),
              4 * HEADS,
              0.1,
              OptionalDouble.empty(),
              OptionalInt.empty()));
    }
    Map<String, Long> elements = new HashMap<>();
    for (BufferDeclaration buffer : caches.buffers()) {
      long size =
          buffer.elements().compile(CounterIndex.of(List.of(), List.of())).evaluate(new long[0]);
      assertThat(size).as(buffer.name()).isBetween(1L, (long) Integer.MAX_VALUE);
      elements.put(buffer.name(), size);
    }
    Map<String, Long> needed = new HashMap<>();
    for (SegmentDeclaration segment : caches.segments()) {
      long pages = (long) segment.slots() * HEADS;
      if (packed) {
        needed.merge(segment.pool(), HEADS * 64L * 2 * DIM, Long::sum);
        String suffix = suffix(segment.packing().orElseThrow().keyPool());
        assertThat(suffix(segment.packing().orElseThrow().valuePool())).isEqualTo(suffix);
        assertThat(suffix(segment.packing().orElseThrow().scalePool())).isEqualTo(suffix);
        needed.merge(segment.packing().orElseThrow().keyPool(), pages * 64 * DIM, Long::sum);
        needed.merge(segment.packing().orElseThrow().valuePool(), pages * 64 * DIM, Long::sum);
      } else {
        needed.merge(segment.pool(), pages * 64 * 2 * DIM, Long::sum);
      }
    }
    assertThat(needed.size()).isGreaterThan(packed ? 5 : 1);
    assertThat(elements).containsAllEntriesOf(needed);
  }

  private static String suffix(String pool) {
    return pool.substring(pool.indexOf("128x128"));
  }

  private static CacheType cache(int layer, boolean packed) {
    CacheSegment dense =
        CacheSegment.of(CacheSegment.Kind.DENSE, ElementFormat.BF16, 0, OptionalInt.empty());
    Packing packing =
        new Packing(
            new QuantisedFormat(8, QuantisedFormat.Per.CHANNEL, 64),
            new QuantisedFormat(4, QuantisedFormat.Per.TOKEN, 32));
    List<Integer> heads = IntStream.range(0, HEADS).boxed().toList();
    return new CacheType(
        layer,
        HEADS,
        DIM,
        DIM,
        List.of(new HeadGroup(heads, List.of(packed ? dense.withPacking(packing) : dense))));
  }
}
