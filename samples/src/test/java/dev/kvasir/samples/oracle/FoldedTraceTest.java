package dev.kvasir.samples.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.samples.oracle.TraceOracle.Report;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Traces of layers that fold their rows, of which spans and tails are folded several times. */
final class FoldedTraceTest {
  @TempDir private Path folder;

  static Stream<OracleCase> cases() {
    return Stream.of(
            // Two spans, both folded; mixed by the convolution.
            folded("slots = 64, block = 64, kernel = 21, keep = 50%", "f32", 0.5, 2, 2)
                .with(8, 64, 130, 207),
            // A prompt shorter than a block; an odd number of slots; one query head to a KV head.
            folded("slots = 70, block = 32, kernel = 5, keep = 75%", "f32", 0.5, 2, 4)
                .with(4, 32, 31, 31),
            // Exactly slots and block, and one more: in one span, then in two.
            folded("slots = 100, block = 63, kernel = 3, keep = 25%", "f32", -0.25, 1, 1)
                .with(2, 96, 163, 163),
            folded("slots = 100, block = 63, kernel = 1, keep = 0%", "f32", 1, 1, 2)
                .with(2, 32, 163, 164),
            // Pure selection, to the bit: nothing is mixed whatever the convolution says.
            folded("slots = 64, block = 64, kernel = 21, keep = 50%", "bf16", 0, 2, 2)
                .with(8, 128, 90, 180),
            // The same in packed pages; layer 1 keeps every row.
            new OracleCase(
                """
                use fuse-kv-conv(slots = 130, block = 48, kernel = 7, keep = 40%) on layers 0, 2;
                use quantize-kv(key = int8(per = channel, group = 64),
                                value = int4(per = token, group = 32));
                """,
                3,
                4,
                1,
                64,
                100,
                141,
                400,
                List.of("--slots=130", "--kernel=7", "--keep=40", "--alpha=0")))
        .flatMap(Shapes::of);
  }

  private static OracleCase folded(
      String fold, String format, double alpha, int layers, int kvHeads) {
    List<String> weights =
        Stream.concat(
                Stream.of(fold.split(", "))
                    .filter(part -> !part.startsWith("block"))
                    .map(part -> "--" + part.replace(" ", "")),
                Stream.of("--alpha=" + alpha))
            .toList();
    return new OracleCase(
        "use fuse-kv-conv(%s); use store-kv(format = %s);".formatted(fold, format),
        layers,
        kvHeads,
        kvHeads,
        32,
        64,
        128,
        400,
        weights);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void tracesAreThoseOfTheOracle(OracleCase run) throws IOException {
    Report report = TracedRun.check(run, folder);

    assertThat(report.folds()).isGreaterThan(3);
    assertThat(report.mixtures()).isGreaterThan(20);
  }
}
