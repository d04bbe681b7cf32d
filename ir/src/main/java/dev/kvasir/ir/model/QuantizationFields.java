package dev.kvasir.ir.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * What a config says about quantised weights: nothing, or the one scheme of the compressed-tensors
 * library that is supported, signed bytes with a scale for each output. Which weights are stored so
 * is seen in the files: a list of modules that are not quantised changes nothing.
 */
final class QuantizationFields {
  /** The key that this class reads. */
  static final String KEY = "quantization_config";

  private static final String METHOD = "quant_method";
  private static final String GROUPS = "config_groups";

  private static final Map<String, Rule> TOP =
      Map.of(
          METHOD,
          one("\"compressed-tensors\"", "compressed-tensors"),
          "format",
          one("\"int-quantized\" or \"naive-quantized\"", "int-quantized", "naive-quantized"),
          "quantization_status",
          one("\"compressed\"", "compressed", "frozen"),
          "kv_cache_scheme",
          Rule.ABSENT,
          "sparsity_config",
          Rule.EMPTY,
          "transform_config",
          Rule.EMPTY);
  private static final Map<String, Rule> GROUP =
      Map.of(
          "targets",
          new Rule("[\"Linear\"]", QuantizationFields::linear),
          "format",
          one("\"int-quantized\"", "int-quantized", "naive-quantized").orNull(),
          "input_activations",
          Rule.ABSENT,
          "output_activations",
          Rule.ABSENT);
  private static final Map<String, Rule> WEIGHTS =
      Map.of(
          "num_bits",
          new Rule("8", value -> value.isInt() && value.intValue() == 8),
          "type",
          one("\"int\"", "int"),
          "symmetric",
          new Rule("true", value -> value.isBoolean() && value.booleanValue()),
          "strategy",
          one("\"channel\"", "channel"),
          "dynamic",
          new Rule(
              "false", value -> value.isNull() || (value.isBoolean() && !value.booleanValue())),
          "group_size",
          Rule.ABSENT,
          "block_structure",
          Rule.ABSENT,
          "actorder",
          Rule.ABSENT);

  /** What tells how codes and scales were found, or how many bytes that saved. */
  private static final Set<String> IGNORED =
      Set.of(
          "global_compression_ratio",
          "ignore",
          "observer",
          "observer_kwargs",
          "run_compressed",
          "scale_dtype",
          "version",
          "zp_dtype");

  private final ConfigValues values;

  QuantizationFields(ConfigValues values) {
    this.values = values;
  }

  /** {@return whether weights are announced as signed bytes with a scale for each output} */
  boolean int8Weights() {
    Optional<JsonNode> written = values.value(KEY);
    if (written.isEmpty()) {
      return false;
    }
    JsonNode config = written.get();
    Rule method = TOP.get(METHOD);
    if (method == null || !method.allows().test(config.path(METHOD))) {
      // What other methods write under the other keys is not known.
      values.unsupported(KEY, KEY, "null or int8 weights of compressed-tensors", config);
      return false;
    }
    check(KEY, config, TOP, Set.of("format"), Set.of(GROUPS));
    JsonNode groups = config.path(GROUPS);
    if (!groups.isObject() || groups.isEmpty()) {
      values.unsupported(KEY + "." + GROUPS, KEY, "an object of groups", nullWhenMissing(groups));
      return true;
    }
    groups
        .properties()
        .forEach(group -> group(KEY + "." + GROUPS + "." + group.getKey(), group.getValue()));
    return true;
  }

  private void group(String name, JsonNode group) {
    check(name, group, GROUP, Set.of("targets"), Set.of("weights"));
    check(
        name + ".weights",
        group.path("weights"),
        WEIGHTS,
        Set.of("num_bits", "type", "symmetric", "strategy"),
        Set.of());
  }

  /** Holds each key of an object against its rule. */
  private void check(
      String name,
      JsonNode object,
      Map<String, Rule> rules,
      Set<String> required,
      Set<String> nested) {
    for (String key : required.stream().sorted().toList()) {
      if (!object.has(key)) {
        unsupported(name + "." + key, rules.getOrDefault(key, Rule.ABSENT), NullNode.instance);
      }
    }
    for (Map.Entry<String, JsonNode> entry : object.properties()) {
      String key = entry.getKey();
      Rule rule = rules.getOrDefault(key, Rule.ABSENT);
      boolean free = IGNORED.contains(key) || nested.contains(key);
      if (!free && !rule.allows().test(entry.getValue())) {
        unsupported(name + "." + key, rule, entry.getValue());
      }
    }
  }

  private void unsupported(String name, Rule rule, JsonNode value) {
    values.unsupported(name, KEY, rule.meaning(), value);
  }

  private static JsonNode nullWhenMissing(JsonNode value) {
    return value.isMissingNode() ? NullNode.instance : value;
  }

  private static boolean linear(JsonNode targets) {
    return targets.isArray() && targets.size() == 1 && targets.get(0).asText().equals("Linear");
  }

  private static Rule one(String meaning, String... words) {
    Set<String> allowed = Set.of(words);
    return new Rule(meaning, value -> value.isTextual() && allowed.contains(value.textValue()));
  }

  /**
   * What a key may say.
   *
   * @param meaning that as a config spells it
   */
  private record Rule(String meaning, Predicate<JsonNode> allows) {
    static final Rule ABSENT = new Rule("null", JsonNode::isNull);
    static final Rule EMPTY =
        new Rule("null", value -> value.isNull() || (value.isObject() && value.isEmpty()));

    Rule orNull() {
      return new Rule(meaning, value -> value.isNull() || allows.test(value));
    }
  }
}
