package dev.kvasir.plans.safetensors;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import dev.kvasir.plans.safetensors.SafetensorsException.Reason;
import java.io.IOException;
import java.util.Collections;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Which file of a folder holds each tensor of a model that is spread over several, {@code
 * model.safetensors.index.json}: an object of {@code weight_map}, from tensor names to file names,
 * and an optional object {@code metadata} whose {@code total_size} counts the bytes of all tensors.
 * A file name is the name of a file beside the index, never a path.
 *
 * @param files the file of each tensor
 * @param totalBytes bytes of all tensors, where the index says it
 */
public record ShardIndex(SortedMap<String, String> files, OptionalLong totalBytes) {
  /** The largest index that is read, far above that of any published model. */
  public static final int MAX_BYTES = 16 << 20;

  /** The most files that a model may be spread over. */
  public static final int MAX_FILES = 1024;

  private static final int MAX_NAME_LENGTH = 1024;
  private static final Pattern FILE_NAME =
      Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,200}\\.safetensors");

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(32)
                  .maxNameLength(MAX_NAME_LENGTH)
                  .maxStringLength(MAX_BYTES)
                  .maxNumberLength(32)
                  .build())
          .build();

  /** Copies the map. */
  public ShardIndex {
    files = Collections.unmodifiableSortedMap(new TreeMap<>(files));
  }

  /**
   * {@return the index that {@code json} holds, its form checked, its claims about files not}
   *
   * @param place names the bytes in messages
   * @throws SafetensorsException when the bytes are no such index
   */
  public static ShardIndex parse(String place, byte[] json) throws SafetensorsException {
    if (json.length > MAX_BYTES) {
      throw bad(place, "expected at most %d bytes, got %d".formatted(MAX_BYTES, json.length));
    }
    try (JsonParser parser = JSON.createParser(json)) {
      ShardIndex index = index(place, parser);
      if (parser.nextToken() != null) {
        throw bad(place, "expected nothing after the index object");
      }
      return index;
    } catch (SafetensorsException refused) {
      throw refused;
    } catch (JsonProcessingException e) {
      throw unreadable(place, e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw unreadable(place, String.valueOf(e.getMessage()), e);
    }
  }

  /** {@return the names of all files, ascending} */
  public SortedSet<String> fileNames() {
    return Collections.unmodifiableSortedSet(new TreeSet<>(files.values()));
  }

  private static ShardIndex index(String place, JsonParser parser) throws IOException {
    SortedMap<String, String> files = new TreeMap<>();
    OptionalLong totalBytes = OptionalLong.empty();
    expect(place, parser.nextToken(), JsonToken.START_OBJECT, "an object");
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      switch (parser.currentName()) {
        case "weight_map" -> readFiles(place + ": weight_map", parser, files);
        case "metadata" -> totalBytes = totalBytes(place + ": metadata", parser);
        default ->
            throw bad(
                place, "expected weight_map and metadata, got " + shorten(parser.currentName()));
      }
    }
    if (files.isEmpty()) {
      throw bad(place, "expected a weight_map of tensors, got none");
    }
    return new ShardIndex(files, totalBytes);
  }

  private static void readFiles(String at, JsonParser parser, SortedMap<String, String> files)
      throws IOException {
    SortedSet<String> names = new TreeSet<>();
    expect(at, parser.nextToken(), JsonToken.START_OBJECT, "an object");
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String tensor = parser.currentName();
      expect(at + "." + shorten(tensor), parser.nextToken(), JsonToken.VALUE_STRING, "a file name");
      String file = parser.getText();
      if (!FILE_NAME.matcher(file).matches()) {
        throw bad(
            at + "." + shorten(tensor),
            "expected the name of a .safetensors file of letters, digits, \"_\", \"-\" and \".\", got "
                + shorten(file));
      }
      names.add(file);
      if (names.size() > MAX_FILES) {
        throw bad(at, "expected at most " + MAX_FILES + " files, got more");
      }
      files.put(tensor, file);
    }
  }

  private static OptionalLong totalBytes(String at, JsonParser parser) throws IOException {
    OptionalLong total = OptionalLong.empty();
    if (parser.nextToken() == JsonToken.VALUE_NULL) {
      return total;
    }
    expect(at, parser.currentToken(), JsonToken.START_OBJECT, "an object");
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      boolean size = parser.currentName().equals("total_size");
      JsonToken value = parser.nextToken();
      if (!size) {
        parser.skipChildren();
      } else if (value == JsonToken.VALUE_NUMBER_INT
          && parser.getNumberType() != JsonParser.NumberType.BIG_INTEGER
          && parser.getLongValue() >= 0) {
        total = OptionalLong.of(parser.getLongValue());
      } else {
        throw bad(
            at + ".total_size",
            "expected a number of bytes, got " + shorten(String.valueOf(parser.getText())));
      }
    }
    return total;
  }

  private static void expect(String at, JsonToken found, JsonToken expected, String what)
      throws SafetensorsException {
    if (found != expected) {
      throw bad(at, "expected " + what + ", got " + (found == null ? "nothing" : found));
    }
  }

  private static SafetensorsException unreadable(String place, String what, IOException cause) {
    SafetensorsException refused = bad(place, "expected a JSON index: " + what);
    refused.initCause(cause);
    return refused;
  }

  private static SafetensorsException bad(String at, String problem) {
    return new SafetensorsException(Reason.BAD_INDEX, at, problem);
  }

  private static String shorten(String text) {
    return text.length() <= 60 ? text : text.substring(0, 60) + "...";
  }
}
