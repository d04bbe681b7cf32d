package dev.kvasir.samples.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.samples.oracle.TraceOracle.Report;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Traces of streaming heads with a row that stands for those that are gone. */
final class CompensatedTraceTest {
  @TempDir private Path folder;

  static Stream<OracleCase> cases() {
    return Stream.of(
            new OracleCase(
                """
                use group-heads(criterion = head, retrieval = [head(0, 0), head(1, 1)],
                                sink = 4, recent = 64, compensate = true);
                """,
                2,
                4,
                2,
                32,
                210,
                390,
                700),
            // A ring of packed pages that a share of the context makes longer.
            new OracleCase(
                """
                use group-heads(criterion = layer, retrieval = [0], sink = 0, recent = 1, reach = 7,
                                compensate = true);
                use quantize-kv(key = int8(per = channel, group = 64),
                                value = int4(per = token, group = 32)) on layers 1;
                """,
                2,
                8,
                1,
                128,
                150,
                299,
                360))
        .flatMap(Shapes::of);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void tracesAreThoseOfTheOracle(OracleCase run) throws IOException {
    Report report = TracedRun.check(run, folder);

    assertThat(report.gone()).isGreaterThan(64);
  }

  /** A sink and two full pages: the next row would drop one. */
  @Test
  void nothingStandsForRowsThatAreAllThere() throws IOException {
    OracleCase run =
        new OracleCase(
            "use group-heads(criterion = layer, retrieval = [0], sink = 4, recent = 64,"
                + " compensate = true);",
            2,
            4,
            2,
            32,
            60,
            120,
            12);

    assertThat(TracedRun.check(run, folder).gone()).isZero();
  }
}
