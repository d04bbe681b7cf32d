package dev.kvasir.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A seed and an index make the same mutant everywhere, and others make others. */
class MutantsTest {

  @TempDir private Path folder;

  @Test
  void seedAndIndexMakeTheMutant() throws IOException {
    GoldenModel.write(folder);
    GoldenPlans plans = GoldenPlans.of(folder);
    Mutants once = new Mutants(3, plans);
    Mutants again = new Mutants(3, GoldenPlans.of(folder));
    Mutants other = new Mutants(4, plans);
    int different = 0;
    for (long index = 0; index < 200; index++) {
      assertThat(content(once.get(index))).isEqualTo(content(again.get(index)));
      different += content(once.get(index)).equals(content(other.get(index))) ? 0 : 1;
    }
    assertThat(different).isGreaterThan(190);
  }

  private static String content(Mutant mutant) {
    return switch (mutant) {
      case Mutant.PlanFile file -> Hashes.sha256(file.bytes());
      case Mutant.ModelFiles files ->
          files.files().values().stream().map(Hashes::sha256).toList() + " " + files.bound();
    };
  }
}
