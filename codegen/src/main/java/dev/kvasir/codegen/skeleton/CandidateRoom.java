package dev.kvasir.codegen.skeleton;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.View;

/**
 * How numbers of the candidates of a selection lie in scratch: a row for each head or list, in each
 * a guard, then one element for each candidate in ascending position, then whatever is left and a
 * guard again. Kernels read guards, and elements behind the last candidate, but nothing depends on
 * them.
 *
 * @param elements of a row, guards included
 */
public record CandidateRoom(int elements) {

  /** Elements in front of the first candidate and, at least, behind the last. */
  public static final int GUARD = 64;

  /** Refuses rows without room for guards. */
  public CandidateRoom {
    requireWhole(elements);
  }

  static void requireWhole(int elements) {
    if (elements <= 2 * GUARD || elements % GUARD != 0) {
      throw new IllegalArgumentException(
          "a row has two guards of %d and whole blocks of %d between, got %d"
              .formatted(GUARD, GUARD, elements));
    }
  }

  /** {@return the room for so many candidates} */
  public static CandidateRoom of(int candidates) {
    return new CandidateRoom(Math.ceilDiv(Math.max(candidates, 1), GUARD) * GUARD + 2 * GUARD);
  }

  /**
   * {@return {@code columns} neighbouring candidates in each of {@code rows} rows}
   *
   * @param row the first row
   * @param candidate the first candidate, from -GUARD on
   */
  public View view(
      String buffer, int rows, int columns, IntExpression row, IntExpression candidate) {
    return View.rows(buffer, rows, columns, row, elements).at(candidate.plus(GUARD));
  }
}
