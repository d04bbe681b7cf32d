package dev.kvasir.codegen.emit.jvm;

import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Lines of codes that lie alike in every block: each iteration of a loop takes one block, from
 * which every vector of its lines is a field known beforehand.
 *
 * @param first the first code of the first line within its block
 * @param lines lines of a block, those of one iteration
 * @param line codes from one line to the next
 */
record CodeLines(int first, int lines, int line) {

  /**
   * {@return the lines of a contraction's right side}
   *
   * @param view the right side
   * @param column first column of the block of accumulators
   * @param run columns of it
   * @param line codes from one term's line to the next
   * @param terms number of terms
   */
  static Optional<CodeLines> of(
      ElementFormat format, View view, int column, int run, int line, int terms) {
    if (!format.isCode()) {
      return Optional.empty();
    }
    int block = format.blockElements();
    OptionalLong start = new Residue(block).ofStart(view);
    boolean alike = line % block == 0 || block % line == 0;
    if (start.isEmpty() || !alike) {
      return Optional.empty();
    }
    int first = Math.toIntExact((start.getAsLong() + column) % block);
    int lines = Math.max(1, block / line);
    boolean within = first + (lines - 1) * line + run <= block && terms % lines == 0;
    return within ? Optional.of(new CodeLines(first, lines, line)) : Optional.empty();
  }
}
