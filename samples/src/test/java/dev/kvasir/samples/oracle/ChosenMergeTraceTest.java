package dev.kvasir.samples.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.samples.oracle.TraceOracle.Report;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Traces of layers that share the rows that one selection chooses, again and again. */
final class ChosenMergeTraceTest {
  @TempDir private Path folder;

  static Stream<OracleCase> cases() {
    return Stream.of(
        // Windows of all heads.
        new OracleCase(
            """
            use select-window(budget = 80, window = 8, observe = 16, share = 2, tail = 64);
            use merge-layers(from = 0, tail = 64);
            use store-kv(format = f32);
            """,
            2,
            4,
            2,
            32,
            70,
            129,
            400),
        // Windows of each head, whose lists differ in length; every fourth row keeps its original.
        new OracleCase(
            """
            use select-window(budget = 40%, window = 4, observe = 7, share = 2, per-head = true,
                              score = average, tail = 50);
            use merge-layers(from = 0, t = 0.3, retain = 25%, tail = 50);
            use store-kv(format = f32);
            """,
            2, 4, 4, 48, 50, 101, 330),
        // A layer chooses and keeps, two pairs follow, in f16 with the upper layer's directions.
        new OracleCase(
            """
            use select-window(budget = 70, window = 1, observe = 8, pool = 5, share = 5, tail = 40);
            use merge-layers(from = 1, t = 1, retain = 10%, tail = 40);
            use store-kv(format = f16);
            """,
            5, 4, 2, 32, 64, 100, 300),
        // Originals alone, to the bit.
        new OracleCase(
            """
            use select-window(budget = groups(30%, beta = 14), window = 2, observe = 5, share = 2,
                              tail = 33);
            use merge-layers(from = 2, t = 0, retain = 100%, tail = 33);
            """,
            4, 2, 2, 64, 40, 66, 300),
        // In codes, of which the trace shows those of the last merge.
        new OracleCase(
            """
            use select-window(budget = 150, window = 8, observe = 32, share = 2, tail = 256);
            use merge-layers(from = 0, tail = 256);
            use quantize-kv(key = int4(per = channel, group = 32),
                            value = int4(per = token, group = 32));
            """,
            2,
            8,
            2,
            64,
            300,
            290,
            200));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void tracesAreThoseOfTheOracle(OracleCase run) throws IOException {
    Report report = TracedRun.check(run, folder);

    assertThat(report.merges()).isPositive();
    assertThat(report.dropped()).isPositive();
    // All but the case of one merge merge rows again.
    assertThat(report.again() > 0).isEqualTo(report.merges() > 1);
  }
}
