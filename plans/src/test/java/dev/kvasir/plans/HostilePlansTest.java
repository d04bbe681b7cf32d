package dev.kvasir.plans;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.plans.verify.KernelClassVerifier;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Plans made by hand to do harm: each is refused, with its code, before anything of it runs. */
class HostilePlansTest {

  static final List<HostileCase> CASES =
      Stream.of(
              HostileFileCases.all(),
              HostileProgramCases.all(),
              HostileMemoryCases.all(),
              HostileCallCases.all(),
              HostileMemberCases.all(),
              HostileCodeCases.all(),
              HostileLoopCases.all())
          .flatMap(List::stream)
          .toList();

  /** What a user of the runtime does with a file, as far as the kernels' classes. */
  private static void load(byte[] file) throws PlanException {
    KernelClassVerifier.verify(PlanReader.read("x.kvplan", file));
  }

  @Test
  void theFileWithoutHarmIsAccepted() throws PlanException {
    load(PlanWriter.toBytes(HostileCase.harmless()));
  }

  @ParameterizedTest
  @FieldSource("CASES")
  void isRefused(HostileCase hostile) {
    assertThatThrownBy(() -> load(hostile.file().get()))
        .hasMessageContaining(hostile.problem())
        .isInstanceOfSatisfying(
            PlanException.class, e -> assertThat(e.reason()).isEqualTo(hostile.reason()));
  }

  @Test
  void namesAreDifferentAndMany() {
    assertThat(CASES)
        .extracting(HostileCase::name)
        .doesNotHaveDuplicates()
        .hasSizeGreaterThanOrEqualTo(60);
  }
}
