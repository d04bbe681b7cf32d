package dev.kvasir.passes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.GraphPrinter;
import dev.kvasir.ir.model.ModelConfig;
import dev.kvasir.ir.model.ModelConfigReader;
import dev.kvasir.ir.testing.DiagnosticCases;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.passes.testing.SmallModels;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The whole pipeline: a {@code config.json}, a policy, the graph that kernels are made from. */
class PipelineTest {

  @Test
  void compilesAPolicyIntoTheGraph() {
    List<String> sections = DiagnosticCases.cases(PipelineTest.class, "pipeline.kvir");
    ModelConfig config =
        ModelConfigReader.read(
            new SourceText("config.json", sections.get(0).substring(sections.get(0).indexOf('{'))));
    PassContext context =
        new PassContext(
            PassContext.graphName("small-1.0"),
            config,
            SmallModels.resolve(sections.get(1), SmallModels.facts(config)),
            ElementFormat.BF16);
    Graph graph = Passes.pipeline().run(context, PassListener.NONE);
    assertThat(GraphPrinter.print(graph)).isEqualTo(sections.get(2));
  }

  @Test
  void graphNamesAreSafe() {
    assertThat(PassContext.graphName("needle")).isEqualTo("needle");
    assertThat(PassContext.graphName("3-small")).isEqualTo("model_3_small");
    assertThat(PassContext.graphName("")).isEqualTo("model_");
  }
}
