package dev.kvasir.fuzz.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Random policies over random models compute what their graphs mean. */
class PlanFuzzTest {
  private static final long SEED = 20_261_122;
  private static final int PLANS = 200;
  private static final int THREADS = 2;

  /** Policies that the resolver refuses come on top, but not without end. */
  private static final int MOST_CASES = 2 * PLANS;

  @TempDir private Path folder;

  @Test
  void randomPlansAgreeWithTheEvaluator() throws IOException, InterruptedException {
    try (PlanFuzz fuzz = new PlanFuzz(SEED, folder, THREADS)) {
      fuzz.run(0, MOST_CASES, () -> fuzz.agreed() == PLANS);
      System.out.print(fuzz.table());
      assertThat(fuzz.problems()).isEmpty();
      assertThat(fuzz.agreed()).as("plans that agree").isEqualTo(PLANS);
    }
  }

  /** The comparison sees a plan that reads other tokens than its evaluator. */
  @Test
  void aDifferenceIsFoundAndShrunk() throws IOException {
    PlanTrial misled = new PlanTrial(folder, tokens -> tokens[tokens.length / 2] ^= 1);
    PlanCase planCase =
        new PlanCase(
            new SmallModel(2, 1, 2, 16, 5),
            List.of(
                "use store-kv(format = f32);", "use group-heads(retrieval = [0], recent = 40);"),
            128,
            64,
            List.of(30, 20),
            10,
            Optional.empty());

    assertThat(misled.run(planCase)).isInstanceOf(Verdict.Wrong.class);

    PlanCase small = new Shrinker(misled).shrink(planCase);
    assertThat(small.uses()).isEmpty();
    assertThat(small.prompts()).hasSize(1);
    assertThat(small.tokens()).isLessThan(planCase.tokens() / 2);
  }
}
