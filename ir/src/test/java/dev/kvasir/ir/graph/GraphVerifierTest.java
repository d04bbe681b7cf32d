package dev.kvasir.ir.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.ir.graph.ops.AddOp;
import dev.kvasir.ir.type.TensorType;
import java.util.List;
import org.junit.jupiter.api.Test;

class GraphVerifierTest {
  private static final TensorType WIDE = TensorType.activation(8);
  private static final TensorType NARROW = TensorType.activation(4);
  private static final Value X = new Value(0, "x", WIDE);
  private static final Value Y = new Value(1, "y", WIDE);

  @Test
  void acceptsWhatABuilderBuilds() {
    GraphBuilder builder = new GraphBuilder("g");
    Value x = builder.parameter("x", WIDE);
    Value y = builder.add("x", new AddOp(x, x));
    assertThat(y.name()).isEqualTo("x.1");
    assertThat(GraphVerifier.verify(builder.build(List.of(y)))).isEmpty();
  }

  @Test
  void refusesAUseBeforeTheDefinition() {
    assertThat(problems(List.of(X), List.of(new Node(new AddOp(Y, Y), List.of(Y))), Y))
        .containsExactly(
            "add uses %y, which is not defined before it",
            "add uses %y, which is not defined before it");
  }

  @Test
  void refusesAResultThatNothingDefines() {
    assertThat(problems(List.of(X), List.of(), Y))
        .containsExactly("return uses %y, which is not defined before it");
  }

  @Test
  void refusesAValueUnderAnotherType() {
    Value other = new Value(0, "x", NARROW);
    assertThat(problems(List.of(X), List.of(), other))
        .containsExactly("return uses %x: f32[rows, 4], which is a f32[rows, 8]");
  }

  @Test
  void refusesAResultOfAnotherType() {
    Value narrow = new Value(1, "y", NARROW);
    assertThat(problems(List.of(X), List.of(new Node(new AddOp(X, X), List.of(narrow))), X))
        .containsExactly("add defines %y as f32[rows, 4], but computes f32[rows, 8]");
  }

  @Test
  void refusesTheWrongNumberOfResults() {
    assertThat(problems(List.of(X), List.of(new Node(new AddOp(X, X), List.of())), X))
        .containsExactly("add has 1 results, the node defines 0");
  }

  @Test
  void refusesNumbersAndNamesThatRepeat() {
    assertThat(problems(List.of(X, X), List.of(), X))
        .containsExactly("parameters defines %x as number 0 of 1", "parameters defines %x again");
  }

  @Test
  void requireNamesEverything() {
    Graph graph = new Graph("g", List.of(X, X), List.of(), List.of(Y));
    assertThatThrownBy(() -> GraphVerifier.require(graph))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("again")
        .hasMessageContaining("return uses %y");
  }

  private static List<String> problems(List<Value> parameters, List<Node> nodes, Value result) {
    return GraphVerifier.verify(new Graph("g", parameters, nodes, List.of(result)));
  }
}
