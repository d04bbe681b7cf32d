package dev.kvasir.codegen.skeleton;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelVerifier;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.Statement.TilePart;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;

/** Writes a kernel statement by statement. Names given twice get a number. */
public final class KernelBuilder {

  private final String name;
  private final List<Kernel.Buffer> buffers = new ArrayList<>();
  private final List<String> dims = new ArrayList<>();
  private final List<String> axes;
  private final List<Kernel.Tile> tiles = new ArrayList<>();
  private final Deque<List<Statement>> scopes = new ArrayDeque<>();
  private int names;

  /** A kernel over the axes {@code sequence} and {@code others}. */
  public KernelBuilder(String name, String... others) {
    this.name = name;
    List<String> all = new ArrayList<>(List.of("sequence"));
    all.addAll(Arrays.asList(others));
    this.axes = List.copyOf(all);
    scopes.push(new ArrayList<>());
  }

  /** Declares a buffer that is only loaded from. */
  public String reads(String buffer, ElementFormat format) {
    return declare(buffer, format, Kernel.Access.READ);
  }

  /** Declares a buffer that is only stored to. */
  public String writes(String buffer, ElementFormat format) {
    return declare(buffer, format, Kernel.Access.WRITE);
  }

  /** Declares a buffer that is loaded from and stored to. */
  public String updates(String buffer, ElementFormat format) {
    return declare(buffer, format, Kernel.Access.READ_WRITE);
  }

  private String declare(String buffer, ElementFormat format, Kernel.Access access) {
    buffers.add(new Kernel.Buffer(buffer, format, access));
    return buffer;
  }

  /** Declares a launch argument. */
  public IntExpression dim(String dim) {
    if (!dims.contains(dim)) {
      dims.add(dim);
    }
    return new IntExpression.Dimension(dim);
  }

  /** {@return the grid point's coordinate} */
  public IntExpression axis(String axis) {
    return new IntExpression.Axis(axis);
  }

  /** Declares an f32 tile. */
  public String tile(String tile, int rows, int columns) {
    tiles.add(new Kernel.Tile(tile, Kernel.TileType.F32, rows, columns));
    return tile;
  }

  /** Declares an i32 tile. */
  public String intTile(String tile, int rows, int columns) {
    tiles.add(new Kernel.Tile(tile, Kernel.TileType.I32, rows, columns));
    return tile;
  }

  /** Names a uniform integer. */
  public IntExpression let(String variable, IntExpression value) {
    String fresh = fresh(variable);
    add(new Statement.Let(fresh, value));
    return new IntExpression.Variable(fresh);
  }

  /** Counts from {@code from} to {@code to} - 1. */
  public void loop(
      String variable, IntExpression from, IntExpression to, Consumer<IntExpression> body) {
    String fresh = fresh(variable);
    List<Statement> inner = nested(() -> body.accept(new IntExpression.Variable(fresh)));
    add(new Statement.For(fresh, from, to, inner));
  }

  /** Runs the body when the condition holds. */
  public void when(IntExpression condition, Runnable body) {
    add(new Statement.If(condition, nested(body), List.of()));
  }

  /** Runs one of two bodies. */
  public void choose(IntExpression condition, Runnable whenTrue, Runnable whenFalse) {
    add(new Statement.If(condition, nested(whenTrue), nested(whenFalse)));
  }

  private List<Statement> nested(Runnable body) {
    scopes.push(new ArrayList<>());
    body.run();
    return scopes.pop();
  }

  /** tile = view. */
  public void load(String tile, View view) {
    add(new Statement.Load(tile, view));
  }

  /** view = tile. */
  public void store(View view, String tile) {
    add(new Statement.Store(view, tile));
  }

  /** tile = value, element by element. */
  public void map(String tile, TileExpression value) {
    add(new Statement.Map(tile, value));
  }

  /** tile = sum over the columns of source. */
  public void sumColumns(String tile, String source) {
    sumColumns(TilePart.whole(tile), TilePart.whole(source));
  }

  /** tile = sum over the columns of source. */
  public void sumColumns(TilePart tile, TilePart source) {
    add(new Statement.Reduce(tile, Statement.ReduceOperator.SUM, Statement.Along.COLUMNS, source));
  }

  /** tile = maximum over the columns of source. */
  public void maximumColumns(String tile, String source) {
    reduce(tile, Statement.ReduceOperator.MAXIMUM, Statement.Along.COLUMNS, source);
  }

  /** tile = maximum over the rows of source. */
  public void maximumRows(String tile, String source) {
    reduce(tile, Statement.ReduceOperator.MAXIMUM, Statement.Along.ROWS, source);
  }

  /** tile = index of the maximum over the columns of source. */
  public void argmaxColumns(String tile, String source) {
    reduce(tile, Statement.ReduceOperator.ARGMAX, Statement.Along.COLUMNS, source);
  }

  /** tile = elements of source joined along an axis. */
  public void reduce(
      String tile, Statement.ReduceOperator operator, Statement.Along along, String source) {
    add(new Statement.Reduce(tile, operator, along, source));
  }

  /** tile = sums of source from the left, on top of carry, which gets the last of them. */
  public void scan(String tile, String carry, String source) {
    add(new Statement.Scan(tile, carry, source));
  }

  /** buffer[start + index] = value, where an index is not negative. */
  public void scatter(String buffer, IntExpression start, String index, String value) {
    add(new Statement.Scatter(buffer, start, index, value));
  }

  /** tile = left . right^T. */
  public void dotNT(String tile, String left, View right) {
    dotNT(tile, TilePart.whole(left), right);
  }

  /** tile = left . right^T. */
  public void dotNT(String tile, TilePart left, View right) {
    dotNT(tile, new Statement.Operand.OfTile(left), right);
  }

  /** tile = left . right^T. */
  public void dotNT(String tile, Statement.Operand left, View right) {
    add(new Statement.DotNT(tile, left, right, false));
  }

  /** tile += left . right^T. */
  public void addDotNT(TilePart tile, TilePart left, View right) {
    add(new Statement.DotNT(tile, new Statement.Operand.OfTile(left), right, true));
  }

  /** tile += left . right. */
  public void dotNN(String tile, String left, View right, boolean guarded) {
    dotNN(TilePart.whole(tile), left, right, guarded);
  }

  /** tile += left . right. */
  public void dotNN(TilePart tile, String left, View right, boolean guarded) {
    add(new Statement.DotNN(tile, left, right, guarded));
  }

  private void add(Statement statement) {
    scopes.element().add(statement);
  }

  private String fresh(String variable) {
    return variable + "_" + names++;
  }

  /** {@return the kernel, verified} */
  public Kernel build() {
    Kernel kernel = new Kernel(name, buffers, dims, axes, tiles, scopes.element());
    KernelVerifier.verify(kernel);
    return kernel;
  }
}
