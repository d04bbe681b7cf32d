package dev.kvasir.runtime.tornadovm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.codegen.driver.Target;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.abi.TornadoKernelAbi;
import dev.kvasir.runtime.ErrorCode;
import dev.kvasir.runtime.KvasirException;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.Session;
import dev.kvasir.runtime.SessionOptions;
import dev.kvasir.runtime.backend.Device;
import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.instruction.LocalVariable;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What is wrong is an error with a way out, and never a wrong result. */
class RefusalTest {

  private static Optional<Plan> plan = Optional.empty();

  @BeforeAll
  static void requireDevice() {
    SampleModel.requireDevice();
    plan = Optional.of(SampleModel.compile("full", "f32", Target.tornado()));
  }

  private static Plan plan() {
    return plan.orElseThrow();
  }

  @Test
  void aKernelThatDoesNotCompileIsNamed() {
    String kernel = plan().program().kernels().getFirst().name();
    String entry = TornadoKernelAbi.entryName(kernel);
    Map<String, byte[]> files = new HashMap<>(plan().files());
    // TornadoVM compiles no method without the names of its locals.
    files.compute(entry, (name, bytes) -> withoutLocalNames(bytes));
    Plan broken = new Plan(plan().manifest(), plan().program(), plan().memory(), files);

    assertThatThrownBy(() -> SampleModel.load(broken).close())
        .hasMessageContaining("error[KV7010]: kernel " + kernel + " does not compile on ")
        .hasMessageContaining("target jvm")
        .extracting(thrown -> ((KvasirException) thrown).code().category())
        .isEqualTo(ErrorCode.Category.INCOMPATIBLE);
  }

  private static byte[] withoutLocalNames(byte[] bytes) {
    ClassModel model = ClassFile.of().parse(bytes);
    return ClassFile.of()
        .transformClass(
            model,
            ClassTransform.transformingMethodBodies(
                (builder, element) -> {
                  if (!(element instanceof LocalVariable)) {
                    builder.with(element);
                  }
                }));
  }

  @Test
  void aDeviceThatIsTooSmallIsRefusedBeforeAnythingIsTaken() {
    Device small = new Device("0:0", "small", OptionalLong.of(1 << 20), List.of());
    assertThatThrownBy(() -> DeviceNeed.of(plan()).require(small, 1))
        .hasMessageContaining("error[KV7201]: a session needs ")
        .hasMessageContaining("of the 1 MiB")
        .hasMessageContaining("largest: weights (")
        .hasMessageContaining("--max-context");
    assertThat(DeviceNeed.of(plan()).bytes()).isGreaterThan(1 << 20);
  }

  @Test
  void aDeviceThatIsNotThereIsRefused() {
    assertThatThrownBy(
            () ->
                LoadedModel.load(plan(), SampleModel.FOLDER, SampleModel.options().device("17:4")))
        .hasMessageContaining(
            "error[KV7203]: target tornado has no device 17:4; choose one of 0:0");
  }

  @Test
  void sessionsCannotBeForkedAndGoOnWithoutIt() throws IOException {
    try (LoadedModel model = SampleModel.load(plan());
        Session session = model.newSession()) {
      assertThatThrownBy(() -> model.newSession(SessionOptions.defaults().forks(1)))
          .hasMessageContaining("error[KV7311]");
      session.append(Prompt.of("the code is"));
      assertThatThrownBy(session::fork).hasMessageContaining("error[KV7311]");
      session.step(session.greedyToken());
    }
  }

  @Test
  void sessionsDoNotDisturbEachOther() throws IOException {
    try (LoadedModel model = SampleModel.load(plan());
        Session first = model.newSession()) {
      first.append(Prompt.of("one sequence of tokens"));
      float[] before = first.logits();
      int token = first.greedyToken();
      try (Session second = model.newSession()) {
        second.append(Prompt.of("and another one"));
      }
      assertThat(first.logits()).isEqualTo(before);
      first.step(token);
      try (Session third = model.newSession()) {
        third.append(Prompt.of("one sequence of tokens"));
        assertThat(third.logits()).isEqualTo(before);
        third.step(token);
        assertThat(third.logits()).isEqualTo(first.logits());
      }
    }
  }
}
