package dev.kvasir.runtime;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.plans.PackedCodes;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanFormat;
import dev.kvasir.plans.safetensors.SafetensorsFile;
import dev.kvasir.plans.safetensors.SafetensorsTensor;
import dev.kvasir.plans.safetensors.SafetensorsWriter;
import dev.kvasir.runtime.toy.PackedToyPlan;
import dev.kvasir.runtime.toy.ToyModel;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How far codes of a kernel may be from those that its check expects. */
class CodeChecksTest {

  private static final String VALUES = "store_full.out.values";
  private static final int ELEMENTS = 2 * 5120;

  @TempDir private Path folder;
  private Plan plan;

  @BeforeEach
  void makePlan() throws IOException {
    plan = PackedToyPlan.of(ToyModel.write(folder.resolve("model")), 256, 64);
  }

  @Test
  void neighboursPassWhereTheyAreFew() {
    assertThatCode(() -> load(1, ELEMENTS / 20)).doesNotThrowAnyException();
    assertThatThrownBy(() -> load(1, ELEMENTS / 20 + 1))
        .isInstanceOf(VerificationException.class)
        .hasMessageContaining("kernel store_full")
        .hasMessageContaining("values: 513 of 10240 codes are not the expected ones, at most 5%");
  }

  @Test
  void codesFurtherApartFail() {
    assertThatThrownBy(() -> load(2, 1))
        .isInstanceOf(VerificationException.class)
        .hasMessageContaining("values[0]: expected code 7, got 9");
  }

  /** Loads the plan with {@code count} expected codes, all 9, lowered. */
  private void load(int difference, int count) throws IOException {
    byte[] file = plan.files().getOrDefault(PlanFormat.CHECKS, new byte[0]);
    SafetensorsFile vectors = SafetensorsFile.of("checks", MemorySegment.ofArray(file));
    SafetensorsWriter writer = new SafetensorsWriter();
    for (SafetensorsTensor tensor : vectors.tensors().values()) {
      byte[] bytes = tensor.data().toArray(ValueLayout.JAVA_BYTE);
      MemorySegment data = MemorySegment.ofArray(bytes);
      if (tensor.name().equals(VALUES)) {
        for (int i = 0; i < count; i++) {
          PackedCodes.set(data, 4, i, 9 - difference);
        }
      }
      writer.add(new SafetensorsTensor(tensor.name(), tensor.type(), tensor.shape(), data));
    }
    Plan changed = LoadedModelTest.withFile(plan, PlanFormat.CHECKS, writer.toBytes());
    LoadedModel.load(changed, folder.resolve("model"), ToyRuntime.options(folder)).close();
  }
}
