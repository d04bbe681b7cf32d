package dev.kvasir.ir.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.GraphParser;
import dev.kvasir.ir.graph.Node;
import dev.kvasir.ir.graph.ops.Ops;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** Each operation on numbers that can be followed by hand. */
class OpEvaluationTest {
  private static final Offset<Double> EXACT = within(1e-14);

  @Test
  void embedLooksRowsUp() {
    assertThat(
            evaluate(
                "parameter %x: i32[rows] %y = embed(%x) {weight = @w[3, 2]}",
                context(0, "w", 1, 2, 3, 4, 5, 6), tensor(2, 1, 2, 0)))
        .containsExactly(5, 6, 1, 2);
  }

  @Test
  void rmsNormDividesByTheRootMeanSquare() {
    // Mean square of (3, 4) is 12.5; epsilon makes it 16.
    assertThat(
            evaluate(
                "parameter %x: f32[rows, 2] %y = rms_norm(%x) {weight = @w[2], epsilon = 3.5}",
                context(0, "w", 2, -1), tensor(1, 2, 3, 4)))
        .containsExactly(1.5, -1);
  }

  @Test
  void linearMultipliesByRowsOfTheWeightAndAddsTheResidual() {
    EvaluationContext context = context(0, "w", 1, 2, 3, 4, 5, 6);
    assertThat(
            evaluate(
                "parameter %x: f32[rows, 2] %y = linear(%x) {weight = @w[3, 2]}",
                context, tensor(2, 2, 1, 10, 0, 1)))
        .containsExactly(21, 43, 65, 2, 4, 6);
    assertThat(
            evaluate(
                "parameter %x: f32[rows, 2] parameter %r: f32[rows, 3]"
                    + " %y = linear(%x, %r) {weight = @w[3, 2]}",
                context, tensor(1, 2, 1, 10), tensor(1, 3, 100, 200, 300)))
        .containsExactly(121, 243, 365);
  }

  @Test
  void biasesAreAddedToProducts() {
    EvaluationContext context = context(0, Map.of("w", numbers(1, 2, 3, 4), "b", numbers(10, 20)));
    assertThat(
            evaluate(
                "parameter %x: f32[rows, 2] %y = linear(%x) {weight = @w[2, 2], bias = @b[2]}",
                context, tensor(2, 2, 1, 0, 0, 1)))
        .containsExactly(11, 23, 12, 24);
    assertThat(
            evaluate(
                "parameter %x: f32[rows, 1] %y = gated_linear(%x)"
                    + " {gate = @b[2, 1], up = @b[2, 1], gate_bias = @b[2], up_bias = @b[2]}",
                context, tensor(1, 1, 0.5)))
        .containsExactly(
            numbers(225 / (1 + Math.exp(-15)), 900 / (1 + Math.exp(-30))), within(1e-9));
  }

  @Test
  void rmsNormOfHeadsTakesEachAlone() {
    // Mean squares of (3, 4) and (0, 2) are 12.5 and 2; epsilon makes them 16 and 5.5.
    assertThat(
            evaluate(
                "parameter %x: f32[rows, 4]"
                    + " %y = rms_norm(%x) {heads = 2, weight = @w[2], epsilon = 3.5}",
                context(0, "w", 2, -1), tensor(1, 4, 3, 4, 0, 2)))
        .containsExactly(1.5, -1, 0, -2 / Math.sqrt(5.5));
  }

  @Test
  void scaledRopeTurnsMoreSlowly() {
    // The only wave is 2 pi long, more than 6 positions: both kinds divide its frequency.
    for (String scaling :
        List.of(
            "factor = 5.0",
            "factor = 5.0, low_freq_factor = 1.0, high_freq_factor = 2.0,"
                + " original_positions = 6")) {
      double[] turned =
          evaluate(
              "parameter %x: f32[rows, 2] %y = rope(%x)"
                  + " {heads = 1, head_dim = 2, rotary = 2, theta = 100.0, %s}".formatted(scaling),
              context(10, "w"),
              tensor(1, 2, 1, 0));
      assertThat(turned[0]).as(scaling).isCloseTo(Math.cos(2), EXACT);
      assertThat(turned[1]).as(scaling).isCloseTo(Math.sin(2), EXACT);
    }
  }

  @Test
  void swigluGatesWithSilu() {
    double silu = 1 / (1 + Math.exp(-1));
    assertThat(
            evaluate(
                "parameter %x: f32[rows, 2] parameter %z: f32[rows, 2] %y = swiglu(%x, %z)",
                context(0, "w"), tensor(1, 2, 1, 0), tensor(1, 2, 3, 5)))
        .containsExactly(3 * silu, 0);
    assertThat(
            evaluate(
                "parameter %x: f32[rows, 1]"
                    + " %y = gated_linear(%x) {gate = @w[2, 1], up = @w[2, 1]}",
                context(0, "w", 0.5, 0), tensor(1, 1, 2)))
        .containsExactly(silu, 0);
  }

  @Test
  void addAddsLastRowAndArgmaxChoose() {
    assertThat(
            evaluate(
                "parameter %x: f32[rows, 2] %y = add(%x, %x)",
                context(0, "w"), tensor(1, 2, 1, -2)))
        .containsExactly(2, -4);
    assertThat(
            evaluate(
                "parameter %x: f32[rows, 2] %y = last_row(%x)",
                context(0, "w"), tensor(2, 2, 1, 2, 3, 4)))
        .containsExactly(3, 4);
    assertThat(
            evaluate(
                "parameter %x: f32[rows, 3] %y = argmax(%x)",
                context(0, "w"), tensor(2, 3, 1, 7, 7, -3, -2, -1)))
        .containsExactly(1, 2);
  }

  @Test
  void ropeTurnsHalfSplitPairsByTruePosition() {
    // One head of 6, four elements turn: pairs (0, 2) and (1, 3) at position 5.
    double[] turned =
        evaluate(
            "parameter %x: f32[rows, 6]"
                + " %y = rope(%x) {heads = 1, head_dim = 6, rotary = 4, theta = 100.0}",
            context(4, "w"), tensor(2, 6, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 8, 9));
    assertThat(turned[6]).isCloseTo(Math.cos(5), EXACT);
    assertThat(turned[7]).isCloseTo(Math.cos(0.5), EXACT);
    assertThat(turned[8]).isCloseTo(Math.sin(5), EXACT);
    assertThat(turned[9]).isCloseTo(Math.sin(0.5), EXACT);
    assertThat(turned[10]).isEqualTo(8);
    assertThat(turned[11]).isEqualTo(9);
  }

  @Test
  void softCapBendsLogits() {
    Graph graph =
        graph(
            "parameter %q: f32[rows, 1] parameter %k: f32[rows, 1]"
                + " parameter %c: cache<layer 0, heads 1, key 1, value 1; [0]: dense f32>"
                + " %a = append_kv(%c, %k, %k)"
                + " %o, %y = attention(%q, %a) {query_heads = 1, scale = 2.0, soft_cap = 3.0}");
    EvaluationContext context = context(0, "w");
    List<ReferenceValue> appended =
        graph
            .nodes()
            .getFirst()
            .op()
            .evaluate(List.of(ReferenceCache.empty(), tensor(1, 1, 5), tensor(1, 1, 5)), context);
    List<ReferenceValue> results =
        graph
            .nodes()
            .getLast()
            .op()
            .evaluate(List.of(tensor(1, 1, 1), appended.getFirst()), context);
    assertThat(values(results.getFirst())).containsExactly(5);
    assertThat(values(results.getLast())[0]).isCloseTo(3 * Math.tanh(10.0 / 3), EXACT);
  }

  private static double[] evaluate(
      String text, EvaluationContext context, ReferenceTensor... operands) {
    Node node = graph(text).nodes().getLast();
    List<ReferenceValue> given =
        node.op().operands().size() == operands.length
            ? List.of(operands)
            : List.of(operands[0], operands[0]);
    return values(node.op().evaluate(given, context).getFirst());
  }

  private static double[] values(ReferenceValue value) {
    return ((ReferenceTensor) value).values();
  }

  private static Graph graph(String text) {
    return GraphParser.parse(
        new SourceText("case", "graph g {" + text + " return %y }"), Ops.catalog());
  }

  private static ReferenceTensor tensor(int rows, int columns, double... values) {
    return new ReferenceTensor(rows, columns, values);
  }

  private static double[] numbers(double... numbers) {
    return numbers;
  }

  private static EvaluationContext context(int position, String name, double... weight) {
    return context(position, Map.of(name, weight));
  }

  private static EvaluationContext context(int position, Map<String, double[]> weights) {
    return new EvaluationContext(
        wanted -> Objects.requireNonNull(weights.get(wanted)), position, true, false);
  }
}
