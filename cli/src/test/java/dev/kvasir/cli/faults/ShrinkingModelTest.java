package dev.kvasir.cli.faults;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.plans.PlanWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A mapped model that changes is an error, and never the end of the process. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "mapped files cannot be changed there")
final class ShrinkingModelTest {

  private static final int SECONDS = 120;

  @TempDir private Path folder;

  @BeforeEach
  void copyModel() throws IOException {
    for (String name : new String[] {"config.json", "model.safetensors"}) {
      Files.copy(
          WrittenPlan.SAMPLE.resolve(name),
          folder.resolve(name),
          StandardCopyOption.REPLACE_EXISTING);
    }
    PlanWriter.write(WrittenPlan.compile(folder, "full"), folder.resolve("x.kvplan"));
  }

  @ParameterizedTest
  @CsvSource({"0, empty", "300, half", "0, last byte", "300, half in a step"})
  void aShrunkModelIsAnError(int steps, String change) throws Exception {
    Process process = start(steps, change);
    assertThat(process.waitFor(SECONDS, TimeUnit.SECONDS)).isTrue();
    assertThat(ChildJvm.output(process))
        .contains("error[KV7009]", "load the model again", "ended")
        .doesNotContain("went on", "SIGBUS");
    assertThat(process.exitValue()).isZero();
  }

  @ParameterizedTest
  @CsvSource({"100, replaced"})
  void aReplacedModelIsTheOldOneWhereItIsMapped(int steps, String change) throws Exception {
    Process process = start(steps, change);
    assertThat(process.waitFor(SECONDS, TimeUnit.SECONDS)).isTrue();
    assertThat(ChildJvm.output(process)).contains("went on", "ended");
  }

  private Process start(int steps, String change) throws IOException {
    return ChildJvm.start(ShrinkingModel.class, folder.resolve("x.kvplan"), folder, steps, change);
  }
}
