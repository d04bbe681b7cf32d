package dev.kvasir.fuzz.plan;

import dev.kvasir.ir.model.ModelConfigReader;
import dev.kvasir.ir.model.WeightCatalog;
import dev.kvasir.plans.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;

/**
 * A model with random weights.
 *
 * @param layers decoder layers
 * @param kvHeads KV heads of a layer
 * @param group query heads that share a KV head
 * @param headDim elements of a key or value row
 * @param seed of the weights
 */
record SmallModel(int layers, int kvHeads, int group, int headDim, long seed) {
  /** Token ids. */
  static final int VOCABULARY = 64;

  private static final int HIDDEN = 32;
  private static final double NORM_DEVIATION = 0.1;

  /** Makes attention look at some rows more than at others. */
  private static final double QUERY_DEVIATION = 2;

  /** {@return this model with so many query heads for each KV head} */
  SmallModel withGroup(int other) {
    return new SmallModel(layers, kvHeads, other, headDim, seed);
  }

  /** Writes the model's files into {@code folder}. */
  void write(Path folder) throws IOException {
    String config = config();
    Files.writeString(folder.resolve("config.json"), config);
    SafetensorsWriter writer = new SafetensorsWriter();
    Random random = new Random(seed);
    new TreeMap<>(
            WeightCatalog.expected(
                ModelConfigReader.read("config.json", config.getBytes(StandardCharsets.UTF_8))))
        .forEach(
            (name, shape) -> writer.addFloats(name, values(name, shape, random), sizes(shape)));
    Files.write(folder.resolve("model.safetensors"), writer.toBytes());
  }

  private String config() {
    return """
      {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_act": "silu",
        "hidden_size": %d,
        "intermediate_size": 48,
        "num_hidden_layers": %d,
        "num_attention_heads": %d,
        "num_key_value_heads": %d,
        "head_dim": %d,
        "vocab_size": %d,
        "max_position_embeddings": 4096,
        "rms_norm_eps": 1e-05,
        "rope_theta": 10000.0,
        "rope_scaling": null,
        "attention_bias": false,
        "tie_word_embeddings": true,
        "torch_dtype": "float32",
        "bos_token_id": null,
        "eos_token_id": [0]
      }
      """
        .formatted(HIDDEN, layers, kvHeads * group, kvHeads, headDim, VOCABULARY);
  }

  private static long[] sizes(List<Long> shape) {
    return shape.stream().mapToLong(Long::longValue).toArray();
  }

  private static float[] values(String name, List<Long> shape, Random random) {
    boolean norm = name.endsWith("norm.weight");
    double deviation =
        norm
            ? NORM_DEVIATION
            : (name.contains("q_proj") ? QUERY_DEVIATION : 1) / Math.sqrt(shape.getLast());
    float[] values = new float[Math.toIntExact(shape.stream().reduce(1L, Math::multiplyExact))];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) ((norm ? 1 : 0) + deviation * random.nextGaussian());
    }
    return values;
  }
}
