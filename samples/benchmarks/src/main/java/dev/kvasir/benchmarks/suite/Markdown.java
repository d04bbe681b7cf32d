package dev.kvasir.benchmarks.suite;

import dev.kvasir.benchmarks.CacheFormat;
import dev.kvasir.benchmarks.Implementation;
import dev.kvasir.benchmarks.Sample;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A run as a Markdown page: the machine, the targets, the peers, every case. */
final class Markdown {

  private final Report report;

  private Markdown(Report report) {
    this.report = report;
  }

  /**
   * {@return the page}
   *
   * @param plots images that lie beside it
   * @param notes what is to be said about missed targets; empty for nothing
   */
  static String page(Report report, List<Path> plots, String notes) {
    Markdown markdown = new Markdown(report);
    StringBuilder page = new StringBuilder("# What the kernels reach\n\n");
    page.append(markdown.machine()).append('\n');
    page.append("## Targets\n\n").append(markdown.conditions()).append('\n');
    page.append(targets(report)).append('\n');
    if (!notes.isBlank()) {
      page.append("## Missed, and why\n\n").append(notes.strip()).append("\n\n");
    }
    page.append("## Peers\n\n").append(peers(report)).append('\n');
    for (Path plot : plots) {
      page.append("![](").append(plot).append(")\n\n");
    }
    page.append("## All cases\n\n").append(markdown.cases());
    markdown.flags().ifPresent(table -> page.append("\n## With other flags\n\n").append(table));
    return page.toString();
  }

  private String machine() {
    Machine machine = report.machine();
    Statistics load = Statistics.of(report.results().stream().map(CaseResult::load).toList());
    return Texts.table(
        List.of("", ""),
        List.of(
            List.of("date", report.date()),
            List.of("command", "`" + report.command() + "`"),
            List.of(
                "machine",
                Texts.format(
                    "%s, %d processors, %d-bit vectors",
                    machine.processor(), machine.processors(), machine.vectorBits())),
            List.of("Java", machine.java() + ", " + machine.system()),
            List.of("reading, one thread", rate(Sample::bytesPerSecond, 1, 1e9, "GB/s")),
            List.of("reading, two threads", rate(Sample::bytesPerSecond, 2, 1e9, "GB/s")),
            List.of("FMA peak, one thread", rate(Sample::operationsPerSecond, 1, 1e9, "Gflop/s")),
            List.of("FMA peak, two threads", rate(Sample::operationsPerSecond, 2, 1e9, "Gflop/s")),
            List.of(
                "rounds",
                Texts.format(
                    "%d, every case once in each", report.results().getFirst().rounds().size())),
            List.of("load average", Texts.format("%.2f to %.2f", load.minimum(), load.maximum()))));
  }

  private String rate(
      java.util.function.ToDoubleFunction<Sample> figure,
      int threads,
      double unit,
      String unitText) {
    List<Double> rates =
        report.results().stream()
            .filter(result -> result.measured().number("threads") == threads)
            .flatMap(result -> result.rounds().stream())
            .flatMap(round -> round.samples().stream())
            .map(figure::applyAsDouble)
            .toList();
    if (rates.isEmpty()) {
      return "not measured";
    }
    Statistics all = Statistics.of(rates);
    return Texts.format(
        "%.1f %s (%.1f to %.1f)",
        all.median() / unit, unitText, all.minimum() / unit, all.maximum() / unit);
  }

  private String conditions() {
    return """
        One thread, 32 query heads, 8 KV heads, head dim 128, 32,768 cache rows, unless the row says
        otherwise; caches and weights take turns over at least 1 GiB, so that they are cold. Caches,
        those of ONNX Runtime too, lie in huge pages as those of sessions do. Each
        case runs in a Java virtual machine of its own in every round, with no flags but those that
        make the Vector API and native memory accessible. Medians of the rounds' medians; in
        brackets the least and the most of all iterations. Percentages are of what the same
        virtual machine measured after the same iteration, with as many threads.
        """;
  }

  /** {@return the table of targets} */
  static String targets(Report report) {
    List<List<String>> rows = new ArrayList<>();
    for (Target target : Targets.of(report)) {
      rows.add(
          List.of(
              target.work(),
              target.target(),
              target.measured(),
              target.limit(),
              target.percent(),
              target.verdict().text()));
    }
    return Texts.table(
        List.of("work", "target", "measured", "limit", "of the limit", "reached"), rows);
  }

  /** {@return the table of all implementations at the context of the targets} */
  static String peers(Report report) {
    List<Case> cases = new ArrayList<>();
    for (CacheFormat format : CacheFormat.values()) {
      cases.add(Cases.decode(format));
    }
    cases.addAll(Cases.peers(Cases.CONTEXT));
    List<List<String>> rows = new ArrayList<>();
    for (Case measured : cases) {
      Optional<CaseResult> one = report.find(measured);
      Optional<CaseResult> two = report.find(measured.with("threads", 2));
      if (one.isEmpty() && two.isEmpty()) {
        continue;
      }
      rows.add(
          List.of(
              Implementation.valueOf(measured.get("implementation")).text(),
              CacheFormat.valueOf(measured.get("format")).text(),
              one.map(r -> Texts.time(r.nanos().median())).orElse("-"),
              one.map(r -> Texts.percent(r.percentOfLimit())).orElse("-"),
              two.map(r -> Texts.time(r.nanos().median())).orElse("-")));
    }
    return Texts.table(
        List.of("implementation", "format", "one thread", "of its limit", "two threads"), rows);
  }

  private String cases() {
    return table(report.results().stream().filter(r -> r.measured().flags().isEmpty()).toList());
  }

  private static String table(List<CaseResult> results) {
    List<List<String>> rows = new ArrayList<>();
    for (CaseResult result : results) {
      Statistics nanos = result.nanos();
      rows.add(
          List.of(
              result.measured().text(),
              Texts.time(nanos.median()),
              Texts.time(nanos.minimum()),
              Texts.time(nanos.maximum()),
              Texts.format("%.0f %%", nanos.spread()),
              Texts.percent(result.of(Sample::percentOfReading)),
              Texts.percent(result.of(Sample::percentOfArithmetic)),
              Texts.format("%.2f", result.load())));
    }
    return Texts.table(
        List.of(
            "case",
            "median",
            "least",
            "most",
            "spread",
            "of read bandwidth",
            "of FMA peak",
            "load"),
        rows);
  }

  private Optional<String> flags() {
    List<List<String>> rows = new ArrayList<>();
    for (CaseResult result : report.results()) {
      if (result.measured().flags().isEmpty()) {
        continue;
      }
      Optional<CaseResult> plain = report.find(result.measured().withFlags(""));
      rows.add(
          List.of(
              result.measured().text(),
              plain.map(r -> Texts.time(r.nanos().median())).orElse("-"),
              Texts.time(result.nanos().median()),
              plain.map(r -> Texts.percent(r.percentOfLimit())).orElse("-"),
              Texts.percent(result.percentOfLimit())));
    }
    return rows.isEmpty()
        ? Optional.empty()
        : Optional.of(
            Texts.table(List.of("case", "without", "with", "of the limit without", "with"), rows));
  }
}
