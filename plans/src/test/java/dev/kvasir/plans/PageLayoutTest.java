package dev.kvasir.plans;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class PageLayoutTest {

  private static final int PAGE = 4096;

  static Stream<PageLayout> layouts() {
    return Stream.of(32, 48, 64, 80, 96, 100, 128, 256)
        .flatMap(
            dim ->
                Stream.of(
                    PageLayout.plain(dim, dim),
                    PageLayout.codes(8, dim, dim),
                    PageLayout.codes(4, dim, dim),
                    PageLayout.streamed(StorageFormat.F32, dim, dim),
                    PageLayout.streamed(StorageFormat.BF16, dim, dim),
                    PageLayout.streamed(StorageFormat.F16, dim, 192 - dim / 2)));
  }

  @ParameterizedTest
  @MethodSource("layouts")
  void everyElementHasAPlaceOfItsOwn(PageLayout layout) {
    Set<Integer> places = new HashSet<>();
    for (int row = 0; row < PageLayout.ROWS; row++) {
      for (int channel = 0; channel < layout.keyDim(); channel++) {
        places.add(layout.keyElement(row, channel));
      }
      for (int channel = 0; channel < layout.valueDim(); channel++) {
        places.add(layout.valueElement(row, channel));
      }
    }
    assertThat(places).hasSize(layout.elements());
    assertThat(places).allMatch(place -> place >= 0 && place < layout.elements());
  }

  @Test
  void aPlainPageIsKeysByChannelAndTilesOfValues() {
    PageLayout page = PageLayout.plain(128, 96);
    assertThat(page.keyElement(5, 7)).isEqualTo(7 * 64 + 5);
    assertThat(page.valueElement(5, 7)).isEqualTo(128 * 64 + 5 * 64 + 7);
    assertThat(page.valueElement(5, 70)).isEqualTo(128 * 64 + 64 * 64 + 5 * 32 + 6);
  }

  @Test
  void linesOfAStreamedPageAre64Bytes() {
    PageLayout wide = PageLayout.streamed(StorageFormat.F32, 128, 128);
    assertThat(wide.keyElement(17, 3)).isEqualTo(16 * 128 + 3 * 16 + 1);
    assertThat(wide.valueElement(17, 35)).isEqualTo(8192 + 2 * 64 * 16 + 17 * 16 + 3);
    PageLayout half = PageLayout.streamed(StorageFormat.BF16, 128, 128);
    assertThat(half.keyElement(33, 3)).isEqualTo(32 * 128 + 3 * 32 + 2);
    assertThat(half.keyElement(50, 3)).isEqualTo(32 * 128 + 3 * 32 + 5);
    assertThat(half.valueElement(33, 64)).isEqualTo(8192 + 32 * 128 + 2 * 32 * 32 + 32);
    assertThat(half.valueElement(1, 20)).isEqualTo(8192 + 32 + 9);
  }

  /** What a loop reads at once: the strips of keys, and tiles of values two apart. */
  @Test
  void streamsLieMemoryPagesApart() {
    PageLayout wide = PageLayout.streamed(StorageFormat.F32, 128, 128);
    assertThat(4 * wide.keyElement(16, 0)).isGreaterThanOrEqualTo(PAGE);
    assertThat(4 * (wide.valueElement(0, 16) - wide.valueElement(0, 0)))
        .isGreaterThanOrEqualTo(PAGE);
    PageLayout half = PageLayout.streamed(StorageFormat.F16, 128, 128);
    assertThat(2 * half.keyElement(0, 64)).isGreaterThanOrEqualTo(PAGE);
    assertThat(2 * half.keyElement(32, 0)).isGreaterThanOrEqualTo(PAGE);
    assertThat(2 * (half.valueElement(0, 64) - half.valueElement(0, 0)))
        .isGreaterThanOrEqualTo(PAGE);
    assertThat(2 * (half.valueElement(32, 0) - half.valueElement(0, 64)))
        .isGreaterThanOrEqualTo(PAGE);
  }
}
