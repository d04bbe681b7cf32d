package dev.kvasir.codegen.skeleton;

import static dev.kvasir.ir.kernel.TileExpression.element;
import static dev.kvasir.ir.kernel.TileExpression.integer;
import static dev.kvasir.ir.kernel.TileExpression.uniform;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.type.RandomScore;

/** {@link RandomScore} of the windows of a block of candidates. */
final class RandomScores {

  private RandomScores() {}

  /** Fills {@code score} from {@code position}. */
  static void write(KernelBuilder kernel, String score, String position, int window, int seed) {
    String left = kernel.intTile("left", 1, ScoreRows.BLOCK);
    String right = kernel.intTile("right", 1, ScoreRows.BLOCK);
    String mixed = kernel.intTile("mixed", 1, ScoreRows.BLOCK);
    int half = RandomScore.HALF;
    kernel.map(left, element(position).floorDivide(window).modulo(half));
    kernel.map(right, element(position).floorDivide(window).floorDivide(half).modulo(half));
    for (int round = 0; round < RandomScore.rounds(); round++) {
      IntExpression key =
          kernel
              .dim("salt")
              .plus(1)
              .times(RandomScore.factor(round))
              .plus(RandomScore.seedPart(seed, round))
              .modulo(half);
      kernel.map(mixed, element(right).plus(uniform(key)).modulo(half));
      kernel.map(
          left,
          element(mixed)
              .times(element(mixed).plus(integer(RandomScore.offset(round))))
              .floorDivide(RandomScore.MIDDLE)
              .plus(element(left))
              .modulo(half));
      String swapped = left;
      left = right;
      right = swapped;
    }
    kernel.map(
        score,
        element(right)
            .times(integer(half))
            .plus(element(left))
            .floorDivide(RandomScore.DROPPED)
            .toFloat()
            .times(RandomScore.STEP));
  }
}
