package dev.kvasir.ir.graph;

import dev.kvasir.ir.graph.Attribute.DecimalAttribute;
import dev.kvasir.ir.graph.Attribute.IntegerAttribute;
import dev.kvasir.ir.graph.Attribute.WeightAttribute;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The constants of an operation by name, in the order in which they are printed.
 *
 * @param values constants by name
 */
public record Attributes(Map<String, Attribute> values) {
  /** No constants. */
  public static final Attributes NONE = new Attributes(Map.of());

  /** Copies the constants, keeping their order. */
  public Attributes {
    values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
  }

  /** {@return these constants and a whole number} */
  public Attributes with(String name, int value) {
    return with(name, new IntegerAttribute(value));
  }

  /** {@return these constants and a number} */
  public Attributes with(String name, double value) {
    return with(name, new DecimalAttribute(value));
  }

  /** {@return these constants and a word} */
  public Attributes with(String name, String word) {
    return with(name, new Attribute.WordAttribute(word));
  }

  /** {@return these constants and a weight} */
  public Attributes with(String name, WeightReference weight) {
    return with(name, new WeightAttribute(weight));
  }

  /** {@return these constants, and a whole number if there is one} */
  public Attributes with(String name, OptionalInt value) {
    return value.isPresent() ? with(name, value.getAsInt()) : this;
  }

  /** {@return these constants, and a number if there is one} */
  public Attributes with(String name, OptionalDouble value) {
    return value.isPresent() ? with(name, value.getAsDouble()) : this;
  }

  /** {@return these constants, and a weight if there is one} */
  public Attributes with(String name, Optional<WeightReference> weight) {
    return weight.map(known -> with(name, known)).orElse(this);
  }

  /**
   * {@return a whole number}
   *
   * @throws IllegalArgumentException when it is missing or of another kind
   */
  public int integer(String name) {
    return required(name, IntegerAttribute.class).value();
  }

  /**
   * {@return a number}
   *
   * @throws IllegalArgumentException when it is missing or of another kind
   */
  public double decimal(String name) {
    return required(name, DecimalAttribute.class).value();
  }

  /**
   * {@return a word}
   *
   * @throws IllegalArgumentException when it is missing or of another kind
   */
  public String word(String name) {
    return required(name, Attribute.WordAttribute.class).word();
  }

  /**
   * {@return a weight}
   *
   * @throws IllegalArgumentException when it is missing or of another kind
   */
  public WeightReference weight(String name) {
    return required(name, WeightAttribute.class).weight();
  }

  /**
   * {@return a whole number, if there is one}
   *
   * @throws IllegalArgumentException when it is of another kind
   */
  public OptionalInt optionalInteger(String name) {
    return values.containsKey(name) ? OptionalInt.of(integer(name)) : OptionalInt.empty();
  }

  /**
   * {@return a number, if there is one}
   *
   * @throws IllegalArgumentException when it is of another kind
   */
  public OptionalDouble optionalDecimal(String name) {
    return values.containsKey(name) ? OptionalDouble.of(decimal(name)) : OptionalDouble.empty();
  }

  /**
   * {@return a weight, if there is one}
   *
   * @throws IllegalArgumentException when it is of another kind
   */
  public Optional<WeightReference> optionalWeight(String name) {
    return values.containsKey(name) ? Optional.of(weight(name)) : Optional.empty();
  }

  /** {@return the canonical text in braces, empty without constants} */
  public String text() {
    return values.isEmpty()
        ? ""
        : values.entrySet().stream()
            .map(entry -> entry.getKey() + " = " + entry.getValue().text())
            .collect(Collectors.joining(", ", "{", "}"));
  }

  private Attributes with(String name, Attribute value) {
    Map<String, Attribute> extended = new LinkedHashMap<>(values);
    extended.put(name, value);
    return new Attributes(extended);
  }

  private <T extends Attribute> T required(String name, Class<T> kind) {
    @Nullable Attribute value = values.get(name);
    return Optional.ofNullable(value)
        .filter(kind::isInstance)
        .map(kind::cast)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "needs "
                        + kindName(kind)
                        + " "
                        + name
                        + (value == null ? "" : ", got " + value.text())));
  }

  private static String kindName(Class<? extends Attribute> kind) {
    if (kind == IntegerAttribute.class) {
      return "a whole number";
    }
    if (kind == DecimalAttribute.class) {
      return "a number with a point";
    }
    return kind == WeightAttribute.class ? "a weight" : "a word";
  }
}
