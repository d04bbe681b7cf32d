package dev.kvasir.cli;

import dev.kvasir.cli.eval.Prediction;
import dev.kvasir.cli.eval.Settings;
import java.awt.Color;
import java.awt.Font;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.knowm.xchart.HeatMapChart;
import org.knowm.xchart.HeatMapChartBuilder;

/** Right answers as a heat map: a column a length, a row a depth. */
final class EvalChart {
  private static final int CELL_WIDTH = 84;
  private static final int CELL_HEIGHT = 60;
  private static final int MARGIN_WIDTH = 260;
  private static final int MARGIN_HEIGHT = 150;
  private static final int SMALLEST_WIDTH = 640;
  private static final int LARGEST = 2400;
  private static final int TITLE_SIZE = 13;
  private static final int VALUE_SIZE = 12;
  // From nothing to all; the darkest still lets black numbers be read.
  private static final Color[] COLOURS = {
    new Color(0xf4a582), new Color(0xfddbc7), new Color(0xf7f7f7), new Color(0x92c5de)
  };

  private final String title;
  private final Settings settings;
  private final List<Prediction> predictions;

  /**
   * @param predictions answers to one suite
   */
  EvalChart(String title, Settings settings, List<Prediction> predictions) {
    this.title = title;
    this.settings = settings;
    this.predictions = List.copyOf(predictions);
  }

  /** {@return the picture as the bytes of a PNG file} */
  byte[] png() {
    return ChartFile.png(this::chart);
  }

  private HeatMapChart chart() {
    List<Integer> lengths = settings.lengths();
    List<Integer> depths = settings.depths();
    HeatMapChart chart =
        new HeatMapChartBuilder()
            .width(Math.clamp(MARGIN_WIDTH + lengths.size() * CELL_WIDTH, SMALLEST_WIDTH, LARGEST))
            .height(Math.min(MARGIN_HEIGHT + Math.max(4, depths.size()) * CELL_HEIGHT, LARGEST))
            .title(title)
            .xAxisTitle("tokens")
            .yAxisTitle("percent of the text before the key")
            .build();
    chart
        .getStyler()
        .setRangeColors(COLOURS)
        .setMin(0)
        .setMax(100)
        .setDrawBorder(true)
        .setShowValue(true)
        .setHeatMapValueDecimalPattern("0")
        .setValueFont(new Font(Font.SANS_SERIF, Font.PLAIN, VALUE_SIZE))
        .setChartTitleFont(new Font(Font.SANS_SERIF, Font.BOLD, TITLE_SIZE))
        .setChartBackgroundColor(Color.WHITE)
        .setChartFontColor(Color.BLACK);
    List<Number[]> cells = new ArrayList<>();
    for (int x = 0; x < lengths.size(); x++) {
      for (int y = 0; y < depths.size(); y++) {
        int length = lengths.get(x);
        int depth = depths.get(y);
        double[] right =
            predictions.stream()
                .filter(one -> one.length() == length && nearest(one.depth()) == depth)
                .mapToDouble(one -> one.correct() ? 100 : 0)
                .toArray();
        if (right.length > 0) {
          cells.add(new Number[] {x, y, Arrays.stream(right).average().orElseThrow()});
        }
      }
    }
    chart.addSeries("right answers, %", texts(lengths), texts(depths), cells);
    return chart;
  }

  /** {@return the depth in percent, of those asked for, to which a key is nearest} */
  private int nearest(double depth) {
    return settings.depths().stream()
        .min(Comparator.comparingDouble(each -> Math.abs(each - 100 * depth)))
        .orElseThrow();
  }

  private static List<String> texts(List<Integer> numbers) {
    return numbers.stream().map(String::valueOf).toList();
  }
}
