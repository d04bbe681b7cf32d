package dev.kvasir.codegen.emit.jvm;

import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.View;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Where each tile of a kernel starts in the f32 and i32 working storage of a grid point. */
public final class TileFrame {

  /** Tiles start at multiples of a 512-bit vector. */
  private static final int ALIGNMENT = 16;

  /** Most matrix rows that a loop multiplies by a vector at once. */
  static final int MATRIX_ROWS = 8;

  /** Where a vector lies while its lanes are summed: in front of the tiles of every kernel. */
  static final int REDUCTION = 0;

  private final Kernel kernel;
  private final Map<String, Integer> offsets = new HashMap<>();
  private final int spread;
  private int floats = REDUCTION + ALIGNMENT;
  private int ints;

  /** Lays out the tiles of {@code kernel} in declaration order. */
  public TileFrame(Kernel kernel) {
    this.kernel = kernel;
    for (Kernel.Tile tile : kernel.tiles()) {
      int size = Math.ceilDiv(tile.size(), ALIGNMENT) * ALIGNMENT;
      switch (tile.type()) {
        case F32 -> {
          offsets.put(tile.name(), floats);
          floats = Math.addExact(floats, size);
        }
        case I32 -> {
          offsets.put(tile.name(), ints);
          ints = Math.addExact(ints, size);
        }
      }
    }
    int terms = vectorTerms(kernel.body());
    spread = floats;
    if (terms > 0) {
      floats = Math.addExact(floats, MATRIX_ROWS * ALIGNMENT);
      floats = Math.addExact(floats, Math.ceilDiv(terms, ALIGNMENT) * ALIGNMENT);
    }
  }

  /** {@return most terms of a product of a matrix and one row of a buffer; 0 without one} */
  private static int vectorTerms(List<Statement> statements) {
    int terms = 0;
    for (Statement statement : statements) {
      int within =
          switch (statement) {
            case Statement.For loop -> vectorTerms(loop.body());
            case Statement.If choice ->
                Math.max(vectorTerms(choice.whenTrue()), vectorTerms(choice.whenFalse()));
            case Statement.DotNT dot ->
                dot.left() instanceof Statement.Operand.OfView(View view) && view.rows() == 1
                    ? view.columns()
                    : 0;
            case Statement.Let _,
                Statement.Load _,
                Statement.Store _,
                Statement.Map _,
                Statement.Reduce _,
                Statement.Scan _,
                Statement.Scatter _,
                Statement.DotNN _ ->
                0;
          };
      terms = Math.max(terms, within);
    }
    return terms;
  }

  /** {@return where the sums of matrix-vector products lie, a vector for each row} */
  int sums() {
    return spread;
  }

  /** {@return where the vector of a matrix-vector product lies} */
  int spread() {
    return spread + MATRIX_ROWS * ALIGNMENT;
  }

  Kernel.Tile tile(String name) {
    return kernel.tile(name);
  }

  int offset(String tile) {
    Integer offset = offsets.get(tile);
    if (offset == null) {
      throw new IllegalArgumentException("kernel " + kernel.name() + " has no tile " + tile);
    }
    return offset;
  }

  /** {@return elements of f32 working storage} */
  public int floats() {
    return floats;
  }

  /** {@return elements of i32 working storage} */
  public int ints() {
    return ints;
  }
}
