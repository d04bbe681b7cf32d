package dev.kvasir.codegen.emit.jvm;

import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import java.lang.classfile.CodeBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Contractions whose right side lies line by line, cut into blocks for the loop of {@link
 * LineBody}: every line is read once, in order, without a reduction.
 */
final class LineEmitter {

  private static final int ROW_BLOCK = 4;

  /** Rows of a block where there are many, and 32 registers: 24 sums run a fifth faster than 16. */
  private static final int TALL_ROW_BLOCK = 6;

  private static final int TALL_ROWS = 16;
  private static final int TALL_LANES = 16;

  private final Emission emission;
  private final DotOperands operands;
  private final Lines lines;
  private final boolean accumulate;
  private final boolean guarded;

  /**
   * Prepares.
   *
   * @param accumulate whether sums start at what the result holds
   * @param guarded whether a left element of 0 adds nothing whatever the right side holds
   */
  LineEmitter(
      Emission emission, DotOperands operands, Lines lines, boolean accumulate, boolean guarded) {
    this.emission = emission;
    this.operands = operands;
    this.lines = lines;
    this.accumulate = accumulate;
    this.guarded = guarded;
  }

  /**
   * The right side of a contraction, a line a term.
   *
   * @param runs a line
   * @param terms number of terms
   * @param stride elements from one line to the next
   */
  record Lines(List<LineBlocks.Run> runs, int terms, int stride, Strips strips) {

    /** {@return the lines of a view's columns} */
    static Lines ofColumns(View view, View.Layout.Columns columns) {
      return new Lines(
          LineBlocks.ofColumns(columns, view.rows()),
          view.columns(),
          columns.strip(),
          new Strips(1, 0));
    }
  }

  /** Strips of terms that lie {@code stride} elements apart. */
  record Strips(int count, long stride) {}

  /**
   * Columns of the result that are summed from one origin.
   *
   * @param origin slot of the origin
   * @param column the first of them
   */
  record Piece(int origin, int column, Lines lines) {

    /** {@return the pieces of row-major values} */
    static List<Piece> ofRows(View view, View.Layout.Rows rows, PhaseArguments arguments) {
      Strips strips =
          rows.groupStride() == 0
              ? new Strips(1, 0)
              : new Strips(view.rows() / rows.group(), rows.groupStride());
      return List.of(
          new Piece(
              arguments.origin(view, 0),
              0,
              new Lines(
                  List.of(new LineBlocks.Run(0, view.columns(), 0, false)),
                  view.rows(),
                  Math.toIntExact(rows.rowStride()),
                  strips)));
    }

    /** Tiles of the same width are read together; codes lie in blocks of their own tile. */
    static List<Piece> ofTiles(
        View view, View.Layout.Tiles tiles, ElementFormat format, PhaseArguments arguments) {
      List<Piece> pieces = new ArrayList<>();
      List<LineBlocks.Run> together = new ArrayList<>();
      Strips strips = new Strips(Math.ceilDiv(view.rows(), tiles.height()), tiles.strideOfStrips());
      for (int tile : LineBlocks.tiles(tiles, view.columns(), format)) {
        int first = tile * tiles.width();
        int columns = Math.min(tiles.widthAt(first), view.columns() - first);
        if (tiles.widthAt(first) == tiles.width() && !format.isCode()) {
          long start = (long) first * tiles.height();
          together.add(new LineBlocks.Run(first, columns, start, tiles.pairedAt(first)));
        } else {
          List<LineBlocks.Run> alone = List.of(new LineBlocks.Run(0, columns, 0, false));
          Lines lines = new Lines(alone, view.rows(), tiles.widthAt(first), strips);
          pieces.add(new Piece(arguments.origin(view, first), first, lines));
        }
      }
      if (!together.isEmpty()) {
        Lines lines = new Lines(together, view.rows(), tiles.width(), strips);
        pieces.add(new Piece(arguments.origin(view, 0), 0, lines));
      }
      return pieces;
    }
  }

  /**
   * Parts of the contraction of which an iteration takes a term each.
   *
   * @param count how many
   * @param terms terms of a part
   * @param stride elements from one part to the next
   */
  private record Parts(int count, int terms, long stride) {
    static Parts of(LineBlocks.Block block, int terms, int lineStride, ElementFormat format) {
      int count = LineBlocks.parts(block, terms, (long) lineStride * format.bits() / Byte.SIZE);
      return new Parts(count, terms / count, (long) lineStride * (terms / count));
    }
  }

  /** The part of the contraction that one call of a loop sums. */
  private record Cut(Steps rows, LineBlocks.Block block, Parts parts, boolean accumulate) {
    /** {@return where the block's first vector lies: those of the body count from there} */
    long start() {
      return block.vectors().getFirst().place();
    }
  }

  void write(CodeBuilder code) {
    int rows = operands.result().rows();
    boolean tall = emission.lanes() == TALL_LANES && rows >= TALL_ROWS;
    int accumulators = tall ? TALL_ROW_BLOCK * ROW_BLOCK : emission.accumulators();
    for (Steps steps : Steps.of(rows, tall ? TALL_ROW_BLOCK : ROW_BLOCK)) {
      LineBlocks cut = new LineBlocks(emission.lanes(), accumulators, steps.step());
      for (LineBlocks.Block block : cut.of(lines.runs())) {
        block(code, steps, block);
      }
    }
  }

  private void block(CodeBuilder code, Steps rows, LineBlocks.Block block) {
    int strips = lines.strips().count();
    int each = lines.terms() / strips;
    if (strips > 1 && strips * block.loads() <= LineBlocks.STREAMS) {
      Parts all = new Parts(strips, each, lines.strips().stride());
      strip(code, new Cut(rows, block, all, accumulate), 0);
      return;
    }
    Parts parts = Parts.of(block, each, lines.stride(), operands.right().format());
    for (int i = 0; i < strips; i++) {
      strip(code, new Cut(rows, block, parts, accumulate || i > 0), i);
    }
  }

  private void strip(CodeBuilder code, Cut cut, int strip) {
    LineBody body = body(cut);
    int firstTerm = strip * (lines.terms() / lines.strips().count());
    long start = cut.start() + strip * lines.strips().stride();
    cut.rows()
        .write(
            code,
            row -> {
              code.aload(PhaseArguments.FLOATS);
              operands.right().push(code, start * operands.right().placesPerElement(), -1, 0);
              operands.left().push(code, row, firstTerm);
              code.loadConstant(cut.parts().terms());
              operands.result().push(code, 0, row);
              emission.shared("dot", body, LineBody.TYPE, body::write).invoke(code);
            });
  }

  private LineBody body(Cut cut) {
    ElementFormat format = operands.right().format();
    LineBlocks.Block block = cut.block();
    Parts parts = cut.parts();
    Optional<CodeLines> codes =
        CodeLines.of(
            format,
            operands.right().view(),
            block.vectors().getFirst().column(),
            block.vectors().size() * block.lanes(),
            lines.stride(),
            parts.terms());
    List<LineBody.Term> terms = new ArrayList<>();
    for (int part = 0; part < parts.count(); part++) {
      int first = part * parts.terms();
      long start = part * parts.stride();
      if (codes.isPresent()) {
        terms.addAll(codes.get().terms(format, block, first, start));
      } else {
        terms.add(new LineBody.Term(first, vectors(cut, start)));
      }
    }
    return new LineBody(
        operands.left().rowStride(),
        cut.rows().step(),
        operands.result().stride(),
        block.lanes(),
        format,
        terms,
        codes.map(CodeLines::lines).orElse(1),
        codes.isPresent()
            ? (long) lines.stride() * format.bits() / Byte.SIZE
            : (long) lines.stride() * operands.right().placesPerElement(),
        codes.map(CodeLines::first).orElse(LineBody.NO_BLOCKS),
        cut.accumulate(),
        guarded);
  }

  private List<LineBody.Vector> vectors(Cut cut, long start) {
    long places = operands.right().placesPerElement();
    return cut.block().vectors().stream()
        .map(
            vector ->
                new LineBody.Vector(
                    vector.column(),
                    (vector.place() - cut.start() + start) * places,
                    vector.field()))
        .toList();
  }
}
