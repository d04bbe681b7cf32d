package dev.kvasir.plans;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.kvasir.plans.PlanException.Reason;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.ExpressionException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The fields of one JSON object, read strictly: each must be present, of its type and in its range;
 * one that nobody asked for is refused unless a newer minor version wrote it.
 */
final class JsonFields {

  private static final int MAX_DEPTH = 32;

  // A tree takes up to 50 bytes of the heap for each, however short the text is.
  private static final long MAX_TOKENS = 1 << 20;

  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(MAX_DEPTH)
                          .maxTokenCount(MAX_TOKENS)
                          .maxNumberLength(64)
                          .build())
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final String place;
  private final JsonNode node;
  private final boolean newer;
  private final Set<String> asked = new HashSet<>();

  private JsonFields(String place, JsonNode node, boolean newer) throws PlanException {
    this.place = place;
    this.node = node;
    this.newer = newer;
    if (!node.isObject()) {
      throw malformed(place, "an object", node);
    }
  }

  /**
   * {@return the object that {@code json} holds}
   *
   * @param newer whether unknown fields are tolerated
   */
  static JsonFields parse(String place, byte[] json, boolean newer) throws PlanException {
    try {
      return new JsonFields(place, MAPPER.readTree(json), newer);
    } catch (JsonProcessingException e) {
      throw new PlanException(
          Reason.MALFORMED, place, "expected JSON, got " + e.getOriginalMessage(), e);
    } catch (PlanException e) {
      throw e;
    } catch (IOException e) {
      throw new PlanException(Reason.MALFORMED, place, "expected JSON, got " + e, e);
    }
  }

  /** {@return the same object with unknown fields tolerated or not} */
  JsonFields tolerating(boolean unknown) throws PlanException {
    return new JsonFields(place, node, unknown);
  }

  String text(String name) throws PlanException {
    return text(path(name), take(name));
  }

  Optional<String> optionalText(String name) throws PlanException {
    asked.add(name);
    return node.has(name) ? Optional.of(text(name)) : Optional.empty();
  }

  int integer(String name) throws PlanException {
    return integer(path(name), take(name));
  }

  long longInteger(String name) throws PlanException {
    JsonNode value = take(name);
    if (!value.isIntegralNumber() || !value.canConvertToLong()) {
      throw malformed(path(name), "a 64-bit integer", value);
    }
    return value.longValue();
  }

  double number(String name) throws PlanException {
    JsonNode value = take(name);
    if (!value.isNumber() || !Double.isFinite(value.doubleValue())) {
      throw malformed(path(name), "a finite number", value);
    }
    return value.doubleValue();
  }

  boolean truth(String name) throws PlanException {
    JsonNode value = take(name);
    if (!value.isBoolean()) {
      throw malformed(path(name), "true or false", value);
    }
    return value.booleanValue();
  }

  Expression expression(String name) throws PlanException {
    return expression(path(name), take(name));
  }

  StorageFormat format(String name) throws PlanException {
    JsonNode value = take(name);
    for (StorageFormat format : StorageFormat.values()) {
      if (value.isTextual() && format.text().equals(value.textValue())) {
        return format;
      }
    }
    throw malformed(path(name), "an element format", value);
  }

  /** {@return every field of an object whose names are data, all of them integers} */
  SortedMap<String, Integer> allIntegers() throws PlanException {
    SortedMap<String, Integer> values = new TreeMap<>();
    for (Map.Entry<String, JsonNode> field : node.properties()) {
      values.put(field.getKey(), integer(path(field.getKey()), field.getValue()));
    }
    return values;
  }

  JsonFields object(String name) throws PlanException {
    return new JsonFields(path(name), take(name), newer);
  }

  List<JsonFields> objects(String name) throws PlanException {
    List<JsonFields> values = new ArrayList<>();
    for (JsonNode element : array(name)) {
      values.add(new JsonFields(path(name, values.size()), element, newer));
    }
    return values;
  }

  List<String> texts(String name) throws PlanException {
    List<String> values = new ArrayList<>();
    for (JsonNode element : array(name)) {
      values.add(text(path(name, values.size()), element));
    }
    return values;
  }

  List<Integer> integers(String name) throws PlanException {
    List<Integer> values = new ArrayList<>();
    for (JsonNode element : array(name)) {
      values.add(integer(path(name, values.size()), element));
    }
    return values;
  }

  List<Expression> expressions(String name) throws PlanException {
    List<Expression> values = new ArrayList<>();
    for (JsonNode element : array(name)) {
      values.add(expression(path(name, values.size()), element));
    }
    return values;
  }

  /** {@return whether the object has this field} */
  boolean has(String name) {
    return node.has(name);
  }

  /** {@return a refusal of the whole object} */
  PlanException refused(String expected) {
    return malformed(place, expected, node);
  }

  /** Refuses fields that were not asked for. */
  void end() throws PlanException {
    if (newer) {
      return;
    }
    for (String name : (Iterable<String>) node::fieldNames) {
      if (!asked.contains(name)) {
        throw new PlanException(
            Reason.MALFORMED, place, "expected no field \"%s\"".formatted(name));
      }
    }
  }

  private JsonNode array(String name) throws PlanException {
    JsonNode value = take(name);
    if (!value.isArray()) {
      throw malformed(path(name), "a list", value);
    }
    return value;
  }

  private JsonNode take(String name) throws PlanException {
    asked.add(name);
    JsonNode value = node.get(name);
    if (value == null) {
      throw new PlanException(
          Reason.MALFORMED, place, "expected a field \"%s\", got none".formatted(name));
    }
    return value;
  }

  private static String text(String path, JsonNode value) throws PlanException {
    if (!value.isTextual()) {
      throw malformed(path, "a text", value);
    }
    return value.textValue();
  }

  private static int integer(String path, JsonNode value) throws PlanException {
    if (!value.isIntegralNumber() || !value.canConvertToInt()) {
      throw malformed(path, "a 32-bit integer", value);
    }
    return value.intValue();
  }

  private static Expression expression(String path, JsonNode value) throws PlanException {
    String text = text(path, value);
    try {
      return Expression.parse(text);
    } catch (ExpressionException e) {
      throw new PlanException(Reason.MALFORMED, path, e.getMessage(), e);
    }
  }

  private String path(String name) {
    return place + ": " + name;
  }

  private String path(String name, int index) {
    return place + ": " + name + "[" + index + "]";
  }

  private static PlanException malformed(String path, String expected, JsonNode got) {
    String text = got.toString();
    int most = 80;
    return new PlanException(
        Reason.MALFORMED,
        path,
        "expected %s, got %s"
            .formatted(expected, text.length() <= most ? text : text.substring(0, most) + "..."));
  }
}
