package dev.kvasir.ir.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.ir.diag.CompilerBug;
import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.graph.ops.AddOp;
import dev.kvasir.ir.graph.ops.Ops;
import dev.kvasir.ir.graph.ops.SwigluOp;
import dev.kvasir.ir.type.TensorType;
import org.junit.jupiter.api.Test;

class GraphRewriterTest {
  private static final Graph GRAPH =
      parse(
          """
          graph g {
            parameter %x: f32[rows, 8]
            %a = add(%x, %x): f32[rows, 8]
            %2 = add(%a, %x): f32[rows, 8]
            %3 = add(%2, %2): f32[rows, 8]
            return %3
          }
          """);

  @Test
  void keepingEverythingGivesAnEqualGraph() {
    assertThat(GraphRewriter.rewrite(GRAPH, (node, copy) -> copy.keep(node))).isEqualTo(GRAPH);
  }

  @Test
  void otherParameterTypesReachTheResults() {
    Graph narrow = GraphRewriter.retype(GRAPH, parameter -> TensorType.activation(4));
    assertThat(narrow.results().getFirst().type()).isEqualTo(TensorType.activation(4));
    assertThat(GraphVerifier.verify(narrow)).isEmpty();
  }

  @Test
  void replacedAndDroppedOperationsRenumberTheRest() {
    Graph rewritten =
        GraphRewriter.rewrite(
            GRAPH,
            (node, copy) -> {
              if (node.result().name().equals("a")) {
                copy.drop(node);
              } else if (node.result().name().equals("2")) {
                Value x = copy.of(GRAPH.parameters().getFirst());
                copy.replace(node, new SwigluOp(x, x));
              } else {
                copy.keep(node);
              }
            });
    assertThat(GraphPrinter.print(rewritten))
        .isEqualTo(
            """
            graph g {
              parameter %x: f32[rows, 8]
              %1 = swiglu(%x, %x): f32[rows, 8]
              %2 = add(%1, %1): f32[rows, 8]
              return %2
            }
            """);
  }

  @Test
  void aDroppedValueCannotBeUsed() {
    assertThatThrownBy(
            () ->
                GraphRewriter.rewrite(
                    GRAPH,
                    (node, copy) -> {
                      if (node.op() instanceof AddOp add && add.left().name().equals("x")) {
                        copy.drop(node);
                      } else {
                        copy.keep(node);
                      }
                    }))
        .isInstanceOf(CompilerBug.class)
        .hasMessage("a rewrite dropped %a, which is still used");
  }

  private static Graph parse(String text) {
    return GraphParser.parse(new SourceText("case", text), Ops.catalog());
  }
}
