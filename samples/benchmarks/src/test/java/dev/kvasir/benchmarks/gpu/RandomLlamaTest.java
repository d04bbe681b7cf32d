package dev.kvasir.benchmarks.gpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.codegen.driver.Model;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RandomLlamaTest {

  @Test
  void modelIsReadAsOneOfItsShape(@TempDir Path folder) throws Exception {
    RandomLlama.small(2).write(folder);
    try (Model model = Model.open(folder)) {
      assertThat(model.config().layers()).isEqualTo(2);
      assertThat(model.config().queryHeads()).isEqualTo(4);
      assertThat(model.config().kvHeads()).isEqualTo(2);
      assertThat(model.config().headDim()).isEqualTo(32);
    }
  }

  @Test
  void stepsMultiplyEveryWeightButTheEmbedding() {
    // Llama-3.1-8B has 8,030,261,248 weights, of which 65 norms of 4,096 and the embedding.
    long norms = 65 * 4096L;
    long embedding = 128_256L * 4096;
    assertThat(RandomLlama.eightBillion(32).multiplied())
        .isEqualTo(8_030_261_248L - norms - embedding);
  }
}
