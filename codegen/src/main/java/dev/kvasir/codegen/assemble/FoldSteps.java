package dev.kvasir.codegen.assemble;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.FoldRows;
import dev.kvasir.codegen.skeleton.FoldShape;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.type.Fold;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.Program;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The launches of one fold of one layer at one time, once the mass of all candidates is known. */
final class FoldSteps {

  private static final int PAGE_ROWS = SegmentPart.PAGE_ROWS;

  private final ProgramBuilder builder;
  private final FoldKernels kernels;
  private final FoldLowering.Folded folded;
  private final SelectionTime time;
  private final FoldShape shape;
  private final Fold fold;
  private final Map<String, String> arguments;
  private final Map<String, Expression> dims;
  private final Expression due;
  private final Expression heads;

  FoldSteps(
      ProgramBuilder builder,
      FoldKernels kernels,
      FoldLowering lowering,
      FoldLowering.Folded folded,
      SelectionTime time) {
    this.builder = builder;
    this.kernels = kernels;
    this.folded = folded;
    this.time = time;
    shape = folded.shape(time);
    fold = folded.op().fold();
    arguments = lowering.arguments(time, folded);
    dims = lowering.dims(time, folded);
    due = time.span() ? FoldLowering.isDue(folded.group()) : Expression.constant(1);
    heads = folded.heads().times(due);
  }

  void add() {
    boolean packed = attention().kept().packing().isPresent();
    launch(kernels.foldLists(shape), "fold lists");
    if (packed) {
      declarePacking();
      if (fullPages() > 0) {
        Expression closed = ProgramBuilder.get(dims, "held").floorDivide(PAGE_ROWS);
        launch(kernels.unpackPages(shape), "unpack pages", closed);
      }
    }
    Expression rest =
        ProgramBuilder.get(dims, "candidates").minus(fold.verbatim()).max(0).ceilDivide(PAGE_ROWS);
    Map<String, String> ofRest = new HashMap<>(arguments);
    ofRest.put("chosen", ProgramBuilder.get(arguments, "rest"));
    ofRest.put("chosen_counts", ProgramBuilder.get(arguments, "rest_counts"));
    launch(
        kernels.restRows(shape, time),
        "rows to mix",
        ofRest,
        dims,
        rest.plus(Expression.constant(shape.moreBlocks())));
    launch(kernels.restColumns(shape), "columns to mix", rest);
    if (fold.verbatim() > 0) {
      if (packed) {
        Expression pages = Expression.constant(Math.ceilDiv(fold.verbatim(), PAGE_ROWS));
        launch(kernels.gatherRows(shape, time), "gather rows", pages);
      } else {
        launch(kernels.compactRows(shape, time), "compact rows");
      }
    }
    mix();
    launch(kernels.storeMixed(shape), "store mixed rows");
    if (packed) {
      pack();
    }
    launch(kernels.commitFold(shape, time), "commit fold");
  }

  private AttentionShape attention() {
    return shape.attention();
  }

  private int fullPages() {
    return fold.slots() / PAGE_ROWS;
  }

  private void mix() {
    int tile = kernels.tileSlots(shape);
    int whole = fold.mixed() / tile;
    int left = fold.mixed() % tile;
    if (whole > 0) {
      mix(tile, 0, whole);
    }
    if (left > 0) {
      mix(left, whole * tile, 1);
    }
  }

  private void mix(int tile, int firstSlot, int tiles) {
    Map<String, Expression> mixed = new HashMap<>(dims);
    mixed.put(FoldRows.FIRST_SLOT, Expression.constant(firstSlot));
    launch(
        kernels.foldRows(shape, tile), "fold rows", arguments, mixed, Expression.constant(tiles));
  }

  private void declarePacking() {
    SegmentPart slots = attention().kept();
    int count = folded.group().heads().size();
    int pages = shape.slotRoom() / PAGE_ROWS;
    long elements = (long) count * pages * attention().pageElements();
    scratch("closing", KernelLibrary.storage(slots.format()), elements);
    scratch("unpacked", StorageFormat.F32, elements);
    scratch("refused", StorageFormat.I32, (long) count * pages);
    arguments.put("source", ProgramBuilder.get(arguments, "closing"));
  }

  private void scratch(String name, StorageFormat format, long elements) {
    String label = folded.layer().label();
    String full =
        switch (time) {
          case SPAN -> label + ".fold." + name;
          case FULL_TAIL -> "fold." + name + "." + label;
        };
    arguments.put(name, builder.scratch(full, format, Expression.constant(elements), elements));
  }

  /** The pages of all slots are coded again; what fills no page goes to the open one. */
  private void pack() {
    Map<String, String> all = new HashMap<>(arguments);
    all.put("chosen_counts", ProgramBuilder.get(arguments, "slot_counts"));
    if (fullPages() > 0) {
      Expression pages = Expression.constant(fullPages());
      launch(kernels.packSlots(shape), "pack pages", all, dims, pages);
      String label = folded.layer().label() + " " + attention().kept().name();
      Program.Step.Require refusal =
          PackingLowering.refusal(
              label, ProgramBuilder.get(arguments, "refused"), heads.times(pages));
      time.require(builder, fold.mark(), refusal);
    }
    if (fold.slots() % PAGE_ROWS > 0) {
      launch(kernels.openPage(shape), "open page", all, dims);
    }
  }

  private void launch(Kernel kernel, String label, Expression... grid) {
    launch(kernel, label, arguments, dims, grid);
  }

  private void launch(
      Kernel kernel,
      String label,
      Map<String, String> bound,
      Map<String, Expression> values,
      Expression... grid) {
    String text = folded.layer().label() + " " + label;
    List<Expression> extents = new ArrayList<>(List.of(heads));
    extents.addAll(List.of(grid));
    time.launch(builder, fold.mark(), kernel, text, extents, bound, values);
  }
}
