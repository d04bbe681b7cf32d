package dev.kvasir.benchmarks.suite;

import dev.kvasir.benchmarks.CacheFormat;
import dev.kvasir.benchmarks.Implementation;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import javax.imageio.ImageIO;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler;

/** Decode attention over context and over threads, as images. */
final class Plots {
  private static final int WIDTH = 900;
  private static final int HEIGHT = 540;

  private final Report report;

  private Plots(Report report) {
    this.report = report;
  }

  /**
   * Draws what the run has at least two points of.
   *
   * @param folder where the images go
   * @param name how their names begin
   * @return their names
   */
  static List<Path> write(Report report, Path folder, String name) throws IOException {
    Plots plots = new Plots(report);
    List<Path> written = new ArrayList<>();
    XYChart time =
        plots.chart("context", "cache rows", "time of a token, µs", r -> r.nanos().median() / 1e3);
    time.getStyler().setXAxisLogarithmic(true).setYAxisLogarithmic(true);
    save(time, folder, name + "-time-over-context", written);
    XYChart percent =
        plots.chart(
            "context", "cache rows", "percent of the limit", r -> r.percentOfLimit().median());
    percent.getStyler().setXAxisLogarithmic(true);
    percent.getStyler().setYAxisMin(0.0).setYAxisMax(100.0);
    save(percent, folder, name + "-limit-over-context", written);
    XYChart threads =
        plots.chart("threads", "threads", "tokens a second", r -> 1e9 / r.nanos().median());
    threads.getStyler().setYAxisMin(0.0);
    save(threads, folder, name + "-threads", written);
    return written;
  }

  private static void save(XYChart chart, Path folder, String name, List<Path> written)
      throws IOException {
    if (!chart.getSeriesCollection().isEmpty()) {
      Path file = folder.resolve(name + ".png");
      ImageIO.write(BitmapEncoder.getBufferedImage(chart), "png", file.toFile());
      written.add(Path.of(name + ".png"));
    }
  }

  private XYChart chart(
      String axis, String axisTitle, String title, ToDoubleFunction<CaseResult> figure) {
    XYChart chart =
        new XYChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title("decode attention, one layer, 32 query and 8 KV heads of 128")
            .xAxisTitle(axisTitle)
            .yAxisTitle(title)
            .build();
    chart.getStyler().setLegendPosition(Styler.LegendPosition.OutsideE);
    series(axis)
        .forEach(
            (name, points) -> {
              if (points.size() > 1) {
                chart.addSeries(
                    name,
                    points.keySet().stream().mapToDouble(Integer::doubleValue).toArray(),
                    points.values().stream().mapToDouble(figure).toArray());
              }
            });
    return chart;
  }

  /** {@return results by implementation and format, then by the axis} */
  private Map<String, SortedMap<Integer, CaseResult>> series(String axis) {
    Map<String, SortedMap<Integer, CaseResult>> series = new LinkedHashMap<>();
    for (CaseResult result : report.results()) {
      Case measured = result.measured();
      if (!measured.benchmark().equals("DecodeAttention")) {
        continue;
      }
      Case standard =
          Cases.decode(
              CacheFormat.valueOf(measured.get("format")),
              Cases.CONTEXT,
              Implementation.valueOf(measured.get("implementation")));
      if (measured.equals(standard.with(axis, measured.get(axis)))) {
        String name =
            Implementation.valueOf(measured.get("implementation")).text()
                + " "
                + CacheFormat.valueOf(measured.get("format")).text();
        series.computeIfAbsent(name, n -> new TreeMap<>()).put(measured.number(axis), result);
      }
    }
    return series;
  }
}
