package dev.kvasir.ir.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a config says about rotary positions. Older configs spell it as {@code rope_theta} beside an
 * optional object {@code rope_scaling}, newer ones as one object {@code rope_parameters}.
 */
final class RopeFields {
  private static final String THETA = "rope_theta";
  private static final String SCALING = "rope_scaling";
  private static final String PARAMETERS = "rope_parameters";
  private static final String KINDS = "\"default\", \"linear\" or \"llama3\"";
  private static final Set<String> LINEAR = Set.of("factor");
  private static final Set<String> LLAMA3 =
      Set.of("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings");
  private static final double DEFAULT_THETA = 10_000;
  private static final double MOST = 1e12;

  private final ConfigValues values;
  private final Optional<JsonNode> parameters;
  private final Optional<JsonNode> olderScaling;

  RopeFields(ConfigValues values) {
    this.values = values;
    parameters = object(PARAMETERS);
    olderScaling = object(SCALING);
  }

  /** {@return the rotation of all of a head's dimensions} */
  RopeConfig read(int headDim) {
    return new RopeConfig(theta(), headDim, scaling());
  }

  private double theta() {
    Optional<Double> plain = values.value(THETA).map(value -> values.number(THETA, value, 1, MOST));
    Optional<Double> nested =
        parameters
            .map(object -> object.get(THETA))
            .map(value -> values.number(PARAMETERS, value, 1, MOST));
    if (plain.isPresent() && nested.isPresent() && !plain.equals(nested)) {
      values.invalid(
          THETA,
          "rope_theta must equal rope_parameters.rope_theta (%s), got %s"
              .formatted(nested.get(), plain.get()));
    }
    return nested.or(() -> plain).orElse(DEFAULT_THETA);
  }

  private RopeScaling scaling() {
    if (olderScaling.isPresent() && parameters.isPresent()) {
      values.invalid(SCALING, "rope_scaling must be absent where rope_parameters is present");
      return RopeScaling.NONE;
    }
    return parameters
        .map(object -> scaling(PARAMETERS, object))
        .or(() -> olderScaling.map(object -> scaling(SCALING, object)))
        .orElse(RopeScaling.NONE);
  }

  private Optional<JsonNode> object(String key) {
    Optional<JsonNode> value = values.value(key);
    value
        .filter(node -> !node.isObject())
        .ifPresent(node -> values.invalid(key, key + " must be an object", node));
    return value.filter(JsonNode::isObject);
  }

  private RopeScaling scaling(String key, JsonNode object) {
    // The older spelling is read by libraries that know the newer one, and both may be written.
    JsonNode kind = object.has("rope_type") ? object.get("rope_type") : object.get("type");
    if (object.has("rope_type") && object.has("type") && !kind.equals(object.get("type"))) {
      values.invalid(key, key + ".type must equal " + key + ".rope_type", object.get("type"));
    }
    if (kind == null && key.equals(SCALING)) {
      values.invalid(key, key + " must have a rope_type", object);
      return RopeScaling.NONE;
    }
    return switch (kind == null ? "default" : kind.asText()) {
      case "default" -> {
        allowKeys(key, object, Set.of());
        yield RopeScaling.NONE;
      }
      case "linear" -> {
        allowKeys(key, object, LINEAR);
        yield new RopeScaling.Linear(factor(key, object));
      }
      case "llama3" -> {
        allowKeys(key, object, LLAMA3);
        yield llama3(key, object);
      }
      default -> {
        values.unsupported(key + ".rope_type", key, KINDS, kind);
        yield RopeScaling.NONE;
      }
    };
  }

  private RopeScaling llama3(String key, JsonNode object) {
    double factor = factor(key, object);
    double low = positive(key, object, "low_freq_factor");
    double high = positive(key, object, "high_freq_factor");
    String positions = "original_max_position_embeddings";
    int original =
        values.integer(
            key, key + "." + positions, object.path(positions), 1, ModelConfigReader.MAX_POSITIONS);
    if (high > low) {
      return new RopeScaling.Llama3(factor, low, high, original);
    }
    // A factor that was refused is read as the most there is.
    if (low < MOST) {
      values.invalid(
          key,
          "%s.high_freq_factor must be above low_freq_factor (%s), got %s"
              .formatted(key, low, high));
    }
    return RopeScaling.NONE;
  }

  private double factor(String key, JsonNode object) {
    JsonNode value = object.path("factor");
    double factor = value.doubleValue();
    if (!value.isNumber() || !(factor >= 1 && factor <= MOST)) {
      values.invalid(key, key + ".factor must be a number from 1", value);
      return 1;
    }
    return factor;
  }

  private double positive(String key, JsonNode object, String name) {
    return values.number(key, key + "." + name, object.path(name), 0, MOST);
  }

  private void allowKeys(String key, JsonNode object, Set<String> allowed) {
    for (Map.Entry<String, JsonNode> entry : object.properties()) {
      String name = entry.getKey();
      boolean known =
          allowed.contains(name)
              || name.equals("rope_type")
              || name.equals("type")
              || (name.equals(THETA) && key.equals(PARAMETERS));
      boolean whole =
          name.equals("partial_rotary_factor")
              && entry.getValue().isNumber()
              && entry.getValue().doubleValue() == 1;
      if (!known && !whole) {
        values.unsupported(
            key + "." + name,
            key,
            name.equals("partial_rotary_factor") ? "1" : "absent here",
            entry.getValue());
      }
    }
  }
}
