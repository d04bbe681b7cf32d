package dev.kvasir.samples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.plans.safetensors.SafetensorsFile;
import dev.kvasir.plans.safetensors.SafetensorsTensor;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.Session;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The full cache in f32 against the logits that the model's own trainer computed. */
final class ReferenceLogitsTest {

  @ParameterizedTest
  @CsvSource({"0, 48, 48", "1, 317, 64", "2, 917, 64"})
  void logitsAreThoseOfTheTrainer(int prompt, int length, int compared) throws IOException {
    LoadedModel model = SampleModel.shared("full", "f32");
    try (Arena arena = Arena.ofConfined();
        Session session = model.newSession()) {
      SafetensorsFile reference =
          SafetensorsFile.open(SampleModel.FOLDER.resolve("reference.safetensors"), arena);
      int[] tokens = tensor(reference, "prompt." + prompt + ".tokens").toInts();
      float[] expected = tensor(reference, "prompt." + prompt + ".logits").toFloats();
      int vocabulary = model.plan().manifest().model().vocabulary();
      assertThat(tokens).hasSize(length);
      assertThat(expected).hasSize(compared * vocabulary);

      int next = length - compared + 1;
      session.append(Prompt.ofTokens(Arrays.copyOf(tokens, next)));
      for (int row = 0; row < compared; row++) {
        double[] wanted =
            Vectors.widen(Arrays.copyOfRange(expected, row * vocabulary, (row + 1) * vocabulary));
        float[] found = session.logits();
        assertThat(Vectors.cosine(found, wanted)).as("row %s", row).isGreaterThan(0.99999);
        assertThat(Vectors.largestDifference(found, wanted)).as("row %s", row).isLessThan(1e-3);
        if (next < length) {
          session.step(tokens[next++]);
        }
      }
    }
  }

  private static SafetensorsTensor tensor(SafetensorsFile file, String name) {
    return file.tensor(name).orElseThrow();
  }
}
