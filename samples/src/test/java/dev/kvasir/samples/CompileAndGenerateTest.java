package dev.kvasir.samples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example of the API answers its question. */
final class CompileAndGenerateTest {
  @TempDir private Path folder;

  @Test
  void theExampleFindsTheKey() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    Path plan = folder.resolve("sample.kvplan");
    try (PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8)) {
      CompileAndGenerate.run(
          SampleModel.FOLDER, Path.of("..", "plans", "policies", "zigzag-sets.kvp"), plan, out);
    }

    assertThat(plan).isNotEmptyFile();
    String nl = "\\R";
    assertThat(bytes.toString(StandardCharsets.UTF_8))
        .matches(
            "answer  7351"
                + nl
                + "cache   [0-9,.]+ bytes for \\d+ tokens"
                + nl
                + "speed   \\d+ tokens per second"
                + nl);
  }
}
