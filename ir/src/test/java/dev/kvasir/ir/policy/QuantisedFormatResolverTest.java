package dev.kvasir.ir.policy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.testing.DiagnosticCases;
import dev.kvasir.ir.type.QuantisedFormat;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class QuantisedFormatResolverTest {
  private static final List<TechniqueSpec> SPECS =
      List.of(
          TechniqueSpec.named("code-kv")
              .help("codes keys and values")
              .role(TechniqueRole.QUANTISATION)
              .parameter(
                  ParameterSpec.required(
                      "key", new ParameterType.QuantisedFormatType(true), "keys"))
              .parameter(
                  ParameterSpec.required(
                      "value", new ParameterType.QuantisedFormatType(false), "values"))
              .build());

  @TestFactory
  Stream<DynamicTest> refusesAtItsPlace() {
    return DiagnosticCases.of(
        getClass(), "quantised.kvp", source -> diagnose(source, OptionalInt.of(96)));
  }

  @TestFactory
  Stream<DynamicTest> refusesWithoutAModel() {
    return DiagnosticCases.of(
        getClass(), "quantised_any_model.kvp", source -> diagnose(source, OptionalInt.empty()));
  }

  @TestFactory
  Stream<DynamicTest> refusesModelsThatCannotBeQuantised() {
    return DiagnosticCases.of(
        getClass(), "quantised_odd_model.kvp", source -> diagnose(source, OptionalInt.of(72)));
  }

  @Test
  void groupsHaveDefaults() {
    OptionalInt usual = OptionalInt.of(128);
    assertThat(key("int8", usual)).isEqualTo("int8(per = channel, group = 64)");
    assertThat(key("int4(channel)", usual)).isEqualTo("int4(per = channel, group = 64)");
    assertThat(key("int4(group = 16)", usual)).isEqualTo("int4(per = channel, group = 16)");
    assertThat(key("int4(token)", usual)).isEqualTo("int4(per = token, group = 32)");
    assertThat(key("int4(token, 128)", usual)).isEqualTo("int4(per = token, group = 128)");
    assertThat(value("int4", usual)).isEqualTo("int4(per = token, group = 32)");
    assertThat(value("int8(group = 64)", usual)).isEqualTo("int8(per = token, group = 64)");
    assertThat(value("int8", OptionalInt.of(16))).isEqualTo("int8(per = token, group = 16)");
    assertThat(value("int8", OptionalInt.of(32))).isEqualTo("int8(per = token, group = 32)");
    // 32 channels do not divide 80.
    assertThat(value("int8", OptionalInt.of(80))).isEqualTo("int8(per = token, group = 16)");
    assertThat(value("int8", OptionalInt.empty())).isEqualTo("int8(per = token, group = 32)");
  }

  @Test
  void jsonSpellsDefaultsOut() {
    assertThat(resolve("use code-kv(key = int8, value = int4(group = 16));", OptionalInt.of(64)))
        .extracting(ResolvedPolicy::toJson)
        .asString()
        .contains(
            "{\"key\":{\"name\":\"int8\",\"parameters\":{\"per\":\"channel\",\"group\":64}},"
                + "\"value\":{\"name\":\"int4\",\"parameters\":{\"per\":\"token\",\"group\":16}}}");
  }

  private static String key(String written, OptionalInt headDim) {
    return format("use code-kv(key = " + written + ", value = int8(group = 16));", "key", headDim);
  }

  private static String value(String written, OptionalInt headDim) {
    return format("use code-kv(key = int8, value = " + written + ");", "value", headDim);
  }

  private static String format(String use, String parameter, OptionalInt headDim) {
    QuantisedFormat format =
        resolve(use, headDim).uses().getFirst().arguments().quantised(parameter);
    return format.text();
  }

  private static ResolvedPolicy resolve(String statements, OptionalInt headDim) {
    return PolicyResolver.resolve(
        Policy.parse(new SourceText("test.kvp", "policy p { " + statements + " }")),
        SPECS,
        facts(headDim));
  }

  private static List<Diagnostic> diagnose(SourceText source, OptionalInt headDim) {
    try {
      return PolicyResolver.resolve(Policy.parse(source), SPECS, facts(headDim)).warnings();
    } catch (CompileException mistake) {
      return mistake.diagnostics();
    }
  }

  private static ModelFacts facts(OptionalInt headDim) {
    return new ModelFacts("llama", 4, 2, 4096, headDim);
  }
}
