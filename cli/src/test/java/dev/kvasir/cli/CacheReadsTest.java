package dev.kvasir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanReader;
import dev.kvasir.plans.program.Program;
import dev.kvasir.plans.program.Program.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bytes of visible rows, beside formulas for the sample model: 2 KV heads of dim 32. */
final class CacheReadsTest {
  private static final int HEADS = 2;
  private static final int ROW_ELEMENTS = 32 + 32;
  private static final int PAGE_ROWS = 64;

  @TempDir private static Path folder;

  @ParameterizedTest
  @ValueSource(ints = {1, 63, 64, 65, 128, 500})
  void fullLayersReadEveryRow(int tokens) throws IOException {
    assertThat(attention("full", tokens))
        .containsExactly(dense(tokens), dense(tokens), dense(tokens), dense(tokens));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4, 5, 68, 69, 70, 132, 133, 500})
  void streamingLayersReadTheSinkAndTheWindow(int tokens) throws IOException {
    long streaming = 2L * HEADS * ROW_ELEMENTS * Math.min(tokens, 4 + 128);

    assertThat(attention("zigzag-sets", tokens))
        .containsExactly(streaming, dense(tokens), dense(tokens), streaming);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 63, 64, 65, 128, 129, 500})
  void headsOfOneLayerReadWhatIsTheirs(int tokens) throws IOException {
    List<Long> launches = attention("duo-sets", tokens);

    long perHead = 2L * ROW_ELEMENTS;
    long streaming = perHead * Math.min(tokens, 4 + 64);
    assertThat(launches.stream().mapToLong(Long::longValue).sum() % perHead).isZero();
    assertThat(launches)
        .allSatisfy(
            bytes ->
                assertThat(bytes)
                    .isIn(
                        perHead * tokens, streaming, HEADS * perHead * tokens, HEADS * streaming));
    assertThat(launches).hasSizeGreaterThan(4);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 64, 65, 128, 129, 500})
  void packedLayersReadCodesAndTheOpenPage(int tokens) throws IOException {
    int closed = (tokens - 1) / PAGE_ROWS * PAGE_ROWS;
    // 8 bits and 4 bits a row; per page step and min of 32 channels; per row those of one group.
    long page = PAGE_ROWS * 32 + PAGE_ROWS * 16 + 2 * 2 * 32 + 2 * 2 * PAGE_ROWS;
    long packed = HEADS * (closed / PAGE_ROWS * page + 2L * ROW_ELEMENTS * (tokens - closed));

    assertThat(attention("kv-k8v4", tokens)).contains(packed).hasSize(4);
  }

  @Test
  void otherLaunchesReadNoCache() throws IOException {
    Plan plan = plan("zigzag-k8v4");
    CacheReads reads = new CacheReads(plan);

    List<String> readers = new ArrayList<>();
    for (Step.Launch launch : steps(plan)) {
      if (reads.ofLaunch(launch, 100) > 0) {
        readers.add(launch.label());
      }
    }
    assertThat(readers).hasSize(4).allMatch(label -> label.endsWith(" decode attention"));
  }

  private static long dense(int tokens) {
    return 2L * HEADS * ROW_ELEMENTS * tokens;
  }

  private static List<Long> attention(String policy, int tokens) throws IOException {
    Plan plan = plan(policy);
    CacheReads reads = new CacheReads(plan);
    return steps(plan).stream()
        .filter(launch -> launch.label().endsWith(" decode attention"))
        .map(launch -> reads.ofLaunch(launch, tokens))
        .toList();
  }

  private static Plan plan(String policy) throws IOException {
    Path file = folder.resolve(policy + ".kvplan");
    if (Files.notExists(file)) {
      CommandRun run =
          CommandRun.of(
              "compile", CommandRun.SAMPLE, "--policy", policy, "--max-context=512", "-o", file);
      assertThat(run.status()).as(run.err()).isZero();
    }
    return PlanReader.read(file);
  }

  private static List<Step.Launch> steps(Plan plan) {
    return plan.program().procedures().stream()
        .filter(procedure -> procedure.name().equals(Program.STEP))
        .flatMap(procedure -> procedure.steps().stream())
        .filter(Step.Launch.class::isInstance)
        .map(Step.Launch.class::cast)
        .toList();
  }
}
