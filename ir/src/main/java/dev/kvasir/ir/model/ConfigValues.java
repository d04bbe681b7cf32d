package dev.kvasir.ir.model;

import com.fasterxml.jackson.databind.JsonNode;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.diag.Diagnostics;
import dev.kvasir.ir.diag.SourceSpan;
import dev.kvasir.ir.diag.SourceText;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Typed access to the fields of a config. A value that is no value of its key is reported, and a
 * legal stand-in returned so that the rest of the config is still checked; nothing that was
 * reported ever leaves {@link ModelConfigReader}.
 */
final class ConfigValues {
  private final SourceText text;
  private final Map<String, ConfigFields.Field> fields;
  private final Diagnostics diagnostics;

  ConfigValues(SourceText text, Map<String, ConfigFields.Field> fields, Diagnostics diagnostics) {
    this.text = text;
    this.fields = fields;
    this.diagnostics = diagnostics;
  }

  /** {@return whether the key is written, with null or any other value} */
  boolean has(String key) {
    return fields.containsKey(key);
  }

  /** {@return the value, empty when the key is absent or null} */
  Optional<JsonNode> value(String key) {
    return Optional.ofNullable(fields.get(key))
        .map(ConfigFields.Field::value)
        .filter(value -> !value.isNull());
  }

  /** {@return the integer under a key that every config must have} */
  int required(String key, int least, int most) {
    Optional<JsonNode> value = value(key);
    if (value.isEmpty()) {
      diagnostics.report(
          Diagnostic.error(
                  DiagnosticCode.CONFIG_VALUE_INVALID,
                  span(key),
                  "%s must be an integer from %d to %d, got none".formatted(key, least, most))
              .withNote("the key describes the weights; take it from the published config.json"));
      return least;
    }
    return integer(key, value.get(), least, most);
  }

  /** {@return the integer under a key, empty when it is absent or null} */
  OptionalInt optional(String key, int least, int most) {
    return value(key)
        .map(value -> OptionalInt.of(integer(key, value, least, most)))
        .orElse(OptionalInt.empty());
  }

  /** {@return {@code value}, which stands under {@code key}, as an integer} */
  int integer(String key, JsonNode value, int least, int most) {
    return integer(key, key, value, least, most);
  }

  /** As the other method; messages call the value {@code name}. */
  int integer(String key, String name, JsonNode value, int least, int most) {
    boolean fits = value.isIntegralNumber() && value.canConvertToInt();
    if (!fits || value.intValue() < least || value.intValue() > most) {
      invalid(key, "%s must be an integer from %d to %d".formatted(name, least, most), value);
      return least;
    }
    return value.intValue();
  }

  /** {@return {@code value}, which stands under {@code key}, as a number above {@code least}} */
  double number(String key, JsonNode value, double least, double most) {
    return number(key, key, value, least, most);
  }

  /** As the other method; messages call the value {@code name}. */
  double number(String key, String name, JsonNode value, double least, double most) {
    double number = value.doubleValue();
    if (!value.isNumber() || !(number > least && number <= most)) {
      invalid(key, "%s must be a number above %s and up to %s".formatted(name, least, most), value);
      return most;
    }
    return number;
  }

  /** {@return the truth value under a key} */
  boolean truth(String key, boolean silent) {
    Optional<JsonNode> value = value(key);
    if (value.isPresent() && !value.get().isBoolean()) {
      invalid(key, key + " must be true or false", value.get());
    }
    return value.map(JsonNode::booleanValue).orElse(silent);
  }

  /** Reports a value that is none of its key. */
  void invalid(String key, String expectation, JsonNode value) {
    String found = value.isMissingNode() ? "none" : shorten(value.toString());
    invalid(key, expectation + ", got " + found);
  }

  /** Reports a key whose value contradicts another. */
  void invalid(String key, String message) {
    diagnostics.report(
        Diagnostic.error(DiagnosticCode.CONFIG_VALUE_INVALID, span(key), message)
            .withNote("restore the value that the model was published with"));
  }

  /**
   * Reports a value of known meaning that is not supported.
   *
   * @param name what messages call the value
   * @param key where it is written
   * @param meaning the value that is supported
   */
  void unsupported(String name, String key, String meaning, JsonNode value) {
    diagnostics.report(
        Diagnostic.error(
                DiagnosticCode.UNSUPPORTED_CONFIG_KEY,
                span(key),
                "%s changes the mathematics and is supported only as %s, got %s"
                    .formatted(name, meaning, shorten(value.toString())))
            .withNote("use a model without it; changing the value would give wrong results"));
  }

  /** {@return where the key is written, the start of the text when it is absent} */
  SourceSpan span(String key) {
    ConfigFields.Field field = fields.get(key);
    return field == null ? text.span(0, 0) : field.span();
  }

  static String shorten(String value) {
    return value.length() <= 60 ? value : value.substring(0, 60) + "...";
  }
}
