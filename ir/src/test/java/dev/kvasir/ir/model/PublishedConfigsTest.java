package dev.kvasir.ir.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.diag.SourceText;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Configs in the form in which models of each family are published. */
class PublishedConfigsTest {
  private static final String QWEN2 =
      """
      {
        "architectures": ["Qwen2ForCausalLM"], "attention_dropout": 0.0, "bos_token_id": 151643,
        "eos_token_id": 151645, "hidden_act": "silu", "hidden_size": 896, "initializer_range": 0.02,
        "intermediate_size": 4864, "max_position_embeddings": 32768, "max_window_layers": 21,
        "model_type": "qwen2", "num_attention_heads": 14, "num_hidden_layers": 24,
        "num_key_value_heads": 2, "rms_norm_eps": 1e-06, "rope_theta": 1000000.0,
        "sliding_window": 32768, "tie_word_embeddings": true, "torch_dtype": "bfloat16",
        "transformers_version": "4.43.1", "use_cache": true, "use_mrope": false,
        "use_sliding_window": false, "vocab_size": 151936
      }
      """;

  private static final String QWEN3 =
      """
      {
        "architectures": ["Qwen3ForCausalLM"], "attention_bias": false, "attention_dropout": 0.0,
        "bos_token_id": 151643, "eos_token_id": 151645, "head_dim": 128, "hidden_act": "silu",
        "hidden_size": 1024, "initializer_range": 0.02, "intermediate_size": 3072,
        "layer_types": ["full_attention", "full_attention"],
        "max_position_embeddings": 40960, "max_window_layers": 28, "model_type": "qwen3",
        "num_attention_heads": 16, "num_hidden_layers": 2, "num_key_value_heads": 8,
        "rms_norm_eps": 1e-06, "rope_scaling": null, "rope_theta": 1000000, "sliding_window": null,
        "tie_word_embeddings": true, "torch_dtype": "bfloat16", "transformers_version": "4.51.0",
        "use_cache": true, "use_sliding_window": false, "vocab_size": 151936
      }
      """;

  private static final String LLAMA =
      """
      {
        "architectures": ["LlamaForCausalLM"], "attention_bias": false, "attention_dropout": 0.0,
        "bos_token_id": 128000, "eos_token_id": [128001, 128008, 128009], "head_dim": 64,
        "hidden_act": "silu", "hidden_size": 2048, "initializer_range": 0.02,
        "intermediate_size": 8192, "max_position_embeddings": 131072, "mlp_bias": false,
        "model_type": "llama", "num_attention_heads": 32, "num_hidden_layers": 16,
        "num_key_value_heads": 8, "pretraining_tp": 1, "rms_norm_eps": 1e-05,
        "rope_scaling": {"factor": 32.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0,
          "original_max_position_embeddings": 8192, "rope_type": "llama3"},
        "rope_theta": 500000.0, "tie_word_embeddings": true, "torch_dtype": "bfloat16",
        "transformers_version": "4.45.0.dev0", "use_cache": true, "vocab_size": 128256
      }
      """;

  @Test
  void qwen2HasBiasesOnQueriesKeysAndValues() {
    ModelConfig config = read(QWEN2);
    assertThat(config.architecture()).isEqualTo(Architecture.QWEN2);
    assertThat(config.modelType()).isEqualTo("qwen2");
    assertThat(config.headDim()).isEqualTo(64);
    assertThat(config.biases()).isEqualTo(new Biases(true, false, false));
    assertThat(config.slidingWindow()).isEmpty();
    assertThat(config.tiedEmbeddings()).isTrue();
    assertThat(config.endTokens()).containsExactly(151645);
    assertThat(config.architecture().queryKeyNorms()).isFalse();
  }

  @Test
  void qwen3HasNormsOfHeadsWiderThanTheResidualStream() {
    ModelConfig config = read(QWEN3);
    assertThat(config.architecture().queryKeyNorms()).isTrue();
    assertThat(config.modelType()).isEqualTo("qwen3");
    assertThat(config.headDim()).isEqualTo(128);
    assertThat(config.queryWidth()).isEqualTo(2048).isGreaterThan(config.hiddenSize());
    assertThat(config.biases()).isEqualTo(Biases.NONE);
    assertThat(read(QWEN3.replace("\"head_dim\": 128, ", "")).headDim()).isEqualTo(128);
    assertThat(
            read(QWEN3.replace("\"attention_bias\": false", "\"attention_bias\": true")).biases())
        .isEqualTo(new Biases(true, true, false));
  }

  @Test
  void silenceOfQwenSaysNothingAboutTokens() {
    ModelConfig config =
        read(
            QWEN2
                .replace("\"bos_token_id\": 151643,", "")
                .replace("\"eos_token_id\": 151645,", ""));
    assertThat(config.beginToken()).isEmpty();
    assertThat(config.endTokens()).isEmpty();
  }

  @Test
  void llamaStretchesItsRotation() {
    RopeConfig expected = new RopeConfig(500_000, 64, new RopeScaling.Llama3(32, 1, 4, 8192));
    assertThat(read(LLAMA).rope()).isEqualTo(expected);
    assertThat(read(LLAMA.replace("rope_type", "type")).rope()).isEqualTo(expected);
    String newer =
        LLAMA
            .replace("\"rope_scaling\": {", "\"rope_parameters\": {\"rope_theta\": 500000.0,")
            .replace("\"rope_theta\": 500000.0, \"tie", "\"tie");
    assertThat(newer).isNotEqualTo(LLAMA);
    assertThat(read(newer).rope()).isEqualTo(expected);
    assertThat(
            read(LLAMA.replaceAll("(?s)\\{\"factor.*?}", "{\"type\": \"linear\", \"factor\": 2}"))
                .rope()
                .scaling())
        .isEqualTo(new RopeScaling.Linear(2));
  }

  @Test
  void llamaMayHaveBiases() {
    assertThat(read(LLAMA.replace("\"mlp_bias\": false", "\"mlp_bias\": true")).biases())
        .isEqualTo(new Biases(false, false, true));
    assertThat(
            read(LLAMA.replace("\"attention_bias\": false", "\"attention_bias\": true")).biases())
        .isEqualTo(new Biases(true, true, false));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"use_sliding_window\": false|\"use_sliding_window\": true|use_sliding_window",
        "\"use_mrope\": false|\"use_mrope\": true|use_mrope",
        "\"use_cache\": true|\"attention_bias\": false|attention_bias",
        "\"use_cache\": true|\"mlp_bias\": true|mlp_bias",
        "\"use_cache\": true|\"layer_types\": [\"sliding_attention\"]|layer_types",
        "\"use_cache\": true|\"layer_types\": [\"full_attention\"]|layer_types"
      })
  void qwenRefusesMathematicsThatItHasNot(String published, String changed, String key) {
    String config = QWEN2.replace(published, changed);
    CompileException refused = catchThrowableOfType(CompileException.class, () -> read(config));
    assertThat(refused).isNotNull();
    assertThat(refused.diagnostics())
        .singleElement()
        .satisfies(
            diagnostic -> {
              assertThat(diagnostic.code()).isEqualTo(DiagnosticCode.UNSUPPORTED_CONFIG_KEY);
              assertThat(diagnostic.message()).startsWith(key + " changes the mathematics");
            });
  }

  @Test
  void otherKindsOfScalingAreNamed() {
    String config = LLAMA.replace("llama3", "yarn");
    CompileException refused = catchThrowableOfType(CompileException.class, () -> read(config));
    assertThat(refused.diagnostics())
        .extracting(Diagnostic::message)
        .containsExactly(
            "rope_scaling.rope_type changes the mathematics and is supported only as \"default\","
                + " \"linear\" or \"llama3\", got \"yarn\"");
  }

  @Test
  void twoSpellingsOfOneRotationAreRefused() {
    String config =
        LLAMA.replace("\"rope_theta\": 500000.0", "\"rope_parameters\": {\"rope_theta\": 5e5}");
    CompileException refused = catchThrowableOfType(CompileException.class, () -> read(config));
    assertThat(refused.diagnostics())
        .extracting(Diagnostic::message)
        .containsExactly("rope_scaling must be absent where rope_parameters is present");
  }

  private static ModelConfig read(String json) {
    return ModelConfigReader.read(new SourceText("config.json", json));
  }
}
