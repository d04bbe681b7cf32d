package dev.kvasir.ir.model;

import com.fasterxml.jackson.databind.JsonNode;
import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.diag.Diagnostics;
import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.type.ElementFormat;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A Hugging Face {@code config.json} as a {@link ModelConfig}.
 *
 * <p>Where a config is silent, the defaults of Hugging Face's {@code LlamaConfig}, {@code
 * MistralConfig}, {@code Qwen2Config} and {@code Qwen3Config} hold; the sizes that describe the
 * weights have none here and must be written. Every key is accounted for: read, known not to change
 * the mathematics, or refused.
 */
public final class ModelConfigReader {
  /** The longest {@code config.json} that is read. */
  public static final int MAX_BYTES = 1 << 20;

  private static final int MAX_LAYERS = 10_000;
  private static final int MAX_WIDTH = 1 << 20;
  private static final int MAX_HEADS = 1 << 14;
  private static final int MAX_HEAD_DIM = 1 << 13;
  private static final int MAX_VOCABULARY = 1 << 24;
  static final int MAX_POSITIONS = 1 << 30;
  private static final double DEFAULT_EPSILON = 1e-6;
  private static final int DEFAULT_BEGIN = 1;
  private static final int DEFAULT_END = 2;

  // Values that depend on others are judged only while nothing is wrong, so that one mistake is
  // told once.
  private final Diagnostics diagnostics = new Diagnostics();
  private final Map<String, ConfigFields.Field> fields;
  private final ConfigValues values;

  private ModelConfigReader(SourceText text) {
    fields = ConfigFields.parse(text);
    values = new ConfigValues(text, fields, diagnostics);
  }

  /**
   * {@return the model that {@code bytes} describe}
   *
   * @param name what diagnostics call the bytes, usually the path of their file
   * @throws CompileException with everything that is wrong
   */
  public static ModelConfig read(String name, byte[] bytes) {
    if (bytes.length > MAX_BYTES) {
      throw new CompileException(
          Diagnostic.error(
                  DiagnosticCode.CONFIG_MALFORMED,
                  name,
                  "expected at most %d bytes, got %d".formatted(MAX_BYTES, bytes.length))
              .withNote("a config.json describes a model in a few hundred bytes"));
    }
    try {
      return read(
          new SourceText(
              name, StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString()));
    } catch (CharacterCodingException e) {
      throw new CompileException(
          Diagnostic.error(
                  DiagnosticCode.CONFIG_MALFORMED, name, "expected UTF-8 text, got other bytes")
              .withNote("copy config.json again from where the model was published"));
    }
  }

  /**
   * {@return the model that {@code text} describes}
   *
   * @throws CompileException with everything that is wrong
   */
  public static ModelConfig read(SourceText text) {
    return new ModelConfigReader(text).read();
  }

  private ModelConfig read() {
    Architecture architecture = architecture();
    checkModelType(architecture);
    fields.values().forEach(this::checkKey);
    int layers = values.required("num_hidden_layers", 1, MAX_LAYERS);
    int hiddenSize = values.required("hidden_size", 1, MAX_WIDTH);
    int intermediateSize = values.required("intermediate_size", 1, MAX_WIDTH);
    int queryHeads = values.required("num_attention_heads", 1, MAX_HEADS);
    int kvHeads = kvHeads(architecture, queryHeads);
    int headDim = headDim(architecture, hiddenSize, queryHeads);
    int vocabularySize = values.required("vocab_size", 1, MAX_VOCABULARY);
    int maxPositions = values.required("max_position_embeddings", 1, MAX_POSITIONS);
    double epsilon =
        values
            .value("rms_norm_eps")
            .map(value -> values.number("rms_norm_eps", value, 0, 1))
            .orElse(DEFAULT_EPSILON);
    RopeConfig rope = new RopeFields(values).read(diagnostics.hasErrors() ? 2 : headDim);
    Biases biases = biases(architecture);
    OptionalInt slidingWindow = slidingWindow(architecture, layers);
    boolean tied = values.truth("tie_word_embeddings", false);
    Optional<ElementFormat> torchDtype = torchDtype();
    boolean int8Weights = new QuantizationFields(values).int8Weights();
    int tokens = diagnostics.hasErrors() ? MAX_VOCABULARY : vocabularySize;
    OptionalInt begin = beginToken(architecture, tokens);
    List<Integer> ends = endTokens(architecture, tokens);
    diagnostics.throwIfErrors();
    return new ModelConfig(
        architecture,
        layers,
        hiddenSize,
        intermediateSize,
        queryHeads,
        kvHeads,
        headDim,
        vocabularySize,
        maxPositions,
        epsilon,
        rope,
        biases,
        slidingWindow,
        tied,
        torchDtype,
        int8Weights,
        begin,
        ends);
  }

  // An architecture that is not known stops the reading: what its other keys mean is not known.
  private Architecture architecture() {
    JsonNode names = values.value("architectures").orElse(null);
    boolean one = names != null && names.isArray() && names.size() == 1 && names.get(0).isTextual();
    return Optional.ofNullable(names)
        .filter(list -> one)
        .flatMap(list -> Architecture.named(list.get(0).textValue()))
        .orElseThrow(
            () ->
                unknownArchitecture(
                    "architectures",
                    "architectures must name one of %s, got %s"
                        .formatted(
                            Architecture.classNames(),
                            names == null ? "none" : ConfigValues.shorten(names.toString()))));
  }

  private void checkModelType(Architecture architecture) {
    values
        .value("model_type")
        .filter(type -> !type.isTextual() || !type.textValue().equals(architecture.modelType()))
        .ifPresent(
            type -> {
              throw unknownArchitecture(
                  "model_type",
                  "model_type of %s must be \"%s\", got %s"
                      .formatted(
                          architecture.className(),
                          architecture.modelType(),
                          ConfigValues.shorten(type.toString())));
            });
  }

  private CompileException unknownArchitecture(String key, String message) {
    return new CompileException(
        Diagnostic.error(DiagnosticCode.UNKNOWN_ARCHITECTURE, values.span(key), message)
            .withNote("use a model of one of these architectures"));
  }

  private void checkKey(ConfigFields.Field field) {
    String key = field.key();
    ConfigKeys.Neutral neutral = ConfigKeys.NEUTRAL.get(key);
    if (neutral != null) {
      if (!neutral.allows().test(field.value())) {
        unsupported(key, neutral.meaning(), field.value());
      }
    } else if (!ConfigKeys.READ.contains(key) && !ConfigKeys.IGNORED.contains(key)) {
      diagnostics.report(
          Diagnostic.error(
                  DiagnosticCode.UNKNOWN_CONFIG_KEY,
                  field.span(),
                  "unknown key %s could change the mathematics"
                      .formatted(ConfigValues.shorten(key)))
              .withNote("if it does not change what the model computes, remove it from the file"));
    }
  }

  private void unsupported(String key, String meaning, JsonNode value) {
    values.unsupported(key, key, meaning, value);
  }

  private int kvHeads(Architecture architecture, int queryHeads) {
    int kvHeads =
        values.has("num_key_value_heads")
            ? values.optional("num_key_value_heads", 1, MAX_HEADS).orElse(queryHeads)
            : architecture.silentKvHeads().orElse(queryHeads);
    if (!diagnostics.hasErrors() && queryHeads % kvHeads != 0) {
      values.invalid(
          "num_key_value_heads",
          "num_key_value_heads must divide num_attention_heads (%d), got %d"
              .formatted(queryHeads, kvHeads));
    }
    return kvHeads;
  }

  private int headDim(Architecture architecture, int hiddenSize, int queryHeads) {
    OptionalInt written =
        values.has("head_dim")
            ? values.optional("head_dim", 2, MAX_HEAD_DIM)
            : architecture.silentHeadDim();
    int headDim = written.orElse(hiddenSize / queryHeads);
    if (diagnostics.hasErrors()) {
      return headDim;
    }
    if (written.isEmpty() && hiddenSize % queryHeads != 0) {
      values.invalid(
          "hidden_size",
          "hidden_size must be a multiple of num_attention_heads (%d) where head_dim is absent, got %d"
              .formatted(queryHeads, hiddenSize));
    } else if (headDim < 2 || headDim > MAX_HEAD_DIM || headDim % 2 != 0) {
      values.invalid(
          written.isPresent() ? "head_dim" : "hidden_size",
          "the head dimension must be even and from 2 to %d, got %d"
              .formatted(MAX_HEAD_DIM, headDim));
    }
    return headDim;
  }

  private Biases biases(Architecture architecture) {
    // Only Llama's and Qwen3's code looks at attention_bias, only Llama's at mlp_bias.
    boolean attention =
        switch (architecture) {
          case LLAMA, QWEN3 -> values.truth("attention_bias", false);
          case MISTRAL -> required("attention_bias", false);
          case QWEN2 -> required("attention_bias", true);
        };
    boolean feedForward =
        switch (architecture) {
          case LLAMA -> values.truth("mlp_bias", false);
          case MISTRAL, QWEN2, QWEN3 -> required("mlp_bias", false);
        };
    return new Biases(attention, attention && architecture != Architecture.QWEN2, feedForward);
  }

  /** {@return {@code meaning}, the one value that a key may have where it is written} */
  private boolean required(String key, boolean meaning) {
    values
        .value(key)
        .filter(value -> !value.isBoolean() || value.booleanValue() != meaning)
        .ifPresent(value -> unsupported(key, String.valueOf(meaning), value));
    return meaning;
  }

  private OptionalInt slidingWindow(Architecture architecture, int layers) {
    layerTypes(architecture, layers);
    if (architecture.switchesSlidingWindow()) {
      // Off, or use_sliding_window has been refused: the window has no meaning then.
      values.optional("max_window_layers", 0, MAX_LAYERS);
      return OptionalInt.empty();
    }
    values
        .value("max_window_layers")
        .ifPresent(value -> unsupported("max_window_layers", "null", value));
    if (!architecture.hasSlidingWindow()) {
      values
          .value("sliding_window")
          .ifPresent(value -> unsupported("sliding_window", "null", value));
      return OptionalInt.empty();
    }
    return values.has("sliding_window")
        ? values.optional("sliding_window", 1, MAX_POSITIONS)
        : architecture.silentSlidingWindow();
  }

  private void layerTypes(Architecture architecture, int layers) {
    JsonNode types = values.value("layer_types").orElse(null);
    if (types == null) {
      return;
    }
    boolean full =
        architecture.switchesSlidingWindow()
            && types.isArray()
            && types.size() == layers
            && types.valueStream().allMatch(type -> type.asText().equals("full_attention"));
    if (!full && !diagnostics.hasErrors()) {
      unsupported(
          "layer_types",
          architecture.switchesSlidingWindow() ? "\"full_attention\" for every layer" : "null",
          types);
    }
  }

  private Optional<ElementFormat> torchDtype() {
    String key = values.has("dtype") ? "dtype" : "torch_dtype";
    JsonNode value = values.value(key).orElse(null);
    if (value == null) {
      return Optional.empty();
    }
    Optional<ElementFormat> format =
        switch (value.isTextual() ? value.textValue() : "") {
          case "float32" -> Optional.of(ElementFormat.F32);
          case "float16" -> Optional.of(ElementFormat.F16);
          case "bfloat16" -> Optional.of(ElementFormat.BF16);
          default -> Optional.empty();
        };
    if (format.isEmpty()) {
      values.invalid(key, key + " must be float32, float16 or bfloat16", value);
    }
    return format;
  }

  private OptionalInt beginToken(Architecture architecture, int vocabularySize) {
    return values.has("bos_token_id")
        ? values.optional("bos_token_id", 0, vocabularySize - 1)
        : silentToken(architecture, DEFAULT_BEGIN, vocabularySize);
  }

  private List<Integer> endTokens(Architecture architecture, int vocabularySize) {
    if (!values.has("eos_token_id")) {
      return silentToken(architecture, DEFAULT_END, vocabularySize).stream().boxed().toList();
    }
    List<Integer> ends = new ArrayList<>();
    values
        .value("eos_token_id")
        .ifPresent(
            value -> {
              for (JsonNode token : value.isArray() ? value : List.of(value)) {
                ends.add(values.integer("eos_token_id", token, 0, vocabularySize - 1));
              }
            });
    return ends;
  }

  private static OptionalInt silentToken(Architecture architecture, int token, int vocabularySize) {
    return architecture.hasSilentTokens() && token < vocabularySize
        ? OptionalInt.of(token)
        : OptionalInt.empty();
  }
}
