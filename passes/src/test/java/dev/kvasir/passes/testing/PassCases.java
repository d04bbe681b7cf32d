package dev.kvasir.passes.testing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.GraphParser;
import dev.kvasir.ir.graph.GraphPrinter;
import dev.kvasir.ir.graph.GraphVerifier;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.graph.ops.Ops;
import dev.kvasir.ir.model.ModelConfig;
import dev.kvasir.ir.policy.ModelFacts;
import dev.kvasir.ir.testing.DiagnosticCases;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.passes.Pass;
import dev.kvasir.passes.PassContext;
import dev.kvasir.passes.TechniquePass;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/**
 * Case files of passes: sections split by {@code // -----}, the graph before and the graph after;
 * for a technique the policy first. Both graphs are compared in their canonical form, so that
 * blanks and numbers do not matter. A file is named after its pass: {@code fuse-residual} has
 * {@code fuse_residual.kvir} beside it.
 */
public final class PassCases {
  private PassCases() {}

  /** The case file of a pass. */
  public static String fileName(Pass pass) {
    return pass.id().replace('-', '_') + ".kvir";
  }

  /** A test for each case of a pass. */
  public static Stream<DynamicTest> of(Pass pass) {
    List<String> sections = DiagnosticCases.cases(pass.getClass(), fileName(pass));
    int size = pass instanceof TechniquePass ? 3 : 2;
    assertThat(sections.size() % size).as("sections of %s", fileName(pass)).isZero();
    return IntStream.range(0, sections.size() / size)
        .mapToObj(number -> sections.subList(number * size, (number + 1) * size))
        .map(
            test ->
                DynamicTest.dynamicTest(
                    test.getFirst().lines().findFirst().orElseThrow(), () -> check(pass, test)));
  }

  /** The graph that a text describes. */
  public static Graph parse(String text) {
    return GraphParser.parse(new SourceText("case", text), Ops.catalog());
  }

  private static void check(Pass pass, List<String> test) {
    Graph before = parse(test.get(test.size() - 2));
    String policy = pass instanceof TechniquePass ? test.getFirst() : "policy none {}";
    ModelConfig config = SmallModels.config(OptionalInt.empty(), true);
    Graph after =
        pass.run(
            before,
            new PassContext(
                "small", config, SmallModels.resolve(policy, facts(before)), ElementFormat.BF16));
    assertThat(GraphPrinter.print(after)).isEqualTo(GraphPrinter.print(parse(test.getLast())));
    assertThat(GraphVerifier.verify(after)).isEmpty();
  }

  private static ModelFacts facts(Graph graph) {
    List<CacheType> caches =
        graph.parameters().stream()
            .map(Value::type)
            .filter(CacheType.class::isInstance)
            .map(CacheType.class::cast)
            .toList();
    return new ModelFacts(
        "llama",
        Math.max(1, caches.size()),
        caches.stream().mapToInt(CacheType::kvHeads).max().orElse(1),
        4096);
  }
}
