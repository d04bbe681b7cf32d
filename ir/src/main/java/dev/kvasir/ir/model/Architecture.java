package dev.kvasir.ir.model;

import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/**
 * The families of models that are understood. Both are decoders of the Llama kind: RMSNorm before
 * attention and before SwiGLU, rotary positions on half-split pairs, grouped KV heads, no biases.
 * They differ in what a {@code config.json} means where it is silent.
 */
public enum Architecture {
  LLAMA("LlamaForCausalLM", "llama", OptionalInt.empty(), OptionalInt.empty()),
  /** Attention may be limited to a sliding window. */
  MISTRAL("MistralForCausalLM", "mistral", OptionalInt.of(8), OptionalInt.of(4096));

  private final String className;
  private final String modelType;
  private final OptionalInt silentKvHeads;
  private final OptionalInt silentSlidingWindow;

  Architecture(
      String className,
      String modelType,
      OptionalInt silentKvHeads,
      OptionalInt silentSlidingWindow) {
    this.className = className;
    this.modelType = modelType;
    this.silentKvHeads = silentKvHeads;
    this.silentSlidingWindow = silentSlidingWindow;
  }

  /** {@return the name under {@code architectures}} */
  public String className() {
    return className;
  }

  /** {@return the value of {@code model_type}, by which policies name the family} */
  public String modelType() {
    return modelType;
  }

  /** {@return the KV heads where the key is absent; empty: as many as query heads} */
  OptionalInt silentKvHeads() {
    return silentKvHeads;
  }

  /** {@return the sliding window where the key is absent; empty: none} */
  OptionalInt silentSlidingWindow() {
    return silentSlidingWindow;
  }

  /** {@return whether the family knows a sliding window at all} */
  boolean hasSlidingWindow() {
    return this == MISTRAL;
  }

  static Optional<Architecture> named(String className) {
    return Arrays.stream(values()).filter(known -> known.className.equals(className)).findFirst();
  }

  static String classNames() {
    return Arrays.stream(values()).map(Architecture::className).collect(Collectors.joining(", "));
  }
}
