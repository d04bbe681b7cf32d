package dev.kvasir.passes.check;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.passes.testing.PassCases;
import java.util.List;
import org.junit.jupiter.api.Test;

class GraphChecksTest {
  private static final String PARAMETERS =
      """
      parameter %tokens: i32[rows]
      parameter %a: cache<layer 0, heads 1, key 8, value 8; [0]: dense f32>
      parameter %b: cache<layer 1, heads 1, key 8, value 8; [0]: dense f32>
      %x = embed(%tokens) {weight = @w[16, 8]}
      """;
  private static final String GOOD =
      PARAMETERS
          + """
          %a1 = append_kv(%a, %x, %x)
          %y, %s = attention(%x, %a1) {query_heads = 1, scale = 1.0}
          %b1 = append_kv(%b, %y, %y)
          %z, %t = attention(%y, %b1) {query_heads = 1, scale = 1.0}
          %l = last_row(%z)
          %n = argmax(%l)
          return %l, %n, %a1, %b1
          """;

  private static final String SELECTED =
      GOOD.replace("dense f32", "kept f32 budget(9, observe = 4, window = 2) + tail f32 rows 8")
          .replace(
              "%b1 =",
              "%c = select_rows(%a1, %x, %s) {query_heads = 1, scale = 1.0, window = 2,"
                  + " observe = 4, tail = 8, lists = shared, score = max, pool = 1}\n"
                  + "%a2 = keep_rows(%a1, %c)\n%b1 =")
          .replace("%l = last", "%b2 = keep_rows(%b1, %c)\n%l = last")
          .replace("%n, %a1, %b1", "%n, %a2, %b2");

  private static final String FOLDED =
      GOOD.replace("dense f32", "slots f32 rows 9 + tail f32 rows 8")
          .replace("%b1 =", fold("%a2", "%a1", "%x, %s", 0) + "%b1 =")
          .replace("%l = last", fold("%b2", "%b1", "%y, %t", 1) + "%l = last")
          .replace("%n, %a1, %b1", "%n, %a2, %b2");

  private static String fold(String result, String cache, String attended, int layer) {
    return result
        + " = fold_rows("
        + cache
        + ", "
        + attended
        + ") {query_heads = 1, scale = 1.0, slots = 9, block = 8, kernel = 3, mixed = 2,"
        + " weight = @w%d[2, 16, 3], bias = @b%d[2], alpha = @a%d[1]}\n"
            .formatted(layer, layer, layer);
  }

  private static final String MERGED =
      GOOD.replaceFirst("dense f32", shared("lower, with = 1"))
          .replaceFirst("dense f32", shared("upper, with = 0"))
          .replace("%l = last", "%a2, %b2 = merge_rows(%a1, %b1)\n%l = last")
          .replace("%n, %a1, %b1", "%n, %a2, %b2");

  private static final String CHOSEN =
      SELECTED
          .replaceFirst("kept f32 (.*?) \\+", sharedRegex("lower, with = 1"))
          .replaceFirst("kept f32 (.*?) \\+", sharedRegex("upper, with = 0"))
          .replace("%a2 = keep_rows(%a1, %c)\n", "")
          .replace("%b2 = keep_rows(%b1, %c)", "%a2, %b2 = merge_rows(%a1, %b1, %c)");

  private static String shared(String pair) {
    return "shared f32 merge(%s, t = 0.6, retain = 5%%, tail = 8) + retained f32 + tail f32 rows 8"
        .formatted(pair);
  }

  private static String sharedRegex(String pair) {
    return "shared f32 $1 merge(%s, t = 0.6, retain = 5%%, tail = 8) + retained f32 +"
        .formatted(pair);
  }

  @Test
  void acceptAFinishedGraph() {
    expect(new ResultsInOrder(), GOOD);
    expect(new EveryCacheIsThreaded(), GOOD);
    expect(new AttentionReadsItsSpan(), GOOD);
    expect(new SelectionFollowsAttention(), GOOD);
    expect(new ResultsInOrder(), SELECTED);
    expect(new EveryCacheIsThreaded(), SELECTED);
    expect(new AttentionReadsItsSpan(), SELECTED);
    expect(new SelectionFollowsAttention(), SELECTED);
    expect(new FoldFollowsAttention(), GOOD);
    expect(new FoldFollowsAttention(), FOLDED);
    expect(new EveryCacheIsThreaded(), FOLDED);
    expect(new ResultsInOrder(), MERGED);
    expect(new EveryCacheIsThreaded(), MERGED);
    expect(new AttentionReadsItsSpan(), MERGED);
    expect(new MergeFollowsAttention(), MERGED);
    for (GraphCheck check :
        List.of(
            new ResultsInOrder(),
            new EveryCacheIsThreaded(),
            new AttentionReadsItsSpan(),
            new SelectionFollowsAttention(),
            new MergeFollowsAttention())) {
      expect(check, CHOSEN);
    }
  }

  @Test
  void resultsInOrderNamesWhatIsOutOfPlace() {
    expect(
        new ResultsInOrder(),
        GOOD.replace("return %l, %n, %a1, %b1", "return %n, %l, %b1, %a1"),
        "the first result must be f32[1, vocabulary], is i32[1]",
        "the second result must be i32[1], is f32[1, 8]",
        "result %b1 must be the cache of layer 0",
        "result %a1 must be the cache of layer 1");
    expect(
        new ResultsInOrder(),
        "parameter %x: f32[rows, 8] return %x",
        "expected parameters tokens, caches and results logits, next, caches");
  }

  @Test
  void everyCacheIsThreadedNamesTheCacheThatIsNot() {
    expect(
        new EveryCacheIsThreaded(),
        GOOD.replace("%b1 = append_kv(%b, %y, %y)", "%b1 = append_kv(%a, %y, %y)"),
        "%a is appended to 2 times, expected once",
        "%b is appended to 0 times, expected once");
    expect(
        new EveryCacheIsThreaded(),
        GOOD.replace("%n, %a1, %b1", "%n, %b1, %a1"),
        "%a1 must be the result for %a, which is %b1",
        "%b1 must be the result for %b, which is %a1");
    expect(
        new EveryCacheIsThreaded(),
        GOOD.replace("%n, %a1, %b1", "%n, %a1"),
        "2 caches are parameters, 1 caches are results");
  }

  @Test
  void attentionReadsItsSpanNamesTheAttentionThatDoesNot() {
    expect(
        new AttentionReadsItsSpan(),
        GOOD.replace("attention(%y, %b1)", "attention(%y, %b)"),
        "%z reads %b without the span");
    expect(
        new AttentionReadsItsSpan(),
        GOOD.replace("attention(%y, %b1)", "attention(%y, %a1)"),
        "%z reads layer 0, expected layer 1");
  }

  @Test
  void everyCacheIsThreadedThroughKeptRows() {
    expect(
        new EveryCacheIsThreaded(),
        SELECTED.replace("%n, %a2, %b2", "%n, %a2, %b1"),
        "%b2 must be the result for %b, which is %b1");
  }

  @Test
  void everyCacheIsThreadedThroughFoldedRows() {
    expect(
        new EveryCacheIsThreaded(),
        FOLDED.replace("%n, %a2, %b2", "%n, %a1, %b2"),
        "%a2 must be the result for %a, which is %a1");
  }

  @Test
  void foldFollowsAttentionNamesTheFoldThatDoesNot() {
    expect(
        new FoldFollowsAttention(),
        FOLDED.replace(fold("%b2", "%b1", "%y, %t", 1), "").replace("%b2", "%b1"),
        "%b1 is folded 0 times, expected once");
    expect(
        new FoldFollowsAttention(),
        FOLDED.replace("fold_rows(%a1, %x, %s)", "fold_rows(%a1, %y, %s)"),
        "%a2 does not weigh rows by their own attention");
  }

  @Test
  void selectionFollowsAttentionNamesTheSelectionThatDoesNot() {
    expect(
        new SelectionFollowsAttention(),
        SELECTED.replace("%b2 = keep_rows(%b1, %c)\n", "").replace("%b2", "%b1"),
        "%b1 is kept 0 times, expected once");
    expect(
        new SelectionFollowsAttention(),
        SELECTED.replace("select_rows(%a1, %x", "select_rows(%a1, %y"),
        "%c does not look back on its own attention");
    expect(
        new SelectionFollowsAttention(),
        SELECTED
            .replace("%y, %s = attention(%x, %a1) {query_heads = 1, scale = 1.0}", "")
            .replace(
                "%b1 = append_kv(%b, %y, %y)",
                "%y, %s = attention(%x, %a1) {query_heads = 1,"
                    + " scale = 1.0}\n%b1 = append_kv(%b, %y, %y)")
            .replace("select_rows(%a1, %x, %s)", "select_rows(%a1, %x, %m)")
            .replace("%x = embed", "%m = embed(%tokens) {weight = @v[16, 1]}\n%x = embed"),
        "%c does not look back on its own attention",
        "%a2 drops rows that attention has not read");
    expect(
        new SelectionFollowsAttention(),
        SELECTED.replace(
            "%b: cache<layer 1, heads 1, key 8, value 8; [0]: kept f32 budget(9",
            "%b: cache<layer 1, heads 1, key 8, value 8; [0]: kept f32 budget(8"),
        "%c is no choice for %b1");
  }

  @Test
  void chosenRowsAreMergedOnceByTheirOwnChoice() {
    String merge = "%a2, %b2 = merge_rows(%a1, %b1, %c)\n";
    String without = CHOSEN.replace(merge, "").replace("%a2", "%a1").replace("%b2", "%b1");
    expect(
        new SelectionFollowsAttention(),
        without,
        "%a1 is kept 0 times, expected once",
        "%b1 is kept 0 times, expected once");
    expect(
        new MergeFollowsAttention(),
        without,
        "%a1 is merged 0 times, expected once",
        "%b1 is merged 0 times, expected once");
    expect(
        new SelectionFollowsAttention(),
        "parameter %o: i32[1, kept]\n" + CHOSEN.replace("(%a1, %b1, %c)", "(%a1, %b1, %o)"),
        "%o is no choice for %a1 and %b1");
  }

  @Test
  void mergeFollowsAttentionNamesTheMergeThatDoesNot() {
    String merge = "%a2, %b2 = merge_rows(%a1, %b1)\n";
    expect(
        new MergeFollowsAttention(),
        MERGED.replace(merge, "").replace("%a2", "%a1").replace("%b2", "%b1"),
        "%a1 is merged 0 times, expected once",
        "%b1 is merged 0 times, expected once");
    expect(
        new MergeFollowsAttention(),
        MERGED.replace(merge, "").replace("%z, %t = att", merge + "%z, %t = att"),
        "%b1 is merged before attention has read it");
    expect(
        new MergeFollowsAttention(),
        MERGED.replace(
            "%a: cache<layer 0, heads 1, key 8, value 8; [0]: shared f32",
            "%a: cache<layer 0, heads 1, key 8, value 8; [0]: shared f16"),
        "%a1 and %b1 share rows and store them differently");
    expect(
        new EveryCacheIsThreaded(),
        MERGED.replace("%n, %a2, %b2", "%n, %a2, %b1"),
        "%b2 must be the result for %b, which is %b1");
  }

  private static void expect(GraphCheck check, String body, String... problems) {
    assertThat(check.problems(PassCases.parse("graph g {\n" + body + "}")))
        .containsExactly(problems);
  }
}
