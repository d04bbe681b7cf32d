package dev.kvasir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class TextsTest {

  @ParameterizedTest
  @CsvSource({
    "0, 0 B",
    "1023, 1023 B",
    "1024, 1.00 KiB",
    "65792, 64.3 KiB",
    "655360, 640 KiB",
    "1310720, 1.25 MiB",
    "5368709120, 5.00 GiB"
  })
  void bytesHaveThreeDigits(long bytes, String text) {
    assertThat(Texts.bytes(bytes)).isEqualTo(text);
  }

  @Test
  void numbersDoNotDependOnTheLocale() {
    Locale before = Locale.getDefault();
    try {
      Locale.setDefault(Locale.GERMANY);
      assertThat(Texts.time(Duration.ofMillis(1500))).isEqualTo("1.50 s");
      assertThat(Texts.time(Duration.ofNanos(12_345_678))).isEqualTo("12.3 ms");
      assertThat(Texts.count(1234, "token")).isEqualTo("1,234 tokens");
      assertThat(Texts.count(1, "token")).isEqualTo("1 token");
      assertThat(Texts.ratio(10, 4)).isEqualTo("2.5x");
      assertThat(Texts.ratio(10, 0)).isEqualTo("-");
    } finally {
      Locale.setDefault(before);
    }
  }

  @Test
  void longListsBreakBetweenItems() {
    List<String> items = List.of("a".repeat(60), "b".repeat(30), "c".repeat(30));

    assertThat(Texts.wrap(items, " > ", 5))
        .containsExactly("a".repeat(60) + " > " + "b".repeat(30) + " >", "c".repeat(30));
  }

  @Test
  void columnsAreAsWideAsTheirWidestCell() {
    assertThat(Texts.table(List.of(List.of("name", "x"), List.of("b", "long"))))
        .containsExactly("name  x", "b     long");
    assertThat(Texts.table(List.of())).isEmpty();
  }

  @Test
  void numbersAreAlignedToTheRight() {
    assertThat(Texts.table(List.of(List.of("n", "x"), List.of("100", "y")), Set.of(0)))
        .containsExactly("  n  x", "100  y");
  }

  @Test
  void neighbouringNumbersBecomeRanges() {
    assertThat(Texts.ranges(List.of())).isEmpty();
    assertThat(Texts.ranges(List.of(7))).isEqualTo("7");
    assertThat(Texts.ranges(List.of(0, 1))).isEqualTo("0, 1");
    assertThat(Texts.ranges(List.of(0, 2, 3, 4, 6, 7, 100, 101, 102)))
        .isEqualTo("0, 2..4, 6, 7, 100..102");
  }

  @Test
  void sharesAndRates() {
    assertThat(Texts.percent(1, 3)).isEqualTo("33.3 %");
    assertThat(Texts.percent(1, 0)).isEqualTo("-");
    assertThat(Texts.bandwidth(28e6)).isEqualTo("28.0 MB/s");
    assertThat(Texts.bandwidth(15.93e9)).isEqualTo("15.9 GB/s");
  }

  @ParameterizedTest
  @CsvSource({
    "stor-kv, store-kv",
    "storekv, store-kv",
    "stroe-kv, store-kv",
    "store-kv, store-kv",
    "group, ''",
    "x, ''",
    "'', ''"
  })
  void theNearestNameIsAFewErrorsAway(String typed, String nearest) {
    List<String> names = List.of("build-graph", "group-heads", "store-kv");

    assertThat(NearestName.of(typed, names).orElse("")).isEqualTo(nearest);
  }

  @Test
  void aNameBeyondAllNamesIsNearNone() {
    assertThat(NearestName.of("a".repeat(100_000), List.of("a".repeat(99_999)))).isEmpty();
  }
}
