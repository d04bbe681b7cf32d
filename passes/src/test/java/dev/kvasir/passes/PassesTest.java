package dev.kvasir.passes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.ir.policy.TechniqueSpec;
import dev.kvasir.passes.testing.PassCases;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** One transformation, one name: class, id, case file, test. */
class PassesTest {

  @TestFactory
  Stream<DynamicTest> everyPassIsComplete() {
    return Passes.pipeline().passes().stream()
        .map(pass -> DynamicTest.dynamicTest(pass.id(), () -> checkComplete(pass)));
  }

  @Test
  void techniquesAreThoseOfThePipelineInItsOrder() {
    assertThat(Passes.techniques())
        .extracting(TechniqueSpec::name)
        .containsExactly(
            "group-heads",
            "select-window",
            "fuse-kv-conv",
            "merge-layers",
            "store-kv",
            "quantize-kv");
  }

  @Test
  void afterThePipelineEverythingHolds() {
    assertThat(Passes.pipeline().passes().stream().flatMap(pass -> pass.establishes().stream()))
        .containsExactlyInAnyOrder(Property.values());
  }

  private static void checkComplete(Pass pass) throws ClassNotFoundException {
    Class<?> type = pass.getClass();
    String kebab =
        type.getSimpleName().replaceAll("(?<=[a-z])(?=[A-Z])", "-").toLowerCase(Locale.ROOT);
    assertThat(pass.id()).isEqualTo(kebab);
    assertThat(type.getResource(PassCases.fileName(pass))).as(PassCases.fileName(pass)).isNotNull();
    assertThat(Class.forName(type.getName() + "Test")).isNotNull();
    if (pass instanceof TechniquePass technique) {
      assertThat(technique.spec().name()).isEqualTo(pass.id());
      assertThat(type.getResource(pass.id().replace('-', '_') + "_invalid.kvp")).isNotNull();
    }
  }
}
