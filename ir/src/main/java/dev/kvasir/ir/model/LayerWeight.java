package dev.kvasir.ir.model;

import java.util.List;

/** The weights that a layer of a Llama-family model can have, in the order they are used. */
public enum LayerWeight {
  /** [hidden]: the factors of the RMSNorm before attention. */
  ATTENTION_NORM("input_layernorm"),
  /** [query heads * head dim, hidden]. */
  QUERY("self_attn.q_proj"),
  /** [KV heads * head dim, hidden]. */
  KEY("self_attn.k_proj"),
  /** [KV heads * head dim, hidden]. */
  VALUE("self_attn.v_proj"),
  /** [head dim]: the factors of the RMSNorm of each query head. */
  QUERY_NORM("self_attn.q_norm"),
  /** [head dim]: the factors of the RMSNorm of each key head. */
  KEY_NORM("self_attn.k_norm"),
  /** [hidden, query heads * head dim]. */
  OUTPUT("self_attn.o_proj"),
  /** [hidden]: the factors of the RMSNorm before SwiGLU. */
  FEED_FORWARD_NORM("post_attention_layernorm"),
  /** [intermediate, hidden]: the side that SiLU is applied to. */
  GATE("mlp.gate_proj"),
  /** [intermediate, hidden]. */
  UP("mlp.up_proj"),
  /** [hidden, intermediate]. */
  DOWN("mlp.down_proj");

  private final String part;

  LayerWeight(String part) {
    this.part = part;
  }

  /** {@return the tensor's name in layer {@code layer}, counted from 0} */
  public String name(int layer) {
    return "model.layers." + layer + "." + part + ".weight";
  }

  /** {@return the name of the bias beside this weight in layer {@code layer}} */
  public String biasName(int layer) {
    return "model.layers." + layer + "." + part + ".bias";
  }

  /** {@return whether the layers of a model have this weight} */
  public boolean isPartOf(ModelConfig config) {
    return switch (this) {
      case QUERY_NORM, KEY_NORM -> config.architecture().queryKeyNorms();
      case ATTENTION_NORM, QUERY, KEY, VALUE, OUTPUT, FEED_FORWARD_NORM, GATE, UP, DOWN -> true;
    };
  }

  /** {@return whether this is the matrix of a product, no vector of factors} */
  public boolean isMatrix() {
    return switch (this) {
      case QUERY, KEY, VALUE, OUTPUT, GATE, UP, DOWN -> true;
      case ATTENTION_NORM, FEED_FORWARD_NORM, QUERY_NORM, KEY_NORM -> false;
    };
  }

  /** {@return whether a bias of one number per output stands beside this weight} */
  public boolean hasBias(ModelConfig config) {
    return switch (this) {
      case QUERY, KEY, VALUE -> config.biases().queryKeyValue();
      case OUTPUT -> config.biases().output();
      case GATE, UP, DOWN -> config.biases().feedForward();
      case ATTENTION_NORM, FEED_FORWARD_NORM, QUERY_NORM, KEY_NORM -> false;
    };
  }

  /** {@return the shape that {@code config} asks for} */
  public List<Long> shape(ModelConfig config) {
    long hidden = config.hiddenSize();
    long intermediate = config.intermediateSize();
    return switch (this) {
      case ATTENTION_NORM, FEED_FORWARD_NORM -> List.of(hidden);
      case QUERY_NORM, KEY_NORM -> List.of((long) config.headDim());
      case QUERY -> List.of((long) config.queryWidth(), hidden);
      case KEY, VALUE -> List.of((long) config.kvWidth(), hidden);
      case OUTPUT -> List.of(hidden, (long) config.queryWidth());
      case GATE, UP -> List.of(intermediate, hidden);
      case DOWN -> List.of(hidden, intermediate);
    };
  }
}
