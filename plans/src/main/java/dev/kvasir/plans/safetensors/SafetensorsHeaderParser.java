package dev.kvasir.plans.safetensors;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import dev.kvasir.plans.safetensors.SafetensorsException.Reason;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Turns the JSON of a header into entries; checks its form, not what it claims about the data. */
final class SafetensorsHeaderParser {
  /** Objects nest two deep, with arrays inside. */
  private static final int MAX_NESTING = 3;

  private static final int MAX_NAME_LENGTH = 1024;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_NESTING)
                  .maxNameLength(MAX_NAME_LENGTH)
                  .maxStringLength(SafetensorsFile.MAX_HEADER_BYTES)
                  .maxNumberLength(32)
                  .build())
          .build();

  private final String place;
  private final String json;

  SafetensorsHeaderParser(String place, String json) {
    this.place = place;
    this.json = json;
  }

  SafetensorsHeader parse() throws SafetensorsException {
    try (JsonParser parser = JSON.createParser(json)) {
      if (!json.startsWith("{")) {
        throw malformed(place, "expected the header to start with {");
      }
      parser.nextToken();
      SafetensorsHeader header = entries(parser);
      if (parser.nextToken() != null) {
        throw malformed(place, "expected nothing after the header object");
      }
      return header;
    } catch (SafetensorsException refused) {
      throw refused;
    } catch (JsonProcessingException e) {
      throw unreadable(e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw unreadable(String.valueOf(e.getMessage()), e);
    }
  }

  private SafetensorsException unreadable(String what, IOException cause) {
    SafetensorsException refused = malformed(place, "expected a JSON header: " + what);
    refused.initCause(cause);
    return refused;
  }

  private SafetensorsHeader entries(JsonParser parser) throws IOException {
    Map<String, String> metadata = new HashMap<>();
    List<SafetensorsHeader.Entry> entries = new ArrayList<>();
    Set<String> names = new HashSet<>();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      if (!names.add(name)) {
        throw duplicate(place, "tensor " + name);
      }
      if (name.equals(SafetensorsHeader.METADATA)) {
        metadata(parser, metadata);
      } else {
        entries.add(entry(parser, name));
      }
    }
    return new SafetensorsHeader(metadata, entries);
  }

  private void metadata(JsonParser parser, Map<String, String> metadata) throws IOException {
    String at = place + ": " + SafetensorsHeader.METADATA;
    expect(parser, JsonToken.START_OBJECT, at, "an object");
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String key = parser.currentName();
      expect(parser, JsonToken.VALUE_STRING, at + "." + key, "a string");
      if (metadata.put(key, parser.getText()) != null) {
        throw duplicate(at, "key " + key);
      }
    }
  }

  private SafetensorsHeader.Entry entry(JsonParser parser, String name) throws IOException {
    String at = place + ": tensor " + name;
    expect(parser, JsonToken.START_OBJECT, at, "an object");
    SafetensorsType type = null;
    List<Long> shape = null;
    List<Long> offsets = null;
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String field = parser.currentName();
      switch (field) {
        case "dtype" -> {
          refuseSecond(at, field, type);
          type = type(parser, at);
        }
        case "shape" -> {
          refuseSecond(at, field, shape);
          shape = integers(parser, at + ": shape", SafetensorsHeader.MAX_AXES);
        }
        case "data_offsets" -> {
          refuseSecond(at, field, offsets);
          offsets = integers(parser, at + ": data_offsets", 2);
        }
        default ->
            throw malformed(at, "expected dtype, shape and data_offsets, got the field " + field);
      }
    }
    if (type == null || shape == null || offsets == null || offsets.size() != 2) {
      throw malformed(at, "expected dtype, shape and two data_offsets, got fewer");
    }
    return new SafetensorsHeader.Entry(
        name, type, List.copyOf(shape), offsets.get(0), offsets.get(1));
  }

  private SafetensorsType type(JsonParser parser, String at) throws IOException {
    expect(parser, JsonToken.VALUE_STRING, at + ": dtype", "a string");
    String spelling = parser.getText();
    return SafetensorsType.named(spelling)
        .orElseThrow(
            () ->
                new SafetensorsException(
                    Reason.UNKNOWN_TYPE,
                    at,
                    "expected a dtype of "
                        + SafetensorsType.spellings()
                        + ", got "
                        + shorten(spelling)));
  }

  private List<Long> integers(JsonParser parser, String at, int most) throws IOException {
    expect(parser, JsonToken.START_ARRAY, at, "an array");
    List<Long> values = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT) {
        throw malformed(at, "expected integers, got " + describe(parser));
      }
      if (values.size() == most) {
        throw new SafetensorsException(
            Reason.BAD_SHAPE, at, "expected at most " + most + " numbers, got more");
      }
      if (parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER) {
        throw malformed(at, "expected integers of 64 bits, got " + describe(parser));
      }
      values.add(parser.getLongValue());
    }
    return values;
  }

  private static void expect(JsonParser parser, JsonToken expected, String at, String what)
      throws IOException {
    if (parser.nextToken() != expected) {
      throw malformed(at, "expected " + what + ", got " + describe(parser));
    }
  }

  private static void refuseSecond(String at, String field, @Nullable Object first)
      throws SafetensorsException {
    if (first != null) {
      throw duplicate(at, "field " + field);
    }
  }

  private static String describe(JsonParser parser) throws IOException {
    String text = parser.currentToken() == null ? null : parser.getText();
    return text == null ? "the end of the header" : shorten(text);
  }

  private static String shorten(String text) {
    return text.length() <= 40 ? text : text.substring(0, 40) + "...";
  }

  private static SafetensorsException malformed(String at, String problem) {
    return new SafetensorsException(Reason.MALFORMED_HEADER, at, problem);
  }

  private static SafetensorsException duplicate(String at, String what) {
    return new SafetensorsException(
        Reason.DUPLICATE_NAME, at, "expected each name once, got " + what + " again");
  }
}
