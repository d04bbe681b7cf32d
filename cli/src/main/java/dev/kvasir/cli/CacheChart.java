package dev.kvasir.cli;

import dev.kvasir.passes.analysis.CacheFootprint;
import java.awt.Color;
import java.awt.Font;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.knowm.xchart.HeatMapChart;
import org.knowm.xchart.HeatMapChartBuilder;

/** The bytes of a cache as a heat map: a column a layer, a row a KV head. */
final class CacheChart {
  private static final long MOST_OF_A_UNIT = 1000;
  private static final int CELL_WIDTH = 48;
  private static final int CELL_HEIGHT = 36;
  private static final int MARGIN_WIDTH = 260;
  private static final int MARGIN_HEIGHT = 150;
  private static final int SMALLEST_WIDTH = 760;
  private static final int LARGEST = 2400;
  private static final int MOST_CELLS_WITH_VALUES = 300;
  private static final int TITLE_SIZE = 13;
  private static final int VALUE_SIZE = 11;
  // The darkest still lets black numbers be read.
  private static final Color[] COLOURS = {
    new Color(0xf7fbff), new Color(0xdeebf7), new Color(0x9ecae1), new Color(0x4292c6)
  };

  private final Explanation explanation;

  CacheChart(Explanation explanation) {
    this.explanation = explanation;
  }

  /** {@return the picture as the bytes of a PNG file} */
  byte[] png() {
    return ChartFile.png(this::chart);
  }

  private HeatMapChart chart() {
    List<CacheFootprint.Part> parts = explanation.cache().parts();
    int layers = 1 + parts.stream().mapToInt(CacheFootprint.Part::layer).max().orElse(0);
    int heads = 1 + parts.stream().mapToInt(CacheFootprint.Part::kvHead).max().orElse(0);
    long[][] bytes = new long[layers][heads];
    for (CacheFootprint.Part part : parts) {
      bytes[part.layer()][part.kvHead()] += part.bytes();
    }
    long largest = largestHead(bytes);
    boolean large = largest > MOST_OF_A_UNIT << 10;
    double unit = large ? 1 << 20 : 1 << 10;
    HeatMapChart chart =
        new HeatMapChartBuilder()
            .width(Math.clamp(MARGIN_WIDTH + layers * CELL_WIDTH, SMALLEST_WIDTH, LARGEST))
            .height(Math.min(MARGIN_HEIGHT + Math.max(4, heads) * CELL_HEIGHT, LARGEST))
            .title(title(large ? "MiB" : "KiB"))
            .xAxisTitle("layer")
            .yAxisTitle("KV head")
            .build();
    chart
        .getStyler()
        .setRangeColors(COLOURS)
        .setMin(0)
        .setMax(Math.ceil(largest / unit))
        .setDrawBorder(true)
        .setShowValue(layers * heads <= MOST_CELLS_WITH_VALUES)
        .setHeatMapValueDecimalPattern("#,##0.#")
        .setValueFont(new Font(Font.SANS_SERIF, Font.PLAIN, VALUE_SIZE))
        .setChartTitleFont(new Font(Font.SANS_SERIF, Font.BOLD, TITLE_SIZE))
        .setChartBackgroundColor(Color.WHITE)
        .setChartFontColor(Color.BLACK);
    List<Number[]> cells = new ArrayList<>();
    for (int layer = 0; layer < layers; layer++) {
      for (int head = 0; head < heads; head++) {
        cells.add(new Number[] {layer, head, bytes[layer][head] / unit});
      }
    }
    chart.addSeries("bytes", numbers(layers), numbers(heads), cells);
    return chart;
  }

  private String title(String unit) {
    return "%s of each KV head under %s at %s: %s, full is %s"
        .formatted(
            unit,
            explanation.policy().name(),
            Texts.count(explanation.context(), "token"),
            Texts.bytes(explanation.cache().bytes()),
            Texts.bytes(explanation.full().bytes()));
  }

  /** The darkest colour is the largest KV head, of this policy or of policy full. */
  private long largestHead(long[][] bytes) {
    Map<List<Integer>, Long> full = new HashMap<>();
    for (CacheFootprint.Part part : explanation.full().parts()) {
      full.merge(List.of(part.layer(), part.kvHead()), part.bytes(), Long::sum);
    }
    long largest = Collections.max(full.values());
    for (long[] layer : bytes) {
      largest = Math.max(largest, Arrays.stream(layer).max().orElse(0));
    }
    return largest;
  }

  private static List<String> numbers(int count) {
    return IntStream.range(0, count).mapToObj(Integer::toString).toList();
  }
}
