package dev.kvasir.fuzz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.plans.PlanReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A plan that lost its end, or one bit of which was flipped, is never read. */
class DamageTest {

  private static final int SAMPLES = 5_000;

  private static GoldenPlans plans = new GoldenPlans(empty(), empty(), empty());

  private static PlanArchive empty() {
    return PlanArchive.of(
        ZipWriter.write(List.of(PlanArchive.Entry.of(PlanArchive.MANIFEST, new byte[] {'0'}))));
  }

  @BeforeAll
  static void compile(@TempDir Path folder) throws IOException {
    GoldenModel.write(folder);
    plans = GoldenPlans.of(folder);
  }

  @Test
  void theSmallPlanIsSoundAndSmall() throws IOException {
    byte[] bytes = plans.small().toBytes();
    assertThat(bytes).hasSizeLessThan(64 << 10);
    assertThat(PlanReader.read("small.kvplan", bytes).program().kernels()).isNotEmpty();
  }

  @Test
  void everyTruncationOfTheSmallPlanIsRefused() {
    Damage damage = new Damage(plans.small().toBytes());
    for (int length = 0; length < damage.lengths(); length++) {
      damage.cut(length);
    }
  }

  @Test
  void aFlipOfEveryBitOfTheSmallPlanIsRefused() {
    Damage damage = new Damage(plans.small().toBytes());
    for (long bit = 0; bit < damage.bits(); bit++) {
      damage.flip(bit);
    }
  }

  /** All of them are tried by the longer command. */
  @Test
  void sampledDamageOfACompiledPlanIsRefused() {
    Damage damage = new Damage(plans.compiled().toBytes());
    SplittableRandom random = new SplittableRandom(7);
    for (int i = 0; i < SAMPLES; i++) {
      damage.cut(random.nextInt(damage.lengths()));
      damage.flip(random.nextLong(damage.bits()));
    }
  }

  @Test
  void damageThatIsNotNoticedWouldShow() {
    byte[] sound = plans.small().toBytes();
    Damage longer = new Damage(Arrays.copyOf(sound, sound.length + 1));
    assertThatThrownBy(() -> longer.cut(sound.length))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("the damage was not noticed");
  }
}
