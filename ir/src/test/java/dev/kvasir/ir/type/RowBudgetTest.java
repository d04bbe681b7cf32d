package dev.kvasir.ir.type;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RowBudgetTest {

  @Test
  void countsWholeWindowsBesidesTheObservedRows() {
    RowBudget budget = uniform(new RowBudget.Rows(47), 32, 8);
    assertThat(budget.slots(1000)).isEqualTo(40);
    assertThat(budget.windows(1000)).isEqualTo(1);
    assertThat(budget.slots(39)).isEqualTo(39);
    // The 7 review rows may lie in one window.
    assertThat(budget.windows(39)).isEqualTo(1);
    assertThat(budget.slots(32)).isEqualTo(32);
    assertThat(budget.windows(32)).isZero();
    assertThat(budget.slots(5)).isEqualTo(5);
    assertThat(budget.windows(5)).isZero();
    assertThat(budget.slots(0)).isZero();
  }

  @Test
  void aShareIsOfTrueTokensAndAtLeastAWindow() {
    RowBudget budget = uniform(percent("12.5"), 32, 8);
    assertThat(budget.slots(800)).isEqualTo(96);
    assertThat(budget.slots(807)).isEqualTo(96);
    assertThat(budget.slots(832)).isEqualTo(104);
    assertThat(budget.slots(100)).isEqualTo(40);
    assertThat(uniform(percent("100"), 32, 1).slots(777)).isEqualTo(777);
  }

  @Test
  void aShareIsAFractionInLowestTerms() {
    RowBudget.Percent share = new RowBudget.Percent(new BigDecimal("12.50"));
    assertThat(List.of(share.numerator(), share.denominator())).containsExactly(1L, 8L);
    RowBudget.Percent fine = new RowBudget.Percent(new BigDecimal("0.000001"));
    assertThat(List.of(fine.numerator(), fine.denominator())).containsExactly(1L, 100_000_000L);
    assertThat(share.text()).isEqualTo("12.5%");
    assertThat(new RowBudget.Percent(new BigDecimal("1E+1")).text()).isEqualTo("10%");
    for (String refused : List.of("0", "-1", "100.1", "0.0000001")) {
      assertThatThrownBy(() -> new RowBudget.Percent(new BigDecimal(refused)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("at most 6 decimals");
    }
  }

  @Test
  void aPyramidHasTheCountsOfItsReferenceCode() {
    // PyramidKV with W = 32, C = 2048 + 32, beta = 20, L = 32 layers: M = 2048, lo = 102, hi =
    // 3994,
    // step = 3892 / 31 = 125.
    assertThat(pyramid(new RowBudget.Rows(2080), 32).stream().map(budget -> budget.slots(20_000)))
        .startsWith(4026, 3901, 3776)
        .endsWith(276, 151)
        .hasSize(32);
    // Below 2 M = 4096 tokens all have the same.
    assertThat(pyramid(new RowBudget.Rows(2080), 32).stream().map(budget -> budget.slots(4000)))
        .containsOnly(2080);
    // M = 480, T = 970: hi = 936 is below T - W = 938, lo = 24.
    assertThat(pyramid(new RowBudget.Rows(512), 2).stream().map(budget -> budget.slots(970)))
        .containsExactly(936 + 32, 24 + 32);
    // T = 965: hi = 936 >= 933, so hi = 933 and lo = 960 - 933.
    assertThat(pyramid(new RowBudget.Rows(512), 2).stream().map(budget -> budget.slots(965)))
        .containsExactly(933 + 32, 27 + 32);
    assertThat(pyramid(new RowBudget.Rows(512), 1).getFirst().slots(20_000)).isEqualTo(512);
    assertThat(pyramid(new RowBudget.Rows(512), 3).stream().map(budget -> budget.slots(500)))
        .containsOnly(500);
  }

  @Test
  void groupsHaveTheCountsOfTheirReferenceCode() {
    // The reference code does not count the observed rows.
    List<Integer> counts = new ArrayList<>();
    for (int amount : List.of(2048, 512)) {
      for (int index = 0; index < 4; index++) {
        RowBudget budget =
            new RowBudget(
                new RowBudget.Rows(amount + 32), 32, 1, new RowBudget.Groups(14, index, 4));
        counts.add(budget.slots(20_000) - 32);
      }
    }
    assertThat(counts).containsExactly(2926, 2341, 1756, 1170, 732, 586, 440, 292);
    assertThat(
            new RowBudget(new RowBudget.Rows(80), 32, 8, new RowBudget.Groups(14, 0, 1))
                .slots(1000))
        .isEqualTo(80);
  }

  @Test
  void layersNeverHaveMoreThanTheirBudgetTogether() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int run = 0; run < 2000; run++) {
      int observe = 1 + random.nextInt(64);
      int window = 1 + random.nextInt(16);
      int tokens = random.nextInt(5000);
      int count = 1 + random.nextInt(40);
      int beta = 8 + random.nextInt(30);
      boolean share = random.nextBoolean();
      int rows = observe + window + random.nextInt(3000);
      BigDecimal percent = BigDecimal.valueOf(1 + random.nextInt(10_000), 2);
      RowBudget.Amount amount = share ? new RowBudget.Percent(percent) : new RowBudget.Rows(rows);
      long allowed =
          share
              ? Math.max(
                  percent.multiply(BigDecimal.valueOf(tokens)).movePointLeft(2).longValue(),
                  observe + window)
              : rows;
      boolean pyramid = random.nextBoolean();
      long sum = 0;
      for (int index = 0; index < count; index++) {
        RowBudget budget =
            new RowBudget(
                amount,
                observe,
                window,
                pyramid
                    ? new RowBudget.Pyramid(beta, index, count)
                    : new RowBudget.Groups(beta, index, count));
        int slots = budget.slots(tokens);
        assertThat(slots).as("seed %s, %s at %s", seed, budget.text(), tokens).isBetween(0, tokens);
        assertThat(slots).isGreaterThanOrEqualTo(Math.min(tokens, observe));
        assertThat(observe + (long) budget.windows(tokens) * window).isGreaterThanOrEqualTo(slots);
        sum += slots;
      }
      // Steps are rounded down: upper layers may have what is left over, less than a row each.
      assertThat(sum)
          .as("seed %s, %s rows, %s layers", seed, allowed, count)
          .isLessThanOrEqualTo(count * allowed + (long) count * count);
    }
  }

  @Test
  void theMostIsOverAllLengths() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int run = 0; run < 60; run++) {
      int count = 1 + random.nextInt(5);
      List<RowBudget.Shape> shapes =
          List.of(
              new RowBudget.Uniform(),
              new RowBudget.Pyramid(1 + random.nextInt(30), random.nextInt(count), count),
              new RowBudget.Groups(8 + random.nextInt(30), random.nextInt(count), count));
      List<RowBudget.Amount> amounts =
          List.of(
              new RowBudget.Rows(20 + random.nextInt(300)),
              percent(Integer.toString(1 + random.nextInt(100))));
      for (RowBudget.Shape shape : shapes) {
        for (RowBudget.Amount amount : amounts) {
          RowBudget budget = new RowBudget(amount, 12, 4, shape);
          int most = 0;
          for (int tokens = 0; tokens <= 1000; tokens++) {
            most = Math.max(most, budget.slots(tokens));
            if (tokens % 37 == 0) {
              assertThat(budget.most(tokens))
                  .as("seed %s, %s", seed, budget.text())
                  .isEqualTo(most);
            }
          }
        }
      }
    }
  }

  private static RowBudget uniform(RowBudget.Amount amount, int observe, int window) {
    return new RowBudget(amount, observe, window, new RowBudget.Uniform());
  }

  private static RowBudget.Percent percent(String percent) {
    return new RowBudget.Percent(new BigDecimal(percent));
  }

  private static List<RowBudget> pyramid(RowBudget.Amount amount, int layers) {
    List<RowBudget> budgets = new ArrayList<>();
    for (int index = 0; index < layers; index++) {
      budgets.add(new RowBudget(amount, 32, 1, new RowBudget.Pyramid(20, index, layers)));
    }
    return budgets;
  }
}
