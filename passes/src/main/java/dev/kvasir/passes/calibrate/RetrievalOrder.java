package dev.kvasir.passes.calibrate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Orders heads so that the first of them, however many, are the best by induction together with the
 * best by echo, 14 to 1.
 *
 * <p>RazorAttention keeps the first 14 % by induction and the first 1 % by echo. Here both shares
 * grow together: a head of rank i by induction and rank e by echo (from 1, ties to the lower layer
 * and head) enters at min(i / 14, e), equals by induction. The n-th head to enter has the score 1 /
 * n: harmonic, so that a mean over a layer's heads says whether the layer has a head that stands
 * out, which weights of attention do and evenly spaced ranks do not.
 */
public final class RetrievalOrder {
  private static final double INDUCTION_TO_ECHO = 14;

  private RetrievalOrder() {}

  /** {@return scores of heads, above 0 to 1, from both weights, in the same order} */
  public static List<Float> scores(List<Double> induction, List<Double> echo) {
    int[] byInduction = ranks(induction);
    int[] byEcho = ranks(echo);
    List<Integer> entering = new ArrayList<>(IntStream.range(0, induction.size()).boxed().toList());
    entering.sort(
        Comparator.comparingDouble(
                (Integer head) -> Math.min(byInduction[head] / INDUCTION_TO_ECHO, byEcho[head]))
            .thenComparingInt(head -> byInduction[head]));
    Float[] scores = new Float[entering.size()];
    for (int place = 0; place < scores.length; place++) {
      scores[entering.get(place)] = 1f / (place + 1);
    }
    return Arrays.asList(scores);
  }

  private static int[] ranks(List<Double> values) {
    List<Integer> order = new ArrayList<>(IntStream.range(0, values.size()).boxed().toList());
    order.sort(Comparator.comparingDouble((Integer index) -> values.get(index)).reversed());
    int[] ranks = new int[order.size()];
    for (int place = 0; place < ranks.length; place++) {
      ranks[order.get(place)] = place + 1;
    }
    return ranks;
  }
}
