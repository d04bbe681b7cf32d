package dev.kvasir.cli;

import dev.kvasir.cli.eval.Prediction;
import dev.kvasir.cli.eval.Results;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Writes every answer as a line of comma-separated values (RFC 4180). */
final class EvalCsv {
  private static final String HEAD =
      "suite,plan,policy,length,depth,sample,expected,got,correct,allocated_bytes";

  private EvalCsv() {}

  /** {@return all lines, the headings first; depth is in percent} */
  static List<String> lines(Results results) {
    List<String> lines = new ArrayList<>();
    lines.add(HEAD);
    for (Results.Cache cache : results.caches()) {
      for (Prediction one : cache.measured().predictions()) {
        lines.add(
            Stream.of(
                    one.suite(),
                    cache.name(),
                    cache.policy(),
                    one.length(),
                    Texts.format("%.1f", 100 * one.depth()),
                    one.sample(),
                    one.expected(),
                    one.got(),
                    one.correct(),
                    one.allocatedBytes())
                .map(cell -> quoted(cell.toString()))
                .collect(Collectors.joining(",")));
      }
    }
    return lines;
  }

  private static String quoted(String cell) {
    boolean plain = cell.chars().noneMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r');
    return plain ? cell : "\"" + cell.replace("\"", "\"\"") + "\"";
  }
}
