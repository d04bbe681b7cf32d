package dev.kvasir.passes.calibrate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RetrievalOrderTest {

  @Test
  void theFirstAreTheBestOfBothFourteenToOne() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    int heads = 300;
    List<Double> induction = random.doubles(heads).boxed().toList();
    List<Double> echo = random.doubles(heads).boxed().toList();
    List<Integer> order = descending(RetrievalOrder.scores(induction, echo));

    // RazorAttention's 14 % and 1 % of 300 heads are 42 and 3; so it goes on in these steps.
    for (int step = 1; step <= heads / 14; step++) {
      Set<Integer> union = new HashSet<>(descending(induction).subList(0, 14 * step));
      union.addAll(descending(echo).subList(0, step));
      assertThat(new HashSet<>(order.subList(0, union.size())))
          .as("seed %s, step %s", seed, step)
          .isEqualTo(union);
    }
  }

  @Test
  void scoresFallWithThePlace() {
    List<Float> scores = RetrievalOrder.scores(List.of(.2, .9, .2), List.of(0., 0., 0.));

    // The head that is first by echo for being the lowest of equals comes after the first by
    // induction.
    assertThat(scores).containsExactly(1f / 2, 1f, 1f / 3);
  }

  @Test
  void oneHeadThatOnlyEchoesEntersAmongTheFirstFifteen() {
    List<Double> induction = IntStream.range(0, 40).mapToObj(i -> 1.0 / (i + 1)).toList();
    List<Double> echo = new ArrayList<>(IntStream.range(0, 40).mapToObj(i -> 0.0).toList());
    echo.set(39, 1.0);

    List<Integer> order = descending(RetrievalOrder.scores(induction, echo));

    assertThat(order.subList(0, 15))
        .contains(39)
        .containsAll(IntStream.range(0, 14).boxed().toList());
  }

  private static <T extends Comparable<T>> List<Integer> descending(List<T> values) {
    return IntStream.range(0, values.size())
        .boxed()
        .sorted(Comparator.comparing((Integer index) -> values.get(index)).reversed())
        .toList();
  }
}
