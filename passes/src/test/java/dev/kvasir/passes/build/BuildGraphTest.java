package dev.kvasir.passes.build;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.GraphPrinter;
import dev.kvasir.ir.graph.GraphVerifier;
import dev.kvasir.ir.model.ModelConfig;
import dev.kvasir.ir.model.ModelConfigReader;
import dev.kvasir.ir.testing.DiagnosticCases;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.passes.PassContext;
import dev.kvasir.passes.testing.PassCases;
import dev.kvasir.passes.testing.SmallModels;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Case file: a {@code config.json}, then the graph it gives. */
class BuildGraphTest {

  @TestFactory
  Stream<DynamicTest> buildsTheGraphOfAConfiguration() {
    BuildGraph pass = new BuildGraph();
    List<String> sections = DiagnosticCases.cases(BuildGraphTest.class, PassCases.fileName(pass));
    return IntStream.range(0, sections.size() / 2)
        .mapToObj(
            number ->
                DynamicTest.dynamicTest(
                    sections.get(2 * number).lines().findFirst().orElseThrow(),
                    () -> check(pass, sections.get(2 * number), sections.get(2 * number + 1))));
  }

  private static void check(BuildGraph pass, String input, String expected) {
    String json = input.substring(input.indexOf('{'));
    ModelConfig config = ModelConfigReader.read(new SourceText("config.json", json));
    PassContext context =
        new PassContext(
            "small",
            config,
            SmallModels.resolve("policy none {}", SmallModels.facts(config)),
            ElementFormat.BF16);
    Graph graph = pass.run(new Graph("small", List.of(), List.of(), List.of()), context);
    assertThat(GraphPrinter.print(graph)).isEqualTo(expected);
    assertThat(GraphPrinter.print(PassCases.parse(expected))).isEqualTo(expected);
    assertThat(GraphVerifier.verify(graph)).isEmpty();
  }
}
