package dev.kvasir.samples.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.samples.oracle.TraceOracle.Report;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Traces of layers that share rows, whose tails fill and are merged. */
final class MergedTraceTest {
  @TempDir private Path folder;

  static Stream<OracleCase> cases() {
    return Stream.of(
            // MiniCache as it is published, with an odd last layer; a row more than a tail.
            new OracleCase("use merge-layers(from = 0);", 3, 8, 2, 64, 70, 129, 400),
            // The upper half of an odd number of layers: only the last two. A row less than a tail.
            new OracleCase(
                "use merge-layers(t = 0, retain = 0%, tail = 64);", 5, 4, 4, 32, 40, 63, 400),
            // A prompt that is a tail, directions of the upper layer, everything retained.
            new OracleCase(
                "use merge-layers(from = 0, t = 1, retain = 100%, tail = 100);",
                2, 4, 2, 128, 64, 100, 400),
            // Two pairs of their own kind in codes; a tail that leaves pages open.
            new OracleCase(
                """
                use merge-layers(from = 0, t = 0.25, tail = 50) on layers 0..1;
                use merge-layers(from = 2, retain = 12.5%, tail = 77) on layers 2..3;
                use quantize-kv(key = int4(per = channel, group = 32),
                                value = int8(per = token, group = 32)) on layers 0..1;
                use quantize-kv(key = int8(per = token, group = 16),
                                value = int4(per = token, group = 16)) on layers 2..3;
                use store-kv(format = f32);
                """,
                4, 8, 2, 64, 64, 65, 400),
            // Whole pages at a time in codes, beside a layer that streams.
            new OracleCase(
                """
                use group-heads(criterion = layer, retrieval = [1, 2], sink = 4, recent = 32);
                use merge-layers(from = 1, tail = 64);
                use quantize-kv(key = int8(per = channel, group = 64),
                                value = int4(per = token, group = 32)) on layers all;
                """,
                3,
                4,
                1,
                128,
                64,
                128,
                400),
            // Every generated row at once, with originals of the most different third, in f16.
            new OracleCase(
                """
                use merge-layers(from = 0, t = 1, retain = 33.3%, tail = 1);
                use store-kv(format = f16);
                """,
                2, 2, 2, 32, 40, 66, 150))
        .flatMap(Shapes::of);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void tracesAreThoseOfTheOracle(OracleCase run) throws IOException {
    Report report = TracedRun.check(run, folder);

    assertThat(report.merges()).isGreaterThan(2 + 2);
  }
}
