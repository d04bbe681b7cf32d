package dev.kvasir.cli;

import dev.kvasir.cli.eval.Baseline;
import dev.kvasir.cli.eval.Measured;
import dev.kvasir.cli.eval.Results;
import dev.kvasir.cli.eval.Settings;
import dev.kvasir.cli.eval.Standing;
import dev.kvasir.cli.eval.Suite;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Collectors;

/** Writes what {@code eval} found as Markdown that people can read as it is. */
final class EvalMarkdown {
  private static final String NOTHING = "-";

  private final EvalReport report;
  private final Results results;
  private final Settings settings;

  EvalMarkdown(EvalReport report) {
    this.report = report;
    this.results = report.results();
    this.settings = results.settings();
  }

  /** {@return the file {@code report.md}} */
  List<String> lines() {
    List<String> lines = new ArrayList<>(List.of("# What caches do to answers", ""));
    lines.addAll(setting());
    lines.add("");
    lines.addAll(summary());
    List<List<String>> byLength = byLength();
    if (byLength.size() > 1) {
      lines.addAll(List.of("", "Right answers at each length:", ""));
      lines.addAll(MarkdownTable.lines(byLength, 2));
    }
    return lines;
  }

  private List<String> setting() {
    String depths =
        settings.depths().stream().map(String::valueOf).collect(Collectors.joining(", "));
    List<String> lines = new ArrayList<>();
    lines.add("- model: " + report.model());
    lines.add("- on: " + results.backend());
    lines.add("- text: " + report.text());
    for (Suite suite : settings.suites()) {
      lines.add("- %s: %s".formatted(suite, suite.meaning()));
    }
    lines.add(
        "- lengths: %s tokens of context, question and answer; depths: %s %%; %s of each; %s in a context of passkey"
            .formatted(
                numbers(settings.lengths()),
                depths,
                Texts.count(settings.samples(), "sample"),
                Texts.count(settings.keys(), "key")));
    lines.add("- keys are planted and asked for in format %s".formatted(settings.format()));
    lines.add("- seed: " + settings.seed());
    lines.add(
        settings.queryAware()
            ? "- query-aware: the question is read together with the context"
            : "- the context is read, and compressed, before the question is seen");
    return lines;
  }

  /** {@return the table of all caches and what is to be said about it} */
  List<String> summary() {
    List<String> lines = new ArrayList<>(MarkdownTable.lines(table(), 1));
    List<String> notes = notes();
    if (!notes.isEmpty()) {
      lines.add("");
      notes.forEach(note -> lines.add("- " + note));
    }
    return lines;
  }

  private List<List<String>> table() {
    int longest = settings.lengths().getLast();
    boolean reads = settings.suites().contains(Suite.PPL);
    List<String> head = new ArrayList<>();
    head.add("cache");
    head.add(Texts.format("bytes at %,d", longest));
    asking().forEach(suite -> head.add(suite.toString()));
    if (reads) {
      head.addAll(List.of(Standing.PERPLEXITY, Standing.DIVERGENCE, "same first choice"));
    }
    List<List<String>> rows = new ArrayList<>();
    rows.add(head);
    for (Results.Cache cache : results.caches()) {
      Measured measured = cache.measured();
      List<String> row = new ArrayList<>();
      row.add(name(cache));
      row.add(measured.allocatedBytes(longest).map(EvalMarkdown::whole).orElse(NOTHING));
      for (Suite suite : asking()) {
        row.add(answers(measured, suite));
      }
      if (reads) {
        row.add(number("%.3f", measured.perplexity()));
        row.add(number("%.5f", measured.divergence()));
        OptionalDouble agreement = measured.agreement();
        row.add(agreement.isEmpty() ? NOTHING : Texts.percent(agreement.getAsDouble(), 1));
      }
      rows.add(row);
    }
    return rows;
  }

  private List<List<String>> byLength() {
    List<String> head = new ArrayList<>(List.of("cache", "suite"));
    settings.lengths().forEach(length -> head.add(Texts.format("%,d", length)));
    List<List<String>> rows = new ArrayList<>();
    rows.add(head);
    for (Results.Cache cache : results.caches()) {
      for (Suite suite : asking()) {
        List<String> row = new ArrayList<>(List.of(name(cache), suite.toString()));
        for (int length : settings.lengths()) {
          row.add(answers(cache.measured().at(List.of(length)), suite));
        }
        rows.add(row);
      }
    }
    return rows;
  }

  private List<String> notes() {
    List<String> notes = new ArrayList<>();
    if (results.caches().stream().anyMatch(cache -> !cache.lengths().isEmpty())) {
      notes.add(
          "... is a cache of at most the bytes of the plan above it at each length (%s), with as many rows as fit: the numbers behind its name"
              .formatted(numbers(settings.lengths())));
    }
    for (Results.Cache plan : results.caches()) {
      for (Results.Cache beside : results.besides(plan)) {
        standing(plan, beside).ifPresent(notes::add);
        notes.addAll(larger(plan, beside));
      }
    }
    notes.addAll(missing());
    results.unavailable().forEach(baseline -> notes.add(EvalReport.unavailable(baseline)));
    results
        .reference()
        .ifPresent(
            reference ->
                notes.add(
                    Texts.format(
                        "divergence and first choice are those of policy full in f32 (perplexity"
                            + " %.3f), over %,d positions",
                        reference.perplexity().orElse(Double.NaN), reference.positions())));
    return notes;
  }

  /** {@return where a policy loses to a cache of equal bytes; empty where there is none} */
  private static Optional<String> standing(Results.Cache plan, Results.Cache beside) {
    if (beside.lengths().isEmpty()) {
      return Optional.empty();
    }
    Baseline baseline = beside.baseline().orElseThrow();
    Standing standing = Standing.of(plan.measured(), beside.measured());
    String opponent =
        "%s of equal bytes at %s tokens".formatted(baseline.keeps(), numbers(beside.lengths()));
    if (standing.worse().isEmpty()) {
      return Optional.of(
          "`%s` loses nowhere to %s%s"
              .formatted(plan.name(), opponent, listed(", is better in", standing.better())));
    }
    return Optional.of(
        "`%s` **loses** to %s in %s%s"
            .formatted(
                plan.name(),
                opponent,
                pairs(standing.worse()),
                listed("; is better in", standing.better())));
  }

  /** {@return where a cache that should have had the bytes of a plan took more} */
  private static List<String> larger(Results.Cache plan, Results.Cache beside) {
    List<String> larger = new ArrayList<>();
    for (int length : beside.lengths()) {
      long own = beside.measured().allocatedBytes(length).orElseThrow();
      long wanted = plan.measured().allocatedBytes(length).orElseThrow();
      if (own > wanted) {
        larger.add(
            "%s beside `%s` took **more** bytes at %s than the plan: %s to %s"
                .formatted(
                    beside.baseline().orElseThrow().keeps(),
                    plan.name(),
                    whole(length),
                    whole(own),
                    whole(wanted)));
      }
    }
    return larger;
  }

  private static String listed(String before, List<Standing.Pair> pairs) {
    return pairs.isEmpty() ? "" : before + " " + pairs(pairs);
  }

  private static String pairs(List<Standing.Pair> pairs) {
    return pairs.stream()
        .map(
            pair ->
                "%s (%s to %s)"
                    .formatted(
                        pair.measure(), value(pair, pair.policy()), value(pair, pair.other())))
        .collect(Collectors.joining(", "));
  }

  private static String value(Standing.Pair pair, double value) {
    return switch (pair.measure()) {
      case Standing.PERPLEXITY -> Texts.format("%.3f", value);
      case Standing.DIVERGENCE -> Texts.format("%.5f", value);
      default -> Texts.percent(value, 1);
    };
  }

  /** {@return why there are lengths without a baseline, plans with the same reason together} */
  private List<String> missing() {
    Map<String, List<String>> plans = new LinkedHashMap<>();
    for (Results.Cache cache : results.caches()) {
      cache.missing().entrySet().stream()
          .sorted(Map.Entry.comparingByKey())
          .forEach(
              entry ->
                  plans
                      .computeIfAbsent(
                          "no %s beside %%s at %s: %s"
                              .formatted(
                                  cache.baseline().orElseThrow().keeps(),
                                  entry.getKey(),
                                  entry.getValue()),
                          key -> new ArrayList<>())
                      .add("`%s`".formatted(cache.of().orElseThrow())));
    }
    return plans.entrySet().stream()
        .map(entry -> entry.getKey().replace("%s", String.join(", ", entry.getValue())))
        .toList();
  }

  private static String name(Results.Cache cache) {
    if (cache.of().isEmpty()) {
      return "`%s`".formatted(cache.name());
    }
    String rows =
        cache.rows().entrySet().stream()
            .sorted(Map.Entry.comparingByKey())
            .map(entry -> Integer.toString(entry.getValue()))
            .distinct()
            .collect(Collectors.joining(", "));
    return "... %s %s".formatted(cache.baseline().orElseThrow().keeps(), rows).strip();
  }

  private List<Suite> asking() {
    return settings.suites().stream().filter(Suite::asks).toList();
  }

  private static String answers(Measured measured, Suite suite) {
    int asked = measured.of(suite).size();
    return asked == 0 ? NOTHING : "%d/%d".formatted(measured.correct(suite), asked);
  }

  private static String number(String format, OptionalDouble value) {
    return value.isEmpty() ? NOTHING : Texts.format(format, value.getAsDouble());
  }

  private static String whole(long value) {
    return Texts.format("%,d", value);
  }

  private static String numbers(List<Integer> numbers) {
    return numbers.stream().map(EvalMarkdown::whole).collect(Collectors.joining(", "));
  }

  private static String whole(Integer value) {
    return whole(value.longValue());
  }
}
