package dev.kvasir.samples;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.codegen.driver.Kvasir;
import dev.kvasir.codegen.driver.Model;
import dev.kvasir.codegen.driver.Target;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanException;
import dev.kvasir.runtime.LoadOptions;
import dev.kvasir.runtime.LoadedModel;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Weights that changed behind headers that did not. */
class FullCheckTest {

  @Test
  void findsAWeightThatChanged(@TempDir Path folder) throws IOException {
    Path original = Path.of("models/needle");
    for (String name : new String[] {"config.json", "model.safetensors"}) {
      Files.copy(original.resolve(name), folder.resolve(name));
    }
    Plan plan;
    try (Model model = Model.open(folder)) {
      Policy policy = Policy.parse(Path.of("../plans/policies/full.kvp"));
      plan = Kvasir.compile(model, policy, Target.jvm());
    }
    LoadOptions checked = LoadOptions.defaults().threads(1).fullCheck(true);
    LoadedModel.load(plan, folder, checked).close();

    try (RandomAccessFile weights =
        new RandomAccessFile(folder.resolve("model.safetensors").toFile(), "rw")) {
      long last = weights.length() - 1;
      weights.seek(last);
      int value = weights.read();
      weights.seek(last);
      weights.write(value ^ 1);
    }

    LoadedModel.load(plan, folder, LoadOptions.defaults().threads(1)).close();
    assertThatThrownBy(() -> LoadedModel.load(plan, folder, checked))
        .isInstanceOf(PlanException.class)
        .hasMessageContaining("compiled for other weights");
  }
}
