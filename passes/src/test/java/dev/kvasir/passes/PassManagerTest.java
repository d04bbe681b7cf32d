package dev.kvasir.passes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.ir.diag.CompilerBug;
import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.GraphPrinter;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.TensorType;
import dev.kvasir.passes.check.GraphCheck;
import dev.kvasir.passes.check.ResultsInOrder;
import dev.kvasir.passes.testing.SmallModels;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PassManagerTest {
  private static final PassContext CONTEXT =
      SmallModels.context(
          SmallModels.config(OptionalInt.empty(), true),
          ElementFormat.BF16,
          "use group-heads(retrieval = [1]);");

  /** A pass that puts its one value in the place of everything. */
  private record Replace(String id, Set<Property> requires, Set<Property> establishes, Value value)
      implements Pass {
    @Override
    public Graph run(Graph graph, PassContext context) {
      return new Graph("small", List.of(value), List.of(), List.of(value));
    }
  }

  @Test
  void tellsTheListenerWhatEachPassDid() {
    List<PassEvent> events = new ArrayList<>();
    Graph graph = Passes.pipeline().run(CONTEXT, events::add);
    assertThat(events)
        .extracting(PassEvent::dumpFileName)
        .containsExactly(
            "01-build-graph.kvir",
            "02-group-heads.kvir",
            "03-select-window.kvir",
            "04-fuse-kv-conv.kvir",
            "05-merge-layers.kvir",
            "06-store-kv.kvir",
            "07-quantize-kv.kvir",
            "08-fuse-residual.kvir",
            "09-fuse-gated-linear.kvir",
            "10-remove-dead-ops.kvir");
    assertThat(events)
        .extracting(PassEvent::changed)
        .containsExactly(true, true, false, false, false, false, false, true, true, false);
    assertThat(events.get(2).dumpText()).isEqualTo("(unchanged)\n");
    assertThat(events.get(8).dumpText()).isEqualTo(GraphPrinter.print(graph));
    assertThat(events).allSatisfy(event -> assertThat(event.time()).isPositive());
    for (int index = 1; index < events.size(); index++) {
      assertThat(events.get(index).before()).isEqualTo(events.get(index - 1).after());
    }
  }

  @Test
  void stopsAfterAPass() {
    List<PassEvent> events = new ArrayList<>();
    Graph graph = Passes.pipeline().runUntil("group-heads", CONTEXT, events::add);
    assertThat(events).extracting(PassEvent::passId).containsExactly("build-graph", "group-heads");
    assertThat(graph).isEqualTo(events.getLast().after());
    assertThatThrownBy(() -> Passes.pipeline().runUntil("group", CONTEXT, PassListener.NONE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "no pass is named group; passes: build-graph, group-heads, select-window,"
                + " fuse-kv-conv, merge-layers, store-kv, quantize-kv,"
                + " fuse-residual, fuse-gated-linear, remove-dead-ops");
  }

  @Test
  void refusesAPassWhoseRequirementsNothingEstablishes() {
    List<Pass> wrongOrder = Passes.pipeline().passes().reversed();
    assertThatThrownBy(() -> new PassManager(wrongOrder, List.of()))
        .isInstanceOf(CompilerBug.class)
        .hasMessageStartingWith("remove-dead-ops requires [")
        .hasMessageEndingWith("which no pass before it establishes");
  }

  @Test
  void refusesTwoPassesOfOneName() {
    Pass pass = Passes.pipeline().passes().getFirst();
    assertThatThrownBy(() -> new PassManager(List.of(pass, pass), List.of()))
        .isInstanceOf(CompilerBug.class)
        .hasMessage("two passes are named build-graph");
  }

  @Test
  void namesThePassThatBreaksTheGraph() {
    Value wrong = new Value(7, "x", TensorType.activation(4));
    Pass breaks = new Replace("break-graph", Set.of(), Set.of(), wrong);
    assertThatThrownBy(
            () -> new PassManager(List.of(breaks), List.of()).run(CONTEXT, PassListener.NONE))
        .isInstanceOf(CompilerBug.class)
        .hasMessageStartingWith("after break-graph: parameters defines %x as number 7 of 0\ngraph");
  }

  @Test
  void namesTheCheckThatFails() {
    Value value = new Value(0, "x", TensorType.activation(4));
    Pass shrinks = new Replace("shrink-graph", Set.of(), Set.of(), value);
    List<GraphCheck> checks = List.of(new ResultsInOrder());
    assertThatThrownBy(
            () -> new PassManager(List.of(shrinks), checks).run(CONTEXT, PassListener.NONE))
        .isInstanceOf(CompilerBug.class)
        .hasMessageStartingWith("after results-in-order: expected parameters tokens");
  }
}
