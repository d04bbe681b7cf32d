package dev.kvasir.ir.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.ir.diag.CompilerBug;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.diag.Diagnostics;
import dev.kvasir.ir.diag.Severity;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class WeightCatalogTest {
  private static final ModelConfig TIED = config(2, true);
  private static final ModelConfig UNTIED = config(2, false);

  private static ModelConfig config(int layers, boolean tied) {
    return config(Architecture.LLAMA, Biases.NONE, layers, tied);
  }

  private static ModelConfig config(
      Architecture architecture, Biases biases, int layers, boolean tied) {
    return config(architecture, biases, layers, tied, false);
  }

  private static ModelConfig config(
      Architecture architecture, Biases biases, int layers, boolean tied, boolean int8) {
    return new ModelConfig(
        architecture,
        layers,
        8,
        10,
        6,
        2,
        4,
        12,
        64,
        1e-6,
        new RopeConfig(10_000, 4),
        biases,
        OptionalInt.empty(),
        tied,
        Optional.empty(),
        int8,
        OptionalInt.empty(),
        List.of());
  }

  @Test
  void expectsTheTensorsOfALlama() {
    assertThat(
            WeightCatalog.expected(config(1, false)).entrySet().stream()
                .map(entry -> entry.getKey() + " " + entry.getValue()))
        .containsExactly(
            "model.embed_tokens.weight [12, 8]",
            "model.layers.0.input_layernorm.weight [8]",
            "model.layers.0.self_attn.q_proj.weight [24, 8]",
            "model.layers.0.self_attn.k_proj.weight [8, 8]",
            "model.layers.0.self_attn.v_proj.weight [8, 8]",
            "model.layers.0.self_attn.o_proj.weight [8, 24]",
            "model.layers.0.post_attention_layernorm.weight [8]",
            "model.layers.0.mlp.gate_proj.weight [10, 8]",
            "model.layers.0.mlp.up_proj.weight [10, 8]",
            "model.layers.0.mlp.down_proj.weight [8, 10]",
            "model.norm.weight [8]",
            "lm_head.weight [12, 8]");
    assertThat(WeightCatalog.expected(config(1, true))).doesNotContainKey("lm_head.weight");
  }

  @Test
  void expectsBiasesAndNormsWhereTheModelHasThem() {
    assertThat(
            WeightCatalog.expected(
                config(Architecture.QWEN2, new Biases(true, false, false), 1, true)))
        .hasSize(11 + 3)
        .containsEntry("model.layers.0.self_attn.q_proj.bias", List.of(24L))
        .containsEntry("model.layers.0.self_attn.k_proj.bias", List.of(8L))
        .containsEntry("model.layers.0.self_attn.v_proj.bias", List.of(8L));
    assertThat(WeightCatalog.expected(config(Architecture.QWEN3, Biases.NONE, 1, true)))
        .hasSize(11 + 2)
        .containsEntry("model.layers.0.self_attn.q_norm.weight", List.of(4L))
        .containsEntry("model.layers.0.self_attn.k_norm.weight", List.of(4L));
    assertThat(
            WeightCatalog.expected(
                config(Architecture.LLAMA, new Biases(true, true, true), 1, true)))
        .hasSize(11 + 7)
        .containsEntry("model.layers.0.self_attn.o_proj.bias", List.of(8L))
        .containsEntry("model.layers.0.mlp.up_proj.bias", List.of(10L))
        .containsEntry("model.layers.0.mlp.down_proj.bias", List.of(8L));
  }

  @Test
  void acceptsAFullSet() {
    assertThat(check(TIED, List.copyOf(weights(TIED)))).isEmpty();
    assertThat(check(UNTIED, List.copyOf(weights(UNTIED)))).isEmpty();
  }

  @Test
  void reportsWhatIsMissingOrOfAnotherShapeOrType() {
    List<Weight> weights = weights(UNTIED);
    weights.removeIf(weight -> weight.name().equals("lm_head.weight"));
    replace(weights, InMemoryWeights.floats("model.norm.weight", List.of(2L, 4L), new float[8]));
    replace(
        weights,
        new Weight(
            "model.layers.1.mlp.up_proj.weight",
            WeightType.U8,
            List.of(10L, 8L),
            MemorySegment.ofArray(new byte[80])));

    assertThat(check(UNTIED, weights))
        .extracting(Diagnostic::render)
        .containsExactly(
            """
            m.safetensors: model.layers.1.mlp.up_proj.weight: error[KV3008]: \
            expected element type F32, F16 or BF16, got U8
            note: use the model in a version that is not quantised\
            """,
            """
            m.safetensors: model.norm.weight: error[KV3007]: expected shape [8], got [2, 4]
            note: config.json and model.safetensors must come from the same model\
            """,
            """
            m.safetensors: lm_head.weight: error[KV3006]: \
            expected a tensor of shape [12, 8], got none
            note: config.json and model.safetensors must come from the same model\
            """);
  }

  @Test
  void acceptsSignedBytesWithScalesWhereTheConfigAnnouncesThem() {
    ModelConfig announced = config(Architecture.LLAMA, Biases.NONE, 2, false, true);
    List<Weight> weights = weights(UNTIED);
    quantise(weights, "model.layers.1.mlp.up_proj.weight", List.of(10L, 1L));
    quantise(weights, "model.layers.0.self_attn.o_proj.weight", List.of(8L));
    assertThat(check(announced, weights)).isEmpty();
    assertThat(check(UNTIED, weights).stream().filter(d -> d.severity() == Severity.ERROR))
        .hasSize(2)
        .extracting(Diagnostic::message)
        .containsOnly("expected element type F32, F16 or BF16, got I8");
  }

  @Test
  void refusesSignedBytesThatMeanSomethingElse() {
    ModelConfig announced = config(Architecture.LLAMA, Biases.NONE, 2, false, true);
    List<Weight> weights = weights(UNTIED);
    quantise(weights, "model.embed_tokens.weight", List.of(12L, 1L));
    quantise(weights, "model.layers.0.self_attn.q_proj.weight", List.of(24L, 2L));
    quantise(weights, "model.layers.0.self_attn.k_proj.weight", List.of(8L, 1L));
    weights.add(
        InMemoryWeights.floats(
            "model.layers.0.self_attn.k_proj.weight_zero_point", List.of(8L, 1L), new float[8]));
    quantise(weights, "model.layers.1.mlp.gate_proj.weight", List.of(10L, 1L));
    weights.removeIf(weight -> weight.name().equals("model.layers.1.mlp.gate_proj.weight_scale"));
    weights.add(
        InMemoryWeights.floats(
            "model.layers.1.mlp.up_proj.weight_scale", List.of(10L, 1L), new float[10]));

    assertThat(check(announced, weights).stream().filter(d -> d.severity() == Severity.ERROR))
        .extracting(Diagnostic::render)
        .containsExactly(
            """
            m.safetensors: model.embed_tokens.weight: error[KV3008]: \
            expected element type F32, F16 or BF16, got I8
            note: use the model in a version that is not quantised\
            """,
            """
            m.safetensors: model.layers.0.self_attn.q_proj.weight_scale: error[KV3007]: \
            expected shape [24, 1], got [24, 2]
            note: use the model in a version with one scale for each output\
            """,
            """
            m.safetensors: model.layers.0.self_attn.k_proj.weight_zero_point: error[KV3008]: \
            expected codes around 0, got a tensor of zero points
            note: use the model in a version with symmetric weights\
            """,
            """
            m.safetensors: model.layers.1.mlp.gate_proj.weight_scale: error[KV3006]: \
            expected a scale for each of 10 outputs, got none
            note: config.json and model.safetensors must come from the same model\
            """,
            """
            m.safetensors: model.layers.1.mlp.up_proj.weight_scale: error[KV3006]: \
            expected no scales beside a weight that is not I8, got some
            note: config.json and model.safetensors must come from the same model\
            """);
  }

  @Test
  void warnsOfTensorsThatAreNotUsed() {
    List<Weight> weights = weights(TIED);
    weights.add(
        InMemoryWeights.floats("model.layers.0.self_attn.rotary_emb.inv_freq", List.of(1L), 1));
    assertThat(check(TIED, weights)).isEmpty();

    weights.add(InMemoryWeights.floats("model.layers.2.mlp.up_proj.weight", List.of(1L), 1));
    assertThat(check(TIED, weights))
        .singleElement()
        .satisfies(
            diagnostic -> {
              assertThat(diagnostic.severity()).isEqualTo(Severity.WARNING);
              assertThat(diagnostic.code()).isEqualTo(DiagnosticCode.TENSOR_UNUSED);
              assertThat(diagnostic.place())
                  .isEqualTo("m.safetensors: model.layers.2.mlp.up_proj.weight");
            });
  }

  @Test
  void countsWhatItDoesNotName() {
    List<Diagnostic> diagnostics = check(config(10_000, true), List.of());
    assertThat(diagnostics).hasSize(21);
    assertThat(diagnostics.getLast().message()).isEqualTo("89982 more tensors like these");
  }

  @Test
  void anAcceptedSourceHasItsWeights() {
    InMemoryWeights source = InMemoryWeights.random(TIED, 1);
    assertThat(source.weight(WeightCatalog.logits(TIED)).shape()).containsExactly(12L, 8L);
    assertThat(source.weight(LayerWeight.OUTPUT.name(1)).toFloats()).hasSize(8 * 24);
    assertThatThrownBy(() -> source.weight("none")).isInstanceOf(CompilerBug.class);
  }

  @Test
  void halvesWidenExactly() {
    byte[] bytes = {0x00, 0x3e, 0x01, 0x00};
    Weight halves = new Weight("h", WeightType.F16, List.of(2L), MemorySegment.ofArray(bytes));
    assertThat(halves.toFloats()).containsExactly(1.5f, 0x1p-24f);
    Weight brain = new Weight("b", WeightType.BF16, List.of(2L), MemorySegment.ofArray(bytes));
    assertThat(brain.toFloats())
        .containsExactly(Float.intBitsToFloat(0x3e000000), Float.intBitsToFloat(0x00010000));
    assertThatThrownBy(
            () -> new Weight("s", WeightType.F32, List.of(2L), MemorySegment.ofArray(bytes)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(
            () ->
                new Weight("i", WeightType.I32, List.of(1L), MemorySegment.ofArray(bytes))
                    .floatAt(0))
        .isInstanceOf(IllegalStateException.class);
  }

  private static List<Weight> weights(ModelConfig config) {
    InMemoryWeights source = InMemoryWeights.random(config, 1);
    return new ArrayList<>(source.names().stream().map(source::weight).toList());
  }

  private static void quantise(List<Weight> weights, String name, List<Long> scales) {
    Weight weight =
        weights.stream().filter(one -> one.name().equals(name)).findFirst().orElseThrow();
    byte[] codes = new byte[(int) weight.elements()];
    replace(weights, new Weight(name, WeightType.I8, weight.shape(), MemorySegment.ofArray(codes)));
    int elements = (int) scales.stream().mapToLong(Long::longValue).reduce(1, (a, b) -> a * b);
    weights.add(InMemoryWeights.floats(name + "_scale", scales, new float[elements]));
  }

  private static void replace(List<Weight> weights, Weight replacement) {
    weights.replaceAll(weight -> weight.name().equals(replacement.name()) ? replacement : weight);
  }

  private static List<Diagnostic> check(ModelConfig config, List<Weight> weights) {
    Diagnostics diagnostics = new Diagnostics();
    WeightCatalog.check(config, new InMemoryWeights(weights), "m.safetensors", diagnostics);
    return diagnostics.list();
  }
}
