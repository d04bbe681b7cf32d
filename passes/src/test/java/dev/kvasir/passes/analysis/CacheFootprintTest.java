package dev.kvasir.passes.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.passes.testing.PassCases;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
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

  @Test
  void countsPackedPages() {
    Graph graph =
        PassCases.parse(
            """
            graph g {
              parameter %a: cache<layer 0, heads 2, key 32, value 64; [0, 1]: dense bf16 packed key int8(per = channel, group = 32) value int4(per = token, group = 16)>
              return %a
            }
            """);
    // Keys: 64 x 32 codes of a byte, 2 groups in each of 32 channels. Values: 64 x 64 codes of half
    // a byte, 4 groups in each of 64 rows. A group has two f16. The open page has 64 rows of bf16.
    long packed = (64 * 32 + 64 * 4) + (64 * 32 + 256 * 4);
    long open = 64 * 96 * 2;
    assertThat(bytes(graph, 0)).isEqualTo(2 * 33 * 4);
    assertThat(bytes(graph, 1)).isEqualTo(2 * (open + 33 * 4));
    assertThat(bytes(graph, 63)).isEqualTo(2 * (open + 33 * 4));
    assertThat(bytes(graph, 64)).isEqualTo(2 * (open + packed + 33 * 4));
    assertThat(bytes(graph, 1000)).isEqualTo(2 * (open + 15 * packed + 33 * 4));
    assertThat(CacheFootprint.of(graph, 2048, 2048).shares())
        .containsExactly(new CacheFootprint.Share(0, "dense", 2 * (open + 32 * packed + 33 * 4)));
  }

  @Test
  void aCompensationRowIsThereFromTheStart() {
    String cache =
        "graph g { parameter %a: cache<layer 0, heads 2, key 8, value 24; [0]: dense bf16;"
            + " [1]: sink bf16 rows 4 + ring bf16 rows 64";
    Graph with = PassCases.parse(cache + " + compensation> return %a }");
    Graph without = PassCases.parse(cache + "> return %a }");
    for (int tokens : new int[] {0, 1, 68, 133, 2048}) {
      assertThat(bytes(with, tokens) - bytes(without, tokens)).isEqualTo((8 + 24) * 4);
    }
    assertThat(CacheFootprint.of(with, 0, 2048).shares())
        .contains(new CacheFootprint.Share(0, "ring", 2 * 4 + 32 * 4));
  }

  @Test
  void countsPackedRings() {
    Graph graph =
        PassCases.parse(
            """
            graph g {
              parameter %a: cache<layer 0, heads 1, key 16, value 16; [0]: sink f16 rows 4 + ring f16 rows 129 packed key int4(per = channel, group = 64) value int8(per = token, group = 16)>
              parameter %b: cache<layer 1, heads 1, key 16, value 16; [0]: ring f16 rows 1 packed key int4(per = channel, group = 64) value int8(per = token, group = 16)>
              return %a, %b
            }
            """);
    long packed = (64 * 16 / 2 + 16 * 4) + (64 * 16 + 64 * 4);
    long open = 64 * 32 * 2;
    // The 128 rows before the running one lie in the open page and at most 2 closed ones.
    assertThat(CacheFootprint.of(graph, 67, 2048).bytesOfLayer(0))
        .isEqualTo(open + 4 + open + 3 * 4);
    assertThat(CacheFootprint.of(graph, 68, 2048).bytesOfLayer(0))
        .isEqualTo(open + 4 + open + packed + 3 * 4);
    assertThat(CacheFootprint.of(graph, 2048, 2048).bytesOfLayer(0))
        .isEqualTo(open + 4 + open + 2 * packed + 3 * 4);
    // A ring of one row still closes pages into one slot.
    assertThat(CacheFootprint.of(graph, 2048, 2048).bytesOfLayer(1))
        .isEqualTo(open + packed + 2 * 4);
    // Never more slots than the context has pages: 100 - 4 rows are two.
    assertThat(CacheFootprint.of(graph, 100, 100).bytesOfLayer(0))
        .isEqualTo(open + 4 + open + packed + 3 * 4);
    assertThat(CacheFootprint.of(graph, 30, 30).bytesOfLayer(0)).isEqualTo(open + 4 + open + 2 * 4);
  }

  @Test
  void packedSegmentsHoldTheSameHoweverAPromptIsCutAndNeverLess() {
    String packing =
        " packed key int8(per = channel, group = 64) value int4(per = token, group = 16)";
    int context = 400;
    for (int sink : new int[] {0, 5}) {
      for (int recent : new int[] {0, 1, 64, 65, 129}) {
        String ring = recent == 0 ? "dense bf16" : "ring bf16 rows " + recent;
        String segments = (sink == 0 || recent == 0 ? "" : "sink bf16 rows 5 + ") + ring + packing;
        Graph graph =
            PassCases.parse(
                "graph g { parameter %a: cache<layer 0, heads 1, key 16, value 16; [0]: "
                    + segments
                    + "> return %a }");
        int firstRow = recent == 0 ? 0 : sink;
        long before = 0;
        for (int prompt = 1; prompt <= context; prompt += 7) {
          Held held = new Held(firstRow, recent == 0 ? context : recent, context);
          held.prefill(prompt);
          for (int tokens = prompt; tokens <= context; tokens++) {
            if (tokens > prompt) {
              held.step();
            }
            CacheFootprint.Part part = CacheFootprint.of(graph, tokens, context).parts().getLast();
            assertThat(List.of(part.packedPages(), part.pages()))
                .as("%s, prompt %s, tokens %s", segments, prompt, tokens)
                .isEqualTo(List.of(held.closed.size(), held.open ? 1 : 0));
          }
        }
        for (int tokens = 0; tokens <= context; tokens++) {
          long bytes = CacheFootprint.of(graph, tokens, context).bytes();
          assertThat(bytes).isGreaterThanOrEqualTo(before);
          before = bytes;
        }
      }
    }
  }

  @Test
  void countsSelectedHeads() {
    Graph graph = PassCases.parse(selected("200", "bf16", "", 128));
    long page = 64 * 64 * 2;
    long tables = (4 + 2) * 4;
    // The layer that chooses: positions and a count of its list, and 32 queries of 4 heads.
    long state = 257 * 4 + 32 * (4 * 32 + 4) * 4;
    assertThat(bytes(graph, 0)).isEqualTo(4 * tables + state);
    assertThat(bytes(graph, 1)).isEqualTo(4 * (page + tables) + state);
    // From 200 tokens on 200 slots are 4 pages. A tail of 127 rows has 2.
    assertThat(CacheFootprint.of(graph, 1000, 2048).bytesOfLayer(0))
        .isEqualTo(2 * (6 * page + tables) + state);
    assertThat(CacheFootprint.of(graph, 1000, 2048).bytesOfLayer(1))
        .isEqualTo(2 * (6 * page + tables));
    assertThat(CacheFootprint.at(graph, 1000, _ -> 1000, 2048).bytesOfLayer(1))
        .isEqualTo(2 * (4 * page + tables));
    assertThat(CacheFootprint.at(graph, 1000, _ -> 936, 2048).bytesOfLayer(1))
        .isEqualTo(2 * (5 * page + tables));
    assertThat(CacheFootprint.of(graph, 1000, 2048).shares())
        .containsExactly(
            new CacheFootprint.Share(0, "kept", 2 * (4 * page + 4 * 4) + state),
            new CacheFootprint.Share(0, "tail", 2 * (2 * page + 2 * 4)),
            new CacheFootprint.Share(1, "kept", 2 * (4 * page + 4 * 4)),
            new CacheFootprint.Share(1, "tail", 2 * (2 * page + 2 * 4)));
  }

  @Test
  void countsFoldedHeads() {
    Graph graph = PassCases.parse(folded(100, 130));
    long page = 64 * 64 * 2;
    // Slots have 2 pages and the tail 3, which begin behind slot 99: masses are kept of 5 pages of
    // rows, twice; a position for each slot, and how many there are.
    long fixed = (2 + 3) * 4 + 2 * 320 * 4 + 101 * 4;
    assertThat(bytes(graph, 0)).isEqualTo(2 * fixed);
    assertThat(bytes(graph, 64)).isEqualTo(2 * (page + fixed));
    assertThat(bytes(graph, 100)).isEqualTo(2 * (2 * page + fixed));
    assertThat(bytes(graph, 101)).isEqualTo(2 * (3 * page + fixed));
    assertThat(bytes(graph, 229)).isEqualTo(2 * (5 * page + fixed));
    // At 230 everything is folded, however it came; from 359 on anything may have been.
    assertThat(bytes(graph, 230)).isEqualTo(2 * (2 * page + fixed));
    assertThat(bytes(graph, 231)).isEqualTo(2 * (3 * page + fixed));
    for (int tokens = 359; tokens <= 2048; tokens++) {
      assertThat(bytes(graph, tokens)).as("%s", tokens).isEqualTo(2 * (5 * page + fixed));
    }
    assertThat(CacheFootprint.at(graph, 1000, _ -> 1000, 2048).bytes())
        .isEqualTo(2 * (2 * page + fixed));
    assertThat(CacheFootprint.of(graph, 1000, 2048).shares())
        .containsExactly(
            new CacheFootprint.Share(0, "slots", 2 * (2 * page + 2 * 4 + (640 + 101) * 4)),
            new CacheFootprint.Share(0, "tail", 2 * (3 * page + 3 * 4)));
  }

  @Test
  void selectedHeadsOccupyWhatTheirWorstCutDoes() {
    String packing =
        " packed key int8(per = channel, group = 64) value int4(per = token, group = 16)";
    for (String budget : List.of("200", "12.5%", "50%")) {
      for (String packed : List.of("", packing)) {
        for (int tail : new int[] {32, 64, 100}) {
          Graph graph = PassCases.parse(selected(budget, "f32", packed, tail));
          long before = 0;
          for (int tokens = 1; tokens <= 700; tokens += 1 + tokens % 13) {
            long most = 0;
            for (int prompt = Math.max(1, tokens - 110); prompt <= tokens; prompt++) {
              int mark = prompt + (tokens - prompt) / tail * tail;
              most = Math.max(most, CacheFootprint.at(graph, tokens, _ -> mark, 700).bytes());
            }
            long bytes = CacheFootprint.of(graph, tokens, 700).bytes();
            assertThat(bytes)
                .as("%s%s, tail %s, tokens %s", budget, packed, tail, tokens)
                .isEqualTo(most)
                .isGreaterThanOrEqualTo(before);
            before = bytes;
          }
        }
      }
    }
  }

  @Test
  void countsSharedRowsOnce() {
    Graph graph = PassCases.parse(merged("bf16", "", "5%", 128));
    long page = 64 * 64 * 2;
    long norms = 64 * 4 * 2;
    long positions = 64 * 4;
    // 2048 rows need 32 slots, for norms as well; 103 retained ones 2, for positions as well.
    long lower = (32 + 32 + 2 + 2 + 2) * 4;
    long upper = (2 + 2 + 2) * 4;
    assertThat(bytes(graph, 0)).isEqualTo(2 * (lower + upper));
    // 1000 rows are 16 pages, the 50 retained ones of each layer 1.
    assertThat(CacheFootprint.at(graph, 1000, _ -> 1000, 2048).bytesOfLayer(0))
        .isEqualTo(2 * (16 * (page + norms) + page + positions + lower));
    assertThat(CacheFootprint.at(graph, 1000, _ -> 1000, 2048).bytesOfLayer(1))
        .isEqualTo(2 * (page + positions + upper));
    // 873 rows are 14 pages, and two of a tail of 127 in each layer: most is held with 15 and 2.
    assertThat(CacheFootprint.at(graph, 1000, _ -> 873, 2048).bytesOfLayer(1))
        .isEqualTo(2 * (3 * page + positions + upper));
    assertThat(CacheFootprint.of(graph, 1000, 2048).shares())
        .containsExactly(
            new CacheFootprint.Share(0, "shared", 2 * (15 * (page + norms) + 64 * 4)),
            new CacheFootprint.Share(0, "retained", 2 * (page + positions + 4 * 4)),
            new CacheFootprint.Share(0, "tail", 2 * (2 * page + 2 * 4)),
            new CacheFootprint.Share(1, "shared", 0),
            new CacheFootprint.Share(1, "retained", 2 * (page + positions + 4 * 4)),
            new CacheFootprint.Share(1, "tail", 2 * (2 * page + 2 * 4)));
  }

  @Test
  void countsSharedRowsThatASelectionChooses() {
    Graph graph = PassCases.parse(chosen("200", "bf16", "", "40%", 128, 1));
    long page = 64 * 64 * 2;
    long norms = 64 * 4 * 2;
    long positions = 64 * 4;
    // 200 slots are 4 pages, the 80 retained ones of each layer 2; a tail of 127 rows has 2.
    long state = 257 * 4 + 32 * (4 * 32 + 4) * 4;
    assertThat(CacheFootprint.of(graph, 1000, 2048).shares())
        .containsExactly(
            new CacheFootprint.Share(0, "shared", 2 * (4 * (page + norms) + 8 * 4) + state),
            new CacheFootprint.Share(0, "retained", 2 * (2 * (page + positions) + 4 * 4) + 4),
            new CacheFootprint.Share(0, "tail", 2 * (2 * page + 2 * 4)),
            new CacheFootprint.Share(1, "shared", 0),
            new CacheFootprint.Share(1, "retained", 2 * (2 * (page + positions) + 4 * 4)),
            new CacheFootprint.Share(1, "tail", 2 * (2 * page + 2 * 4)));
    // Until the budget is full, a selection has room for every row.
    assertThat(CacheFootprint.at(graph, 100, _ -> 70, 2048).shares())
        .containsExactly(
            new CacheFootprint.Share(0, "shared", 2 * (2 * (page + norms) + 8 * 4) + state),
            new CacheFootprint.Share(0, "retained", 2 * (page + positions + 4 * 4) + 4),
            new CacheFootprint.Share(0, "tail", 2 * (page + 2 * 4)),
            new CacheFootprint.Share(1, "shared", 0),
            new CacheFootprint.Share(1, "retained", 2 * (page + positions + 4 * 4)),
            new CacheFootprint.Share(1, "tail", 2 * (page + 2 * 4)));
    // Heads that choose for themselves have a list and two counts each.
    Graph own = PassCases.parse(chosen("200", "bf16", "", "40%", 128, 2));
    assertThat(bytes(own, 1000)).isEqualTo(bytes(graph, 1000) + (256 + 1 + 1) * 4);
  }

  @Test
  void selectedLayersThatShareAMarkAreAtTheirWorstTogether() {
    // The last layer keeps the same list alone.
    Graph graph =
        PassCases.parse(
            chosen("200", "bf16", "", "40%", 128, 1)
                .replace(
                    "%q: f32",
                    "%d: cache<layer 2, heads 2, key 32, value 32; [0, 1]: kept bf16 budget(200,"
                        + " observe = 32, window = 8) + tail bf16 rows 128>\n  parameter %q: f32")
                .replace(
                    "  return",
                    """
                      %d1 = append_kv(%d, %k, %k)
                      %z, %u = attention(%y, %d1) {query_heads = 4, scale = 0.5}
                      %d2 = keep_rows(%d1, %c)
                      return %d2,\
                    """));
    for (int tokens = 1; tokens < 700; tokens += 1 + tokens % 13) {
      long most = 0;
      for (int mark = Math.max(1, tokens - 127); mark <= tokens; mark++) {
        int at = mark;
        most = Math.max(most, CacheFootprint.at(graph, tokens, _ -> at, 2048).bytes());
      }
      assertThat(bytes(graph, tokens)).as("%s", tokens).isEqualTo(most);
    }
  }

  @Test
  void mergedHeadsOccupyWhatTheirWorstCutDoes() {
    String packing =
        " packed key int8(per = channel, group = 64) value int4(per = token, group = 16)";
    for (String retain : List.of("0%", "5%", "100%")) {
      for (String packed : List.of("", packing)) {
        for (int tail : new int[] {1, 64, 100}) {
          Graph graph = PassCases.parse(merged("f32", packed, retain, tail));
          long before = 0;
          for (int tokens = 1; tokens <= 700; tokens += 1 + tokens % 13) {
            long most = 0;
            for (int prompt = Math.max(1, tokens - 110); prompt <= tokens; prompt++) {
              int mark = prompt + (tokens - prompt) / tail * tail;
              most = Math.max(most, CacheFootprint.at(graph, tokens, _ -> mark, 700).bytes());
            }
            long bytes = CacheFootprint.of(graph, tokens, 700).bytes();
            assertThat(bytes)
                .as("%s%s, tail %s, tokens %s", retain, packed, tail, tokens)
                .isEqualTo(most)
                .isGreaterThanOrEqualTo(before);
            before = bytes;
          }
        }
      }
    }
  }

  /** The pages of one head, moved run by run. */
  private static final class Held {
    private final Set<Integer> closed = new HashSet<>();
    private final int firstRow;
    private final int slots;
    private int tokens;
    private boolean open;

    Held(int firstRow, int recent, int context) {
      this.firstRow = firstRow;
      // Rows before the running one, from the end of a page backwards, and no more than there are.
      int pages = 0;
      for (int row = 0; row < recent - 1; row += 64) {
        pages++;
      }
      int all = 0;
      for (int row = firstRow; row < context; row += 64) {
        all++;
      }
      this.slots = Math.max(1, Math.min(Math.max(1, pages), all));
    }

    void prefill(int count) {
      int rowsBefore = Math.max(tokens - firstRow, 0);
      tokens += count;
      int rows = Math.max(tokens - firstRow, 0);
      // All pages that end before the last row are packed from the span; the rest opens a page.
      for (int page = rowsBefore / 64; page < (rows - 1) / 64; page++) {
        closed.add(page % slots);
      }
      finish(rows);
    }

    void step() {
      tokens++;
      finish(Math.max(tokens - firstRow, 0));
    }

    private void finish(int rows) {
      open |= rows > 0;
      if (rows > 0 && rows % 64 == 0) {
        closed.add((rows / 64 - 1) % slots);
      }
    }
  }

  private static long bytes(Graph graph, int tokens) {
    return CacheFootprint.of(graph, tokens, 2048).bytes();
  }

  /** Two layers, of which the first chooses for both. */
  private static String selected(String budget, String format, String packing, int tail) {
    String type =
        "heads 2, key 32, value 32; [0, 1]: kept %s budget(%s, observe = 32, window = 8)%s + tail %s rows %d>"
            .formatted(format, budget, packing, format, tail);
    return """
        graph g {
          parameter %%a: cache<layer 0, %1$s
          parameter %%b: cache<layer 1, %1$s
          parameter %%q: f32[rows, 128]
          parameter %%k: f32[rows, 64]
          %%a1 = append_kv(%%a, %%k, %%k)
          %%x, %%s = attention(%%q, %%a1) {query_heads = 4, scale = 0.5}
          %%c = select_rows(%%a1, %%q, %%s) {query_heads = 4, scale = 0.5, window = 8, observe = 32, tail = %2$d, lists = shared, score = max, pool = 1}
          %%a2 = keep_rows(%%a1, %%c)
          %%b1 = append_kv(%%b, %%k, %%k)
          %%y, %%t = attention(%%x, %%b1) {query_heads = 4, scale = 0.5}
          %%b2 = keep_rows(%%b1, %%c)
          return %%a2, %%b2
        }
        """
        .formatted(type, tail);
  }

  private static String folded(int slots, int block) {
    return """
        graph g {
          parameter %%a: cache<layer 0, heads 2, key 32, value 32; [0, 1]: slots bf16 rows %d + tail bf16 rows %d>
          return %%a
        }
        """
        .formatted(slots, block);
  }

  /** Two layers that share rows. */
  private static String merged(String format, String packing, String retain, int tail) {
    String type =
        "cache<layer #, heads 2, key 32, value 32; [0, 1]: shared %s merge(@, t = 0.6, retain = %s, tail = %d)%s + retained %s + tail %s rows %d>"
            .formatted(format, retain, tail, packing, format, format, tail);
    return "graph g { parameter %a: "
        + type.replace("#", "0").replace("@", "lower, with = 1")
        + " parameter %b: "
        + type.replace("#", "1").replace("@", "upper, with = 0")
        + " return %a, %b }";
  }

  /** Two layers that share the rows that the first chooses, of one list or of one for each head. */
  private static String chosen(
      String budget, String format, String packing, String retain, int tail, int lists) {
    String shared =
        "shared $1 merge(@, t = 0.6, retain = %s, tail = %d) + retained %s +"
            .formatted(retain, tail, format);
    return selected(budget, format, packing, tail)
        .replaceFirst("kept (.*?) \\+", shared.replace("@", "lower, with = 1"))
        .replaceFirst("kept (.*?) \\+", shared.replace("@", "upper, with = 0"))
        .replace("lists = shared", lists == 1 ? "lists = shared" : "lists = per_head")
        .replace("%a2 = keep_rows(%a1, %c)\n", "")
        .replace("%b2 = keep_rows(%b1, %c)", "%a2, %b2 = merge_rows(%a1, %b1, %c)");
  }

  private static String streaming(int sink, int recent) {
    return "graph g { parameter %a: cache<layer 0, heads 1, key 8, value 8; [0]: "
        + (sink == 0 ? "" : "sink bf16 rows " + sink + " + ")
        + "ring bf16 rows "
        + recent
        + "> return %a }";
  }
}
