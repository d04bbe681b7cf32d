package dev.kvasir.cli;

import dev.kvasir.cli.Bench.AtDepth;
import dev.kvasir.cli.PlanTimes.KernelTimes;
import java.util.ArrayList;
import java.util.List;

/** Writes what a bench measured as Markdown that people can read as it is. */
final class BenchMarkdown {
  private static final String NOTHING = "";

  private final BenchReport report;

  BenchMarkdown(BenchReport report) {
    this.report = report;
  }

  /** {@return all lines} */
  List<String> lines() {
    List<String> lines = new ArrayList<>();
    List<String> names = new ArrayList<>();
    for (BenchReport.Timed timed : report.plans()) {
      names.add("%s (%s)".formatted(timed.text(), timed.file()));
    }
    lines.add(
        "%s on %s; %s of %s"
            .formatted(
                String.join(" beside ", names),
                report.backend(),
                Texts.count(report.options().repeats(), "round"),
                Texts.count(report.options().steps(), "step")));
    lines.add("");
    lines.addAll(steps());
    for (AtDepth depth : report.depths()) {
      for (int i = 0; i < report.plans().size(); i++) {
        lines.add("");
        lines.add(
            "depth %,d%s, read bandwidth %s"
                .formatted(
                    depth.depth(),
                    report.compares() ? ", " + report.plans().get(i).text() : "",
                    depth.bandwidth().map(Texts::bandwidth).orElse("not measured")));
        lines.add("");
        lines.addAll(kernels(depth, depth.plans().get(i)));
      }
    }
    return lines;
  }

  private List<String> steps() {
    List<String> head = new ArrayList<>();
    if (report.compares()) {
      head.add("plan");
    }
    head.addAll(
        List.of(
            "depth",
            "prefill tokens/s",
            "decode tokens/s",
            "ms a step",
            "minimum",
            "maximum",
            "spread",
            "µs outside kernels"));
    if (report.compares()) {
      head.add("time, prefill");
      head.add("time, decode");
    }
    List<List<String>> rows = new ArrayList<>();
    rows.add(head);
    for (AtDepth depth : report.depths()) {
      for (int i = 0; i < report.plans().size(); i++) {
        rows.add(step(depth, i));
      }
    }
    return MarkdownTable.lines(rows, report.compares() ? 1 : 0);
  }

  private List<String> step(AtDepth depth, int index) {
    PlanTimes times = depth.plans().get(index);
    Spread nanos = times.step();
    List<String> row = new ArrayList<>();
    if (report.compares()) {
      row.add(report.plans().get(index).text());
    }
    row.add(Texts.format("%,d", depth.depth()));
    row.add(number(BenchReport.prefillRate(depth, times).median()));
    row.add(number(BenchReport.stepRate(times).median()));
    row.add(number(nanos.median() / 1e6));
    row.add(number(nanos.minimum() / 1e6));
    row.add(number(nanos.maximum() / 1e6));
    row.add(Texts.percent(nanos.relative(), 1));
    row.add(number(times.outside() / 1e3));
    if (report.compares()) {
      PlanTimes other = depth.plans().getLast();
      row.add(index == 0 ? number(times.prefillRatio(other)) + "x" : "1x");
      row.add(index == 0 ? number(times.stepRatio(other)) + "x" : "1x");
    }
    return row;
  }

  private static List<String> kernels(AtDepth depth, PlanTimes times) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(
        List.of("kernel", "calls", "µs a step", "share", "reads", "GB/s", "of read bandwidth"));
    for (KernelTimes kernel : times.kernels()) {
      boolean known = kernel.bytes() > 0;
      rows.add(
          List.of(
              kernel.kernel(),
              calls(kernel.calls()),
              number(kernel.nanos() / 1e3),
              Texts.percent(kernel.share(), 1),
              known ? Texts.bytes(Math.round(kernel.bytes())) : NOTHING,
              known ? number(kernel.bytesPerSecond() / 1e9) : NOTHING,
              known
                  ? depth
                      .bandwidth()
                      .map(bandwidth -> Texts.percent(kernel.bytesPerSecond(), bandwidth))
                      .orElse(NOTHING)
                  : NOTHING));
    }
    rows.add(
        List.of(
            "outside kernels",
            NOTHING,
            number(times.outside() / 1e3),
            Texts.percent(times.outsideShare(), 1),
            NOTHING,
            NOTHING,
            NOTHING));
    return MarkdownTable.lines(rows, 1);
  }

  private static String calls(double calls) {
    return calls == Math.rint(calls) ? Texts.format("%.0f", calls) : Texts.format("%.2f", calls);
  }

  private static String number(double value) {
    if (value >= 100) {
      return Texts.format("%,.0f", value);
    }
    if (value >= 10) {
      return Texts.format("%.1f", value);
    }
    return value >= 1 ? Texts.format("%.2f", value) : Texts.format("%.3f", value);
  }
}
