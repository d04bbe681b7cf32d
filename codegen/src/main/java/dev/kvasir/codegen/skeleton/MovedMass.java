package dev.kvasir.codegen.skeleton;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import java.util.List;

/**
 * Moves sums of mass between the two buffers {@code mass_0} and {@code mass_1} that {@link
 * StepMass} lets take turns: the one of an even number of tokens and that of an odd one.
 */
public final class MovedMass {

  /** The dim that says in which buffer the sums are: 0 or 1. */
  public static final String FROM = "from";

  private static final int BLOCK = FoldShape.BLOCK;
  private static final IntExpression ZERO = IntExpression.constant(0);

  private final KernelBuilder kernel;
  private final FoldShape fold;
  private final List<String> buffers;
  private final String mass;

  private MovedMass(KernelBuilder kernel, FoldShape fold) {
    this.kernel = kernel;
    this.fold = fold;
    buffers =
        List.of(
            kernel.updates("mass_0", ElementFormat.F32),
            kernel.updates("mass_1", ElementFormat.F32));
    mass = kernel.tile("sums", 1, BLOCK);
  }

  /**
   * {@return the kernel that goes over a span: the first {@code rows_before} of {@code rows_after}
   * sums move to buffer {@code to}, the others begin at 0; grid: sequence, listed head}
   */
  public static Kernel carry(String name, FoldShape fold) {
    KernelBuilder kernel = new KernelBuilder(name, "head");
    new MovedMass(kernel, fold).writeCarry();
    return kernel.build();
  }

  private void writeCarry() {
    IntExpression before = kernel.dim(StepMass.BEFORE);
    kernel.loop(
        "block",
        ZERO,
        kernel.dim("rows_after").ceilDivide(BLOCK),
        block -> {
          IntExpression first = kernel.let("first", block.times(BLOCK));
          load(first);
          kernel.map(
              mass,
              TileExpression.uniform(first)
                  .plus(new TileExpression.ColumnIndex())
                  .less(TileExpression.uniform(before))
                  .select(TileExpression.element(mass), TileExpression.constant(0)));
          store(kernel.dim("to"), first);
        });
  }

  /**
   * {@return the kernel that hands all sums to a fold, as candidates lie, and lets those of slots
   * begin at 0; grid: sequence, listed head}
   */
  public static Kernel take(String name, FoldShape fold) {
    KernelBuilder kernel = new KernelBuilder(name, "head");
    new MovedMass(kernel, fold).writeTake();
    return kernel.build();
  }

  private void writeTake() {
    kernel.writes("mass", ElementFormat.F32);
    String none = kernel.tile("none", 1, BLOCK);
    kernel.map(none, TileExpression.constant(0));
    int rows = fold.fold().slots() + fold.fold().block();
    kernel.loop(
        "block",
        ZERO,
        IntExpression.constant(Math.ceilDiv(rows, BLOCK)),
        block -> {
          IntExpression first = kernel.let("first", block.times(BLOCK));
          load(first);
          kernel.store(fold.room().view("mass", 1, BLOCK, kernel.axis("head"), first), mass);
          kernel.map(mass, TileExpression.element(none));
          store(kernel.dim(FROM), first);
        });
  }

  private void load(IntExpression first) {
    kernel.choose(
        kernel.dim(FROM).equalTo(ZERO),
        () -> kernel.load(mass, view(0, first)),
        () -> kernel.load(mass, view(1, first)));
  }

  private void store(IntExpression to, IntExpression first) {
    kernel.choose(
        to.equalTo(ZERO),
        () -> kernel.store(view(0, first), mass),
        () -> kernel.store(view(1, first), mass));
  }

  private View view(int buffer, IntExpression first) {
    return View.rows(buffers.get(buffer), 1, BLOCK, kernel.axis("head"), fold.massRoom()).at(first);
  }
}
