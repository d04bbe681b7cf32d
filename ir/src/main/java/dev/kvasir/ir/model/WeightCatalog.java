package dev.kvasir.ir.model;

import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.diag.Diagnostics;
import dev.kvasir.ir.type.ElementFormat;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Which tensors a Llama-family model consists of, and whether a file has them. */
public final class WeightCatalog {
  /** [vocabulary, hidden]: a row per token. */
  public static final String EMBEDDING = "model.embed_tokens.weight";

  /** [hidden]: the factors of the last RMSNorm. */
  public static final String FINAL_NORM = "model.norm.weight";

  /** [vocabulary, hidden]: absent where embeddings are tied. */
  public static final String LOGITS = "lm_head.weight";

  /** Older exports store the rotary frequencies, which follow from the config. */
  private static final Pattern DERIVED =
      Pattern.compile("model\\.layers\\.\\d{1,5}\\.self_attn\\.rotary_emb\\.inv_freq");

  private static final String SCALE = "_scale";
  private static final String ZERO_POINT = "_zero_point";

  private static final int MAX_REPORTED = 20;

  private WeightCatalog() {}

  /** {@return the name of the tensor that turns hidden rows into logits} */
  public static String logits(ModelConfig config) {
    return config.tiedEmbeddings() ? EMBEDDING : LOGITS;
  }

  /** {@return the name of the tensor that holds a scale for each output of an I8 weight} */
  public static String scale(String weight) {
    return weight + SCALE;
  }

  /** {@return the weights that may be stored as I8 where the config announces that} */
  public static Set<String> matrices(ModelConfig config) {
    Set<String> names = new LinkedHashSet<>();
    for (int layer = 0; layer < config.layers(); layer++) {
      for (LayerWeight weight : LayerWeight.values()) {
        if (weight.isMatrix()) {
          names.add(weight.name(layer));
        }
      }
    }
    if (!config.tiedEmbeddings()) {
      names.add(LOGITS);
    }
    return Collections.unmodifiableSet(names);
  }

  /** {@return every tensor of the model with its shape, in the order of a forward pass} */
  public static Map<String, List<Long>> expected(ModelConfig config) {
    Map<String, List<Long>> shapes = new LinkedHashMap<>();
    List<Long> table = List.of((long) config.vocabularySize(), (long) config.hiddenSize());
    shapes.put(EMBEDDING, table);
    for (int layer = 0; layer < config.layers(); layer++) {
      for (LayerWeight weight : LayerWeight.values()) {
        if (weight.isPartOf(config)) {
          shapes.put(weight.name(layer), weight.shape(config));
        }
        if (weight.hasBias(config)) {
          shapes.put(weight.biasName(layer), weight.shape(config).subList(0, 1));
        }
      }
    }
    shapes.put(FINAL_NORM, List.of((long) config.hiddenSize()));
    shapes.put(logits(config), table);
    return Collections.unmodifiableMap(shapes);
  }

  /**
   * Reports every tensor that is missing, of another shape or no floating-point type as an error,
   * with I8 allowed where the config announces it and a scale lies beside it, and every tensor that
   * the model does not use as a warning. Of each kind the first {@value #MAX_REPORTED} are named
   * and the rest counted.
   *
   * @param place what diagnostics call the source, usually the path of its file
   */
  public static void check(
      ModelConfig config, WeightSource source, String place, Diagnostics diagnostics) {
    Map<String, List<Long>> expected = expected(config);
    Set<String> quantisable = config.int8Weights() ? matrices(config) : Set.of();
    Set<String> scales = new HashSet<>();
    List<Diagnostic> errors = new ArrayList<>();
    expected.forEach(
        (name, shape) -> {
          mistake(name, shape, source.find(name), quantisable.contains(name), place)
              .ifPresent(errors::add);
          if (quantisable.contains(name)) {
            scales.add(scale(name));
            scaleMistake(name, shape, source, place).ifPresent(errors::add);
          }
        });
    report(errors, place, DiagnosticCode.TENSOR_MISSING, diagnostics);
    List<Diagnostic> warnings =
        source.names().stream()
            .filter(name -> !expected.containsKey(name) && !scales.contains(name))
            .filter(name -> !DERIVED.matcher(name).matches())
            .map(
                name ->
                    Diagnostic.warning(
                        DiagnosticCode.TENSOR_UNUSED,
                        place + ": " + name,
                        "the tensor is no part of "
                            + config.architecture().className()
                            + " with this config and is not used"))
            .toList();
    report(warnings, place, DiagnosticCode.TENSOR_UNUSED, diagnostics);
  }

  private static Optional<Diagnostic> mistake(
      String name, List<Long> shape, Optional<Weight> found, boolean int8, String place) {
    String at = place + ": " + name;
    if (found.isEmpty()) {
      return Optional.of(
          Diagnostic.error(
                  DiagnosticCode.TENSOR_MISSING,
                  at,
                  "expected a tensor of shape " + shape + ", got none")
              .withNote("config.json and model.safetensors must come from the same model"));
    }
    Weight weight = found.get();
    if (!weight.shape().equals(shape)) {
      return Optional.of(
          Diagnostic.error(
                  DiagnosticCode.TENSOR_SHAPE_MISMATCH,
                  at,
                  "expected shape %s, got %s".formatted(shape, weight.shape()))
              .withNote("config.json and model.safetensors must come from the same model"));
    }
    boolean number = weight.type().format().map(ElementFormat::isFloating).orElse(false);
    if (!number && !(int8 && weight.type() == WeightType.I8)) {
      return Optional.of(
          Diagnostic.error(
                  DiagnosticCode.TENSOR_TYPE_UNSUPPORTED,
                  at,
                  "expected element type F32, F16%s, got %s"
                      .formatted(int8 ? ", BF16 or I8" : " or BF16", weight.type()))
              .withNote("use the model in a version that is not quantised"));
    }
    return Optional.empty();
  }

  /** What is wrong with the scales of a weight, which an I8 weight has and no other does. */
  private static Optional<Diagnostic> scaleMistake(
      String name, List<Long> shape, WeightSource source, String place) {
    boolean int8 = source.find(name).filter(weight -> weight.type() == WeightType.I8).isPresent();
    Optional<Weight> scale = source.find(scale(name));
    String at = place + ": " + scale(name);
    if (int8 && source.find(name + ZERO_POINT).isPresent()) {
      return Optional.of(
          Diagnostic.error(
                  DiagnosticCode.TENSOR_TYPE_UNSUPPORTED,
                  place + ": " + name + ZERO_POINT,
                  "expected codes around 0, got a tensor of zero points")
              .withNote("use the model in a version with symmetric weights"));
    }
    if (int8 != scale.isPresent()) {
      return Optional.of(
          Diagnostic.error(
                  DiagnosticCode.TENSOR_MISSING,
                  at,
                  int8
                      ? "expected a scale for each of %d outputs, got none"
                          .formatted(shape.getFirst())
                      : "expected no scales beside a weight that is not I8, got some")
              .withNote("config.json and model.safetensors must come from the same model"));
    }
    return scale.flatMap(tensor -> scaleMistake(tensor, shape.getFirst(), at));
  }

  private static Optional<Diagnostic> scaleMistake(Weight scale, long outputs, String at) {
    if (!List.of(List.of(outputs), List.of(outputs, 1L)).contains(scale.shape())) {
      return Optional.of(
          Diagnostic.error(
                  DiagnosticCode.TENSOR_SHAPE_MISMATCH,
                  at,
                  "expected shape [%d, 1], got %s".formatted(outputs, scale.shape()))
              .withNote("use the model in a version with one scale for each output"));
    }
    if (!scale.type().format().map(ElementFormat::isFloating).orElse(false)) {
      return Optional.of(
          Diagnostic.error(
                  DiagnosticCode.TENSOR_TYPE_UNSUPPORTED,
                  at,
                  "expected element type F32, F16 or BF16, got " + scale.type())
              .withNote("config.json and model.safetensors must come from the same model"));
    }
    return Optional.empty();
  }

  private static void report(
      List<Diagnostic> found, String place, DiagnosticCode restCode, Diagnostics diagnostics) {
    found.stream().limit(MAX_REPORTED).forEach(diagnostics::report);
    if (found.size() > MAX_REPORTED) {
      Diagnostic first = found.getFirst();
      diagnostics.report(
          new Diagnostic(
              first.severity(),
              restCode,
              Optional.empty(),
              place,
              "%d more tensors like these".formatted(found.size() - MAX_REPORTED),
              List.of()));
    }
  }
}
