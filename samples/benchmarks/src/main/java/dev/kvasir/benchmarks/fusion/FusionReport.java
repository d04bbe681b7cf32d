package dev.kvasir.benchmarks.fusion;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.kvasir.benchmarks.suite.Machine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What was measured.
 *
 * @param date ISO 8601
 * @param tokens of the prompt
 * @param machine where
 * @param parts by part, by policy or comparison, figures by what they are
 */
record FusionReport(
    String date, int tokens, Machine machine, Map<String, Map<String, Map<String, Double>>> parts) {

  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  /** {@return a report that was written} */
  static FusionReport read(Path file) throws IOException {
    return JSON.readValue(file.toFile(), FusionReport.class);
  }

  /** {@return a report that was written; a new one where there is no such file} */
  static FusionReport readOrNew(Path file, String date, int tokens) throws IOException {
    return Files.exists(file)
        ? read(file)
        : new FusionReport(date, tokens, Machine.here(), Map.of());
  }

  /** {@return the same with what a part measured in place of what it had} */
  FusionReport with(String part, Map<String, Map<String, Double>> figures) {
    Map<String, Map<String, Map<String, Double>>> all = new LinkedHashMap<>(parts);
    all.put(part, figures);
    return new FusionReport(date, tokens, machine, all);
  }

  /** {@return a figure; empty where it was not measured} */
  Optional<Double> figure(String part, String subject, String what) {
    return Optional.ofNullable(
        parts.getOrDefault(part, Map.of()).getOrDefault(subject, Map.of()).get(what));
  }

  /** Writes it as JSON. */
  void write(Path file) throws IOException {
    Files.writeString(file, JSON.writeValueAsString(this) + "\n");
  }
}
