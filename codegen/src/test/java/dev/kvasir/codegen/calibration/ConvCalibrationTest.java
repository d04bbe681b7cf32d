package dev.kvasir.codegen.calibration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.codegen.driver.Compiler;
import dev.kvasir.codegen.driver.CompilerOptions;
import dev.kvasir.codegen.driver.Model;
import dev.kvasir.codegen.driver.PolicyCheck;
import dev.kvasir.codegen.driver.SampleModel;
import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.graph.ops.FoldRowsOp;
import dev.kvasir.ir.model.Weight;
import dev.kvasir.ir.model.WeightType;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.ir.type.Fold;
import dev.kvasir.plans.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ConvCalibrationTest {
  private static final String HASH = "0123456789abcdef".repeat(4);

  @TempDir private Path folder;

  @Test
  void whatIsWrittenIsRead() throws IOException {
    Path file = folder.resolve("conv.kvcal");
    try (Model model = Model.open(SampleModel.NEEDLE)) {
      ConvCalibration written = random(model, file, 7);

      written.write(file);

      ConvCalibration read = ConvCalibration.read(file);
      assertThat(read.describe()).isEqualTo(file + " (random, seed 7)");
      assertThat(read.fingerprint()).isEqualTo(model.fingerprint());
      assertThat(read.slots()).isEqualTo(6);
      assertThat(read.weights().keySet()).isEqualTo(written.weights().keySet()).hasSize(12);
      for (Weight weight : written.weights().values()) {
        Weight again = read.find(weight.name()).orElseThrow();
        assertThat(again.type()).isEqualTo(weight.type());
        assertThat(again.shape()).isEqualTo(weight.shape());
        assertThat(again.toFloats()).isEqualTo(weight.toFloats());
      }
      assertThat(Calibration.read(file)).isInstanceOf(ConvCalibration.class);
      byte[] bytes = Files.readAllBytes(file);
      random(model, file, 7).write(file);
      assertThat(Files.readAllBytes(file)).isEqualTo(bytes);
      random(model, file, 8).write(file);
      assertThat(Files.readAllBytes(file)).isNotEqualTo(bytes);
    }
  }

  @Test
  void randomWeightsFillTheirRange() {
    try (Model model = Model.open(SampleModel.NEEDLE)) {
      ConvCalibration made = random(model, folder.resolve("x"), 1);
      Weight weight = made.find(FoldRowsOp.name(3, "weight")).orElseThrow();
      int channels = 2 * model.config().headDim();
      assertThat(weight.type()).isEqualTo(WeightType.F16);
      assertThat(weight.shape()).containsExactly(4L, (long) channels, 5L);
      float bound = (float) (1 / Math.sqrt(channels * 5));
      float largest = 0;
      double sum = 0;
      for (float element : weight.toFloats()) {
        largest = Math.max(largest, Math.abs(element));
        sum += element;
      }
      assertThat(largest).isBetween(bound * 0.95f, bound * 1.01f);
      assertThat(sum / weight.elements()).isBetween(-bound * 0.1, bound * 0.1);
      assertThat(made.find(FoldRowsOp.name(3, "alpha")).orElseThrow().toFloats())
          .containsExactly(0.25f);
    }
  }

  @Test
  void whatDoesNotFitIsSaid() {
    try (Model model = Model.open(SampleModel.NEEDLE)) {
      ConvCalibration made = random(model, Path.of("x.kvcal"), 1);
      assertThat(made.misfit(new Fold(6, 99, 5, 4), List.of(0, 3))).isEmpty();
      assertThat(made.misfit(new Fold(7, 99, 5, 4), List.of(0, 3)))
          .contains(
              "x.kvcal (random, seed 1) has weights for 6 slots, 4 of them mixed, and a kernel of 5"
                  + " in layer 0; expected 7 slots, 4 of them mixed, and a kernel of 5");
      assertThat(made.misfit(new Fold(6, 99, 3, 4), List.of(2))).isPresent();
      assertThat(made.misfit(new Fold(6, 99, 5, 3), List.of(2))).isPresent();
      assertThat(made.misfit(new Fold(6, 99, 5, 4), List.of(0, 4)))
          .contains("x.kvcal (random, seed 1) has no weights for layer 4");
    }
  }

  @Test
  void policiesThatFoldNeedWeightsOfTheirModel() throws IOException {
    Path copy = Files.createDirectory(folder.resolve("model"));
    for (String name : List.of("config.json", "model.safetensors", "tokenizer_config.json")) {
      Files.copy(SampleModel.NEEDLE.resolve(name), copy.resolve(name));
    }
    Policy policy =
        SampleModel.policy("use fuse-kv-conv(slots = 6, kernel = 5, keep = 25%) on layers 0..1;");
    assertThat(PolicyCheck.check(policy).uses()).hasSize(1);
    try (Model model = Model.open(copy)) {
      assertThatThrownBy(() -> PolicyCheck.check(policy, model))
          .isInstanceOf(CompileException.class)
          .hasMessageContaining("error[KV2016]: rows are mixed by convolutions")
          .hasMessageContaining("kvasir calibrate conv MODEL --init random");
      random(model, copy.resolve("conv.kvcal"), 1).write(copy.resolve("conv.kvcal"));
      assertThat(PolicyCheck.check(policy, model).uses()).hasSize(1);
      assertThat(
              Compiler.transform(model, policy, CompilerOptions.defaults()).nodes().stream()
                  .filter(node -> node.op() instanceof FoldRowsOp))
          .hasSize(2);
      Policy other = SampleModel.policy("use fuse-kv-conv(slots = 6, kernel = 5) on layers 0..1;");
      assertThatThrownBy(() -> PolicyCheck.check(other, model))
          .hasMessageContaining("error[KV2016]: " + copy.resolve("conv.kvcal"))
          .hasMessageContaining("expected 6 slots, 3 of them mixed, and a kernel of 5");
      ConvCalibration given =
          RandomConvolutions.of("given", model.fingerprint(), model.config(), 1, 6, 3, 5, 0);
      assertThat(PolicyCheck.check(other, model, CalibrationSet.NONE.with(given)).uses())
          .hasSize(1);
      ConvCalibration foreign = RandomConvolutions.of("given", HASH, model.config(), 1, 6, 3, 5, 0);
      assertThatThrownBy(() -> PolicyCheck.check(other, model, CalibrationSet.NONE.with(foreign)))
          .hasMessageStartingWith("given: error[KV3020]: this calibration is of another model")
          .hasMessageContaining("kvasir calibrate conv " + copy);
    }
  }

  @Test
  void channelsAreThoseOfTheModel() throws IOException {
    Path file =
        Files.write(
            folder.resolve("conv.kvcal"),
            layer(writer -> writer.addFloats("layer.0.lococo.weight", new float[12], 2, 2, 3)));
    try (Model model = Model.open(SampleModel.NEEDLE)) {
      ConvCalibration read = ConvCalibration.read(file);
      assertThatThrownBy(() -> read.requireFits(model.path(), HASH, model.config()))
          .hasMessageContaining(
              "error[KV3019]: expected weights of %d channels, keys and values of the model, got 2"
                      .formatted(2 * model.config().headDim())
                  + " in layer 0");
    }
  }

  static Stream<Arguments> damages() {
    return Stream.of(
        damage("kind", "heads", "expected kind conv, got heads"),
        damage("version", "2", "expected version 1, got 2"),
        damage("fingerprint", "abc", "expected a fingerprint of 64 hexadecimal digits, got abc"),
        damage("method", "guess", "expected method random or trained, got guess"),
        damage("slots", "0", "expected slots of at least 1, got 0"),
        damage("slots", "x", "expected slots to be a whole number, got x"),
        damage("slots", "1", "at most 1 mixed"),
        Arguments.of(sound().toBytes(), "expected a tensor layer.0.lococo.weight"),
        weight(new float[16], 2, 2, 4),
        weight(new float[12], 12),
        weight(new float[0], 2, 0, 3),
        Arguments.of(
            layer(writer -> writer.addInts("layer.0.lococo.weight", new int[12], 2, 2, 3)),
            "expected layer.0.lococo.weight as F32 or F16, got I32"),
        Arguments.of(
            layer(writer -> writer.addFloats("layer.0.lococo.weight", nan(), 2, 2, 3)),
            "expected finite weights, got NaN in layer.0.lococo.weight at 7"),
        Arguments.of(
            layer(writer -> writer.addFloats("layer.0.lococo.weight", new float[18], 3, 2, 3)),
            "expected layer.0.lococo.bias as [3], got [2]"),
        Arguments.of(
            layer(
                writer ->
                    writer
                        .addFloats("layer.0.lococo.weight", new float[12], 2, 2, 3)
                        .addFloats("layer.1.lococo.alpha", new float[1], 1)),
            "expected a tensor layer.1.lococo.weight, got none"),
        Arguments.of(
            "a text, not a calibration".getBytes(StandardCharsets.US_ASCII),
            "expected a header of 2 to"),
        Arguments.of(new SafetensorsWriter().toBytes(), "expected metadata kind, got none"));
  }

  @ParameterizedTest
  @MethodSource("damages")
  void whatIsNoCalibrationIsRefusedWithAWayOut(byte[] bytes, String problem) throws IOException {
    Path file = Files.write(folder.resolve("conv.kvcal"), bytes);

    assertThatThrownBy(() -> ConvCalibration.read(file))
        .isInstanceOf(CompileException.class)
        .hasMessageStartingWith(file + ": error[KV3019]: ")
        .hasMessageContaining(problem)
        .hasMessageEndingWith(
            "\nnote: 'kvasir calibrate conv MODEL --init random --slots N -o conv.kvcal' writes"
                + " one");
  }

  @Test
  void aFileOfNoKindIsRefused() throws IOException {
    Path file = Files.write(folder.resolve("x.kvcal"), sound().metadata("kind", "basis").toBytes());
    assertThatThrownBy(() -> Calibration.read(file))
        .hasMessageContaining("error[KV3019]: expected kind heads or conv, got basis")
        .hasMessageContaining("'kvasir calibrate heads' and 'kvasir calibrate conv' write them");
  }

  @Test
  void anyDamagedByteIsAMistakeOrANumber() throws IOException {
    Path file = folder.resolve("conv.kvcal");
    byte[] whole =
        layer(writer -> writer.addFloats("layer.0.lococo.weight", new float[12], 2, 2, 3));
    long seed = System.nanoTime();
    Random random = new Random(seed);
    int refused = 0;
    for (int round = 0; round < 400; round++) {
      byte[] damaged = whole.clone();
      damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
      int length = random.nextInt(4) == 0 ? random.nextInt(whole.length) : whole.length;
      Files.write(file, Arrays.copyOf(damaged, length));
      try {
        assertThat(ConvCalibration.read(file).weights()).as("seed %s", seed).isNotEmpty();
      } catch (CompileException mistake) {
        refused++;
      }
    }
    assertThat(refused).as("seed %s", seed).isGreaterThan(100);
  }

  private static ConvCalibration random(Model model, Path file, long seed) {
    return RandomConvolutions.of(
        file.toString(), model.fingerprint(), model.config(), seed, 6, 4, 5, 0.25f);
  }

  private static Arguments damage(String key, String value, String problem) {
    SafetensorsWriter writer =
        rest(sound())
            .metadata(key, value)
            .addFloats("layer.0.lococo.weight", new float[12], 2, 2, 3);
    return Arguments.of(writer.toBytes(), problem);
  }

  private static Arguments weight(float[] elements, long... shape) {
    return Arguments.of(
        layer(writer -> writer.addFloats("layer.0.lococo.weight", elements, shape)),
        "expected layer.0.lococo.weight as [mixed, channels, kernel], at most 6 mixed and an odd"
            + " kernel of at most 127, got ");
  }

  private static byte[] layer(Consumer<SafetensorsWriter> weight) {
    SafetensorsWriter writer = rest(sound());
    weight.accept(writer);
    return writer.toBytes();
  }

  private static SafetensorsWriter rest(SafetensorsWriter writer) {
    return writer
        .addFloats("layer.0.lococo.bias", new float[2], 2)
        .addFloats("layer.0.lococo.alpha", new float[1], 1);
  }

  private static SafetensorsWriter sound() {
    return new SafetensorsWriter()
        .metadata("kind", "conv")
        .metadata("version", "1")
        .metadata("fingerprint", HASH)
        .metadata("method", "random")
        .metadata("slots", "6");
  }

  private static float[] nan() {
    float[] weights = new float[12];
    weights[7] = Float.NaN;
    return weights;
  }
}
