package dev.kvasir.benchmarks.suite;

import dev.kvasir.benchmarks.CacheFormat;
import dev.kvasir.benchmarks.Implementation;
import dev.kvasir.benchmarks.Sample;
import java.util.Arrays;
import java.util.List;

/** Runs that nobody measured. */
final class Runs {
  static final Machine MACHINE = new Machine("Some(R) CPU @ 3", 2, 512, "Linux", "JVM 25");

  private Runs() {}

  /** {@return a round of samples with these times, of a case that reads 8e6 of 10e9 bytes/s} */
  static CaseResult.Round round(double... nanos) {
    List<Sample> samples =
        Arrays.stream(nanos).mapToObj(n -> new Sample(n, 8e6, 8e6, 1e10, 1e11, n / 100)).toList();
    return new CaseResult.Round(samples, 0.5, 0.75);
  }

  static Report empty() {
    return new Report("2026-01-02T03:04", "benchmarks.jar --quick", MACHINE, List.of());
  }

  /** {@return one round: bf16 at the limit, int8 half as slow again, two threads, ONNX Runtime} */
  static Report some() {
    Case bf16 = Cases.decode(CacheFormat.BF16);
    return empty()
        .plus(bf16, round(8e5))
        .plus(bf16.with("context", 512), round(2e4))
        .plus(Cases.decode(CacheFormat.INT8), round(1.2e6))
        .plus(Cases.decode(CacheFormat.INT8).with("context", 512), round(1.9e4))
        .plus(bf16.with("threads", 2), round(4.2e5))
        .plus(Cases.decode(CacheFormat.F32, Cases.CONTEXT, Implementation.ONNX_RUNTIME), round(4e6))
        .plus(Cases.decode(CacheFormat.F16, Cases.CONTEXT, Implementation.ONNX_RUNTIME), round(9e6))
        .plus(Cases.step(), round(3e6));
  }
}
