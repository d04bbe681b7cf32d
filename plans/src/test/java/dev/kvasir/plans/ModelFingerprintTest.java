package dev.kvasir.plans;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.kvasir.plans.ModelFilesException.Reason;
import dev.kvasir.plans.safetensors.SafetensorsException;
import dev.kvasir.plans.safetensors.SafetensorsWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelFingerprintTest {
  @TempDir private Path directory;

  @BeforeEach
  void writeModel() throws IOException {
    Files.writeString(directory.resolve("config.json"), "{\"a\":1}", StandardCharsets.UTF_8);
    writeWeights(1);
  }

  private void writeWeights(float... values) throws IOException {
    new SafetensorsWriter()
        .addFloats("x", values, values.length)
        .write(directory.resolve("model.safetensors"));
  }

  @Test
  void theValueIsTheDocumentedHash() throws IOException, NoSuchAlgorithmException {
    byte[] config = Files.readAllBytes(directory.resolve("config.json"));
    byte[] weights = Files.readAllBytes(directory.resolve("model.safetensors"));
    int header = weights[0];
    ByteArrayOutputStream hashed = new ByteArrayOutputStream();
    hashed.writeBytes("kvasir-model-1".getBytes(StandardCharsets.US_ASCII));
    hashed.writeBytes(new byte[] {(byte) config.length, 0, 0, 0, 0, 0, 0, 0});
    hashed.writeBytes(config);
    hashed.writeBytes(Arrays.copyOfRange(weights, 0, 8 + header));
    hashed.writeBytes(new byte[] {(byte) weights.length, 0, 0, 0, 0, 0, 0, 0});

    assertThat(ModelFingerprint.of(directory).value())
        .isEqualTo(
            HexFormat.of()
                .formatHex(MessageDigest.getInstance("SHA-256").digest(hashed.toByteArray())));
  }

  @Test
  void theFullHashIsTheDocumentedHash() throws IOException, NoSuchAlgorithmException {
    byte[] config = Files.readAllBytes(directory.resolve("config.json"));
    byte[] weights = Files.readAllBytes(directory.resolve("model.safetensors"));
    ByteArrayOutputStream hashed = new ByteArrayOutputStream();
    hashed.writeBytes("kvasir-model-full-1".getBytes(StandardCharsets.US_ASCII));
    hashed.writeBytes(new byte[] {(byte) config.length, 0, 0, 0, 0, 0, 0, 0});
    hashed.writeBytes(config);
    hashed.writeBytes(new byte[] {(byte) weights.length, 0, 0, 0, 0, 0, 0, 0});
    hashed.writeBytes(weights);

    assertThat(ModelFingerprint.fullHash(directory))
        .isEqualTo(
            HexFormat.of()
                .formatHex(MessageDigest.getInstance("SHA-256").digest(hashed.toByteArray())));
  }

  @Test
  void valuesOfWeightsMatterToTheFullHashAlone() throws IOException {
    ModelFingerprint fingerprint = ModelFingerprint.of(directory);
    String full = ModelFingerprint.fullHash(directory);
    writeWeights(2);

    assertThat(ModelFingerprint.of(directory)).isEqualTo(fingerprint);
    assertThat(ModelFingerprint.fullHash(directory)).isNotEqualTo(full);
  }

  @Test
  void configurationAndShapesMatter() throws IOException {
    ModelFingerprint fingerprint = ModelFingerprint.of(directory);
    writeWeights(1, 2);
    ModelFingerprint reshaped = ModelFingerprint.of(directory);
    Files.writeString(directory.resolve("config.json"), "{\"a\":2}", StandardCharsets.UTF_8);

    assertThat(reshaped).isNotEqualTo(fingerprint);
    assertThat(ModelFingerprint.of(directory)).isNotEqualTo(reshaped);
  }

  @Test
  void refusesIncompleteDirectories() throws IOException {
    Path weights = directory.resolve("model.safetensors");
    assertThat(reason(directory.resolve("none"))).isEqualTo(Reason.NOT_A_DIRECTORY);
    assertThat(reason(weights)).isEqualTo(Reason.NOT_A_DIRECTORY);

    Files.delete(weights);
    assertThat(reason(directory)).isEqualTo(Reason.NO_WEIGHTS);
    Files.writeString(
        directory.resolve("model.safetensors.index.json"),
        "{\"weight_map\": {\"x\": \"part.safetensors\"}}",
        StandardCharsets.UTF_8);
    assertThat(reason(directory)).isEqualTo(Reason.NO_SHARD);

    writeWeights(1);
    Files.write(directory.resolve("config.json"), new byte[ModelFiles.MAX_CONFIG_BYTES + 1]);
    assertThat(reason(directory)).isEqualTo(Reason.CONFIG_TOO_LARGE);
    Files.delete(directory.resolve("config.json"));
    assertThat(reason(directory)).isEqualTo(Reason.NO_CONFIG);
  }

  @Test
  void refusesWeightsWithoutAHeader() throws IOException {
    Files.write(directory.resolve("model.safetensors"), new byte[5]);
    assertThatThrownBy(() -> ModelFingerprint.of(directory))
        .isInstanceOf(SafetensorsException.class);
  }

  @Test
  void isSixtyFourHexadecimalDigits() {
    assertThatThrownBy(() -> new ModelFingerprint("abc"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static Reason reason(Path directory) {
    ModelFilesException refused =
        catchThrowableOfType(ModelFilesException.class, () -> ModelFingerprint.of(directory));
    assertThat(refused).isNotNull();
    assertThat(refused).hasMessageContaining("expected");
    return refused.reason();
  }
}
