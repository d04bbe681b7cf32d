package dev.kvasir.ir.kernel;

import java.util.List;

/**
 * One instruction of a kernel. The set is closed: adding one breaks every lowering at compile time,
 * on purpose.
 */
public sealed interface Statement {

  /** Names a uniform integer; a name is given once along any path. */
  record Let(String name, IntExpression value) implements Statement {}

  /** Runs the body for variable = from .. to - 1, ascending; not at all when to <= from. */
  record For(String variable, IntExpression from, IntExpression to, List<Statement> body)
      implements Statement {
    /** Copies the body. */
    public For {
      body = List.copyOf(body);
    }
  }

  /** Runs one of two lists. */
  record If(IntExpression condition, List<Statement> whenTrue, List<Statement> whenFalse)
      implements Statement {
    /** Copies both lists. */
    public If {
      whenTrue = List.copyOf(whenTrue);
      whenFalse = List.copyOf(whenFalse);
    }
  }

  /** tile[r, c] = view[r, c], converted to the tile's type. Extents are equal. */
  record Load(String tile, View view) implements Statement {}

  /** view[r, c] = tile[r, c], rounded to the buffer's format. Extents are equal. */
  record Store(View view, String tile) implements Statement {}

  /**
   * tile[r, c] = value at (r, c). The expression may read the tile itself, at the same place only.
   */
  record Map(String tile, TileExpression value) implements Statement {}

  /**
   * Reduces {@code source} [A, B] along one axis into {@code tile}: [A, 1] along columns, [1, B]
   * along rows.
   */
  record Reduce(TilePart tile, ReduceOperator operator, Along along, TilePart source)
      implements Statement {
    /** Reduces a whole tile into a whole tile. */
    public Reduce(String tile, ReduceOperator operator, Along along, String source) {
      this(TilePart.whole(tile), operator, along, TilePart.whole(source));
    }
  }

  /**
   * tile[0, c] = carry[0, 0] + source[0, 0] + ... + source[0, c] in i32; then carry is the last of
   * these, so that neighbouring pieces of a long row are summed one after the other.
   *
   * @param tile [1, B]
   * @param carry [1, 1]
   * @param source [1, B]
   */
  record Scan(String tile, String carry, String source) implements Statement {}

  /**
   * buffer[start + index[0, c]] = value[0, c] for every column c whose index is not negative. No
   * two indices that are not negative are equal.
   *
   * @param buffer of f32 or i32, as the values are
   * @param start element that index 0 means
   * @param index i32 [1, B]
   * @param value [1, B]
   */
  record Scatter(String buffer, IntExpression start, String index, String value)
      implements Statement {}

  /**
   * tile[m, n] = sum over k of left[m, k] * right[n, k]; with {@code accumulate}, added to what the
   * tile holds.
   */
  record DotNT(TilePart tile, Operand left, View right, boolean accumulate) implements Statement {
    /** Fills a whole tile. */
    public DotNT(String tile, Operand left, View right, boolean accumulate) {
      this(TilePart.whole(tile), left, right, accumulate);
    }
  }

  /**
   * tile[m, d] += sum over n of left[m, n] * right[n, d].
   *
   * @param guarded terms whose left[m, n] is 0 add exactly nothing, whatever right holds
   */
  record DotNN(TilePart tile, String left, View right, boolean guarded) implements Statement {
    /** Adds to a whole tile. */
    public DotNN(String tile, String left, View right, boolean guarded) {
      this(TilePart.whole(tile), left, right, guarded);
    }
  }

  /**
   * Neighbouring columns of a tile. As a target, a part leaves the other columns as they are; the
   * tile must have been written before.
   *
   * @param tile its name
   * @param first its first column
   * @param columns number of columns; 0 for all from the first
   */
  record TilePart(String tile, int first, int columns) {
    /** {@return all columns} */
    public static TilePart whole(String tile) {
      return new TilePart(tile, 0, 0);
    }

    /** {@return whether this is the whole tile} */
    public boolean isWhole() {
      return first == 0 && columns == 0;
    }

    /** {@return number of columns, given the tile} */
    public int columnsOf(Kernel.Tile declared) {
      return columns == 0 ? declared.columns() - first : columns;
    }
  }

  /** The left side of {@link DotNT}. */
  sealed interface Operand {
    /** A tile or some of its columns. */
    record OfTile(TilePart tile) implements Operand {
      /** A whole tile. */
      public OfTile(String tile) {
        this(TilePart.whole(tile));
      }
    }

    /** A row-major view of an f32 buffer. */
    record OfView(View view) implements Operand {}
  }

  /** How {@link Reduce} joins elements. */
  enum ReduceOperator {
    /** Sum of f32 or i32. */
    SUM("sum"),
    /** Largest of f32 or i32. */
    MAXIMUM("max"),
    /** Smallest of f32 or i32. */
    MINIMUM("min"),
    /** Index of the largest f32 as i32, the lowest index among equals; along columns only. */
    ARGMAX("argmax");

    private final String text;

    ReduceOperator(String text) {
      this.text = text;
    }

    /** {@return the operator in IR text} */
    public String text() {
      return text;
    }
  }

  /** Which axis a reduction runs over. */
  enum Along {
    /** Over the columns of each row. */
    COLUMNS("columns"),
    /** Over the rows of each column. */
    ROWS("rows");

    private final String text;

    Along(String text) {
      this.text = text;
    }

    /** {@return the axis in IR text} */
    public String text() {
      return text;
    }
  }
}
