package dev.kvasir.benchmarks.fusion;

import dev.kvasir.benchmarks.suite.Texts;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** A report as a Markdown page: the targets, each policy's session, each pair of sides. */
final class FusionPage {

  private static final String NONE = "-";

  private final FusionReport report;

  private FusionPage(FusionReport report) {
    this.report = report;
  }

  /**
   * {@return the page}
   *
   * @param notes what is to be said about missed targets; empty for nothing
   */
  static String page(FusionReport report, String notes) {
    FusionPage page = new FusionPage(report);
    return "# What fused techniques cost\n\n"
        + page.conditions()
        + "\n## Targets\n\n"
        + page.targets()
        + (notes.isBlank() ? "" : "\n" + notes.strip() + "\n")
        + "\n## Prompts\n\n"
        + page.prompts()
        + "\n## Steps\n\n"
        + page.steps()
        + "\n## Layers merged, rows folded\n\n"
        + new FusionLayers(page.report).text()
        + "\n## Beside separate passes\n\n"
        + page.separate();
  }

  private String conditions() {
    return Texts.format(
        """
        %s, %d processors, %d-bit vectors, %s; %s, two threads. 32 query heads, 8 KV heads, head
        dim 128, bf16 rows, one prompt of %,d tokens in one span, a model of random weights with two
        layers. Each part has a Java virtual machine of its own.

        "First" is the first prompt of a policy's virtual machine and the first 128 steps, while
        kernels are compiled; "compiled" a prompt after six shorter ones and 600 steps. Kernels are
        compiled early, as by the launcher. The targets are for compiled kernels: a selection runs
        once in a prompt and a ring drops a page once in 64 steps, so that a model with two layers
        ends before they are compiled, and one with 32 layers runs them 16 times as often in the
        same prompt.
        """,
        report.machine().processor(),
        report.machine().processors(),
        report.machine().vectorBits(),
        report.machine().java(),
        report.date(),
        report.tokens());
  }

  private Optional<Double> figure(String part, String subject, String what) {
    return report.figure(part, subject, what);
  }

  private static String text(Optional<Double> figure, String pattern) {
    return figure.map(number -> String.format(Locale.ROOT, pattern, number)).orElse(NONE);
  }

  private String targets() {
    List<List<String>> rows = new ArrayList<>();
    for (String policy : List.of("snapkv", "windowkv")) {
      rows.add(
          target(
              "prompt with %s over plain prefill attention".formatted(policy),
              "3 % more",
              figure(policy, policy, "selection %"),
              figure(policy, policy, "first selection %"),
              3,
              "%.2f %%"));
    }
    for (String policy : List.of("snapkv", "windowkv", "streaming")) {
      rows.add(
          target(
              "decode attention of %s for the rows it reads".formatted(policy),
              "1.15 times",
              attentionForRows(policy, policy.equals("streaming") ? policy : policy + "-steps"),
              Optional.empty(),
              1.15,
              "%.2f times"));
    }
    rows.add(
        target(
            "append to a ring over a plain append, in steps",
            "1.05 times",
            ratio("streaming", "streaming", Parts.FULL, "append us"),
            Optional.empty(),
            1.05,
            "%.2f times"));
    rows.add(
        target(
            "append to a ring over a plain append, alone",
            "1.05 times",
            figure(Parts.SEPARATE, "streaming, append beside a plain append", "ratio"),
            Optional.empty(),
            1.05,
            "%.2f times"));
    rows.add(
        target(
            "compensation of a step",
            "1 %",
            figure("streaming", "razor", "expel %"),
            figure("streaming", "razor", "first expel %"),
            1,
            "%.2f %%"));
    rows.add(
        target(
            "step of zigzag over that of duo, of equal bytes",
            "1 times",
            figure("groups", "zigzag", "step over duo"),
            Optional.empty(),
            1,
            "%.2f times"));
    rows.add(
        target(
            "merge behind a span, of its prefill attention",
            "5 %",
            figure(Parts.MINICACHE, Parts.MINICACHE, "merge %"),
            figure(Parts.MINICACHE, Parts.MINICACHE, "first merge %"),
            5,
            "%.2f %%"));
    rows.add(
        target(
            "decode attention of minicache for the bytes it reads",
            "1.10 times",
            new FusionLayers(report).attentionForBytes(),
            Optional.empty(),
            1.10,
            "%.2f times"));
    rows.add(
        target(
            "fold of a step's rows over a blocked product of its arithmetic",
            "2 times",
            figure(Parts.FOLDS, FoldPart.STEP, "times"),
            Optional.empty(),
            2,
            "%.2f times"));
    return Texts.table(List.of("what", "at most", "compiled", "first", "reached"), rows);
  }

  private static List<String> target(
      String what,
      String most,
      Optional<Double> compiled,
      Optional<Double> first,
      double bar,
      String pattern) {
    return List.of(
        what,
        most,
        text(compiled, pattern),
        text(first, pattern),
        compiled.map(number -> number <= bar ? "yes" : "**no**").orElse("not measured"));
  }

  private Optional<Double> ratio(String part, String subject, String other, String what) {
    return figure(part, subject, what)
        .flatMap(number -> figure(part, other, what).map(divisor -> number / divisor));
  }

  private Optional<Double> attentionForRows(String policy, String part) {
    return ratio(part, policy, Parts.FULL, "decode attention us")
        .flatMap(time -> ratio(part, policy, Parts.FULL, "rows").map(rows -> time / rows));
  }

  /** Each policy once, plain attention beside each of its parts. */
  private List<List<String>> rows(Function<Subject, List<String>> row) {
    List<List<String>> rows = new ArrayList<>();
    report
        .parts()
        .forEach(
            (part, subjects) ->
                subjects.forEach(
                    (name, figures) -> {
                      if (figures.containsKey("decode attention us")) {
                        rows.add(row.apply(new Subject(part, name, figures)));
                      }
                    }));
    return rows;
  }

  private record Subject(String part, String name, Map<String, Double> figures) {
    String text(String what, String pattern) {
      return FusionPage.text(Optional.ofNullable(figures.get(what)), pattern);
    }
  }

  private String prompts() {
    return Texts.table(
        List.of(
            "policy",
            "prefill attention, first",
            "selection, first",
            "of it",
            "prefill attention",
            "selection",
            "of it",
            "mass, scores, choice, copy",
            "expelled rows"),
        rows(
            subject ->
                List.of(
                    subject.name(),
                    subject.text("first prefill attention ms", "%,.0f ms"),
                    subject.text("first selection ms", "%.0f ms"),
                    subject.text("first selection %", "%.2f %%"),
                    subject.text("prefill attention ms", "%,.0f ms"),
                    subject.text("selection ms", "%.1f ms"),
                    subject.text("selection %", "%.2f %%"),
                    subject.figures().containsKey("selection ms")
                        ? subject.text("observed mass ms", "%.1f")
                            + subject.text("score rows ms", ", %.1f")
                            + subject.text("choose rows ms", ", %.1f")
                            + subject.text("compact rows ms", ", %.1f ms")
                        : NONE,
                    subject.text("prefill expel %", "%.2f %%"))));
  }

  private String steps() {
    return Texts.format(
            "Steps of a part's policies take turns of %d, %,d in all of each; which begins changes. Of"
                + " two policies beside each other, the median over turns of the ratio of both"
                + " medians is the figure.\n\n",
            Parts.STEPS, Parts.STEPS * Parts.ROUNDS)
        + Texts.table(
            List.of(
                "policy",
                "launches",
                "decode attention, median (least)",
                "MB read",
                "time of full",
                "bytes of full",
                "append",
                "compensation",
                "step, median",
                "mean"),
            rows(
                subject ->
                    List.of(
                        subject.name(),
                        subject.text("launches", "%.0f"),
                        subject.text("decode attention us", "%,.0f µs")
                            + subject.text("least decode attention us", " (%,.0f)"),
                        text(
                            Optional.ofNullable(subject.figures().get("rows"))
                                .map(rows -> rows * Parts.ROW_BYTES / 1e6),
                            "%.1f"),
                        text(
                            ratio(
                                subject.part(), subject.name(), Parts.FULL, "decode attention us"),
                            "%.3f"),
                        text(ratio(subject.part(), subject.name(), Parts.FULL, "rows"), "%.3f"),
                        subject.text("append us", "%.1f µs"),
                        subject.text("expel us a step", "%.1f µs")
                            + subject.text("expel %", " = %.2f %%"),
                        subject.text("step us", "%,.0f µs"),
                        subject.text("mean step us", "%,.0f µs"))));
  }

  private String separate() {
    List<List<String>> rows = new ArrayList<>();
    report
        .parts()
        .getOrDefault(Parts.SEPARATE, Map.of())
        .forEach(
            (name, figures) -> {
              Subject subject = new Subject(Parts.SEPARATE, name, figures);
              rows.add(
                  List.of(
                      name,
                      time(figures, "fused us"),
                      time(figures, "separate us"),
                      subject.text("ratio", "%.3f"),
                      time(figures, "first fused us"),
                      time(figures, "first separate us"),
                      megabytes(figures, "fused bytes"),
                      megabytes(figures, "separate bytes")));
            });
    return """
        The kernels of one layer in turn with the same technique as passes of their own, written in
        Java with vectors, on the same rows and as many threads; before they are timed, the chosen
        rows are compared as sets, kept rows to the bit, outputs and means to 1e-5. A selection:
        logits, softmax, sums over queries, pool or windows, the largest scores by a histogram, a
        copy of keys, a copy of values. A step: a copy of the chosen rows, then logits, softmax and
        the sum of values. An append: a row more in a cache of all rows, then sink and recent rows
        copied. Compensation: a pass over the rows that have left, or over those that just left.
        MB are those of rows and logits that a run reads; a fused selection reads f32 rows, which
        are in scratch.

        """
        + Texts.table(
            List.of(
                "what",
                "fused",
                "separate",
                "ratio",
                "fused, first",
                "separate, first",
                "fused MB",
                "separate MB"),
            rows);
  }

  private static String time(Map<String, Double> figures, String what) {
    Double micros = figures.get(what);
    return micros == null ? NONE : Texts.time(micros * 1e3);
  }

  private static String megabytes(Map<String, Double> figures, String what) {
    return text(Optional.ofNullable(figures.get(what)).map(bytes -> bytes / 1e6), "%.3g");
  }
}
