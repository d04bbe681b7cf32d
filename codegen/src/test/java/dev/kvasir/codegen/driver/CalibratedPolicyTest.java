package dev.kvasir.codegen.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.codegen.calibration.CalibrationMethod;
import dev.kvasir.codegen.calibration.CalibrationSet;
import dev.kvasir.codegen.calibration.HeadCalibration;
import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.policy.Policy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Policies that give a share, on the sample model and copies of it. */
class CalibratedPolicyTest {
  private static final Policy HALF =
      SampleModel.policy("use group-heads(retrieval = 50%, recent = 64);");

  @TempDir private Path folder;

  @Test
  void thePlanNamesTheLayersAndNeedsNoCalibration() {
    CompilerOptions options = CompilerOptions.defaults().withMaxContext(256);
    try (Model model = Model.open(SampleModel.NEEDLE)) {
      HeadCalibration lastLayers = calibration(model, 0, 0, 0, 0, 1, 1, 1, 1);

      Compilation measured = Compiler.compile(model, HALF, options.withCalibration(lastLayers));
      Compilation named =
          Compiler.compile(
              model,
              SampleModel.policy("use group-heads(retrieval = [2, 3], recent = 64);"),
              options);

      assertThat(measured.report().calibration()).contains("given.kvcal (imported)");
      assertThat(named.report().calibration()).isEmpty();
      assertThat(measured.plan().manifest().policy().resolvedJson())
          .contains("\"retrieval\":{\"layers\":[2,3]}")
          .isEqualTo(named.plan().manifest().policy().resolvedJson());
      assertThat(measured.plan().program()).isEqualTo(named.plan().program());
      assertThat(measured.plan().manifest().policy().text()).contains("retrieval = 50%");
    }
  }

  @Test
  void theOneInTheModelsFolderIsUsedUnlessAnotherIsNamed() throws IOException {
    Path copy = copy();
    assertThatThrownBy(() -> retrieval(copy, Optional.empty()))
        .isInstanceOf(CompileException.class)
        .hasMessageContaining("error[KV2016]")
        .hasMessageContaining("kvasir calibrate heads MODEL -o heads.kvcal");

    try (Model model = Model.open(copy)) {
      calibration(model, 1, 1, 0, 0, 0, 0, 1, 1)
          .write(copy.resolve("heads.kvcal"), new TreeMap<>());
      assertThat(retrieval(copy, Optional.empty())).containsExactly(0, 3);
      HeadCalibration named = calibration(model, 0, 0, 1, 0, 0, 2, 0, 0);
      assertThat(retrieval(copy, Optional.of(named))).containsExactly(1, 2);
    }
  }

  @Test
  void ofAnotherModelIsRefusedWhereItIsNeeded() throws IOException {
    Path copy = copy();
    Files.copy(SampleModel.NEEDLE.resolve("heads.kvcal"), copy.resolve("heads.kvcal"));
    assertThat(retrieval(copy, Optional.empty())).containsExactly(1, 2);
    Files.writeString(
        copy.resolve("config.json"),
        Files.readString(copy.resolve("config.json")).replace("2048", "1024"));

    assertThatThrownBy(() -> retrieval(copy, Optional.empty()))
        .isInstanceOf(CompileException.class)
        .hasMessageStartingWith(copy.resolve("heads.kvcal") + ": error[KV3020]")
        .hasMessageContaining("kvasir calibrate heads " + copy);
    try (Model model = Model.open(copy)) {
      HeadCalibration named = HeadCalibration.read(copy.resolve("heads.kvcal"));
      assertThat(PolicyCheck.check(SampleModel.policy(""), model).uses()).isEmpty();
      assertThatThrownBy(
              () ->
                  PolicyCheck.check(SampleModel.policy(""), model, CalibrationSet.NONE.with(named)))
          .hasMessageContaining("error[KV3020]");
    }
  }

  @Test
  void withoutAModelAShareIsCheckedAndNotChosen() {
    assertThat(PolicyCheck.check(HALF).uses()).hasSize(1);
    assertThatThrownBy(
            () -> PolicyCheck.check(SampleModel.policy("use group-heads(retrieval = 101%);")))
        .hasMessageContaining("error[KV2004]");
  }

  private static List<Integer> retrieval(Path folder, Optional<HeadCalibration> named) {
    try (Model model = Model.open(folder)) {
      return PolicyCheck.check(HALF, model, new CalibrationSet(named, Optional.empty()))
          .uses()
          .getFirst()
          .arguments()
          .set("retrieval")
          .heads()
          .layers();
    }
  }

  private static HeadCalibration calibration(Model model, float... scores) {
    List<Float> values =
        Stream.iterate(0, i -> i < scores.length, i -> i + 1).map(i -> scores[i]).toList();
    return new HeadCalibration(
        "given.kvcal",
        model.fingerprint(),
        CalibrationMethod.IMPORTED,
        OptionalLong.empty(),
        OptionalLong.empty(),
        4,
        2,
        values);
  }

  private Path copy() throws IOException {
    for (String name : List.of("config.json", "model.safetensors", "tokenizer_config.json")) {
      Files.copy(SampleModel.NEEDLE.resolve(name), folder.resolve(name));
    }
    return folder;
  }
}
