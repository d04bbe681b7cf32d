package dev.kvasir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Bytes before anything is compiled. */
final class ExplainTest {
  @TempDir private Path folder;

  @Test
  void thePartsOfTheTableAreTheTotal() {
    CommandRun run = CommandRun.of("explain", "zigzag-sets", "--model", CommandRun.SAMPLE);

    // A page of 64 rows of 32 + 32 bf16 elements is 8 KiB, and 4 bytes for its place in the table.
    assertThat(run.out())
        .contains("model    needle  llama  4 layers  4/2 heads  head 32")
        .contains("context  2,048 tokens")
        .contains("layers  KV heads  pages    a head   a layer  of full       all  segment")
        .contains(
            "0, 3    0, 1          3  24.0 KiB  48.0 KiB    9.4 %  96.0 KiB  ring bf16 rows 128")
        .contains("1, 2    0, 1         32   256 KiB   512 KiB  100.0 %  1.00 MiB  dense bf16")
        .contains(
            "total    1.13 MiB, 56.3 % of the 2.00 MiB that policy full takes in bf16  (1.8x)")
        .contains("largest  layer 1 dense, 512 KiB, 44.4 % of the total");
    assertThat(run.err()).isEmpty();
    assertThat(run.status()).isZero();
  }

  static List<String> policies() {
    return ShippedPolicies.NAMES;
  }

  @ParameterizedTest
  @MethodSource("policies")
  void explanationAndCompilationAgree(String policy) {
    JsonNode explained =
        Json.parse(
            CommandRun.of(
                    "explain", policy, "--model", CommandRun.SAMPLE, "--max-context=512", "--json")
                .out());
    JsonNode compiled =
        Json.parse(
            CommandRun.of(
                    "compile",
                    CommandRun.SAMPLE,
                    "--policy=" + policy,
                    "--max-context=512",
                    "--json",
                    "-o",
                    folder.resolve("x.kvplan"))
                .out());

    long sum = 0;
    for (JsonNode part : explained.get("parts")) {
      sum += part.get("bytes").longValue();
    }
    assertThat(explained.get("bytes").longValue())
        .isEqualTo(sum)
        .isEqualTo(compiled.get("kvBytes").longValue());
    assertThat(explained.get("fullBytes")).isEqualTo(compiled.get("fullKvBytes"));
    assertThat(explained.get("dominantPart")).isEqualTo(compiled.get("dominantPart"));
  }

  @Test
  void limitsAreShownAndNotEnforced() throws IOException {
    Path policy =
        Files.writeString(
            folder.resolve("tight.kvp"),
            """
            policy tight {
              use store-kv(format = f32) on layers 0;
              limit kv-bytes <= 1 MiB;
              limit kv-bytes <= 1 MiB at 64 tokens;
              limit peak-bytes <= 1 GiB;
            }
            """);

    CommandRun run = CommandRun.of("explain", policy, "--model", CommandRun.SAMPLE);

    assertThat(run.out())
        .contains("limit    kv-bytes <= 1.00 MiB at 2,048 tokens: 2.50 MiB, exceeded")
        .contains("limit    kv-bytes <= 1.00 MiB at 64 tokens: 81.0 KiB, holds")
        .contains("limit    peak-bytes <= 1.00 GiB at 2,048 tokens: includes working memory, so")
        .contains("200.0 %");
    assertThat(run.status()).isZero();
  }

  @Test
  void thePictureHasAColourForEachNumberOfBytes() throws IOException {
    Path picture = folder.resolve("cache.png");

    CommandRun run =
        CommandRun.of("explain", "zigzag-sets", "--model", CommandRun.SAMPLE, "--png", picture);

    assertThat(run.out()).contains("wrote    " + picture);
    BufferedImage image = ImageIO.read(picture.toFile());
    assertThat(image.getWidth()).isGreaterThan(600);
    Set<Integer> colours = new TreeSet<>();
    for (int x = 0; x < image.getWidth(); x++) {
      colours.add(image.getRGB(x, image.getHeight() / 2));
    }
    assertThat(colours).hasSizeGreaterThan(3);
  }

  @Test
  void whatCannotBeExplainedIsRefused() {
    CommandRun typo = CommandRun.of("explain", "zigzag-set", "--model", CommandRun.SAMPLE);
    CommandRun model = CommandRun.of("explain", "full", "--model", folder.resolve("nowhere"));
    CommandRun picture =
        CommandRun.of(
            "explain", "full", "--model", CommandRun.SAMPLE, "--png", folder.resolve("no/x.png"));

    assertThat(typo.err())
        .contains("error[KV1008]", "did you mean zigzag-sets?", "shipped policies: full");
    assertThat(typo.status()).isEqualTo(3);
    assertThat(model.err()).contains("error[KV3013]");
    assertThat(model.status()).isEqualTo(3);
    assertThat(picture.err()).contains("error[KV8005]: the picture cannot be written", "--png");
    assertThat(picture.status()).isEqualTo(2);
  }
}
