package dev.kvasir.benchmarks.suite;

import dev.kvasir.benchmarks.CacheFormat;
import dev.kvasir.benchmarks.Implementation;
import dev.kvasir.benchmarks.Sample;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/**
 * What the kernels are to reach on a machine with 512-bit vectors: one thread, 32 query and 8 KV
 * heads of 128 elements, 32,768 rows, unless a row says otherwise. Ratios compare medians of the
 * same run.
 */
final class Targets {
  private static final String READING = "read bandwidth";
  private static final String ARITHMETIC = "FMA peak";
  private static final String NONE = "-";
  private static final double MOST_OF_PEER = 0.4;
  private static final double LEAST_SPEED_UP = 1.7;
  private static final double MOST_STEP_OVERHEAD = 20_000;

  private final Report report;

  private Targets(Report report) {
    this.report = report;
  }

  /** {@return all targets against what a run measured} */
  static List<Target> of(Report report) {
    return new Targets(report).rows();
  }

  private List<Target> rows() {
    List<Target> rows = new ArrayList<>();
    rows.add(reading("decode bf16", 85, Cases.decode(CacheFormat.BF16)));
    rows.add(reading("decode f32", 80, Cases.decode(CacheFormat.F32)));
    rows.add(reading("decode f16", 80, Cases.decode(CacheFormat.F16)));
    for (CacheFormat format : List.of(CacheFormat.F32, CacheFormat.BF16, CacheFormat.F16)) {
      rows.add(againstPeer(format));
    }
    rows.add(againstBf16(CacheFormat.INT8, 0.75));
    rows.add(againstBf16(CacheFormat.K8V4, 0.85));
    rows.add(neverSlower(CacheFormat.INT8));
    rows.add(neverSlower(CacheFormat.K8V4));
    rows.add(againstBf16(CacheFormat.INT4, 0.95));
    for (CacheFormat format : Cases.shapeFormats()) {
      String text = format.text();
      rows.add(whateverBinds("decode " + text + ", group of 8", Cases.groupOfEight(format)));
      rows.add(whateverBinds("decode " + text + ", head dim 64", Cases.headDim(format, 64)));
      rows.add(whateverBinds("decode " + text + ", head dim 256", Cases.headDim(format, 256)));
    }
    rows.add(twoThreads(CacheFormat.BF16));
    rows.add(arithmetic("prefill attention, 4,096 rows", 60, Cases.prefill()));
    rows.add(
        arithmetic("blocked product 512 x 4,096 x 14,336, bf16", 65, Cases.product(512, "BF16")));
    rows.add(reading("matrix-vector bf16, 4,096 x 14,336", 85, Cases.product(1, "BF16")));
    rows.add(stepOverhead());
    return rows;
  }

  private Target reading(String work, double least, Case measured) {
    return share(
        work,
        Texts.format("%.0f %% of measured read bandwidth", least),
        least,
        READING,
        report.find(measured),
        Sample::percentOfReading);
  }

  private Target arithmetic(String work, double least, Case measured) {
    return share(
        work,
        Texts.format("%.0f %% of measured FMA peak", least),
        least,
        ARITHMETIC,
        report.find(measured),
        Sample::percentOfArithmetic);
  }

  private Target whateverBinds(String work, Case measured) {
    Optional<CaseResult> result = report.find(measured);
    return share(
        work,
        "80 % of what binds",
        80,
        result.map(Targets::limit).orElse(NONE),
        result,
        Sample::percentOfLimit);
  }

  private static Target share(
      String work,
      String target,
      double least,
      String limit,
      Optional<CaseResult> result,
      ToDoubleFunction<Sample> percent) {
    if (result.isEmpty()) {
      return unknown(work, target, limit);
    }
    Statistics reached = result.get().of(percent);
    return new Target(
        work,
        target,
        Texts.time(result.get().nanos().median()),
        limit,
        Texts.percent(reached),
        Target.Verdict.of(reached.median() >= least));
  }

  private static Target unknown(String work, String target, String limit) {
    return new Target(work, target, NONE, limit, NONE, Target.Verdict.UNKNOWN);
  }

  private static String limit(CaseResult result) {
    return result.readingBinds() ? READING : ARITHMETIC;
  }

  private Target againstPeer(CacheFormat format) {
    Optional<CaseResult> peer =
        Stream.of(CacheFormat.F32, CacheFormat.F16)
            .map(f -> Cases.decode(f, Cases.CONTEXT, Implementation.ONNX_RUNTIME))
            .flatMap(c -> report.find(c).stream())
            .min(Comparator.comparingDouble(result -> result.nanos().median()));
    return ratio(
        "decode " + format.text() + " against ONNX Runtime's fastest format",
        MOST_OF_PEER,
        report.find(Cases.decode(format)),
        peer);
  }

  private Target againstBf16(CacheFormat format, double most) {
    return ratio(
        "decode " + format.text() + " against bf16",
        most,
        report.find(Cases.decode(format)),
        report.find(Cases.decode(CacheFormat.BF16)));
  }

  private static Target ratio(
      String work, double most, Optional<CaseResult> own, Optional<CaseResult> other) {
    String target = Texts.format("at most %.2fx the time", most);
    if (own.isEmpty() || other.isEmpty()) {
      return unknown(work, target, NONE);
    }
    double nanos = own.get().nanos().median();
    double ratio = nanos / other.get().nanos().median();
    return new Target(
        work,
        target,
        Texts.format(
            "%.2fx (%s, %s)", ratio, Texts.time(nanos), Texts.time(other.get().nanos().median())),
        NONE,
        Texts.percent(own.get().percentOfLimit()) + " of " + limit(own.get()),
        Target.Verdict.of(ratio <= most));
  }

  private Target neverSlower(CacheFormat format) {
    String work = "decode " + format.text() + " against bf16, every context from 512";
    String target = "at most 1.00x the time";
    double worst = 0;
    int where = 0;
    for (CaseResult own : report.results()) {
      Case measured = own.measured();
      if (!measured.benchmark().equals("DecodeAttention")
          || !measured.equals(Cases.decode(format).with("context", measured.get("context")))) {
        continue;
      }
      Optional<CaseResult> other = report.find(measured.with("format", CacheFormat.BF16));
      if (other.isPresent()) {
        double ratio = own.nanos().median() / other.get().nanos().median();
        where = ratio > worst ? measured.number("context") : where;
        worst = Math.max(worst, ratio);
      }
    }
    if (worst == 0) {
      return unknown(work, target, NONE);
    }
    return new Target(
        work,
        target,
        Texts.format("%.2fx at %,d", worst, where),
        NONE,
        NONE,
        Target.Verdict.of(worst <= 1));
  }

  private Target twoThreads(CacheFormat format) {
    String work = "decode " + format.text() + ", two threads against one";
    String target = Texts.format("%.1fx as fast", LEAST_SPEED_UP);
    Optional<CaseResult> one = report.find(Cases.decode(format));
    Optional<CaseResult> two = report.find(Cases.decode(format).with("threads", 2));
    if (one.isEmpty() || two.isEmpty()) {
      return unknown(work, target, READING);
    }
    double ratio = one.get().nanos().median() / two.get().nanos().median();
    return new Target(
        work,
        target,
        Texts.format("%.2fx (%s)", ratio, Texts.time(two.get().nanos().median())),
        READING,
        Texts.percent(two.get().of(Sample::percentOfReading)),
        Target.Verdict.of(ratio >= LEAST_SPEED_UP));
  }

  private Target stepOverhead() {
    String work = "decode step beyond its kernels, sample model, 4 layers";
    String target = "20 µs";
    Optional<CaseResult> result = report.find(Cases.step());
    if (result.isEmpty()) {
      return unknown(work, target, NONE);
    }
    if (result.get().of(Sample::nanosBeyondKernels).maximum() == 0) {
      return unknown(work, target, NONE);
    }
    Statistics overhead = result.get().of(Sample::nanosBeyondKernels);
    return new Target(
        work,
        target,
        Texts.format(
            "%s (%s to %s) of %s",
            Texts.time(overhead.median()),
            Texts.time(overhead.minimum()),
            Texts.time(overhead.maximum()),
            Texts.time(result.get().nanos().median())),
        NONE,
        NONE,
        Target.Verdict.of(overhead.median() <= MOST_STEP_OVERHEAD));
  }
}
