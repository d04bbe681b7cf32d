package dev.kvasir.codegen.emit.jvm;

import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import java.util.ArrayList;
import java.util.List;

/**
 * How the line of a term is cut into blocks of accumulators, and which terms an iteration takes.
 *
 * <p>A hardware prefetcher follows one stream of lines within a 4 KiB page of memory. A loop that
 * multiplies between its loads reads one stream at half the speed of memory, and four at two thirds
 * of it and more. So a block takes vectors from runs that lie pages apart, and where that gives
 * fewer than four streams, an iteration takes terms from both halves of the contraction.
 */
final class LineBlocks {

  private static final int MEMORY_PAGE = 4096;

  /** Streams of lines that memory is read in. */
  static final int STREAMS = 4;

  private static final int MOST_VECTORS = 8;
  private static final int HALF_LINE = View.Layout.PAIRS / 2;

  private final int lanes;
  private final int most;

  /**
   * Prepares.
   *
   * @param lanes lanes of a whole vector
   * @param accumulators most accumulators of a block
   * @param rows rows of a block
   */
  LineBlocks(int lanes, int accumulators, int rows) {
    this.lanes = lanes;
    this.most = Math.min(MOST_VECTORS, Math.max(1, accumulators / rows));
  }

  /**
   * Neighbouring columns of a line.
   *
   * @param first the first one
   * @param columns how many
   * @param start elements from the line's place to it
   * @param paired whether they are a paired line
   */
  record Run(int first, int columns, long start, boolean paired) {}

  /**
   * Columns that are summed together.
   *
   * @param lanes lanes of each vector
   * @param loads how many loads make its vectors
   * @param vectors the vectors, places in elements
   */
  record Block(int lanes, int loads, List<LineBody.Vector> vectors) {}

  /** {@return the blocks that together hold every column of a line} */
  List<Block> of(List<Run> runs) {
    List<Block> blocks = new ArrayList<>();
    cut(loads(runs), lanes, blocks);
    if (lanes > 1) {
      cut(remainders(runs), 1, blocks);
    }
    return blocks;
  }

  /** {@return the vectors of each load of whole lanes, in turn from all runs} */
  private List<List<LineBody.Vector>> loads(List<Run> runs) {
    List<List<LineBody.Vector>> loads = new ArrayList<>();
    int longest = runs.stream().mapToInt(Run::columns).max().orElse(0);
    for (int at = 0; at < longest; at += lanes) {
      for (Run run : runs) {
        if (run.paired()) {
          if (at + lanes <= HALF_LINE) {
            long place = run.start() + 2L * at;
            loads.add(
                List.of(
                    new LineBody.Vector(run.first() + at, place, 0),
                    new LineBody.Vector(run.first() + HALF_LINE + at, place, 1)));
          }
        } else if (at + lanes <= run.columns()) {
          loads.add(
              List.of(new LineBody.Vector(run.first() + at, run.start() + at, LineBody.WHOLE)));
        }
      }
    }
    return loads;
  }

  /** {@return the columns that no whole vector holds} */
  private List<List<LineBody.Vector>> remainders(List<Run> runs) {
    List<List<LineBody.Vector>> loads = new ArrayList<>();
    for (Run run : runs) {
      int whole = run.paired() ? run.columns() : run.columns() / lanes * lanes;
      for (int at = whole; at < run.columns(); at++) {
        loads.add(List.of(new LineBody.Vector(run.first() + at, run.start() + at, LineBody.WHOLE)));
      }
    }
    return loads;
  }

  private void cut(List<List<LineBody.Vector>> loads, int width, List<Block> blocks) {
    List<LineBody.Vector> vectors = new ArrayList<>();
    int taken = 0;
    for (List<LineBody.Vector> load : loads) {
      if (vectors.size() + load.size() > most) {
        blocks.add(new Block(width, taken, List.copyOf(vectors)));
        vectors.clear();
        taken = 0;
      }
      vectors.addAll(load);
      taken++;
    }
    if (taken > 0) {
      blocks.add(new Block(width, taken, List.copyOf(vectors)));
    }
  }

  /**
   * {@return the runs of a line in columns: what each strip of the view's rows has of it}
   *
   * @param rows rows of the view, the line's elements
   */
  static List<Run> ofColumns(View.Layout.Columns columns, int rows) {
    List<Run> runs = new ArrayList<>();
    for (int first = 0; first < rows; first += columns.strip()) {
      int count = Math.min(columns.strip(), rows - first);
      long start = first / columns.strip() * columns.strideOfStrips();
      runs.add(new Run(first, count, start, columns.paired()));
    }
    return runs;
  }

  /**
   * {@return the tiles of a strip that a view shows, in an order that brings together those that
   * lie pages apart}
   */
  static List<Integer> tiles(View.Layout.Tiles tiles, int columns, ElementFormat format) {
    int count = Math.ceilDiv(columns, tiles.width());
    int tileBytes = tiles.height() * tiles.width() * format.bits() / Byte.SIZE;
    int apart = Math.max(1, MEMORY_PAGE / tileBytes);
    List<Integer> order = new ArrayList<>();
    for (int offset = 0; offset < apart; offset++) {
      for (int tile = offset; tile < count; tile += apart) {
        order.add(tile);
      }
    }
    return order;
  }

  /**
   * {@return of how many equal parts of the contraction an iteration takes a term each}
   *
   * @param terms terms of the contraction
   * @param lineBytes bytes from one term's line to the next
   */
  static int parts(Block block, int terms, long lineBytes) {
    boolean apart = terms % 2 == 0 && terms / 2 * lineBytes >= MEMORY_PAGE;
    return apart && 2 * block.loads() <= STREAMS ? 2 : 1;
  }
}
