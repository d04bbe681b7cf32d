package dev.kvasir.plans;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.plans.SharedBytes.Use;
import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.memory.BufferDeclaration.Kind;
import dev.kvasir.plans.program.Expression;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SharedBytesTest {

  private static Use use(String name, long begin, long end, int first, int last) {
    return new Use(
        new BufferDeclaration(
            name, Kind.SCRATCH, StorageFormat.F32, Expression.parse("1"), first, last, begin, ""),
        begin,
        end,
        first,
        last);
  }

  private static boolean conflicts(Use one, Use other) {
    return one.begin() < other.end()
        && other.begin() < one.end()
        && one.first() <= other.last()
        && other.first() <= one.last();
  }

  @Test
  void findsAConflictExactlyWhereTwoConflict() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    int found = 0;
    for (int i = 0; i < 5_000; i++) {
      List<Use> uses = new ArrayList<>();
      for (int j = random.nextInt(7); j >= 0; j--) {
        int begin = random.nextInt(20);
        int first = random.nextInt(20);
        uses.add(
            use("b" + j, begin, begin + 1 + random.nextInt(8), first, first + random.nextInt(8)));
      }
      boolean expected = false;
      for (int one = 0; one < uses.size(); one++) {
        for (int other = 0; other < uses.size(); other++) {
          expected |= one != other && conflicts(uses.get(one), uses.get(other));
        }
      }
      Optional<SharedBytes.Conflict> conflict = SharedBytes.conflict(uses);
      assertThat(conflict.isPresent())
          .as("seed %d, case %d: %s", seed, i, uses)
          .isEqualTo(expected);
      conflict.ifPresent(
          pair -> {
            assertThat(conflicts(pair.lower(), pair.upper())).isTrue();
            assertThat(pair.lower().begin()).isLessThanOrEqualTo(pair.upper().begin());
          });
      found += expected ? 1 : 0;
    }
    assertThat(found).as("seed %d", seed).isBetween(500, 4_500);
  }

  /** As many as a plan may have, all on the same bytes: pairs are not compared one by one. */
  @Test
  void manyBuffersInTurnsAreNoConflict() {
    List<Use> uses = new ArrayList<>();
    for (int i = 0; i < 20_000; i++) {
      uses.add(use("b" + i, 0, 64, i, i));
    }
    assertThat(SharedBytes.conflict(uses)).isEmpty();
    uses.add(use("late", 32, 33, 19_999, 20_000));
    assertThat(SharedBytes.conflict(uses))
        .hasValueSatisfying(
            pair -> {
              assertThat(pair.lower().buffer().name()).isEqualTo("b19999");
              assertThat(pair.upper().buffer().name()).isEqualTo("late");
            });
  }
}
