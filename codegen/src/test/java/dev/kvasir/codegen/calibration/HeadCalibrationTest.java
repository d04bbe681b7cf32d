package dev.kvasir.codegen.calibration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.codegen.driver.Model;
import dev.kvasir.codegen.driver.SampleModel;
import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.plans.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class HeadCalibrationTest {
  private static final String HASH = "0123456789abcdef".repeat(4);
  private static final List<Float> SCORES = List.of(.5f, -1f, 2f, 0f, 3f, 4f, 1e-30f, 7f);

  @TempDir private Path folder;

  @Test
  void whatIsWrittenIsRead() throws IOException {
    Path file = folder.resolve("heads.kvcal");
    HeadCalibration written = calibration(file, OptionalLong.of(-7), OptionalLong.of(2_048));

    written.write(file, new TreeMap<>(Map.of("echo", SCORES)));

    HeadCalibration read = HeadCalibration.read(file);
    assertThat(read).isEqualTo(written);
    assertThat(HeadCalibration.ofFolder(folder)).contains(read);
    assertThat(HeadCalibration.ofFolder(folder.resolve("none"))).isEqualTo(Optional.empty());
    assertThat(read.describe()).isEqualTo(file + " (ablation, seed -7)");
    assertThat(read.scores().origin()).isEqualTo(read.describe());
    byte[] bytes = Files.readAllBytes(file);
    written.write(file, new TreeMap<>(Map.of("echo", SCORES)));
    assertThat(Files.readAllBytes(file)).isEqualTo(bytes);
  }

  @Test
  void anImportHasNeitherSeedNorLength() throws IOException {
    Path file = folder.resolve("imported.kvcal");
    HeadCalibration written = calibration(file, OptionalLong.empty(), OptionalLong.empty());

    written.write(file, new TreeMap<>());

    assertThat(HeadCalibration.read(file)).isEqualTo(written);
  }

  @Test
  void ofAnotherModelIsRefusedWithAWayOut() throws IOException {
    Path file = folder.resolve("heads.kvcal");
    HeadCalibration other = calibration(file, OptionalLong.of(1), OptionalLong.of(2));
    try (Model model = Model.open(SampleModel.NEEDLE)) {
      assertThatThrownBy(() -> other.requireFits(model.path(), model.fingerprint(), model.config()))
          .isInstanceOf(CompileException.class)
          .hasMessage(
              "%s: error[KV3020]: this calibration is of another model: expected fingerprint"
                      .formatted(file)
                  + " 72a38ef520b7, got 0123456789ab\nnote: calibrate this model: kvasir calibrate"
                  + " heads %s -o heads.kvcal".formatted(model.path()));
      HeadCalibration narrow =
          new HeadCalibration(
              "x",
              HASH,
              CalibrationMethod.IMPORTED,
              OptionalLong.empty(),
              OptionalLong.empty(),
              8,
              1,
              SCORES);
      assertThatThrownBy(() -> narrow.requireFits(model.path(), HASH, model.config()))
          .hasMessageContaining(
              "x: error[KV3019]: expected scores of 4 layers with 2 KV heads, as the model has, got"
                  + " 8 with 1");
    }
  }

  static Stream<Arguments> damages() {
    return Stream.of(
        damage("kind", "basis", "expected kind heads, got basis"),
        damage("version", "2", "expected version 1, got 2"),
        damage("fingerprint", "abc", "expected a fingerprint of 64 hexadecimal digits, got abc"),
        damage("method", "guess", "expected method induction, ablation or imported, got guess"),
        damage(
            "method",
            "\u001b[2J",
            "expected method induction, ablation or imported, got \uFFFD[2J"),
        damage("seed", "1.5", "expected seed to be a whole number, got 1.5"),
        damage("length", "x".repeat(99), "expected length to be a whole number, got xxxxx"),
        Arguments.of(
            tensors(writer -> writer.addFloats("scores", new float[8], 4, 2)),
            "expected a tensor head_scores, got none"),
        Arguments.of(
            tensors(writer -> writer.addInts("head_scores", new int[8], 4, 2)),
            "expected head_scores as F32 [layers, KV heads], got I32 [4, 2]"),
        Arguments.of(
            tensors(writer -> writer.addFloats("head_scores", new float[8], 8)), "got F32 [8]"),
        Arguments.of(
            tensors(writer -> writer.addFloats("head_scores", new float[0], 4, 0)),
            "got F32 [4, 0]"),
        Arguments.of(
            tensors(writer -> writer.addFloats("head_scores", nan(), 4, 2)),
            "expected finite scores, got NaN for layer 1, KV head 1"),
        Arguments.of(new byte[0], "expected at least 8 bytes, got 0"),
        Arguments.of(
            "a text, not a calibration".getBytes(StandardCharsets.US_ASCII),
            "expected a header of 2 to"),
        Arguments.of(new byte[(16 << 20) + 1], "expected at most 16777216 bytes, got more"),
        Arguments.of(new SafetensorsWriter().toBytes(), "expected metadata kind, got none"));
  }

  @ParameterizedTest
  @MethodSource("damages")
  void whatIsNoCalibrationIsRefusedWithAWayOut(byte[] bytes, String problem) throws IOException {
    Path file = Files.write(folder.resolve("heads.kvcal"), bytes);

    assertThatThrownBy(() -> HeadCalibration.read(file))
        .isInstanceOf(CompileException.class)
        .hasMessageStartingWith(file + ": error[KV3019]: ")
        .hasMessageContaining(problem)
        .hasMessageEndingWith("\nnote: 'kvasir calibrate heads MODEL -o heads.kvcal' writes one");
  }

  @Test
  void aFileThatIsTooLongIsRefusedWhateverItIsReadAs() throws IOException {
    Path file = folder.resolve("long.kvcal");
    calibration(file, OptionalLong.empty(), OptionalLong.empty())
        .write(file, new TreeMap<>(Map.of("echo", SCORES)));
    assertThat(Calibration.read(file)).isEqualTo(HeadCalibration.read(file));
    SafetensorsWriter writer =
        CalibrationFile.writer(HeadCalibration.KIND, HASH)
            .addFloats("notes", new float[4 << 20], 4 << 20);
    Files.write(file, writer.toBytes());

    assertThatThrownBy(() -> Calibration.read(file))
        .hasMessageContaining("error[KV3019]: expected at most 16777216 bytes, got more")
        .hasMessageEndingWith("\nnote: 'kvasir calibrate heads MODEL -o heads.kvcal' writes one");
  }

  @Test
  void whatCannotBeReadIsRefused() {
    assertThatThrownBy(() -> HeadCalibration.read(folder.resolve("none")))
        .hasMessageContaining("none: error[KV3018]: there is no such file");
    assertThatThrownBy(() -> HeadCalibration.read(folder))
        .hasMessageContaining("error[KV3018]: expected a file");
  }

  @Test
  void anyDamagedByteIsAMistakeOrANumber() throws IOException {
    Path file = folder.resolve("heads.kvcal");
    calibration(file, OptionalLong.of(1), OptionalLong.of(2)).write(file, new TreeMap<>());
    byte[] whole = Files.readAllBytes(file);
    long seed = System.nanoTime();
    Random random = new Random(seed);
    int refused = 0;
    for (int round = 0; round < 400; round++) {
      byte[] damaged = whole.clone();
      damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
      int length = random.nextInt(4) == 0 ? random.nextInt(whole.length) : whole.length;
      Files.write(file, Arrays.copyOf(damaged, length));
      try {
        assertThat(HeadCalibration.read(file).scores().values())
            .as("seed %s", seed)
            .hasSize(8)
            .allMatch(Float::isFinite);
      } catch (CompileException mistake) {
        refused++;
      }
    }
    assertThat(refused).as("seed %s", seed).isGreaterThan(100);
  }

  private static HeadCalibration calibration(Path file, OptionalLong seed, OptionalLong length) {
    return new HeadCalibration(
        file.toString(), HASH, CalibrationMethod.ABLATION, seed, length, 4, 2, SCORES);
  }

  private static Arguments damage(String key, String value, String problem) {
    SafetensorsWriter writer = sound().metadata(key, value);
    return Arguments.of(writer.addFloats("head_scores", new float[8], 4, 2).toBytes(), problem);
  }

  private static byte[] tensors(Consumer<SafetensorsWriter> change) {
    SafetensorsWriter writer = sound();
    change.accept(writer);
    return writer.toBytes();
  }

  private static SafetensorsWriter sound() {
    return new SafetensorsWriter()
        .metadata("kind", "heads")
        .metadata("version", "1")
        .metadata("fingerprint", HASH)
        .metadata("method", "induction")
        .metadata("seed", "1")
        .metadata("length", "64");
  }

  private static float[] nan() {
    float[] scores = new float[8];
    scores[3] = Float.NaN;
    return scores;
  }
}
