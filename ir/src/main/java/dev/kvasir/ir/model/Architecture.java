package dev.kvasir.ir.model;

import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/**
 * The families of models that are understood. All are decoders of the Llama kind: RMSNorm before
 * attention and before SwiGLU, rotary positions on half-split pairs, grouped KV heads. They differ
 * in biases, in norms inside attention, and in what a {@code config.json} means where it is silent.
 */
public enum Architecture {
  /** Biases where the config asks for them: on all of attention, on all of SwiGLU. */
  LLAMA("LlamaForCausalLM", "llama"),
  /** Attention may be limited to a sliding window. */
  MISTRAL("MistralForCausalLM", "mistral"),
  /** Queries, keys and values have a bias; the output of attention has none. */
  QWEN2("Qwen2ForCausalLM", "qwen2"),
  /** Each head of queries and keys has an RMSNorm of its own before it is rotated. */
  QWEN3("Qwen3ForCausalLM", "qwen3");

  private final String className;
  private final String modelType;

  Architecture(String className, String modelType) {
    this.className = className;
    this.modelType = modelType;
  }

  /** {@return the name under {@code architectures}} */
  public String className() {
    return className;
  }

  /** {@return the value of {@code model_type}, by which policies name the family} */
  public String modelType() {
    return modelType;
  }

  /** {@return whether queries and keys are normalised head by head before RoPE} */
  public boolean queryKeyNorms() {
    return switch (this) {
      case QWEN3 -> true;
      case LLAMA, MISTRAL, QWEN2 -> false;
    };
  }

  /** {@return the KV heads where the key is absent; empty: as many as query heads} */
  OptionalInt silentKvHeads() {
    return switch (this) {
      case LLAMA -> OptionalInt.empty();
      case MISTRAL -> OptionalInt.of(8);
      case QWEN2, QWEN3 -> OptionalInt.of(32);
    };
  }

  /** {@return the width of a head where the key is absent; empty: hidden size over heads} */
  OptionalInt silentHeadDim() {
    return switch (this) {
      case LLAMA, MISTRAL, QWEN2 -> OptionalInt.empty();
      case QWEN3 -> OptionalInt.of(128);
    };
  }

  /** {@return the sliding window where the key is absent; empty: none} */
  OptionalInt silentSlidingWindow() {
    return this == MISTRAL ? OptionalInt.of(4096) : OptionalInt.empty();
  }

  /** {@return whether silence about the first and last token of a text means 1 and 2} */
  boolean hasSilentTokens() {
    return switch (this) {
      case LLAMA, MISTRAL -> true;
      case QWEN2, QWEN3 -> false;
    };
  }

  /** {@return whether every attention layer is limited by {@code sliding_window}} */
  boolean hasSlidingWindow() {
    return this == MISTRAL;
  }

  /** {@return whether {@code use_sliding_window} decides if {@code sliding_window} counts} */
  boolean switchesSlidingWindow() {
    return switch (this) {
      case LLAMA, MISTRAL -> false;
      case QWEN2, QWEN3 -> true;
    };
  }

  static Optional<Architecture> named(String className) {
    return Arrays.stream(values()).filter(known -> known.className.equals(className)).findFirst();
  }

  static String classNames() {
    return Arrays.stream(values()).map(Architecture::className).collect(Collectors.joining(", "));
  }
}
