package dev.kvasir.samples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class CompareCachesTest {

  @Test
  void printsARowForEachPolicy() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    Path policies = Path.of("../plans/policies");
    CompareCaches.run(
        Path.of("models/needle"),
        List.of(policies.resolve("full.kvp"), policies.resolve("streaming.kvp")),
        new CompareCaches.Questions(3, List.of(60, 200), 1, 100),
        new PrintStream(bytes, true, StandardCharsets.UTF_8));

    // Of 2,048 tokens full keeps 32 pages of 8,192 bytes in 2 heads of 4 layers, streaming a sink
    // page and 2 ring pages; each has page tables.
    String full = "%,d".formatted(8 * 32 * 8192 + 8 * 32 * 4);
    String streaming = "%,d".formatted(8 * 3 * 8192 + 8 * 3 * 4);
    assertThat(bytes.toString(StandardCharsets.UTF_8).lines().toList())
        .hasSize(4)
        .contains(
            "| policy | keys recalled of 3 at 60 200 bytes | KL divergence | same first choice"
                + " | cache bytes at full context |")
        .anyMatch(
            row ->
                row.matches(
                    "\\| `full` \\| 3 3 \\| 0\\.000\\d\\d \\| [0-9.]+% \\| " + full + " \\|"))
        .anyMatch(
            row ->
                row.matches(
                    "\\| `streaming` \\| 3 [0-2] \\| 0\\.\\d{5} \\| [0-9.]+% \\| "
                        + streaming
                        + " \\|"));
  }
}
