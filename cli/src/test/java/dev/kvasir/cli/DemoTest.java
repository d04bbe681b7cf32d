package dev.kvasir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class DemoTest {

  @Test
  void theDemoRecallsItsKeyWithASmallerCache() {
    CommandRun run = CommandRun.of("demo", "--json");

    assertThat(run.err()).isEmpty();
    assertThat(run.status()).isZero();
    JsonNode result = Json.parse(run.out());
    assertThat(result.get("answer").textValue()).isEqualTo("7351]");
    assertThat(result.get("right").booleanValue()).isTrue();
    assertThat(result.get("allocatedBytes").longValue())
        .isLessThan(result.get("fullBytes").longValue());
  }

  @Test
  void aDeviceThatIsNotThereNamesTheOption() {
    CommandRun run = CommandRun.of("demo", "--device", "0:0");

    assertThat(run.err()).startsWith("--target jvm: error[KV7203]: ");
    assertThat(run.out()).isEmpty();
  }

  @Test
  void theNeedleIsFarFromItsQuestion() {
    String prompt = Prose.withQuestionAtEnd();

    assertThat(prompt.getBytes(StandardCharsets.UTF_8)).hasSizeBetween(880, 940);
    assertThat(prompt).endsWith(" [Kq=");
    assertThat(prompt.indexOf("[Kq=7351]")).isEqualTo(Prose.needleOffset()).isLessThan(150);
    assertThat(prompt.split("\\[Kq=", -1)).hasSize(3);
  }
}
