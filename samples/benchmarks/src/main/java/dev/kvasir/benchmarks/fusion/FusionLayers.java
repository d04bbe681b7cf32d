package dev.kvasir.benchmarks.fusion;

import dev.kvasir.benchmarks.suite.Texts;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What a report says about layers that are merged and rows that are folded. */
final class FusionLayers {

  private static final String NONE = "-";

  private final FusionReport report;

  FusionLayers(FusionReport report) {
    this.report = report;
  }

  private Optional<Double> merged(String what) {
    return report.figure(Parts.MINICACHE, Parts.MINICACHE, what);
  }

  private Optional<Double> full(String what) {
    return report.figure(Parts.MINICACHE, Parts.FULL, what);
  }

  private Optional<Double> ofFull(String what) {
    return merged(what).flatMap(own -> full(what).map(other -> own / other));
  }

  private Optional<Double> bytesOfFull() {
    return merged("bytes").flatMap(own -> full("rows").map(rows -> own / (rows * Parts.ROW_BYTES)));
  }

  /** {@return decode attention of merged layers over that of all rows, by the bytes they read} */
  Optional<Double> attentionForBytes() {
    return ofFull("decode attention us").flatMap(time -> bytesOfFull().map(bytes -> time / bytes));
  }

  private static String text(Optional<Double> figure, String pattern) {
    return figure.map(number -> String.format(Locale.ROOT, pattern, number)).orElse(NONE);
  }

  String text() {
    return """
        Two layers merged (MiniCache: t = 0.6, 5 % retained, a tail of 128): the merge behind a span
        over its prefill attention; a step's decode attention and the bytes it reads, shared
        directions read by both layers, over those of plain attention, steps in turn; and what
        merging full tails takes for each token, in the session's steps, where it runs once in 128
        of them, and its kernels alone, compiled.

        """
        + Texts.table(
            List.of("what", "first", "compiled"),
            List.of(
                List.of(
                    "merge of a span",
                    text(merged("first merge ms"), "%,.0f ms")
                        + text(merged("first merge %"), " = %.2f %%"),
                    text(merged("merge ms"), "%,.1f ms") + text(merged("merge %"), " = %.2f %%")),
                List.of(
                    "decode attention over plain attention",
                    NONE,
                    text(ofFull("decode attention us"), "%.3f times")),
                List.of("bytes read over plain attention", NONE, text(bytesOfFull(), "%.3f times")),
                List.of(
                    "bytes allocated over plain attention",
                    NONE,
                    text(ofFull("allocated"), "%.3f times")),
                List.of(
                    "merging, of a token in the session",
                    NONE,
                    text(merged("merge us a token"), "%.1f µs")),
                List.of(
                    "merging, of a token, the kernels alone",
                    tail("first merge us a token"),
                    tail("merge us a token"))))
        + """

        Rows of one layer folded into slots (LoCoCo: 128 slots, 64 of them mixed, blocks of 128, a
        kernel of 21) in turn with the project's own blocked product in f32 of 256 rows by 1,024 x
        1,024; on two threads where nothing else is said. A step folds 256 rows, once in 128 tokens;
        both sides' rates are those of their own arithmetic.

        """
        + Texts.table(
            List.of(
                "what",
                "rows",
                "fold",
                "of each of 128 tokens",
                "rate",
                "product's rate",
                "of it",
                "fold, first"),
            folds());
  }

  private String tail(String what) {
    return text(report.figure(Parts.MINICACHE, Parts.FULL_TAIL, what), "%,.1f µs");
  }

  private List<List<String>> folds() {
    List<List<String>> rows = new ArrayList<>();
    for (String fold : List.of(FoldPart.STEP, FoldPart.ALONE, FoldPart.SPAN)) {
      if (report.figure(Parts.FOLDS, fold, "rows").isEmpty()) {
        continue;
      }
      rows.add(
          List.of(
              fold,
              fold(fold, "rows", 1, "%.0f"),
              fold(fold, "fold us", 1e-3, "%.2f ms"),
              fold(fold, "us a token", 1e-3, "%.3f ms"),
              fold(fold, "fold GFLOP/s", 1, "%.0f GFLOP/s"),
              fold(fold, "product GFLOP/s", 1, "%.0f GFLOP/s"),
              text(report.figure(Parts.FOLDS, fold, "times").map(times -> 1 / times), "%.2f"),
              fold(fold, "first fold us", 1e-3, "%.0f ms")));
    }
    return rows;
  }

  private String fold(String fold, String what, double factor, String pattern) {
    return text(report.figure(Parts.FOLDS, fold, what).map(figure -> figure * factor), pattern);
  }
}
