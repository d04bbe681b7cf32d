package dev.kvasir.codegen.assemble;

import static dev.kvasir.codegen.skeleton.RebuildRows.REBUILT;

import dev.kvasir.codegen.part.BudgetedRows;
import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.MergeBatch;
import dev.kvasir.codegen.skeleton.ProgramExpressions;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.type.Merge;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.program.Expression;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The launches at one time that merge the rows which a selection chose of two layers: of each layer
 * the chosen rows as attention reads them, then their directions, the choice of what is retained,
 * and the copy of that.
 */
final class ChosenMerge {

  private static final int PAGE_ROWS = SegmentPart.PAGE_ROWS;

  /**
   * Two layers that are merged.
   *
   * @param merge how
   */
  record Pair(Merge merge, AttentionLowering.Layer lower, AttentionLowering.Layer upper) {

    CacheAssembly.Group group() {
      return upper.merged();
    }
  }

  /** What a selection binds for one of its layers. */
  interface Bindings {
    /** {@return buffers by argument} */
    Map<String, String> arguments(AttentionLowering.Layer layer);

    /** {@return values by dim} */
    Map<String, Expression> dims(AttentionLowering.Layer layer);
  }

  private final ProgramBuilder builder;
  private final SelectionKernels kernels;
  private final MergeKernels merges;
  private final SelectionTime time;
  private final Pair pair;
  private final AttentionShape shape;
  private final SegmentPart shared;
  private final int heads;
  private final int pages;
  private final String prefix;

  /**
   * Prepares.
   *
   * @param listRoom elements of a list of chosen rows
   */
  ChosenMerge(
      ProgramBuilder builder,
      SelectionKernels kernels,
      SelectionTime time,
      Pair pair,
      int listRoom) {
    this.builder = builder;
    this.kernels = kernels;
    this.merges = new MergeKernels(builder);
    this.time = time;
    this.pair = pair;
    shape = pair.group().shape();
    shared = shape.kept();
    heads = pair.group().heads().size();
    pages = listRoom / PAGE_ROWS;
    prefix = time.prefix(pair.upper().label()) + ".merge." + pair.upper().label() + ".";
  }

  /**
   * Adds the launches that put the rows a layer keeps where a selection and a merge read them.
   *
   * @param arguments those of the layer, bound so that they do
   * @param dims those of the layer
   * @param rebuilt scratch for as many rows of each head as a list has elements
   * @param pages how many pages that is
   */
  static void rebuild(
      ProgramBuilder builder,
      SelectionKernels kernels,
      SelectionTime time,
      AttentionLowering.Layer layer,
      Map<String, String> arguments,
      Map<String, Expression> dims,
      String rebuilt,
      int pages) {
    CacheAssembly.Group group = layer.merged();
    AttentionShape shape = group.shape();
    arguments.put(REBUILT, rebuilt);
    arguments.put("unpacked", rebuilt);
    Expression held = group.segments().getFirst().rows();
    Expression heads = Expression.constant(group.heads().size());
    if (shape.kept().packing().isPresent()) {
      List<Expression> closed = List.of(heads, held.floorDivide(PAGE_ROWS).min(pages));
      Kernel unpack = kernels.unpackPages(shape);
      String label = layer.label() + " unpack pages";
      time.launch(builder, layer.mark(), unpack, label, closed, arguments, dims);
    }
    List<Expression> grid = List.of(heads, held.ceilDivide(PAGE_ROWS).min(pages));
    Kernel rebuild = kernels.rebuildRows(shape);
    time.launch(
        builder, layer.mark(), rebuild, layer.label() + " rebuild rows", grid, arguments, dims);
  }

  /** Adds all launches, but for the one that makes the choice that of the cache. */
  void add(Bindings bindings, SelectionLists.Place place) {
    Map<String, String> arguments = new HashMap<>(bindings.arguments(pair.upper()));
    Map<String, Expression> dims = new HashMap<>(bindings.dims(pair.upper()));
    Expression slots = slots();
    Expression slotPages = slots.ceilDivide(PAGE_ROWS).min(pages);
    scratch(REBUILT, StorageFormat.F32, rows());
    stage("lower", pair.lower(), bindings, slotPages, arguments, dims);
    stage("upper", pair.upper(), bindings, slotPages, arguments, dims);
    MergeBatch batch = MergeBatch.ofChosen(pages * PAGE_ROWS);
    declare(batch, arguments);
    dims.put("chosen_pages", slotPages);
    Launches launches = new Launches(arguments, dims);
    launches.add(
        merges.countRetained(shape, pair.merge(), pages * PAGE_ROWS),
        "count retained rows",
        Expression.constant(place.lists()));
    launches.overHeads(merges.mergeRows(shape, pair.merge(), batch), "merge rows", slotPages);
    launches.require(slotPages, MergeLowering.ODD_NORM);
    launches.overHeads(merges.chooseRetained(shape, batch), "choose retained rows");
    Expression retained = MergeLowering.retained(pair.merge(), slots);
    launches.overHeads(
        merges.retainRows(shape, batch), "retain rows", retained.ceilDivide(PAGE_ROWS));
    if (shared.packing().isPresent()) {
      Expression full = slots.floorDivide(PAGE_ROWS).min(pages);
      dims.put("chosen_pages", full);
      launches.overHeads(kernels.packChosen(shape), "pack pages", full);
      launches.require(full, MergeLowering.ODD_DIRECTION);
      launches.overHeads(kernels.openPage(shape), "open page");
    }
  }

  private Expression slots() {
    return ProgramExpressions.of(
        BudgetedRows.slots(
            shared.segment().budget().orElseThrow(), ProgramExpressions.counter("tokens")));
  }

  /** Collects the chosen rows of a layer, as they are read, and binds what is written of it. */
  private void stage(
      String side,
      AttentionLowering.Layer layer,
      Bindings bindings,
      Expression slotPages,
      Map<String, String> arguments,
      Map<String, Expression> dims) {
    Map<String, String> own = new HashMap<>(bindings.arguments(layer));
    Map<String, Expression> ownDims = bindings.dims(layer);
    rebuild(builder, kernels, time, layer, own, ownDims, prefix + REBUILT, pages);
    String staged = scratch("staged_" + side, StorageFormat.F32, rows());
    own.put("staged", staged);
    Kernel stage = kernels.stageChosen(shape, time);
    List<Expression> grid = List.of(Expression.constant(heads), slotPages);
    time.launch(builder, layer.mark(), stage, layer.label() + " stage rows", grid, own, ownDims);
    arguments.put("staged_" + side, staged);
    MergeLowering.bindRetained(side, layer, arguments, dims);
  }

  private void declare(MergeBatch batch, Map<String, String> arguments) {
    arguments.put("scores", scratch("scores", StorageFormat.F32, batch.room()));
    arguments.put("chosen", scratch("chosen", StorageFormat.I32, batch.room()));
    arguments.put("refused", scratch("refused", StorageFormat.I32, pages));
    if (shared.packing().isPresent()) {
      StorageFormat format = KernelLibrary.storage(shared.format());
      String closing = scratch("closing", format, rows());
      arguments.put("closing", closing);
      arguments.put("source", closing);
    }
  }

  /** {@return elements of a head's list of rows} */
  private long rows() {
    return (long) pages * shape.pageElements();
  }

  /** {@return scratch with so many elements for each head} */
  private String scratch(String name, StorageFormat format, long elementsOfHead) {
    long elements = heads * elementsOfHead;
    return builder.scratch(prefix + name, format, Expression.constant(elements), elements);
  }

  /** The launches over both layers. */
  private final class Launches {
    private final Map<String, String> arguments;
    private final Map<String, Expression> dims;

    Launches(Map<String, String> arguments, Map<String, Expression> dims) {
      this.arguments = arguments;
      this.dims = dims;
    }

    void add(Kernel kernel, String what, Expression... grid) {
      String label = pair.upper().label() + " " + what;
      time.launch(builder, pair.upper().mark(), kernel, label, List.of(grid), arguments, dims);
    }

    void overHeads(Kernel kernel, String what, Expression... points) {
      List<Expression> grid = new ArrayList<>(List.of(Expression.constant(heads)));
      grid.addAll(List.of(points));
      add(kernel, what, grid.toArray(Expression[]::new));
    }

    void require(Expression points, String otherwise) {
      time.require(
          builder,
          pair.upper().mark(),
          MergeLowering.requirement(
              prefix + "refused",
              Expression.constant(heads).times(points),
              pair.lower(),
              pair.upper(),
              otherwise));
    }
  }
}
