package dev.kvasir.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Predicate;

/** Changes values of a JSON tree, and its text where a tree cannot say it. */
final class JsonMutator {

  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  private static final int MAX_COPIES = 2_000;

  /** So that the mutant, not only what reads it, fits the heap. */
  private static final long MAX_COPIED_CHARACTERS = 4 << 20;

  private static final List<JsonNode> NUMBERS =
      List.of(
          NODES.numberNode(0),
          NODES.numberNode(-1),
          NODES.numberNode(1),
          NODES.numberNode(63),
          NODES.numberNode(1 << 16),
          NODES.numberNode(1 << 24),
          NODES.numberNode(1 << 28),
          NODES.numberNode(Integer.MAX_VALUE),
          NODES.numberNode(Integer.MIN_VALUE),
          NODES.numberNode(1L << 31),
          NODES.numberNode(Long.MAX_VALUE),
          NODES.numberNode(Long.MIN_VALUE),
          NODES.numberNode(BigInteger.ONE.shiftLeft(63)),
          NODES.numberNode(BigInteger.ONE.shiftLeft(4_000)),
          NODES.numberNode(0.5),
          NODES.numberNode(-0.0),
          NODES.numberNode(Double.MIN_VALUE),
          NODES.numberNode(Double.MAX_VALUE),
          NODES.numberNode(new BigDecimal("1e999999999")),
          NODES.numberNode(new BigDecimal("1e-999999999")));

  private static final List<String> TEXTS =
      List.of(
          "",
          " ",
          "0",
          "-1",
          "../../x",
          "/etc/passwd",
          "C:\\x",
          "\u0000",
          "\uD800",
          "\u202E",
          "f32",
          "bf16",
          "f16",
          "i32",
          "weight",
          "derived",
          "pool",
          "table",
          "scratch",
          "tokens",
          "logits",
          "next",
          "prefill",
          "step",
          "tornado",
          "jvm",
          "byte",
          "half",
          "page_table",
          "program.json",
          "manifest.json",
          "x".repeat(300),
          "(".repeat(5_000),
          "A".repeat(70_000));

  /** Where a value stands. */
  private record Place(JsonNode parent, String field, int index) {
    JsonNode get() {
      return parent.isObject() ? parent.path(field) : parent.path(index);
    }

    void set(JsonNode value) {
      if (parent instanceof ObjectNode fields) {
        fields.set(field, value);
      } else if (parent instanceof ArrayNode list) {
        list.set(index, value);
      }
    }

    void remove() {
      if (parent instanceof ObjectNode fields) {
        fields.remove(field);
      } else if (parent instanceof ArrayNode list) {
        list.remove(index);
      }
    }
  }

  private final SplittableRandom random;

  JsonMutator(SplittableRandom random) {
    this.random = random;
  }

  /** {@return the text of a tree with one to three changes} */
  byte[] mutate(JsonNode sound) {
    JsonNode tree = sound.deepCopy();
    int changes = 1 + random.nextInt(3);
    for (int i = 0; i < changes; i++) {
      change(tree);
    }
    byte[] text = Json.write(tree);
    return random.nextInt(8) == 0 ? mutateText(text) : text;
  }

  /** {@return the text of a tree in which one text that {@code which} accepts was rewritten} */
  byte[] rewrite(JsonNode sound, Predicate<String> which) {
    JsonNode tree = sound.deepCopy();
    List<Place> places = places(tree);
    places.removeIf(place -> !place.get().isTextual() || !which.test(place.get().textValue()));
    if (!places.isEmpty()) {
      Place place = places.get(random.nextInt(places.size()));
      place.set(NODES.textNode(new ExpressionMutator(random).mutate(place.get().textValue())));
    }
    return Json.write(tree);
  }

  private void change(JsonNode tree) {
    List<Place> places = places(tree);
    if (places.isEmpty()) {
      return;
    }
    Place place = places.get(random.nextInt(places.size()));
    JsonNode value = place.get();
    switch (random.nextInt(10)) {
      case 0 -> place.remove();
      case 1 -> place.set(places.get(random.nextInt(places.size())).get().deepCopy());
      case 2 -> swap(place, places.get(random.nextInt(places.size())));
      case 3 -> repeat(place);
      case 4 -> place.set(other());
      default -> place.set(similar(value, places));
    }
  }

  private JsonNode similar(JsonNode value, List<Place> places) {
    if (value.isNumber()) {
      return number(value);
    }
    if (value.isTextual()) {
      Place elsewhere = places.get(random.nextInt(places.size()));
      return elsewhere.get().isTextual() && random.nextBoolean()
          ? elsewhere.get()
          : NODES.textNode(text(value.textValue()));
    }
    if (value.isBoolean()) {
      return NODES.booleanNode(!value.booleanValue());
    }
    return other();
  }

  private JsonNode number(JsonNode value) {
    return switch (random.nextInt(4)) {
      case 0 -> NODES.numberNode(value.asLong() + random.nextInt(-2, 3));
      case 1 -> NODES.numberNode(value.asLong() << random.nextInt(1, 40));
      case 2 -> NODES.numberNode(random.nextInt(1 << random.nextInt(1, 31)));
      default -> NUMBERS.get(random.nextInt(NUMBERS.size()));
    };
  }

  private String text(String text) {
    return switch (random.nextInt(3)) {
      case 0 -> TEXTS.get(random.nextInt(TEXTS.size()));
      case 1 -> new ExpressionMutator(random).mutate(text);
      default ->
          new String(
              ByteMutator.mutate(text.getBytes(StandardCharsets.UTF_8), random),
              StandardCharsets.UTF_8);
    };
  }

  private JsonNode other() {
    return switch (random.nextInt(7)) {
      case 0 -> NODES.nullNode();
      case 1 -> NODES.booleanNode(random.nextBoolean());
      case 2 -> NODES.objectNode();
      case 3 -> NODES.arrayNode();
      case 4 -> NODES.textNode(TEXTS.get(random.nextInt(TEXTS.size())));
      case 5 -> nested(random.nextInt(1, 200));
      default -> NUMBERS.get(random.nextInt(NUMBERS.size()));
    };
  }

  private static JsonNode nested(int levels) {
    JsonNode node = NODES.numberNode(0);
    for (int i = 0; i < levels; i++) {
      node = NODES.arrayNode().add(node);
    }
    return node;
  }

  private void repeat(Place place) {
    JsonNode value = place.get();
    int copies = random.nextInt(4) == 0 ? random.nextInt(1, MAX_COPIES) : 1;
    if (place.parent() instanceof ArrayNode list) {
      long most = MAX_COPIED_CHARACTERS / Math.max(1, value.toString().length());
      for (int i = 0; i < copies && i <= most; i++) {
        list.insert(place.index(), value.deepCopy());
      }
    } else if (place.parent() instanceof ObjectNode fields) {
      fields.set(place.field() + "_" + random.nextInt(10), value.deepCopy());
    }
  }

  private static void swap(Place one, Place two) {
    JsonNode first = one.get().deepCopy();
    JsonNode second = two.get().deepCopy();
    one.set(second);
    two.set(first);
  }

  private byte[] mutateText(byte[] text) {
    String json = new String(text, StandardCharsets.UTF_8);
    int comma = json.indexOf(',', random.nextInt(json.length()));
    return switch (random.nextInt(5)) {
      case 0 -> ByteMutator.mutate(text, random);
      case 1 -> ("\uFEFF" + json).getBytes(StandardCharsets.UTF_8);
      case 2 ->
          json.getBytes(random.nextBoolean() ? StandardCharsets.UTF_16 : StandardCharsets.UTF_32);
      case 3 -> (json + json).getBytes(StandardCharsets.UTF_8);
      default -> duplicateField(json, comma).getBytes(StandardCharsets.UTF_8);
    };
  }

  private static String duplicateField(String json, int comma) {
    int next = comma < 0 ? -1 : json.indexOf(',', comma + 1);
    return next < 0 ? json + "," : json.substring(0, next) + json.substring(comma);
  }

  private static List<Place> places(JsonNode tree) {
    List<Place> places = new ArrayList<>();
    collect(tree, places);
    return places;
  }

  private static void collect(JsonNode node, List<Place> places) {
    if (node.isObject()) {
      for (String field : (Iterable<String>) node::fieldNames) {
        places.add(new Place(node, field, 0));
        collect(node.path(field), places);
      }
    } else if (node.isArray()) {
      for (int i = 0; i < node.size(); i++) {
        places.add(new Place(node, "", i));
        collect(node.path(i), places);
      }
    }
  }
}
