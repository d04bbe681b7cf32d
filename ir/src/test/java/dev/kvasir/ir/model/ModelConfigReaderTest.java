package dev.kvasir.ir.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.type.ElementFormat;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelConfigReaderTest {
  private static final Path NEEDLE = Path.of("..", "samples", "models", "needle", "config.json");

  /** The keys that every config must have. */
  private static final List<String> MINIMAL =
      List.of(
          "\"architectures\": [\"LlamaForCausalLM\"]",
          "\"num_hidden_layers\": 2",
          "\"hidden_size\": 48",
          "\"intermediate_size\": 96",
          "\"num_attention_heads\": 6",
          "\"vocab_size\": 300",
          "\"max_position_embeddings\": 512");

  @Test
  void readsTheSampleModel() throws IOException {
    ModelConfig config = ModelConfigReader.read("config.json", Files.readAllBytes(NEEDLE));

    assertThat(config)
        .isEqualTo(
            new ModelConfig(
                Architecture.LLAMA,
                4,
                128,
                256,
                4,
                2,
                32,
                256,
                2048,
                1e-5,
                new RopeConfig(10_000, 32),
                Biases.NONE,
                OptionalInt.empty(),
                true,
                Optional.of(ElementFormat.F32),
                false,
                OptionalInt.empty(),
                List.of()));
    assertThat(config.modelType()).isEqualTo("llama");
    assertThat(config.groupSize()).isEqualTo(2);
    assertThat(config.queryWidth()).isEqualTo(128);
    assertThat(config.kvWidth()).isEqualTo(64);
  }

  @Test
  void silenceMeansTheDefaultsOfLlama() {
    assertThat(read())
        .isEqualTo(
            new ModelConfig(
                Architecture.LLAMA,
                2,
                48,
                96,
                6,
                6,
                8,
                300,
                512,
                1e-6,
                new RopeConfig(10_000, 8),
                Biases.NONE,
                OptionalInt.empty(),
                false,
                Optional.empty(),
                false,
                OptionalInt.of(1),
                List.of(2)));
  }

  @Test
  void silenceMeansOtherDefaultsForMistral() {
    ModelConfig silent =
        read("\"architectures\": [\"MistralForCausalLM\"]", "\"num_attention_heads\": 24");
    assertThat(silent.kvHeads()).isEqualTo(8);
    assertThat(silent.slidingWindow()).hasValue(4096);
    assertThat(silent.modelType()).isEqualTo("mistral");

    ModelConfig written =
        read(
            "\"architectures\": [\"MistralForCausalLM\"]",
            "\"num_key_value_heads\": null",
            "\"sliding_window\": null");
    assertThat(written.kvHeads()).isEqualTo(6);
    assertThat(written.slidingWindow()).isEmpty();
    assertThat(
            read(
                    "\"architectures\": [\"MistralForCausalLM\"]",
                    "\"num_key_value_heads\": 2",
                    "\"sliding_window\": 100")
                .slidingWindow())
        .hasValue(100);
  }

  @Test
  void readsThePublishedFormOfLlamaThreeFamilies() {
    ModelConfig config =
        ModelConfigReader.read(
            new SourceText(
                "config.json",
                """
                {
                  "architectures": ["LlamaForCausalLM"], "attention_bias": false,
                  "attention_dropout": 0.0, "bos_token_id": 1, "eos_token_id": [2, 7],
                  "hidden_act": "silu", "hidden_size": 576, "initializer_range": 0.041666666666666664,
                  "intermediate_size": 1536, "is_llama_config": true, "max_position_embeddings": 8192,
                  "mlp_bias": false, "model_type": "llama", "num_attention_heads": 9,
                  "num_hidden_layers": 30, "num_key_value_heads": 3, "pretraining_tp": 1,
                  "rms_norm_eps": 1e-05, "rope_interleaved": false, "rope_scaling": null,
                  "rope_theta": 100000, "tie_word_embeddings": true, "torch_dtype": "bfloat16",
                  "transformers.js_config": {"kv_cache_dtype": {"q4f16": "float16"}},
                  "transformers_version": "4.40.1", "use_cache": true, "vocab_size": 49152
                }
                """));
    assertThat(config.headDim()).isEqualTo(64);
    assertThat(config.groupSize()).isEqualTo(3);
    assertThat(config.rope()).isEqualTo(new RopeConfig(100_000, 64));
    assertThat(config.torchDtype()).contains(ElementFormat.BF16);
    assertThat(config.beginToken()).hasValue(1);
    assertThat(config.endTokens()).containsExactly(2, 7);
  }

  @Test
  void readsRopeParametersOfNewerConfigs() {
    assertThat(
            read("\"rope_parameters\": {\"rope_theta\": 5e5, \"rope_type\": \"default\"}")
                .rope()
                .theta())
        .isEqualTo(500_000);
    assertThat(read("\"rope_parameters\": null", "\"rope_theta\": 7").rope().theta()).isEqualTo(7);
    assertThat(read("\"dtype\": \"float16\"").torchDtype()).contains(ElementFormat.F16);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"rope_scaling\": {\"rope_type\": \"dynamic\", \"factor\": 8.0}",
        "\"rope_scaling\": {\"type\": \"yarn\", \"factor\": 8.0}",
        "\"rope_scaling\": {\"rope_type\": \"longrope\", \"factor\": 8.0}",
        "\"rope_scaling\": {\"rope_type\": 7}",
        "\"rope_scaling\": {\"rope_type\": \"linear\", \"factor\": 8.0, \"mscale\": 2}",
        "\"rope_scaling\": {\"rope_type\": \"linear\", \"factor\": 8.0, \"low_freq_factor\": 1}",
        "\"rope_scaling\": {\"rope_type\": \"default\", \"rope_theta\": 7}",
        "\"max_window_layers\": 2",
        "\"layer_types\": [\"full_attention\", \"full_attention\"]",
        "\"hidden_act\": \"gelu\"",
        "\"hidden_act\": null",
        "\"attn_logit_softcapping\": 50.0",
        "\"final_logit_softcapping\": 30.0",
        "\"query_pre_attn_scalar\": 256",
        "\"partial_rotary_factor\": 0.5",
        "\"quantization_config\": {\"bits\": 4}",
        "\"num_experts\": 8",
        "\"num_local_experts\": 8",
        "\"num_experts_per_tok\": 2",
        "\"logit_scale\": 0.0625",
        "\"embedding_multiplier\": 12.0",
        "\"residual_multiplier\": 0.22",
        "\"use_qk_norm\": true",
        "\"pretraining_tp\": 2",
        "\"rope_interleaved\": true",
        "\"use_sliding_window\": true",
        "\"sliding_window\": 4096",
        "\"auto_map\": {\"AutoModel\": \"modeling.Model\"}",
        "\"rope_parameters\": {\"rope_type\": \"yarn\", \"factor\": 4}",
        "\"rope_parameters\": {\"rope_theta\": 1e4, \"partial_rotary_factor\": 0.25}",
        "\"rope_parameters\": {\"full_attention\": {}}"
      })
  void refusesMathematicsThatIsNotSupported(String line) {
    String key = line.substring(1, line.indexOf('"', 1));
    assertThat(refused(line))
        .allSatisfy(
            diagnostic -> {
              assertThat(diagnostic.code()).isEqualTo(DiagnosticCode.UNSUPPORTED_CONFIG_KEY);
              assertThat(diagnostic.message())
                  .startsWith(key)
                  .contains("supported only as", "got ");
              assertThat(diagnostic.span().orElseThrow().text()).startsWith("\"" + key + "\"");
              assertThat(diagnostic.notes()).isNotEmpty();
            });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"rope_scaling\": null",
        "\"partial_rotary_factor\": 1.0",
        "\"use_qk_norm\": false",
        "\"attention_bias\": false",
        "\"mlp_bias\": false",
        "\"rope_scaling\": {\"rope_type\": \"default\"}",
        "\"num_experts\": null",
        "\"logit_scale\": 1",
        "\"pad_token_id\": -1",
        "\"id2label\": {\"0\": \"A\"}",
        "\"sliding_window\": null"
      })
  void acceptsKeysThatLeaveTheMathematicsAlone(String line) {
    assertThat(read(line)).isEqualTo(read());
  }

  @Test
  void refusesUnknownKeysWithTheirPlace() {
    CompileException refused =
        catchThrowableOfType(
            CompileException.class,
            () ->
                ModelConfigReader.read(
                    new SourceText(
                        "needle/config.json",
                        "{\n  "
                            + String.join(",\n  ", MINIMAL)
                            + ",\n  \"attention_sink_bias\": 3\n}\n")));
    assertThat(refused)
        .hasMessage(
            """
            needle/config.json:9:3: error[KV3014]: unknown key attention_sink_bias could change the mathematics
              "attention_sink_bias": 3
              ^^^^^^^^^^^^^^^^^^^^^^^^
            note: if it does not change what the model computes, remove it from the file\
            """);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "num_hidden_layers|0|from 1 to 10000, got 0",
        "num_hidden_layers|10001|from 1 to 10000, got 10001",
        "num_hidden_layers|2.0|got 2.0",
        "num_hidden_layers|\"2\"|got \"2\"",
        "num_hidden_layers|true|got true",
        "num_hidden_layers|[2]|got [2]",
        "num_hidden_layers|null|got none",
        "hidden_size|-48|from 1 to 1048576, got -48",
        "hidden_size|99999999999999999999|got 99999999999999999999",
        "hidden_size|4294967344|got 4294967344",
        "hidden_size|50|multiple of num_attention_heads (6)",
        "intermediate_size|1e3|got 1000.0",
        "num_attention_heads|0|from 1 to 16384, got 0",
        "num_key_value_heads|4|must divide num_attention_heads (6), got 4",
        "num_key_value_heads|12|must divide num_attention_heads (6), got 12",
        "num_key_value_heads|-1|got -1",
        "head_dim|7|even and from 2 to 8192, got 7",
        "head_dim|0|from 2 to 8192, got 0",
        "head_dim|8194|got 8194",
        "vocab_size|16777217|got 16777217",
        "max_position_embeddings|0|got 0",
        "max_position_embeddings|1073741825|got 1073741825",
        "rms_norm_eps|0|above 0.0 and up to 1.0, got 0",
        "rms_norm_eps|-1e-6|got -",
        "rms_norm_eps|2|got 2",
        "rms_norm_eps|\"1e-6\"|got",
        "rope_theta|1|above 1.0",
        "rope_theta|1e13|got 1.0E13",
        "rope_theta|1e999|above 1.0",
        "rope_parameters|7|must be an object, got 7",
        "rope_scaling|[]|must be an object, got []",
        "rope_scaling|{}|must have a rope_type, got {}",
        "rope_scaling|{\"rope_type\": \"linear\"}|factor must be a number from 1, got none",
        "rope_scaling|{\"rope_type\": \"linear\", \"factor\": 0.5}|from 1, got 0.5",
        "rope_scaling|{\"rope_type\": \"linear\", \"factor\": \"2\"}|from 1, got \"2\"",
        "rope_scaling|{\"rope_type\": \"linear\", \"factor\": 1e999}|from 1, got \"Infinity\"",
        "rope_scaling|{\"rope_type\": \"linear\", \"type\": \"default\", \"factor\": 2}|type must equal",
        "rope_scaling|{\"rope_type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 4, \"high_freq_factor\": 4, \"original_max_position_embeddings\": 64}|above low_freq_factor (4.0), got 4.0",
        "rope_scaling|{\"rope_type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 0, \"high_freq_factor\": 4, \"original_max_position_embeddings\": 64}|low_freq_factor must be a number above 0.0",
        "rope_scaling|{\"rope_type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 1, \"high_freq_factor\": 4}|original_max_position_embeddings must be an integer",
        "rope_parameters|{\"rope_theta\": 0}|above 1.0",
        "tie_word_embeddings|1|true or false, got 1",
        "torch_dtype|\"float8\"|float32, float16 or bfloat16, got \"float8\"",
        "bos_token_id|300|from 0 to 299, got 300",
        "eos_token_id|-1|from 0 to 299, got -1",
        "eos_token_id|[2, 300]|from 0 to 299, got 300",
        "eos_token_id|[[2]]|got [2]"
      })
  void refusesValuesOutsideTheirRange(String key, String value, String message) {
    List<Diagnostic> diagnostics = refused("\"%s\": %s".formatted(key, value));
    assertThat(diagnostics)
        .hasSize(1)
        .allSatisfy(
            diagnostic -> {
              assertThat(diagnostic.code()).isEqualTo(DiagnosticCode.CONFIG_VALUE_INVALID);
              assertThat(diagnostic.message()).contains("must", message);
              assertThat(diagnostic.notes()).isNotEmpty();
            });
  }

  @Test
  void refusesTwoThetasThatDiffer() {
    assertThat(refused("\"rope_theta\": 1e4", "\"rope_parameters\": {\"rope_theta\": 1e5}"))
        .extracting(Diagnostic::message)
        .containsExactly(
            "rope_theta must equal rope_parameters.rope_theta (100000.0), got 10000.0");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"architectures\": null",
        "\"architectures\": []",
        "\"architectures\": \"LlamaForCausalLM\"",
        "\"architectures\": [7]",
        "\"architectures\": [\"GPT2LMHeadModel\"]",
        "\"architectures\": [\"LlamaForCausalLM\", \"MistralForCausalLM\"]",
        "\"model_type\": \"mistral\"",
        "\"model_type\": 7"
      })
  void refusesOtherArchitectures(String line) {
    assertThat(refused(line))
        .singleElement()
        .satisfies(
            diagnostic -> {
              assertThat(diagnostic.code()).isEqualTo(DiagnosticCode.UNKNOWN_ARCHITECTURE);
              assertThat(diagnostic.message()).contains("LlamaForCausalLM", "got ");
            });
  }

  @Test
  void namesTheKnownArchitectures() {
    assertThat(refused("\"architectures\": [\"GPT2LMHeadModel\"]"))
        .extracting(Diagnostic::message)
        .containsExactly(
            "architectures must name one of LlamaForCausalLM, MistralForCausalLM,"
                + " Qwen2ForCausalLM, Qwen3ForCausalLM, got [\"GPT2LMHeadModel\"]");
  }

  @Test
  void reportsEverythingAtOnce() {
    assertThat(refused("\"vocab_size\": 0", "\"alibi\": true", "\"surprise\": 1"))
        .extracting(Diagnostic::code)
        .containsExactlyInAnyOrder(
            DiagnosticCode.CONFIG_VALUE_INVALID,
            DiagnosticCode.UNSUPPORTED_CONFIG_KEY,
            DiagnosticCode.UNKNOWN_CONFIG_KEY);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "7",
        "{",
        "{\"vocab_size\": 1",
        "{} {}",
        "{\"a\": 1, \"a\": 1}",
        "{\"a\": {\"b\": 1, \"b\": 1}}",
        "{\"a\": NaN}",
        "{a: 1}",
        "{\"a\": 1,}",
        "\uFEFF{}"
      })
  void refusesMalformedText(String text) {
    assertMalformed(text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void refusesHostileText() {
    assertMalformed(new byte[ModelConfigReader.MAX_BYTES + 1]);
    assertMalformed(new byte[] {'{', (byte) 0xFF, '}'});
    assertMalformed(("{\"a\":" + "[".repeat(100_000)).getBytes(StandardCharsets.UTF_8));
    assertMalformed(("{\"a\":" + "9".repeat(100_000) + "}").getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void damagedConfigsAreRefusedOrRead() throws IOException {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    byte[] whole = Files.readAllBytes(NEEDLE);
    for (int i = 0; i < 5_000; i++) {
      byte[] damaged = whole.clone();
      for (int edit = 0; edit <= random.nextInt(3); edit++) {
        damaged[random.nextInt(damaged.length)] =
            (byte) (random.nextBoolean() ? random.nextInt() : '0' + random.nextInt(10));
      }
      try {
        ModelConfigReader.read("damaged", damaged);
      } catch (CompileException refused) {
        assertThat(refused.diagnostics()).isNotEmpty();
      } catch (RuntimeException e) {
        throw new AssertionError("seed " + seed + ", round " + i, e);
      }
    }
  }

  private static void assertMalformed(byte[] bytes) {
    CompileException refused =
        catchThrowableOfType(
            CompileException.class, () -> ModelConfigReader.read("config.json", bytes));
    assertThat(refused).isNotNull();
    assertThat(refused.diagnostics())
        .singleElement()
        .satisfies(
            diagnostic -> {
              assertThat(diagnostic.code()).isEqualTo(DiagnosticCode.CONFIG_MALFORMED);
              assertThat(diagnostic.render()).startsWith("config.json").contains("expected");
              assertThat(diagnostic.notes()).isNotEmpty();
            });
  }

  private static List<Diagnostic> refused(String... lines) {
    CompileException refused = catchThrowableOfType(CompileException.class, () -> read(lines));
    assertThat(refused).isNotNull();
    return refused.diagnostics();
  }

  /** Reads the minimal config with {@code lines} added or in place of a line of the same key. */
  private static ModelConfig read(String... lines) {
    List<String> keys = Stream.of(lines).map(line -> line.substring(0, line.indexOf(':'))).toList();
    String json =
        Stream.concat(
                MINIMAL.stream().filter(line -> keys.stream().noneMatch(line::startsWith)),
                Stream.of(lines))
            .collect(Collectors.joining(",\n", "{\n", "\n}\n"));
    return ModelConfigReader.read(new SourceText("config.json", json));
  }
}
