package dev.kvasir.benchmarks.gpu;

import dev.kvasir.benchmarks.suite.Statistics;
import dev.kvasir.benchmarks.suite.Texts;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What a run of the suite measured, as a page and as a short table. */
final class GpuPage {
  private static final String NONE = "-";
  private static final double SECOND = 1e9;
  private static final double GIGA = 1e9;

  private final GpuReport report;

  GpuPage(GpuReport report) {
    this.report = report;
  }

  /** {@return the page, in Markdown} */
  String markdown() {
    StringBuilder page = new StringBuilder("# What kernels reach on " + report.device() + "\n\n");
    page.append(
        Texts.table(
            List.of("", ""),
            List.of(
                List.of("date", report.date()),
                List.of("command", "`" + report.command() + "`"),
                List.of("back end", report.backend()),
                List.of("Java", report.java()),
                List.of("PyTorch", peer()))));
    page.append(
        """

        32 query heads, 8 KV heads, head dim 128 unless the command says quick; codes of 8 and 4
        bits in groups of 128. Decode is one new token of each sequence over one layer, splits and
        their sum; a run goes through several layers, whose caches together are far larger than
        those of the device, and its time is divided by their number. Times are the host's, from
        the first launch to the end of the last. Medians of rounds in which the formats took turns;
        in brackets the least and the most. Percentages are of what a copy through the same back
        end read and wrote in the same round, for prefill of what a kernel of multiplications and
        additions alone did. Every result was compared with the definition first.

        """);
    page.append(Texts.table(head(), rows()));
    page.append("\n").append(model());
    if (!report.skipped().isEmpty()) {
      page.append("\nNot measured:\n\n");
      report.skipped().forEach(reason -> page.append("* ").append(reason).append("\n"));
    }
    return page.toString();
  }

  private String peer() {
    Peer peer = report.peer();
    return peer.absent().isEmpty()
        ? Texts.format("%s, copies %.0f GB/s", peer.version(), peer.copied() / GIGA)
        : "not measured: " + peer.absent();
  }

  private static List<String> head() {
    return List.of(
        "work", "time", "rate", "copy", "of the limit", "to f16", "bytes to f16", "to PyTorch");
  }

  private List<List<String>> rows() {
    return report.measures().stream().map(this::row).toList();
  }

  private List<String> row(Measure measure) {
    Statistics nanos = Statistics.of(measure.nanos());
    boolean memory = measure.calculated().isEmpty();
    return List.of(
        name(measure),
        Texts.format(
            "%s (%s to %s)",
            Texts.time(nanos.median()), Texts.time(nanos.minimum()), Texts.time(nanos.maximum())),
        memory
            ? gigabytes(SECOND * measure.bytes() / nanos.median())
            : Texts.format("%.2f Tflop/s", measure.arithmetic() / nanos.median() / 1e3),
        gigabytes(Statistics.of(measure.copied()).median()),
        Texts.percent(Statistics.of(measure.percentOfLimit())),
        half(measure).map(half -> ratio(nanos.median(), half.nanos())).orElse(NONE),
        half(measure)
            .map(half -> Texts.format("%.2fx", measure.bytes() / half.bytes()))
            .orElse(NONE),
        report
            .peer()
            .of(measure)
            .map(peer -> ratio(nanos.median(), peer.nanos()) + " its time")
            .orElse(NONE));
  }

  private static String name(Measure measure) {
    return Texts.format(
        "%s %s, %,d x %d", measure.work(), measure.format(), measure.context(), measure.batch());
  }

  private static String gigabytes(double bytesPerSecond) {
    return Texts.format("%.1f GB/s", bytesPerSecond / GIGA);
  }

  private static String ratio(double nanos, List<Double> others) {
    return Texts.format("%.2fx", nanos / Statistics.of(others).median());
  }

  private Optional<Measure> half(Measure measure) {
    return report.measures().stream()
        .filter(each -> each.format().equals(GpuFormat.F16.text()))
        .filter(each -> each.sameWork(measure.work(), measure.context(), measure.batch()))
        .findFirst();
  }

  /** {@return tasks and steps, a line each} */
  private String model() {
    StringBuilder lines = new StringBuilder();
    if (!report.taskNanos().isEmpty()) {
      Statistics task = Statistics.of(report.taskNanos());
      lines.append(
          Texts.format(
              "A task with nothing to do: %s (%s to %s) of host and driver.\n",
              Texts.time(task.median()), Texts.time(task.minimum()), Texts.time(task.maximum())));
    }
    for (ModelSteps.Result steps : report.steps()) {
      Statistics nanos = Statistics.of(steps.nanos());
      lines.append(
          Texts.format(
              "Decode step of a model (hidden, intermediate, layers, query heads, KV heads, head dim,"
                  + " vocabulary %s; random weights; %,d tokens in the cache): %s (%s to %s), %d"
                  + " tasks, %d a layer, %.1f GB read; the prompt took %s.\n",
              steps.shape(),
              steps.prompt(),
              Texts.time(nanos.median()),
              Texts.time(nanos.minimum()),
              Texts.time(nanos.maximum()),
              steps.tasks(),
              steps.tasksPerLayer(),
              steps.bytes() / GIGA,
              Texts.time(steps.promptNanos())));
    }
    return lines.toString();
  }

  /** {@return the figures alone, aligned for a terminal} */
  String table() {
    List<List<String>> all = new ArrayList<>(List.of(head()));
    all.addAll(rows());
    StringBuilder table = new StringBuilder(report.backend() + "\n");
    table.append("PyTorch: ").append(peer()).append("\n");
    report.skipped().forEach(reason -> table.append("not measured: ").append(reason).append("\n"));
    for (List<String> row : all) {
      for (int column = 0; column < row.size(); column++) {
        int place = column;
        int width = all.stream().mapToInt(each -> each.get(place).length()).max().orElse(1);
        table.append(Texts.format("%-" + (width + 2) + "s", row.get(column)));
      }
      table.append("\n");
    }
    return table.append(model()).toString();
  }
}
