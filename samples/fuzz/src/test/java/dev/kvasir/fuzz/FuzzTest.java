package dev.kvasir.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Many mutants, each of which is accepted or refused with a declared error within a second. */
class FuzzTest {

  private static final long SEED = 20_260_101;
  private static final int MUTANTS = 20_000;

  @Test
  void mutantsAreAcceptedOrRefused(@TempDir Path folder) throws IOException {
    try (FuzzRun run = new FuzzRun(SEED, folder, Path.of("target", "fuzz-findings"))) {
      for (PlanArchive sound : run.plans().all()) {
        assertThat(run.accepts(sound)).isEqualTo(new Outcome.Accepted());
      }
      for (long index = 0; index < MUTANTS; index++) {
        run.run(index);
      }
      System.out.print(run.tally().table());
      assertThat(run.problems()).as("findings for seed %d", SEED).isEmpty();
      assertThat(run.tally().total()).isEqualTo(MUTANTS);
      for (MutationKind kind : MutationKind.values()) {
        assertThat(run.tally().refused(kind)).as("refused mutants of %s", kind).isPositive();
      }
      // Mutants that nothing refuses show that the others are not refused for one trivial reason.
      assertThat(run.tally().accepted(MutationKind.PROGRAM)).isPositive();
      assertThat(run.tally().accepted(MutationKind.EXPRESSIONS)).isPositive();
      assertThat(run.tally().accepted(MutationKind.PLAN_TENSORS)).isPositive();
      assertThat(run.tally().accepted(MutationKind.MODEL_BYTES)).isPositive();
    }
  }
}
