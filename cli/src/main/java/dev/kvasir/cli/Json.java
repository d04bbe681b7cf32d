package dev.kvasir.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.SourceSpan;
import java.util.List;

/** What {@code --json} writes: one object. */
final class Json {
  private static final ObjectMapper MAPPER =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private Json() {}

  /** {@return an empty object} */
  static ObjectNode object() {
    return MAPPER.createObjectNode();
  }

  /** {@return JSON text as a tree} */
  static JsonNode parse(String text) {
    try {
      return MAPPER.readTree(text);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("expected JSON from a checked plan", e);
    }
  }

  /** Writes an object and a line end. */
  static void print(Console console, ObjectNode object) {
    try {
      console.out().println(MAPPER.writeValueAsString(object));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree always has a text", e);
    }
  }

  /** Adds an array of diagnostics: severity, code, place, message, notes. */
  static void addDiagnostics(ObjectNode object, String field, List<Diagnostic> diagnostics) {
    var array = object.putArray(field);
    for (Diagnostic diagnostic : diagnostics) {
      ObjectNode node = array.addObject();
      node.put("severity", diagnostic.severity().word());
      node.put("code", diagnostic.code().code());
      node.put("place", diagnostic.span().map(SourceSpan::toString).orElse(diagnostic.place()));
      node.put("message", diagnostic.message());
      diagnostic.notes().forEach(note -> node.withArray("notes").add(note.message()));
    }
  }
}
