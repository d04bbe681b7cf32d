package dev.kvasir.cli;

import dev.kvasir.cli.Bench.AtDepth;
import dev.kvasir.cli.PlanTimes.KernelTimes;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Writes what a bench measured as comma-separated values (RFC 4180): for each plan and depth a row
 * {@code prefill}, a row {@code step}, a row for each kernel and a row for what no kernel took.
 */
final class BenchCsv {
  private static final List<String> COLUMNS =
      List.of(
          "plan",
          "model",
          "policy",
          "backend",
          "threads",
          "depth",
          "read_bandwidth",
          "part",
          "kernel",
          "rounds",
          "tokens_per_second",
          "milliseconds",
          "milliseconds_minimum",
          "milliseconds_maximum",
          "time_ratio",
          "calls_per_step",
          "bytes_per_step",
          "bytes_per_second");

  private final BenchReport report;

  BenchCsv(BenchReport report) {
    this.report = report;
  }

  /** {@return all lines} */
  List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add(line(COLUMNS));
    for (int i = 0; i < report.plans().size(); i++) {
      for (AtDepth depth : report.depths()) {
        rows(i, depth).forEach(row -> lines.add(line(row)));
      }
    }
    return lines;
  }

  private List<List<String>> rows(int index, AtDepth depth) {
    PlanTimes times = depth.plans().get(index);
    boolean ratio = report.compares() && index == 0;
    PlanTimes other = depth.plans().getLast();
    List<List<String>> rows = new ArrayList<>();
    rows.add(
        row(
            index,
            depth,
            timed(
                "prefill",
                times.prefill(),
                BenchReport.prefillRate(depth, times).median(),
                ratio ? Double.toString(times.prefillRatio(other)) : "")));
    rows.add(
        row(
            index,
            depth,
            timed(
                "step",
                times.rounds(),
                BenchReport.stepRate(times).median(),
                ratio ? Double.toString(times.stepRatio(other)) : "")));
    for (KernelTimes kernel : times.kernels()) {
      boolean known = kernel.bytes() > 0;
      rows.add(
          row(
              index,
              depth,
              List.of(
                  "kernel",
                  kernel.kernel(),
                  "",
                  "",
                  Double.toString(kernel.nanos() / 1e6),
                  "",
                  "",
                  "",
                  Double.toString(kernel.calls()),
                  known ? Double.toString(kernel.bytes()) : "",
                  known ? Double.toString(kernel.bytesPerSecond()) : "")));
    }
    String outside = Double.toString(times.outside() / 1e6);
    rows.add(
        row(index, depth, List.of("outside kernels", "", "", "", outside, "", "", "", "", "", "")));
    return rows;
  }

  private static List<String> timed(String part, List<Double> rounds, double rate, String ratio) {
    Spread nanos = Spread.of(rounds);
    return List.of(
        part,
        "",
        Integer.toString(rounds.size()),
        Double.toString(rate),
        Double.toString(nanos.median() / 1e6),
        Double.toString(nanos.minimum() / 1e6),
        Double.toString(nanos.maximum() / 1e6),
        ratio,
        "",
        "",
        "");
  }

  private List<String> row(int index, AtDepth depth, List<String> rest) {
    BenchReport.Timed timed = report.plans().get(index);
    List<String> row = new ArrayList<>();
    row.add(timed.file().toString());
    row.add(timed.plan().manifest().model().name());
    row.add(timed.plan().manifest().policy().name());
    row.add(report.backend());
    row.add(Integer.toString(report.options().threads()));
    row.add(Integer.toString(depth.depth()));
    row.add(depth.bandwidth().map(Object::toString).orElse(""));
    row.addAll(rest);
    return row;
  }

  private static String line(List<String> cells) {
    return cells.stream().map(BenchCsv::quoted).collect(Collectors.joining(","));
  }

  private static String quoted(String cell) {
    boolean plain = cell.chars().noneMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r');
    return plain ? cell : '"' + cell.replace("\"", "\"\"") + '"';
  }
}
