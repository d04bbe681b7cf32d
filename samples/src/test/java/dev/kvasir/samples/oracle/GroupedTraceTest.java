package dev.kvasir.samples.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.samples.oracle.TraceOracle.Report;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Traces of heads that keep all rows, or the first and recent ones, plain and packed. */
final class GroupedTraceTest {
  @TempDir private Path folder;

  static Stream<OracleCase> cases() {
    return Stream.of(
            new OracleCase(
                """
                use quantize-kv(key = int4(per = channel, group = 32),
                                value = int8(per = token, group = 16)) on layers 1;
                use store-kv(format = f16) on layers 1;
                """,
                2,
                8,
                1,
                96,
                64,
                128,
                320),
            // A sink of a page and a row, a ring of two pages and a row.
            new OracleCase(
                """
                use group-heads(criterion = layer, retrieval = [0], sink = 65, recent = 129);
                use quantize-kv(key = int8(per = channel, group = 64),
                                value = int4(per = token, group = 32)) on layers all;
                """,
                2,
                4,
                2,
                256,
                63,
                126,
                262),
            new OracleCase(
                """
                use group-heads(criterion = head, retrieval = [head(0, 1), head(1, 0), head(1, 3)],
                                sink = 64, recent = 65);
                """,
                2,
                4,
                4,
                32,
                100,
                131,
                701),
            // Nothing but the running row, of which pages are packed all the same.
            new OracleCase(
                """
                use group-heads(criterion = head, retrieval = [head(0, 0)], sink = 0, recent = 1);
                use quantize-kv(key = int4(per = token, group = 32),
                                value = int4(per = token, group = 16)) on layers 0;
                use store-kv(format = f32);
                """,
                2,
                8,
                2,
                64,
                40,
                66,
                192))
        .flatMap(Shapes::of);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void tracesAreThoseOfTheOracle(OracleCase run) throws IOException {
    Report report = TracedRun.check(run, folder);

    assertThat(report.selections()).isZero();
    assertThat(report.gone()).isZero();
  }
}
