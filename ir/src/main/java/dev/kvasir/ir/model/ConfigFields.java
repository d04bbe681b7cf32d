package dev.kvasir.ir.model;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.CompilerBug;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.diag.SourceSpan;
import dev.kvasir.ir.diag.SourceText;
import java.io.IOException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** The top-level keys of a JSON object, each with its value and the place where it is written. */
final class ConfigFields {
  private static final int MAX_NESTING = 32;
  private static final int MAX_NUMBER_LENGTH = 64;

  private static final ObjectMapper JSON =
      new ObjectMapper(
          JsonFactory.builder()
              .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
              .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
              .streamReadConstraints(
                  StreamReadConstraints.builder()
                      .maxNestingDepth(MAX_NESTING)
                      .maxNumberLength(MAX_NUMBER_LENGTH)
                      .build())
              .build());

  /**
   * One key.
   *
   * @param span the key and its value, as far as they can be pointed at
   */
  record Field(String key, JsonNode value, SourceSpan span) {}

  private ConfigFields() {}

  /**
   * {@return the fields of the object that {@code text} holds, in its order}
   *
   * @throws CompileException when the text is no JSON object, repeats a key or nests too deeply
   */
  static Map<String, Field> parse(SourceText text) {
    Map<String, Field> fields = new LinkedHashMap<>();
    try (JsonParser parser = JSON.getFactory().createParser(text.text())) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw malformed(text, 0, "expected a JSON object");
      }
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String key = parser.currentName();
        int start = offset(text, parser.currentTokenLocation());
        parser.nextToken();
        JsonNode value = JSON.readTree(parser);
        int end = Math.max(start, offset(text, parser.currentLocation()));
        fields.put(key, new Field(key, value, text.span(start, end)));
      }
      if (parser.nextToken() != null) {
        throw malformed(
            text,
            offset(text, parser.currentTokenLocation()),
            "expected nothing after the JSON object");
      }
    } catch (JsonProcessingException e) {
      JsonLocation location = e.getLocation();
      throw malformed(
          text,
          location == null ? 0 : offset(text, location),
          "expected well-formed JSON: " + e.getOriginalMessage());
    } catch (IOException e) {
      throw new CompilerBug("reading a text in memory failed", e);
    }
    return Collections.unmodifiableMap(fields);
  }

  private static int offset(SourceText text, JsonLocation location) {
    return (int) Math.clamp(location.getCharOffset(), 0L, text.length());
  }

  private static CompileException malformed(SourceText text, int at, String message) {
    return new CompileException(
        Diagnostic.error(DiagnosticCode.CONFIG_MALFORMED, text.span(at, at), message)
            .withNote("copy config.json again from where the model was published"));
  }
}
