package dev.kvasir.ir.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.ir.diag.SourceSpan;
import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.graph.ops.Ops;
import dev.kvasir.ir.testing.DiagnosticCases;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class GraphTextTest {
  private static final Pattern EXPECTATION = Pattern.compile("// *\\^+ error: .*");

  @TestFactory
  Stream<DynamicTest> canonicalTextRoundTrips() {
    return cases("roundtrip.kvir")
        .map(
            text ->
                DynamicTest.dynamicTest(
                    title(text),
                    () -> {
                      Graph graph = parse(text);
                      assertThat(title(text) + "\n" + GraphPrinter.print(graph)).isEqualTo(text);
                      assertThat(GraphVerifier.verify(graph)).isEmpty();
                    }));
  }

  @Test
  void roundTripsCoverEveryOperation() {
    Set<String> seen = new TreeSet<>();
    cases("roundtrip.kvir")
        .forEach(text -> parse(text).nodes().forEach(node -> seen.add(node.op().id())));
    assertThat(seen).isEqualTo(new TreeSet<>(Ops.catalog().ids()));
  }

  @Test
  void looseTextBecomesCanonical() {
    List<String> texts = cases("canonical.kvir").toList();
    assertThat(GraphPrinter.print(parse(texts.getFirst()))).isEqualTo(texts.getLast());
  }

  @TestFactory
  Stream<DynamicTest> invalidTextIsRefusedAtItsPlace() {
    return cases("invalid.kvir")
        .map(text -> DynamicTest.dynamicTest(title(text), () -> checkInvalid(text)));
  }

  @Test
  void damagedTextIsReadOrRefusedAtAPlace() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    List<String> texts = cases("roundtrip.kvir").toList();
    int refused = 0;
    for (int run = 0; run < 5000; run++) {
      StringBuilder text = new StringBuilder(texts.get(random.nextInt(texts.size())));
      for (int damage = 0; damage <= random.nextInt(3); damage++) {
        int place = random.nextInt(text.length());
        switch (random.nextInt(3)) {
          case 0 -> text.deleteCharAt(place);
          case 1 -> text.setCharAt(place, text.charAt(random.nextInt(text.length())));
          default -> text.insert(place, text.charAt(random.nextInt(text.length())));
        }
      }
      try {
        parse(text.toString());
      } catch (GraphTextException expected) {
        refused++;
      } catch (RuntimeException unexpected) {
        throw new AssertionError("seed " + seed + ":\n" + text, unexpected);
      }
    }
    assertThat(refused).as("seed %s", seed).isGreaterThan(1000);
  }

  @Test
  void longGapsAreSkipped() {
    String gap = " \n".repeat(100_000) + "// note\n".repeat(100_000);
    assertThat(parse("graph g {" + gap + "parameter %x: f32[rows, 8] return %x}").parameters())
        .hasSize(1);
  }

  @Test
  void operationsHaveNamesOfTheirOwn() {
    OpDefinition definition = Ops.catalog().find("add").orElseThrow();
    assertThatThrownBy(() -> new OpCatalog(List.of(definition, definition)))
        .hasMessage("two operations are named add");
  }

  private static void checkInvalid(String text) {
    List<String> lines =
        new ArrayList<>(text.lines().filter(line -> !EXPECTATION.matcher(line).matches()).toList());
    String input = String.join("\n", lines) + "\n";
    try {
      Graph graph = parse(input);
      throw new AssertionError("was read as\n" + GraphPrinter.print(graph));
    } catch (GraphTextException refused) {
      SourceSpan span = refused.span();
      int column = span.position().column();
      lines.add(
          span.position().line(),
          "//"
              + " ".repeat(column - 3)
              + "^".repeat(Math.max(1, span.end() - span.start()))
              + " error: "
              + refused.problem());
      assertThat(String.join("\n", lines) + "\n").isEqualTo(text);
      assertThat(refused)
          .hasMessageStartingWith("case:" + span.position() + ": " + refused.problem() + "\n");
    }
  }

  private static Graph parse(String text) {
    return GraphParser.parse(new SourceText("case", text), Ops.catalog());
  }

  private static Stream<String> cases(String resource) {
    return DiagnosticCases.cases(GraphTextTest.class, resource).stream();
  }

  private static String title(String text) {
    return text.lines().findFirst().orElseThrow();
  }
}
