package dev.kvasir.fuzz;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvasir.codegen.driver.Compiler;
import dev.kvasir.codegen.driver.CompilerOptions;
import dev.kvasir.codegen.driver.Model;
import dev.kvasir.codegen.tile.TileSize;
import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.model.ModelConfigReader;
import dev.kvasir.ir.model.WeightCatalog;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;

/** The sound model that mutants come from: one layer of width 4, always the same numbers. */
final class GoldenModel {

  static final String CONFIG_FILE = "config.json";
  static final String WEIGHTS_FILE = "model.safetensors";

  static final String INDEX_FILE = "model.safetensors.index.json";

  private static final String FIRST_FILE = "model-00001-of-00002.safetensors";
  private static final String SECOND_FILE = "model-00002-of-00002.safetensors";

  private static final String CONFIG =
      """
      {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_act": "silu",
        "hidden_size": 4,
        "intermediate_size": 4,
        "num_hidden_layers": 1,
        "num_attention_heads": 1,
        "num_key_value_heads": 1,
        "head_dim": 4,
        "vocab_size": 256,
        "max_position_embeddings": 131072,
        "rms_norm_eps": 1e-05,
        "rope_theta": 10000.0,
        "rope_scaling": null,
        "attention_bias": false,
        "tie_word_embeddings": true,
        "torch_dtype": "float32",
        "bos_token_id": null,
        "eos_token_id": [0]
      }
      """;

  private GoldenModel() {}

  /** {@return the bytes of {@code config.json}} */
  static byte[] config() {
    return CONFIG.getBytes(StandardCharsets.UTF_8);
  }

  /** {@return the bytes of {@code model.safetensors}} */
  static byte[] weights() {
    return weights(name -> true);
  }

  /** {@return all files of the model with its weights in two files behind an index} */
  static SortedMap<String, byte[]> sharded() {
    SortedMap<String, byte[]> files = new TreeMap<>();
    files.put(CONFIG_FILE, config());
    files.put(FIRST_FILE, weights(GoldenModel::isFirst));
    files.put(SECOND_FILE, weights(name -> !isFirst(name)));
    ObjectNode index = JsonNodeFactory.instance.objectNode();
    index.putObject("metadata").put("format", "pt");
    ObjectNode places = index.putObject("weight_map");
    for (String name : tensors().keySet()) {
      places.put(name, isFirst(name) ? FIRST_FILE : SECOND_FILE);
    }
    files.put(INDEX_FILE, Json.write(index));
    return files;
  }

  private static boolean isFirst(String name) {
    return name.contains("layers");
  }

  private static SortedMap<String, List<Long>> tensors() {
    return new TreeMap<>(WeightCatalog.expected(ModelConfigReader.read(CONFIG_FILE, config())));
  }

  private static byte[] weights(Predicate<String> which) {
    Random random = new Random(1);
    SafetensorsWriter writer = new SafetensorsWriter();
    SortedMap<String, List<Long>> tensors = tensors();
    tensors.keySet().removeIf(which.negate());
    tensors.forEach(
        (name, extents) -> {
          long[] shape = extents.stream().mapToLong(Long::longValue).toArray();
          int elements = 1;
          for (long extent : shape) {
            elements = Math.multiplyExact(elements, Math.toIntExact(extent));
          }
          float[] values = new float[elements];
          for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
          }
          writer.addFloats(name, values, shape);
        });
    return writer.toBytes();
  }

  /** Writes the model's files into {@code folder}. */
  static void write(Path folder) throws IOException {
    Files.write(folder.resolve(CONFIG_FILE), config());
    Files.write(folder.resolve(WEIGHTS_FILE), weights());
  }

  /** {@return a plan of the model in {@code folder}} */
  static Plan compile(Path folder, String policy, int context, int span) {
    try (Model model = Model.open(folder)) {
      CompilerOptions options =
          CompilerOptions.defaults()
              .withMaxContext(context)
              .withSpan(span)
              .withTile(TileSize.ROWS_PER_SPLIT, 64)
              .withPlanFolder(folder);
      return Compiler.compile(model, Policy.parse(new SourceText("golden.kvp", policy)), options)
          .plan();
    }
  }
}
