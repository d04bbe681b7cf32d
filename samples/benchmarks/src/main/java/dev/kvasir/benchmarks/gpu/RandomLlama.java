package dev.kvasir.benchmarks.gpu;

import dev.kvasir.plans.safetensors.SafetensorsType;
import dev.kvasir.plans.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * A model of Llama's architecture with random weights in f16.
 *
 * @param hidden hidden size
 * @param intermediate width of the feed-forward networks
 * @param layers decoder layers
 * @param queryHeads query heads
 * @param kvHeads KV heads
 * @param headDim elements of a head
 * @param vocabulary token ids
 */
public record RandomLlama(
    int hidden,
    int intermediate,
    int layers,
    int queryHeads,
    int kvHeads,
    int headDim,
    int vocabulary) {

  /** Positions of the configuration. */
  static final int POSITIONS = 131_072;

  private static final int PATTERN = 1 << 19;
  private static final float DEVIATION = 0.02f;

  /** {@return the shapes of Llama-3.1-8B, but for the number of layers} */
  static RandomLlama eightBillion(int layers) {
    return new RandomLlama(4096, 14_336, layers, 32, 8, 128, 128_256);
  }

  /** {@return something small} */
  static RandomLlama small(int layers) {
    return new RandomLlama(64, 128, layers, 4, 2, 32, 256);
  }

  /** {@return weights that a step multiplies: all but the embedding} */
  long multiplied() {
    long attention = 2L * hidden * headDim * (queryHeads + kvHeads);
    return layers * (attention + 3L * hidden * intermediate) + (long) vocabulary * hidden;
  }

  /** Writes {@code config.json} and {@code model.safetensors}. */
  public void write(Path folder) throws IOException {
    Files.createDirectories(folder);
    Files.writeString(folder.resolve("config.json"), configuration());
    byte[] random = random();
    byte[] ones = ones();
    SafetensorsWriter writer = new SafetensorsWriter();
    add(writer, "model.embed_tokens", random, vocabulary, hidden);
    for (int layer = 0; layer < layers; layer++) {
      String name = "model.layers." + layer + ".";
      add(writer, name + "input_layernorm", ones, hidden);
      add(writer, name + "self_attn.q_proj", random, queryHeads * headDim, hidden);
      add(writer, name + "self_attn.k_proj", random, kvHeads * headDim, hidden);
      add(writer, name + "self_attn.v_proj", random, kvHeads * headDim, hidden);
      add(writer, name + "self_attn.o_proj", random, hidden, queryHeads * headDim);
      add(writer, name + "post_attention_layernorm", ones, hidden);
      add(writer, name + "mlp.gate_proj", random, intermediate, hidden);
      add(writer, name + "mlp.up_proj", random, intermediate, hidden);
      add(writer, name + "mlp.down_proj", random, hidden, intermediate);
    }
    add(writer, "model.norm", ones, hidden);
    add(writer, "lm_head", random, vocabulary, hidden);
    writer.write(folder.resolve("model.safetensors"));
  }

  private static void add(SafetensorsWriter writer, String name, byte[] pattern, int... shape) {
    writer.add(
        name + ".weight",
        SafetensorsType.F16,
        Arrays.stream(shape).mapToObj(Long::valueOf).toList(),
        (offset, chunk) -> repeat(pattern, offset, chunk));
  }

  private static void repeat(byte[] pattern, long offset, ByteBuffer chunk) {
    int from = (int) (offset % pattern.length);
    while (chunk.hasRemaining()) {
      int count = Math.min(chunk.remaining(), pattern.length - from);
      chunk.put(pattern, from, count);
      from = 0;
    }
  }

  private static byte[] random() {
    Random random = new Random(7);
    ByteBuffer bytes = ByteBuffer.allocate(PATTERN * Short.BYTES);
    for (int i = 0; i < PATTERN; i++) {
      put(bytes, DEVIATION * (float) random.nextGaussian());
    }
    return bytes.array();
  }

  private static byte[] ones() {
    ByteBuffer bytes = ByteBuffer.allocate(PATTERN * Short.BYTES);
    while (bytes.hasRemaining()) {
      put(bytes, 1);
    }
    return bytes.array();
  }

  /** Appends a number in binary16, little-endian. */
  private static void put(ByteBuffer bytes, float number) {
    bytes.putShort(Short.reverseBytes(Float.floatToFloat16(number)));
  }

  private String configuration() {
    return """
    {
      "architectures": ["LlamaForCausalLM"],
      "model_type": "llama",
      "hidden_act": "silu",
      "hidden_size": %d,
      "intermediate_size": %d,
      "num_hidden_layers": %d,
      "num_attention_heads": %d,
      "num_key_value_heads": %d,
      "head_dim": %d,
      "vocab_size": %d,
      "max_position_embeddings": %d,
      "rms_norm_eps": 1e-05,
      "rope_theta": 500000.0,
      "attention_bias": false,
      "mlp_bias": false,
      "tie_word_embeddings": false,
      "torch_dtype": "float16",
      "bos_token_id": null,
      "eos_token_id": null
    }
    """
        .formatted(
            hidden, intermediate, layers, queryHeads, kvHeads, headDim, vocabulary, POSITIONS);
  }

  /** {@return heads and widths, for people} */
  List<Integer> shape() {
    return List.of(hidden, intermediate, layers, queryHeads, kvHeads, headDim, vocabulary);
  }
}
