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
        new CompareCaches.Questions(3, List.of(60, 200)),
        new PrintStream(bytes, true, StandardCharsets.UTF_8));

    // 3 of 3 under full: 200 tokens are 4 pages of 8,192 bytes in 2 heads of 4 layers, and the
    // page table of 2,048 tokens; streaming holds a sink page and 2 ring pages in each head.
    assertThat(bytes.toString(StandardCharsets.UTF_8).lines().toList())
        .hasSize(4)
        .contains("| policy | keys recalled of 3 at 60 200 bytes | cache bytes at 200 |")
        .contains("| `full` | 3 3 | %,d |".formatted(8 * 4 * 8192 + 8 * 32 * 4))
        .anyMatch(
            row ->
                row.matches(
                    "\\| `streaming` \\| 3 [0-2] \\| %,d \\|".formatted(8 * 3 * 8192 + 8 * 3 * 4)));
  }
}
