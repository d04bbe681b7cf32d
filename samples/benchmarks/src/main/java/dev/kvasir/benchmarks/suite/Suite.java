package dev.kvasir.benchmarks.suite;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.openjdk.jmh.Main;
import org.openjdk.jmh.runner.RunnerException;

/**
 * Runs every benchmark in interleaved rounds and writes what they measured as Markdown, JSON and
 * plots. After each round the files hold what was measured so far. Run it from the project's
 * folder:
 *
 * <pre>{@code
 * java --add-modules jdk.incubator.vector -jar samples/benchmarks/target/benchmarks.jar
 * java ... -jar samples/benchmarks/target/benchmarks.jar --quick --only DecodeAttention
 * java ... -jar samples/benchmarks/target/benchmarks.jar jmh DecodeAttention -p context=4096
 * }</pre>
 */
public final class Suite {
  private static final String JMH = "jmh";

  private Suite() {}

  /** Runs the suite; after the word {@code jmh}, JMH itself with what follows. */
  public static void main(String[] arguments) throws IOException {
    List<String> words = List.of(arguments);
    if (!words.isEmpty() && words.getFirst().equals(JMH)) {
      Main.main(words.subList(1, words.size()).toArray(String[]::new));
      return;
    }
    try {
      System.exit(run(Options.parse(words)) ? 0 : 1);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.err.print(Options.USAGE);
      System.exit(2);
    }
  }

  /** {@return whether every case ran in every round} */
  private static boolean run(Options options) throws IOException {
    if (options.results().isPresent()) {
      Path file = options.results().get();
      write(Report.read(file), folder(file), stem(file), options);
      return true;
    }
    String start = LocalDateTime.now(ZoneOffset.UTC).truncatedTo(ChronoUnit.MINUTES).toString();
    Report report = new Report(start, options.command(), Machine.here(), List.of());
    List<Case> cases = options.cases(report.machine().processors());
    Files.createDirectories(options.folder());
    String name = start.substring(0, start.indexOf('T')) + "-" + report.machine().slug();
    List<String> failures = new ArrayList<>();
    for (int round = 1; round <= options.rounds(); round++) {
      for (int i = 0; i < cases.size(); i++) {
        Case measured = cases.get(i);
        System.out.printf(
            "round %d of %d, %2d of %d: %s",
            round, options.rounds(), i + 1, cases.size(), measured.text());
        try {
          CaseResult.Round result = Forks.run(measured);
          report = report.plus(measured, result);
          System.out.println(", " + summary(new CaseResult(measured, List.of(result))));
        } catch (RunnerException e) {
          System.out.println(" FAILED");
          System.err.println(e.getMessage());
          failures.add("round " + round + ": " + measured.text());
        }
      }
      if (!report.results().isEmpty()) {
        write(report, options.folder(), name, options);
      }
    }
    failures.forEach(failure -> System.err.println("failed: " + failure));
    return failures.isEmpty();
  }

  private static String summary(CaseResult result) {
    return Texts.time(result.nanos().median())
        + ", "
        + Texts.percent(result.percentOfLimit())
        + " of "
        + (result.readingBinds() ? "read bandwidth" : "FMA peak");
  }

  private static Path folder(Path file) {
    return Objects.requireNonNull(file.toAbsolutePath().getParent(), "a file lies in a folder");
  }

  private static String stem(Path file) {
    String name = file.getFileName().toString();
    return name.substring(0, name.lastIndexOf('.'));
  }

  private static void write(Report report, Path folder, String name, Options options)
      throws IOException {
    String notes = options.notes().isPresent() ? Files.readString(options.notes().get()) : "";
    List<Path> plots = Plots.write(report, folder, name);
    report.write(folder.resolve(name + ".json"));
    Path page = folder.resolve(name + ".md");
    Files.writeString(page, Markdown.page(report, plots, notes));
    System.out.println("wrote " + page);
    if (options.readme().isPresent()) {
      Path readme = options.readme().get().toAbsolutePath();
      Path link = folder(readme).relativize(page.toAbsolutePath());
      Readme.replace(readme, report, link.toString());
      System.out.println("wrote " + readme);
    }
  }
}
