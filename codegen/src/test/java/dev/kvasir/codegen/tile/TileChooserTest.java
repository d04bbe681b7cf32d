package dev.kvasir.codegen.tile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The chosen sizes over shapes of every kind, and what may be given instead. */
class TileChooserTest {

  private static final AttentionSizes LLAMA_8B = new AttentionSizes(4, 8, 128, 128, 131_072);

  private static Tiles choose(AttentionSizes sizes) {
    return TileChooser.choose(sizes, TargetProfile.jvm(), Map.of());
  }

  @ParameterizedTest
  @CsvSource({
    "4, 8, 128, 131072, 1024, 16",
    "1, 32, 128, 4096, 1024, 16",
    "8, 1, 128, 32768, 512, 8",
    "16, 1, 256, 4096, 256, 4",
    "3, 5, 80, 2048, 256, 16",
    "5, 2, 64, 1, 256, 8",
    "71, 1, 64, 2048, 256, 1",
  })
  void sizesFollowShapes(
      int group, int kvHeads, int dim, int context, int rowsPerSplit, int prefillTokens) {
    assertThat(choose(new AttentionSizes(group, kvHeads, dim, dim, context)))
        .isEqualTo(new Tiles(rowsPerSplit, prefillTokens, 1 << 18));
  }

  /** Whatever the shape, a full cache keeps the profile's threads busy or splits are smallest. */
  @Test
  void awkwardShapesGetSizesThatKernelsCanHave() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    TargetProfile profile = TargetProfile.jvm();
    for (int i = 0; i < 2_000; i++) {
      AttentionSizes sizes =
          new AttentionSizes(
              1 + random.nextInt(16),
              1 + random.nextInt(i % 2 == 0 ? 1 : 40),
              32 + random.nextInt(225),
              32 + random.nextInt(225),
              1 << random.nextInt(21));
      Tiles tiles = choose(sizes);
      long points = (long) sizes.kvHeads() * Math.ceilDiv(sizes.context(), tiles.rowsPerSplit());
      assertThat(points >= profile.threads() || tiles.rowsPerSplit() == 256)
          .as("seed %d: %s gets %s", seed, sizes, tiles)
          .isTrue();
      long queryRows = (long) tiles.prefillTokens() * sizes.group();
      long bytes = 4 * (queryRows + 64) * (sizes.keyDim() + sizes.valueDim()) + 4 * 64 * queryRows;
      assertThat(bytes)
          .as("seed %d: bytes of a prefill tile of %s in %s", seed, tiles, sizes)
          .isLessThanOrEqualTo(profile.cacheBytes() / 2);
      for (TileSize size : TileSize.values()) {
        assertThat(size.accepts(tiles.get(size))).as("%s of %s", size, tiles).isTrue();
      }
    }
  }

  @Test
  void smallCachesGetSmallPrefillTiles() {
    TargetProfile small = new TargetProfile(256 << 10, OptionalInt.empty(), 4);
    assertThat(TileChooser.choose(LLAMA_8B, small, Map.of()).prefillTokens()).isEqualTo(8);
    TargetProfile tiny = new TargetProfile(64 << 10, OptionalInt.empty(), 4);
    assertThat(TileChooser.choose(LLAMA_8B, tiny, Map.of()).prefillTokens()).isEqualTo(1);
  }

  /** Queries, outputs and three tiles of scores in 48 KiB; tokens by groups. */
  @ParameterizedTest
  @CsvSource({
    "4, 8, 128, 131072, 256, 4",
    "1, 32, 128, 4096, 256, 16",
    "8, 1, 128, 32768, 256, 2",
    "16, 1, 256, 4096, 256, 1",
    "2, 128, 32, 131072, 1024, 16",
    "71, 1, 64, 2048, 256, 1",
  })
  void tilesFitLocalMemoryWhereTheyLieThere(
      int group, int kvHeads, int dim, int context, int rowsPerSplit, int prefillTokens) {
    AttentionSizes sizes = new AttentionSizes(group, kvHeads, dim, dim, context);
    assertThat(TileChooser.choose(sizes, TargetProfile.tornado(), Map.of()))
        .isEqualTo(new Tiles(rowsPerSplit, prefillTokens, 1 << 16));
    assertThat(TileChooser.rowElements(TargetProfile.tornado())).isEqualTo(3072);
    assertThat(TileChooser.rowElements(TargetProfile.jvm())).isEqualTo(Integer.MAX_VALUE);
  }

  @Test
  void whatIsGivenIsNotChosen() {
    Tiles given =
        TileChooser.choose(LLAMA_8B, TargetProfile.jvm(), Map.of(TileSize.ROWS_PER_SPLIT, 192));
    assertThat(given).isEqualTo(choose(LLAMA_8B).with(TileSize.ROWS_PER_SPLIT, 192));
    assertThat(given.rowsPerSplit()).isEqualTo(192);
    assertThat(given.byName())
        .containsEntry("rows-per-split", 192)
        .hasSize(TileSize.names().size());
  }

  @ParameterizedTest
  @CsvSource({
    "rows-per-split, 0",
    "rows-per-split, 63",
    "rows-per-split, 96",
    "rows-per-split, -64",
    "rows-per-split, 2097152",
    "prefill-tokens, 0",
    "prefill-tokens, 3",
    "prefill-tokens, -2147483648",
    "prefill-tokens, 128",
    "vector-weights, 1",
    "vector-weights, 134217728",
  })
  void impossibleSizesAreRefused(String name, int value) {
    TileSize size = TileSize.named(name).orElseThrow();
    assertThat(size.accepts(value)).isFalse();
    assertThatThrownBy(() -> TileChooser.choose(LLAMA_8B, TargetProfile.jvm(), Map.of(size, value)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("%s must be %s, got %d".formatted(name, size.range(), value));
  }

  /** Large matrices are cut into points of so many weights, small ones into fewer, down to half. */
  @ParameterizedTest
  @CsvSource({
    "16384, 131072",
    "8388608, 131072",
    "12582912, 196608",
    "16777216, 262144",
    "1073741824, 262144",
  })
  void weightsOfAPointFollowTheMatrix(long matrix, int weights) {
    TargetProfile profile = TargetProfile.jvm();
    assertThat(TileChooser.vectorWeights(matrix, profile, TileChooser.vectorWeights(profile)))
        .isEqualTo(weights);
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "4095, 4095", "4096, 4096", "131072, 4096"})
  void spansAreBounded(int context, int span) {
    assertThat(TileChooser.span(context)).isEqualTo(span);
  }
}
