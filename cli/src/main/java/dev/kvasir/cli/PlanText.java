package dev.kvasir.cli;

import dev.kvasir.plans.Manifest;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.PackedFormat;
import dev.kvasir.plans.program.Program;
import dev.kvasir.plans.program.SegmentDeclaration;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** A plan in lines for people. */
final class PlanText {
  private static final int LABEL = 10;
  private static final int SHOWN_HASH = 12;

  private final Plan plan;
  private final CounterIndex counters;

  PlanText(Plan plan) {
    this.plan = plan;
    this.counters = CounterIndex.ofProgram(plan.program());
  }

  /** {@return what the plan is, for whom and how large its cache gets} */
  List<String> summary(Path file, long bytes, String hash) {
    Manifest manifest = plan.manifest();
    Manifest.ModelReference model = manifest.model();
    StringWriter text = new StringWriter();
    Labelled lines = new Labelled(new PrintWriter(text), LABEL);
    lines.line("plan", "%s  %s  %s".formatted(file, Texts.bytes(bytes), shown(hash)));
    lines.line(
        "written",
        "by Kvasir %s, format %d.%d, for target %s"
            .formatted(
                manifest.compilerVersion(),
                manifest.formatMajor(),
                manifest.formatMinor(),
                manifest.target()));
    lines.line(
        "model",
        "%s  %d layers  %d/%d heads  head %d  vocabulary %d  %s"
            .formatted(
                model.name(),
                model.layers(),
                model.queryHeads(),
                model.kvHeads(),
                model.keyDim(),
                model.vocabulary(),
                shown(model.fingerprint())));
    lines.line("", "at %s relative to the plan".formatted(model.pathHint()));
    lines.lines("policy", manifest.policy().text().stripTrailing().lines().toList());
    lines.line(
        "context",
        "%s, spans of %d, pages of %d rows"
            .formatted(
                Texts.count(manifest.context(), "token"), manifest.span(), manifest.pageRows()));
    lines.line("tiles", Texts.sizes(manifest.tiles()));
    long full = FullCache.bytes(manifest, manifest.context());
    long cache = value(plan.memory().kvBytes(), manifest.context());
    lines.line(
        "memory",
        "KV @%d  %s -> %s  (%s)   working memory %s"
            .formatted(
                manifest.context(),
                Texts.bytes(full),
                Texts.bytes(cache),
                Texts.ratio(full, cache),
                Texts.bytes(value(plan.memory().scratchBytes(), manifest.context()))));
    lines.line("features", String.join(", ", manifest.features()));
    Program program = plan.program();
    lines.line(
        "holds",
        "%s, %s, %s, %s, %s"
            .formatted(
                Texts.count(program.kernels().size(), "kernel"),
                Texts.count(program.procedures().size(), "procedure"),
                Texts.count(program.rules().size(), "rule"),
                Texts.count(program.segments().size(), "segment"),
                Texts.count(plan.files().size(), "file")));
    return text.toString().lines().toList();
  }

  /** {@return segments, buffers and the formulas of their bytes} */
  List<String> memory() {
    List<String> lines = new ArrayList<>();
    lines.addAll(formula("kv-bytes", plan.memory().kvBytes()));
    lines.addAll(formula("scratch-bytes", plan.memory().scratchBytes()));
    lines.add("");
    List<List<String>> segments = new ArrayList<>();
    segments.add(List.of("segment", "heads", "pages", "slots", "from", "window", "rows", "format"));
    int pageRows = plan.manifest().pageRows();
    for (SegmentDeclaration segment : plan.program().segments()) {
      segments.add(
          List.of(
              segment.name(),
              Texts.ranges(segment.heads()),
              Texts.bytes(segment.slotBytes(pageRows)),
              Integer.toString(segment.slots()),
              segment.firstPosition().text(),
              segment.window() == 0 ? "-" : Integer.toString(segment.window()),
              segment.rows().text(),
              format(segment)));
    }
    lines.addAll(Texts.table(segments));
    lines.add("");
    List<List<String>> buffers = new ArrayList<>();
    buffers.add(List.of("buffer", "kind", "format", "bytes", "uses", "offset", "tensor"));
    for (BufferDeclaration buffer : plan.memory().buffers()) {
      boolean scratch = buffer.kind() == BufferDeclaration.Kind.SCRATCH;
      long elements = value(buffer.elements(), plan.manifest().context());
      buffers.add(
          List.of(
              buffer.name(),
              buffer.kind().name().toLowerCase(Locale.ROOT),
              buffer.format().text(),
              Texts.bytes(buffer.format().bytes(elements)),
              scratch ? "%d..%d".formatted(buffer.firstUse(), buffer.lastUse()) : "",
              scratch ? Long.toString(buffer.offset()) : "",
              buffer.tensor()));
    }
    lines.addAll(Texts.table(buffers));
    return lines;
  }

  private static List<String> formula(String name, Expression expression) {
    String head = name + " = ";
    List<String> lines =
        Texts.wrap(List.of(expression.text().split(" \\+ ", -1)), " + ", head.length());
    List<String> indented = new ArrayList<>();
    for (String line : lines) {
      indented.add((indented.isEmpty() ? head : " ".repeat(head.length())) + line);
    }
    return indented;
  }

  /** {@return how closed pages are stored, and open ones where that differs} */
  private String format(SegmentDeclaration segment) {
    String open = segment.format().text();
    return segment
        .packing()
        .map(
            packing ->
                "keys %s, values %s, open page %s of %s"
                    .formatted(
                        format(packing.key()),
                        format(packing.value()),
                        Texts.bytes(segment.pageBytes(plan.manifest().pageRows())),
                        open))
        .orElse(open);
  }

  private static String format(PackedFormat format) {
    return "int%d(per = %s, group = %d)"
        .formatted(format.codes().bits(), format.per().text(), format.group());
  }

  /** {@return procedures and rules, a step a line} */
  List<String> program() {
    List<String> lines = new ArrayList<>();
    for (Program.Mark mark : plan.program().marks()) {
      lines.add(
          "mark %s, at most %d tokens ago%s"
              .formatted(
                  mark.name(),
                  mark.most(),
                  mark.initial() == 0 ? "" : ", first as if set at " + mark.initial()));
    }
    for (Program.Setting setting : plan.program().settings()) {
      Program.PromptRule rule = setting.rule();
      lines.add(
          "setting %s, %s where one of %s is among the first or last %d of a prompt, else %s"
              .formatted(
                  setting.name(),
                  setting.values().get(rule.found()),
                  Texts.count(rule.tokens().size(), "token"),
                  rule.reach(),
                  setting.values().get(rule.otherwise())));
    }
    for (Program.Procedure procedure : plan.program().procedures()) {
      lines.add("procedure " + procedure.name());
      List<List<String>> steps = procedure.steps().stream().map(PlanText::step).toList();
      Texts.table(steps).forEach(line -> lines.add("  " + line));
    }
    for (Program.Rule rule : plan.program().rules()) {
      lines.add("when %s call %s".formatted(rule.condition().text(), rule.procedure()));
    }
    return lines;
  }

  private static List<String> step(Program.Step step) {
    return switch (step) {
      case Program.Step.Launch launch ->
          List.of("launch", launch.kernel(), launch.label(), texts(launch.grid()));
      case Program.Step.Call call -> List.of("call", call.procedure(), "", "");
      case Program.Step.Observe observe ->
          List.of("observe", observe.name(), "", "[%s]".formatted(observe.rows().text()));
      case Program.Step.Require require ->
          List.of(
              "require",
              require.buffer(),
              require.message(),
              "[%s]".formatted(require.elements().text()));
      case Program.Step.SetMark set ->
          List.of("mark", set.mark(), set.when().map(Expression::text).orElse(""), "");
    };
  }

  private static String texts(List<Expression> expressions) {
    return expressions.stream().map(Expression::text).collect(Collectors.joining(", ", "[", "]"));
  }

  /** {@return the value of an expression when all {@code tokens} are in the cache} */
  private long value(Expression expression, int tokens) {
    long[] values = new long[counters.names().size()];
    Manifest manifest = plan.manifest();
    // As after a prompt, which sets marks.
    int place = CounterIndex.PROGRAM_COUNTERS.size();
    for (Program.Mark mark : plan.program().marks()) {
      values[place++] = Math.max(mark.initial(), tokens);
    }
    CounterIndex.set(values, manifest.context(), manifest.span(), tokens, 0);
    return expression.compile(counters).evaluate(values);
  }

  private static String shown(String hash) {
    return hash.substring(0, SHOWN_HASH);
  }
}
