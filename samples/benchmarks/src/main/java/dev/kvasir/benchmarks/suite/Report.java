package dev.kvasir.benchmarks.suite;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A run of the suite.
 *
 * @param date when it began, ISO 8601
 * @param command its arguments
 * @param machine where it ran
 * @param results a case each, in the order of the first round
 */
record Report(String date, String command, Machine machine, List<CaseResult> results) {

  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  /** Copies the list. */
  Report {
    results = List.copyOf(results);
  }

  /** {@return the same with one more round of a case} */
  Report plus(Case measured, CaseResult.Round round) {
    List<CaseResult> all = new ArrayList<>(results);
    for (int i = 0; i < all.size(); i++) {
      if (all.get(i).measured().equals(measured)) {
        all.set(i, all.get(i).plus(round));
        return new Report(date, command, machine, all);
      }
    }
    all.add(new CaseResult(measured, List.of(round)));
    return new Report(date, command, machine, all);
  }

  /** {@return what a case measured; empty when the run has not got it} */
  Optional<CaseResult> find(Case wanted) {
    return results.stream().filter(result -> result.measured().equals(wanted)).findAny();
  }

  /** Writes it as JSON. */
  void write(Path file) throws IOException {
    Files.writeString(file, JSON.writeValueAsString(this) + "\n");
  }

  /** {@return a run that {@link #write} wrote} */
  static Report read(Path file) throws IOException {
    return JSON.readValue(file.toFile(), Report.class);
  }
}
