package dev.kvasir.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvasir.cli.CommandException.Kind;
import dev.kvasir.cli.eval.Results;
import dev.kvasir.cli.eval.Suite;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** The folder that {@code eval} writes. */
final class EvalFolder {
  private static final String METRICS = "metrics.json";
  private static final String REPORT = "report.md";
  private static final String PREDICTIONS = "predictions.csv";
  private static final String FILES = "files";
  private static final String PICTURE = "[A-Za-z0-9._~-]+\\.png";

  private final Path folder;
  private final Set<String> oldPictures;

  private EvalFolder(Path folder, Set<String> oldPictures) {
    this.folder = folder;
    this.oldPictures = oldPictures;
  }

  /**
   * {@return a folder that may be written: a new one, an empty one or one that eval wrote}
   *
   * @throws CommandException when it holds anything else
   */
  static EvalFolder open(Path folder) {
    Set<String> pictures = new TreeSet<>();
    if (!Files.exists(folder)) {
      return new EvalFolder(folder, pictures);
    }
    if (!Files.isDirectory(folder)) {
      throw refused(folder, "expected a folder, got a file");
    }
    try (Stream<Path> entries = Files.list(folder)) {
      if (entries.findAny().isEmpty()) {
        return new EvalFolder(folder, pictures);
      }
      JsonNode metrics = Json.parse(Files.readString(folder.resolve(METRICS)));
      if (metrics.path(EvalJson.KIND).asText().equals(EvalJson.EVAL)) {
        metrics.path(FILES).forEach(file -> pictures.add(file.asText()));
        pictures.removeIf(name -> !name.matches(PICTURE));
        return new EvalFolder(folder, pictures);
      }
    } catch (IOException | IllegalArgumentException e) {
      throw refused(folder, "expected a folder that eval wrote, got one with other files", e);
    }
    throw refused(folder, "expected a folder that eval wrote, got one with other files");
  }

  /**
   * Writes everything; pictures of an earlier eval that are not written again are removed.
   *
   * @return the names of the files
   */
  List<String> write(EvalReport report) {
    Map<String, byte[]> files = new LinkedHashMap<>();
    files.put(REPORT, text(new EvalMarkdown(report).lines()));
    files.put(PREDICTIONS, text(EvalCsv.lines(report.results())));
    addPictures(report.results(), files);
    List<String> names = Stream.concat(files.keySet().stream(), Stream.of(METRICS)).toList();
    ObjectNode metrics = EvalJson.of(report);
    names.forEach(metrics.withArray(FILES)::add);
    // Last: what is listed in it is there.
    files.put(METRICS, text(List.of(metrics.toPrettyString())));
    try {
      Files.createDirectories(folder);
      for (Map.Entry<String, byte[]> file : files.entrySet()) {
        BytesFile.write(folder.resolve(file.getKey()), file.getValue());
      }
      for (String picture : oldPictures) {
        if (!files.containsKey(picture)) {
          Files.deleteIfExists(folder.resolve(picture));
        }
      }
    } catch (IOException e) {
      throw refused(folder, "it cannot be written: " + e.getMessage(), e);
    }
    return names;
  }

  private static void addPictures(Results results, Map<String, byte[]> files) {
    for (Results.Cache cache : results.caches()) {
      for (Suite suite : results.settings().suites()) {
        if (!cache.measured().of(suite).isEmpty()) {
          String title = "%s, percent right: %s".formatted(suite, title(cache));
          EvalChart chart = new EvalChart(title, results.settings(), cache.measured().of(suite));
          files.put("%s-%s.png".formatted(suite, cache.name()), chart.png());
        }
      }
    }
  }

  private static String title(Results.Cache cache) {
    return cache
        .of()
        .map(plan -> "%s in the bytes of %s".formatted(cache.policy(), plan))
        .orElse(cache.name());
  }

  private static byte[] text(List<String> lines) {
    return (String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8);
  }

  private static CommandException refused(Path folder, String problem) {
    return new CommandException(
        Kind.OUTPUT_NOT_WRITABLE, folder.toString(), problem, "choose another folder with --out");
  }

  private static CommandException refused(Path folder, String problem, Throwable cause) {
    CommandException refused = refused(folder, problem);
    refused.initCause(cause);
    return refused;
  }
}
