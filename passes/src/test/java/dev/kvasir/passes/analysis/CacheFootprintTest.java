package dev.kvasir.passes.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.passes.testing.PassCases;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CacheFootprintTest {
  private static final Graph STREAMING =
      PassCases.parse(
          """
          graph g {
            parameter %a: cache<layer 0, heads 2, key 32, value 32; [0, 1]: dense bf16>
            parameter %b: cache<layer 1, heads 2, key 32, value 32; [0]: dense f32; [1]: sink f32 rows 4 + ring f32 rows 64>
            return %a, %b
          }
          """);

  @Test
  void countsPagesAndSlots() {
    CacheFootprint footprint = CacheFootprint.of(STREAMING, 1000, 2048);
    // A page of 64 rows of 64 elements is 8192 bytes in bf16 and 16384 in f32. 1000 tokens fill
    // 16 pages, 2048 need 32 slots; the sink has 1 page, the ring 2.
    assertThat(footprint.bytesOfLayer(0)).isEqualTo(2 * (16 * 8192 + 32 * 4));
    assertThat(footprint.bytesOfLayer(1))
        .isEqualTo((16 * 16384 + 32 * 4) + (16384 + 4) + (2 * 16384 + 2 * 4));
    assertThat(footprint.bytes()).isEqualTo(footprint.bytesOfLayer(0) + footprint.bytesOfLayer(1));
    assertThat(footprint.shares())
        .containsExactly(
            new CacheFootprint.Share(0, "dense", 2 * (16 * 8192 + 32 * 4)),
            new CacheFootprint.Share(1, "dense", 16 * 16384 + 32 * 4),
            new CacheFootprint.Share(1, "sink", 16384 + 4),
            new CacheFootprint.Share(1, "ring", 2 * 16384 + 2 * 4));
    assertThat(footprint.dominant()).hasToString("layer 0 dense");
  }

  @Test
  void anEmptySequenceHasPageTablesOnly() {
    assertThat(CacheFootprint.of(STREAMING, 0, 2048).bytes()).isEqualTo((3 * 32 + 1 + 2) * 4);
    assertThatThrownBy(() -> CacheFootprint.of(STREAMING, 9, 8))
        .hasMessage("expected 0 to 8 tokens, got 9");
  }

  @Test
  void agreesWithAppendingRowByRow() {
    for (int sink : new int[] {0, 1, 63, 64, 65, 130}) {
      for (int recent : new int[] {1, 63, 64, 65, 200}) {
        Graph graph = PassCases.parse(streaming(sink, recent));
        Map<CacheSegment.Kind, Set<Integer>> held = new HashMap<>();
        for (int tokens = 1; tokens <= 700; tokens++) {
          int position = tokens - 1;
          if (position < sink) {
            held.computeIfAbsent(CacheSegment.Kind.SINK, _ -> new HashSet<>()).add(position / 64);
          } else {
            // A ring reuses the slot of the page that no query can see any more.
            int slots = (recent + 63) / 64 + 1;
            held.computeIfAbsent(CacheSegment.Kind.RING, _ -> new HashSet<>())
                .add((position - sink) / 64 % slots);
          }
          for (CacheFootprint.Part part : CacheFootprint.of(graph, tokens, 700).parts()) {
            assertThat(part.pages())
                .as("%s pages, sink %s, recent %s, tokens %s", part, sink, recent, tokens)
                .isEqualTo(held.getOrDefault(part.segment().kind(), Set.of()).size());
          }
        }
      }
    }
  }

  @Test
  void neverShrinks() {
    long before = 0;
    for (int tokens = 0; tokens <= 700; tokens++) {
      long bytes = CacheFootprint.of(STREAMING, tokens, 700).bytes();
      assertThat(bytes).isGreaterThanOrEqualTo(before);
      before = bytes;
    }
  }

  private static String streaming(int sink, int recent) {
    return "graph g { parameter %a: cache<layer 0, heads 1, key 8, value 8; [0]: "
        + (sink == 0 ? "" : "sink bf16 rows " + sink + " + ")
        + "ring bf16 rows "
        + recent
        + "> return %a }";
  }
}
