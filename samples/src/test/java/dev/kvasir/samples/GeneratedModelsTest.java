package dev.kvasir.samples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.codegen.driver.Compiler;
import dev.kvasir.codegen.driver.CompilerOptions;
import dev.kvasir.codegen.driver.Model;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.Session;
import dev.kvasir.samples.DecoderOracle.Shape;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Small models of every family with random weights, compiled and run, against plain arithmetic. */
final class GeneratedModelsTest {
  private static final int PROMPT = 70;
  private static final int STEPS = 12;
  private static final int SPAN = 40;

  /** What a config says about int8 weights. */
  static final String INT8 =
      """
      {"quant_method": "compressed-tensors", "format": "int-quantized", \
      "quantization_status": "compressed", "ignore": ["lm_head"], "kv_cache_scheme": null, \
      "config_groups": {"group_0": {"targets": ["Linear"], "input_activations": null, \
      "output_activations": null, "weights": {"num_bits": 8, "type": "int", "symmetric": true, \
      "strategy": "channel", "group_size": null, "dynamic": false}}}}""";

  @TempDir private Path folder;

  /**
   * A model and what it computes.
   *
   * @param scaling what the plan says about the scaling of the rotation; empty for nothing
   * @param decisive part of the names of the tensors without which results must differ
   */
  record Family(String name, List<String> arguments, Shape shape, String scaling, String decisive) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Family> families() {
    String small = "num_hidden_layers=2";
    return Stream.of(
        new Family(
            "qwen2, biases of queries, keys and values, tied, bf16",
            List.of(
                "qwen2.5-0.5b",
                small,
                "hidden_size=96",
                "intermediate_size=160",
                "num_attention_heads=6",
                "num_key_value_heads=2",
                "vocab_size=310",
                "bos_token_id=1",
                "eos_token_id=2"),
            new Shape(2, 96, 160, 6, 2, 16, 310, 1e6, 1e-6, f -> f),
            "",
            "k_proj.bias"),
        new Family(
            "qwen3, norms of wide heads, a table for the logits, f16, linear scaling",
            List.of(
                "qwen3-0.6b",
                small,
                "hidden_size=64",
                "intermediate_size=112",
                "num_attention_heads=4",
                "num_key_value_heads=2",
                "head_dim=32",
                "vocab_size=200",
                "bos_token_id=1",
                "eos_token_id=2",
                "tie_word_embeddings=false",
                "torch_dtype=\"float16\"",
                "rope_scaling={\"type\": \"linear\", \"factor\": 4}"),
            new Shape(2, 64, 112, 4, 2, 32, 200, 1e6, 1e-6, f -> f / 4),
            "linear(factor = 4.0)",
            "q_norm"),
        new Family(
            "llama 3.2, a rotation that is kept, blended and stretched, in three files",
            List.of(
                "llama-3.2-1b",
                small,
                "--shards",
                "3",
                "hidden_size=256",
                "intermediate_size=320",
                "num_attention_heads=8",
                "num_key_value_heads=2",
                "vocab_size=384",
                "bos_token_id=1",
                "eos_token_id=2",
                // Few enough positions for the short test to see every part of the formula.
                "rope_scaling={\"rope_type\": \"llama3\", \"factor\": 32.0, \"low_freq_factor\":"
                    + " 1.0, \"high_freq_factor\": 4.0, \"original_max_position_embeddings\": 64}"),
            new Shape(
                2, 256, 320, 8, 2, 64, 384, 5e5, 1e-5, f -> DecoderOracle.llama3(f, 32, 1, 4, 64)),
            "llama3(factor = 32.0, low_freq_factor = 1.0, high_freq_factor = 4.0, original = 64)",
            "nothing but the scaling"),
        new Family(
            "llama with every bias, f32",
            List.of(
                "llama-3.2-1b",
                small,
                "hidden_size=80",
                "intermediate_size=96",
                "num_attention_heads=4",
                "num_key_value_heads=4",
                "head_dim=32",
                "vocab_size=256",
                "bos_token_id=1",
                "eos_token_id=2",
                "attention_bias=true",
                "mlp_bias=true",
                "rope_scaling=null",
                "torch_dtype=\"float32\""),
            new Shape(2, 80, 96, 4, 4, 32, 256, 5e5, 1e-5, f -> f),
            "",
            "gate_proj.bias"),
        new Family(
            "llama with int8 weights and a bias, a table for the logits, bf16",
            List.of(
                "llama-3.2-1b",
                small,
                "hidden_size=104",
                "intermediate_size=300",
                "num_attention_heads=4",
                "num_key_value_heads=2",
                "head_dim=32",
                "vocab_size=250",
                "bos_token_id=1",
                "eos_token_id=2",
                "tie_word_embeddings=false",
                "mlp_bias=true",
                "rope_scaling=null",
                "quantization_config=" + INT8),
            new Shape(2, 104, 300, 4, 2, 32, 250, 5e5, 1e-5, f -> f),
            "",
            "down_proj.weight_scale"));
  }

  @ParameterizedTest
  @MethodSource("families")
  void logitsAreThoseOfPlainArithmetic(Family family) throws IOException {
    long seed = new Random().nextLong();
    generate(family.arguments(), seed);
    int[] tokens = new Random(seed).ints(PROMPT + STEPS, 0, family.shape().vocabulary()).toArray();
    double[][] expected = new DecoderOracle(family.shape(), folder).logits(tokens);

    List<float[]> found = run(tokens, family.scaling());
    assertThat(found).hasSize(1 + STEPS);
    for (int step = 0; step <= STEPS; step++) {
      assertThat(Vectors.cosine(found.get(step), expected[PROMPT - 1 + step]))
          .as("cosine at step %s, seed %s", step, seed)
          .isGreaterThan(0.99999);
    }
    // What tells the family apart matters: without it, the same arithmetic gives something else.
    Shape shape = family.shape();
    Shape other =
        new Shape(
            shape.layers(),
            shape.hidden(),
            shape.intermediate(),
            shape.heads(),
            shape.kvHeads(),
            shape.headDim(),
            shape.vocabulary(),
            shape.theta(),
            shape.epsilon(),
            f -> f);
    double[][] changed = new DecoderOracle(other, folder).without(family.decisive()).logits(tokens);
    assertThat(Vectors.cosine(found.getLast(), changed[changed.length - 1]))
        .as("seed %s", seed)
        .isLessThan(0.9999);
  }

  @Test
  void equalArgumentsGiveEqualBytes() throws IOException {
    List<String> arguments =
        List.of(
            "qwen3-0.6b",
            "num_hidden_layers=1",
            "vocab_size=100",
            "bos_token_id=null",
            "eos_token_id=null",
            "hidden_size=64");
    generate(arguments, 3);
    byte[] first = Files.readAllBytes(folder.resolve("model.safetensors"));
    generate(arguments, 3);
    assertThat(Files.readAllBytes(folder.resolve("model.safetensors"))).isEqualTo(first);
    generate(arguments, 4);
    assertThat(Files.readAllBytes(folder.resolve("model.safetensors"))).isNotEqualTo(first);
  }

  @Test
  void mistakesAreTold() {
    assertThat(fails(2)).contains("usage: GenerateModel", "llama-3.2-1b");
    assertThat(fails(2, "llama-3.2-1b", folder.toString(), "--wide"))
        .contains("expected --seed N, --shards N or KEY=VALUE, got --wide");
    assertThat(fails(3, "llama-3.2-1b", folder.toString(), "vocab_size=many"))
        .contains("expected well-formed JSON");
    assertThat(fails(2, "llama-3.2-1b", folder.toString(), "--shards", "1000"))
        .contains("expected 1 to 146 shards, got 1000");
    assertThat(fails(3, "llama-3.2-1b", folder.toString(), "vocab_size=-1"))
        .contains("vocab_size must be an integer");
    assertThat(fails(2, "llama-9", folder.toString())).contains("PRESET is one of");
  }

  private static String fails(int status, String... arguments) {
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    PrintStream print = new PrintStream(err, true, StandardCharsets.UTF_8);
    assertThat(GenerateModel.run(List.of(arguments), print, print)).isEqualTo(status);
    return err.toString(StandardCharsets.UTF_8);
  }

  private void generate(List<String> arguments, long seed) {
    List<String> all = new ArrayList<>(List.of(arguments.getFirst(), folder.toString()));
    all.addAll(List.of("--seed", String.valueOf(seed)));
    all.addAll(arguments.subList(1, arguments.size()));
    assertThat(GenerateModel.run(all, System.out, System.err)).isZero();
  }

  private List<float[]> run(int[] tokens, String scaling) throws IOException {
    CompilerOptions options = CompilerOptions.defaults().withMaxContext(128).withSpan(SPAN);
    Path plan = folder.resolve("test.kvplan");
    try (Model model = Model.open(folder)) {
      Compiler.compile(model, SampleModel.shipped("full", "f32"), options).plan().save(plan);
    }
    List<float[]> logits = new ArrayList<>();
    try (LoadedModel model = LoadedModel.load(plan, folder, SampleModel.twoThreads());
        Session session = model.newSession()) {
      assertThat(model.plan().manifest().model().ropeScaling().orElse("")).isEqualTo(scaling);
      session.append(Prompt.ofTokens(Arrays.copyOf(tokens, PROMPT)));
      logits.add(session.logits());
      for (int step = 0; step < STEPS; step++) {
        session.step(tokens[PROMPT + step]);
        logits.add(session.logits());
      }
    }
    return logits;
  }
}
