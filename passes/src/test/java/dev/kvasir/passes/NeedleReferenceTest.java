package dev.kvasir.passes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.model.ModelConfig;
import dev.kvasir.ir.model.ModelConfigReader;
import dev.kvasir.ir.reference.ReferenceEvaluator;
import dev.kvasir.ir.reference.ReferenceTensor;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.passes.testing.SafetensorsFixture;
import dev.kvasir.passes.testing.SmallModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Graph and evaluator against the logits that the sample model's own trainer computed. */
class NeedleReferenceTest {
  private static final Path MODEL = Path.of("..", "samples", "models", "needle");

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2})
  void logitsAreThoseOfTheTrainer(int prompt) throws IOException {
    ModelConfig config =
        ModelConfigReader.read(
            new SourceText("config.json", Files.readString(MODEL.resolve("config.json"))));
    Graph graph =
        Passes.pipeline()
            .run(
                SmallModels.context(config, ElementFormat.BF16, "use store-kv(format = f32);"),
                PassListener.NONE);
    SafetensorsFixture weights = new SafetensorsFixture(MODEL.resolve("model.safetensors"));
    SafetensorsFixture reference = new SafetensorsFixture(MODEL.resolve("reference.safetensors"));
    int[] tokens = reference.integers("prompt." + prompt + ".tokens");
    double[] expected = reference.floats("prompt." + prompt + ".logits");
    ReferenceTensor logits =
        new ReferenceEvaluator(graph, weights::floats).prefillEveryRow(tokens).allLogits();
    int vocabulary = config.vocabularySize();
    int compared = expected.length / vocabulary;
    assertThat(compared).isEqualTo(Math.min(64, tokens.length));
    for (int row = 0; row < compared; row++) {
      double[] found = logits.row(tokens.length - compared + row);
      assertThat(cosine(found, expected, row * vocabulary))
          .as("prompt %s, row %s of the last %s", prompt, row, compared)
          .isGreaterThan(0.99999);
      for (int token = 0; token < vocabulary; token++) {
        assertThat(Math.abs(found[token] - expected[row * vocabulary + token])).isLessThan(1e-3);
      }
    }
  }

  private static double cosine(double[] found, double[] expected, int start) {
    double dot = 0;
    double foundSquares = 0;
    double expectedSquares = 0;
    for (int index = 0; index < found.length; index++) {
      dot += found[index] * expected[start + index];
      foundSquares += found[index] * found[index];
      expectedSquares += expected[start + index] * expected[start + index];
    }
    return dot / Math.sqrt(foundSquares * expectedSquares);
  }
}
