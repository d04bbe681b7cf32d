package dev.kvasir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.codegen.driver.Model;
import dev.kvasir.codegen.driver.PolicyCheck;
import dev.kvasir.ir.policy.Policy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class ShippedPoliciesTest {

  static List<String> names() {
    return ShippedPolicies.NAMES;
  }

  @ParameterizedTest
  @MethodSource("names")
  void eachIsShortExplainedAndFitsTheSampleModel(String name) {
    Policy policy = ShippedPolicies.parse(name);

    assertThat(policy.name()).isEqualTo(name);
    List<String> lines = policy.source().text().lines().toList();
    assertThat(lines).hasSizeLessThan(10);
    assertThat(lines.subList(0, 2)).allMatch(line -> line.startsWith("// "));
    try (Model model = Model.open(CommandRun.SAMPLE)) {
      assertThat(PolicyCheck.check(policy, model).warnings()).isEmpty();
    }
  }

  @Test
  void noPolicyFileIsForgotten() throws IOException {
    Path folder = CommandRun.SAMPLE.resolve("../../../plans/policies").normalize();
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files.map(file -> String.valueOf(file.getFileName())))
          .containsExactlyInAnyOrderElementsOf(
              ShippedPolicies.NAMES.stream().map(name -> name + ".kvp").toList());
    }
  }
}
