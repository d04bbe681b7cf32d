package dev.kvasir.codegen.emit.jvm;

import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import java.util.ArrayList;
import java.util.List;
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

  /**
   * {@return the terms of an iteration: the lines of one block}
   *
   * @param block whose vectors they make
   * @param further terms in front of the first line
   * @param codes codes in front of the block, whole blocks
   */
  List<LineBody.Term> terms(ElementFormat format, LineBlocks.Block block, int further, long codes) {
    List<LineBody.Term> terms = new ArrayList<>();
    for (int i = 0; i < lines; i++) {
      List<LineBody.Vector> vectors = new ArrayList<>();
      for (int j = 0; j < block.vectors().size(); j++) {
        int place = first + i * line + j * block.lanes();
        long integer = place % ElementFormat.BLOCK_INTEGERS;
        vectors.add(
            new LineBody.Vector(
                block.vectors().get(j).column(),
                integer * Integer.BYTES + codes * format.bits() / Byte.SIZE,
                place / ElementFormat.BLOCK_INTEGERS));
      }
      terms.add(new LineBody.Term(further + i, vectors));
    }
    return terms;
  }
}
