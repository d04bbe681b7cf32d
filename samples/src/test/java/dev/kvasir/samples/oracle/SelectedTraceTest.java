package dev.kvasir.samples.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.samples.oracle.TraceOracle.Report;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Traces of heads that keep chosen rows, whose tails fill and are chosen from again. */
final class SelectedTraceTest {
  @TempDir private Path folder;

  static Stream<OracleCase> cases() {
    return Stream.of(
            // SnapKV
            new OracleCase(
                """
                use select-window(window = 1, observe = 16, share = 1, per-head = true, pool = 7,
                                  score = max, budget = 80, tail = 128);
                """,
                2,
                8,
                2,
                64,
                100,
                163,
                700),
            // PyramidKV
            new OracleCase(
                """
                use select-window(window = 1, observe = 8, share = 1, per-head = true, pool = 1,
                                  score = average, budget = pyramid(20%, beta = 20), tail = 200);
                """,
                3, 4, 4, 32, 70, 129, 700),
            // WindowKV
            new OracleCase(
                """
                use select-window(window = 8, observe = 32, share = 2, score = average,
                                  budget = groups(40%, beta = 14), tail = 256);
                """,
                4, 4, 2, 96, 65, 127, 530),
            // WindowKV on the layers that ZigzagAttention lets retrieve, packed.
            new OracleCase(
                """
                use group-heads(criterion = layer, retrieval = [0, 2], sink = 4, recent = 64);
                use select-window(window = 6, observe = 32, share = 2, score = max, budget = 40%,
                                  tail = 64) on layers retrieval;
                use quantize-kv(key = int8(per = channel, group = 64),
                                value = int4(per = token, group = 32)) on layers all;
                """,
                3, 8, 1, 128, 90, 180, 200),
            // Some heads of a layer, which have one list; a last span shorter than what is
            // observed.
            new OracleCase(
                """
                use group-heads(criterion = head,
                                retrieval = [head(0, 0), head(0, 2), head(1, 3)],
                                sink = 4, recent = 32);
                use select-window(window = 1, observe = 7, share = 1, pool = 5, score = average,
                                  budget = 77, tail = 64) on heads retrieval;
                use quantize-kv(key = int4(per = token, group = 16),
                                value = int8(per = token, group = 32)) on layers 1;
                use store-kv(format = f32);
                """,
                2,
                8,
                4,
                32,
                64,
                67,
                260),
            // The control: windows at random, runs of two layers with one list.
            new OracleCase(
                """
                use select-window(window = 8, observe = 16, share = 2, score = random(seed = 77),
                                  budget = 100, tail = 64);
                """,
                4,
                4,
                2,
                32,
                140,
                280,
                200))
        .flatMap(Shapes::of);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void tracesAreThoseOfTheOracle(OracleCase run) throws IOException {
    Report report = TracedRun.check(run, folder);

    assertThat(report.selections()).isGreaterThan(2 * 2);
    assertThat(report.dropped()).isGreaterThan(100);
  }
}
