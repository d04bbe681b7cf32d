package dev.kvasir.codegen.skeleton;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.ElementFormat;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Packed segments from the first row on, written as a plan's program writes them: a span gathers
 * and packs the pages it closes and appends the rest, a step appends its row, and after either the
 * open page is packed when it is full.
 */
class PackedLifeTest {

  private static final int CONTEXT = 400;
  private static final int PAGE = AttentionFixture.PAGE;

  /** One cache and the rows that are written to it. */
  private static final class Life {
    final AttentionFixture fixture;
    final PackedCache cache;
    final PackedRuns runs;
    final Random random;
    final String what;
    int position;

    Life(AttentionFixture fixture, int bits, long seed) {
      this.fixture = fixture;
      this.random = new Random(seed);
      this.cache = new PackedCache(List.of(fixture), random);
      this.runs = new PackedRuns(fixture.shape, List.of(fixture), cache, bits);
      this.what = "seed " + seed;
    }

    void prefill(int span) {
      runs.writeSpan(position, span, random);
      end(span);
    }

    void step(boolean attends) {
      runs.writeStep(position);
      if (attends) {
        PackedRuns.Results results = runs.decode(1, position + 1);
        fixture.check(
            what,
            results.out(),
            results.lse(),
            0,
            position,
            cache.stored(0, position, position + 1));
      }
      end(1);
    }

    private void end(int span) {
      position += span;
      runs.closeFullPages(position, random);
    }

    /** Fails unless the cache holds what it should between two runs. */
    void require() {
      for (CacheSegment segment : fixture.segments) {
        int rows = cache.rows(segment, position);
        int closed = cache.closed(segment, position);
        for (int listed = 0; listed < fixture.shape.kvHeads(); listed++) {
          for (int page = Math.max(0, closed - cache.slots(segment)); page < closed; page++) {
            requireClosed(segment, listed, page);
          }
          for (int row = closed * PAGE; row < rows; row++) {
            requireOpen(segment, listed, row);
          }
        }
      }
    }

    private void requireClosed(CacheSegment segment, int listed, int page) {
      int physical = cache.physical(0, segment, listed, page);
      for (boolean ofKeys : new boolean[] {true, false}) {
        cache
            .coding(segment, physical, ofKeys)
            .require(
                "%s, %d tokens, page %d of %s, listed head %d, %s"
                    .formatted(
                        what, position, page, segment.name(), listed, ofKeys ? "keys" : "values"),
                cache.tail(0, segment, listed, page, ofKeys));
      }
    }

    private void requireOpen(CacheSegment segment, int listed, int row) {
      for (boolean ofKeys : new boolean[] {true, false}) {
        float[] expected = cache.tail(0, segment, listed, row / PAGE, ofKeys)[row % PAGE];
        for (int i = 0; i < expected.length; i++) {
          if (cache.plain(0, segment, listed, row, i, ofKeys) != expected[i]) {
            throw new AssertionError(
                "%s, %d tokens, row %d of %s, listed head %d, %s: element %d is %s, expected %s"
                    .formatted(
                        what,
                        position,
                        row,
                        segment.name(),
                        listed,
                        ofKeys ? "keys" : "values",
                        i,
                        cache.plain(0, segment, listed, row, i, ofKeys),
                        expected[i]));
          }
        }
      }
    }

    /** {@return steps, minima and codes of the closed pages, in order} */
    List<Float> codes() {
      List<Float> all = new ArrayList<>();
      for (CacheSegment segment : fixture.segments) {
        int closed = cache.closed(segment, position);
        for (int listed = 0; listed < fixture.shape.kvHeads(); listed++) {
          for (int page = Math.max(0, closed - cache.slots(segment)); page < closed; page++) {
            for (boolean ofKeys : new boolean[] {true, false}) {
              NaiveCoding coding =
                  cache.coding(segment, cache.physical(0, segment, listed, page), ofKeys);
              for (int group = 0; group < coding.steps().length; group++) {
                Collections.addAll(all, coding.steps()[group], coding.minima()[group]);
              }
              for (int[] row : coding.codes()) {
                for (int code : row) {
                  all.add((float) code);
                }
              }
            }
          }
        }
      }
      return all;
    }
  }

  /** Runs of random lengths, single tokens among them, up to {@code tokens}. */
  private static void live(Life life, int tokens) {
    Random random = life.random;
    while (life.position < tokens) {
      int left = tokens - life.position;
      int kind = random.nextInt(10);
      if (kind < 3) {
        for (int i = 0; i < 3 && life.position < tokens; i++) {
          life.step(i == 0);
          life.require();
        }
        continue;
      }
      int toBoundary = PAGE - (life.position - life.fixture.sink % PAGE + PAGE) % PAGE;
      int span =
          switch (kind) {
            case 3 -> 1;
            case 4 -> toBoundary;
            case 5 -> toBoundary + 1;
            case 6 -> toBoundary + PAGE - 1;
            default -> 1 + random.nextInt(190);
          };
      life.prefill(Math.min(left, span));
      life.require();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "dense, BF16, 8c64, 4t32, 32, 32, 1, 256",
    "dense, F16, 4t16, 8t16, 48, 32, 2, 512",
    "dense, F32, 4c16, 4t16, 16, 48, 3, 128",
    "sink4+ring128, BF16, 8c64, 8t32, 32, 32, 4, 512",
    "sink4+ring100, F32, 4t32, 4t16, 32, 32, 5, 256",
    "sink4+ring64, F16, 8t16, 8t16, 32, 48, 6, 128",
    "sink70+ring65, BF16, 8c32, 4t64, 32, 64, 7, 512",
    "ring60, F32, 4c32, 8t32, 32, 32, 8, 256",
    "ring128w90, BF16, 8t64, 8t64, 64, 64, 9, 512"
  })
  void endsAlikeHoweverItIsCut(
      String kind,
      ElementFormat tail,
      String keys,
      String values,
      int keyDim,
      int valueDim,
      long seed,
      int bits) {
    List<CacheSegment> segments = PackedCache.segments(kind, tail, keys, values);
    AttentionShape shape = AttentionFixture.shape(2, 2, keyDim, valueDim, segments, CONTEXT);
    AttentionFixture fixture = new AttentionFixture(shape, segments, CONTEXT + PAGE, 1, seed);
    int tokens = 330 + new Random(seed).nextInt(CONTEXT - 330);
    Life whole = new Life(fixture, bits, seed);
    whole.prefill(tokens);
    whole.require();
    whole.cache.requireSparePagesIntact(whole.what);
    for (int cut = 1; cut <= 2; cut++) {
      Life pieces = new Life(fixture, bits, 1000L * cut + seed);
      live(pieces, tokens);
      assertThat(pieces.codes()).as(pieces.what).isEqualTo(whole.codes());
      if (tokens < CONTEXT) {
        pieces.step(true);
        pieces.require();
      }
      pieces.cache.requireSparePagesIntact(pieces.what);
    }
  }
}
