package dev.kvasir.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvasir.codegen.driver.Compilation;
import dev.kvasir.codegen.driver.CompileReport;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.plans.Manifest;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What a compilation did, as text and as JSON. */
final class CompileOutput {
  /** Columns of the labels. */
  static final int LABEL = 9;

  private final Compilation compilation;
  private final CompileReport report;
  private final Policy policy;
  private final ThresholdOptions thresholds;

  CompileOutput(Compilation compilation, Policy policy, ThresholdOptions thresholds) {
    this.compilation = compilation;
    this.report = compilation.report();
    this.policy = policy;
    this.thresholds = thresholds;
  }

  /** Writes everything but the line about the file. */
  void print(PrintWriter out, Optional<Verification.Result> verified) {
    Labelled lines = new Labelled(out, LABEL);
    lines.line("model", report.model());
    lines.lines("policy", PolicyText.lines(policy, LABEL));
    report.calibration().ifPresent(file -> lines.line("scores", file));
    report.convolutions().ifPresent(file -> lines.line("folds", "by " + file));
    lines.lines("passes", PassLog.lines(report.passes(), LABEL));
    lines.lines("kernels", kernelLines());
    lines.line("tiles", Texts.sizes(compilation.plan().manifest().tiles()));
    lines.line(
        "memory",
        Texts.format(
            "KV @%d  %s -> %s  (%s)   dominant: %s %s",
            report.context(),
            Texts.bytes(report.fullKvBytes()),
            Texts.bytes(report.kvBytes()),
            Texts.ratio(report.fullKvBytes(), report.kvBytes()),
            report.dominantPart(),
            Texts.bytes(report.dominantBytes())));
    lines.line(
        "", "peak " + Texts.bytes(report.peakBytes()) + ", cache and working memory together");
    verified.ifPresent(result -> lines.lines("verify", verifyLines(result)));
  }

  /** Writes the line about the file. */
  void printWritten(PrintWriter out, Path file, long bytes) {
    Manifest manifest = compilation.plan().manifest();
    new Labelled(out, LABEL)
        .line(
            "wrote",
            "%s  (format %d.%d, %s, weights by reference)"
                .formatted(
                    file, manifest.formatMajor(), manifest.formatMinor(), Texts.bytes(bytes)));
  }

  /** {@return the same as an object} */
  ObjectNode json(Optional<Verification.Result> verified) {
    ObjectNode object = Json.object();
    object.put("model", report.model());
    object.put("policy", report.policy());
    report.calibration().ifPresent(file -> object.put("calibration", file));
    report.convolutions().ifPresent(file -> object.put("convolutions", file));
    object.put("target", compilation.plan().manifest().target());
    object.put("context", report.context());
    object.put("span", compilation.plan().manifest().span());
    ObjectNode tiles = object.putObject("tiles");
    compilation.plan().manifest().tiles().forEach(tiles::put);
    PassLog.add(object, report.passes());
    ArrayNode kernels = object.putArray("kernels");
    for (CompileReport.KernelLine kernel : report.kernels()) {
      kernels.addObject().put("name", kernel.name()).put("summary", kernel.summary());
    }
    object.put("fullKvBytes", report.fullKvBytes());
    object.put("kvBytes", report.kvBytes());
    object.put("dominantPart", report.dominantPart());
    object.put("dominantBytes", report.dominantBytes());
    object.put("peakBytes", report.peakBytes());
    object.put("planHash", compilation.plan().sha256());
    verified.ifPresent(result -> addVerification(object, result));
    Json.addDiagnostics(object, "warnings", report.warnings());
    return object;
  }

  private void addVerification(ObjectNode object, Verification.Result result) {
    ObjectNode node = object.putObject("verification");
    node.put("promptTokens", result.promptTokens());
    node.put("positions", result.positions());
    node.put("meanCosine", result.meanCosine());
    node.put("lowestCosine", result.lowestCosine());
    node.put("agreement", result.agreement());
    node.put("meanDivergence", result.meanDivergence());
    node.put("uncompressed", result.uncompressed());
    ArrayNode bounds = node.putArray("bounds");
    thresholds.bounds(result.uncompressed()).forEach(bounds::add);
    node.put("passed", thresholds.accept(result));
  }

  private List<String> kernelLines() {
    List<String> lines = new ArrayList<>();
    lines.add(report.kernels().size() + " emitted");
    lines.addAll(
        Texts.table(
            report.kernels().stream()
                .map(kernel -> List.of(kernel.name(), kernel.summary()))
                .toList()));
    return lines;
  }

  private List<String> verifyLines(Verification.Result result) {
    List<String> bounds = thresholds.bounds(result.uncompressed());
    String verdict =
        (thresholds.accept(result) ? "PASS" : "FAIL")
            + (bounds.isEmpty()
                ? " (the policy drops or codes rows and no bound is set)"
                : " (%s)".formatted(String.join(", ", bounds)));
    return List.of(
        "%d positions after %d tokens, teacher-forced, against policy full in f32"
            .formatted(result.positions(), result.promptTokens()),
        Texts.format(
            "cosine mean %.6f lowest %.6f   top-1 %.1f%%   KL divergence %.2g   %s",
            result.meanCosine(),
            result.lowestCosine(),
            100 * result.agreement(),
            result.meanDivergence(),
            verdict));
  }
}
