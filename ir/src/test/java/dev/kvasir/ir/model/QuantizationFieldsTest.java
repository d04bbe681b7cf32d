package dev.kvasir.ir.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.diag.SourceText;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which quantisations of weights a config may announce. */
class QuantizationFieldsTest {
  private static final String WEIGHTS =
      """
      {"num_bits": 8, "type": "int", "symmetric": true, "strategy": "channel", \
      "group_size": null, "block_structure": null, "dynamic": false, "actorder": null, \
      "observer": "minmax", "observer_kwargs": {}}""";
  private static final String GROUP =
      """
      {"targets": ["Linear"], "weights": %s, "input_activations": null, \
      "output_activations": null}"""
          .formatted(WEIGHTS);
  private static final String CONFIG =
      """
      {"quant_method": "compressed-tensors", "format": "int-quantized", \
      "quantization_status": "compressed", "ignore": ["lm_head"], "kv_cache_scheme": null, \
      "sparsity_config": {}, "global_compression_ratio": 1.5, "version": "0.9.4", \
      "config_groups": {"group_0": %s}}"""
          .formatted(GROUP);

  private static ModelConfig read(String quantization) {
    return ModelConfigReader.read(
        new SourceText(
            "config.json",
            """
            {"architectures": ["LlamaForCausalLM"], "num_hidden_layers": 2, "hidden_size": 48,
            "intermediate_size": 96, "num_attention_heads": 6, "vocab_size": 300,
            "max_position_embeddings": 512,
            "quantization_config": %s}
            """
                .formatted(quantization)));
  }

  @Test
  void readsSignedBytesWithAScaleForEachOutput() {
    assertThat(read(CONFIG).int8Weights()).isTrue();
    assertThat(read(CONFIG.replace("int-quantized", "naive-quantized")).int8Weights()).isTrue();
    assertThat(read("null").int8Weights()).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"num_bits\": 8|\"num_bits\": 4|.config_groups.group_0.weights.num_bits|8, got 4",
        "\"num_bits\": 8, ||.config_groups.group_0.weights.num_bits|8, got null",
        "\"int\"|\"float\"|.config_groups.group_0.weights.type|\"int\", got \"float\"",
        "\"symmetric\": true|\"symmetric\": false|.config_groups.group_0.weights.symmetric|true, got false",
        "\"channel\"|\"group\"|.config_groups.group_0.weights.strategy|\"channel\", got \"group\"",
        "\"channel\"|\"tensor\"|.config_groups.group_0.weights.strategy|\"channel\", got \"tensor\"",
        "\"group_size\": null|\"group_size\": 128|.config_groups.group_0.weights.group_size|null, got 128",
        "\"dynamic\": false|\"dynamic\": true|.config_groups.group_0.weights.dynamic|false, got true",
        "\"observer\"|\"rotation\"|.config_groups.group_0.weights.rotation|null, got \"minmax\"",
        "\"input_activations\": null|\"input_activations\": {\"num_bits\": 8}|.config_groups.group_0.input_activations|null, got {\"num_bits\":8}",
        "[\"Linear\"]|[\"Linear\", \"Embedding\"]|.config_groups.group_0.targets|[\"Linear\"], got [\"Linear\",\"Embedding\"]",
        "\"kv_cache_scheme\": null|\"kv_cache_scheme\": {\"num_bits\": 8}|.kv_cache_scheme|null, got {\"num_bits\":8}",
        "int-quantized|pack-quantized|.format|\"int-quantized\" or \"naive-quantized\", got \"pack-quantized\"",
        "\"sparsity_config\": {}|\"sparsity_config\": {\"format\": \"sparse-24\"}|.sparsity_config|null, got {\"format\":\"sparse-24\"}",
        "compressed-tensors|gptq||null or int8 weights of compressed-tensors, got {",
        "\"config_groups\"|\"groups\"|.config_groups|an object of groups, got null"
      })
  void refusesOthers(String from, String to, String key, String told) {
    String changed = CONFIG.replace(from, to == null ? "" : to);
    assertThat(changed).isNotEqualTo(CONFIG);
    CompileException refused = catchThrowableOfType(CompileException.class, () -> read(changed));
    String name = "quantization_config" + (key == null ? "" : key) + " ";
    List<Diagnostic> about =
        refused.diagnostics().stream().filter(d -> d.message().startsWith(name)).toList();
    assertThat(about).as("%s", refused.diagnostics()).hasSize(1);
    assertThat(about.getFirst().code()).isEqualTo(DiagnosticCode.UNSUPPORTED_CONFIG_KEY);
    assertThat(about.getFirst().message()).contains("supported only as " + told);
    assertThat(about.getFirst().span().orElseThrow().text()).startsWith("\"quantization_config\"");
    assertThat(about.getFirst().notes()).isNotEmpty();
  }
}
