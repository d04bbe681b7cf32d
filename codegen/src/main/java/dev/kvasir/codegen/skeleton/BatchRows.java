package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import java.util.List;

/** The rows of two layers that are merged, one pair at a time. */
final class BatchRows {

  private static final int PAGE_ROWS = SegmentPart.PAGE_ROWS;

  /** One layer's row, in tiles [1, keyDim] and [1, valueDim]. */
  final class Side {
    final String name;
    final String key;
    final String value;
    private final String pages;

    private Side(String name) {
      this.name = name;
      key = kernel.tile(name + "_key", 1, shape.keyDim());
      value = kernel.tile(name + "_value", 1, shape.valueDim());
      pages =
          batch.isChosen()
              ? kernel.reads(StageMerged.buffer(name), ElementFormat.F32)
              : kernel.reads("tail_" + name, tail.format());
      if (batch.hasSpan()) {
        kernel.reads("k_" + name, ElementFormat.F32);
        kernel.reads("v_" + name, ElementFormat.F32);
      }
    }

    private void loadTail(IntExpression row) {
      IntExpression start =
          kernel
              .dim(name + "_tail_table")
              .plus(kernel.axis("head").times(tail.tableEntries(shape.context())));
      IntExpression page =
          kernel.let(
              name + "_tail_page",
              new IntExpression.BufferElement(table, start.plus(row.floorDivide(PAGE_ROWS))));
      PageBuffer rows = new PageBuffer(pages, PageBuffer.of(shape, tail).layout());
      kernel.load(key, rows.keys(page).fromRow(row.modulo(PAGE_ROWS), 1));
      kernel.load(value, rows.values(page).fromRow(row.modulo(PAGE_ROWS), 1));
    }

    private void loadStaged(IntExpression row) {
      IntExpression staged = kernel.axis("head").times(batch.tail()).plus(row);
      kernel.load(key, StageMerged.key(shape, pages, staged));
      kernel.load(value, StageMerged.value(shape, pages, staged));
    }

    private void loadSpan(IntExpression row) {
      kernel.load(key, activation("k_" + name, row, shape.keyDim()));
      kernel.load(value, activation("v_" + name, row, shape.valueDim()));
    }

    private View activation(String buffer, IntExpression row, int dim) {
      return View.rows(buffer, 1, dim, row, (long) shape.kvHeads() * dim)
          .at(kernel.axis("head").times(dim));
    }
  }

  private final KernelBuilder kernel;
  private final AttentionShape shape;
  private final MergeBatch batch;
  private final SegmentPart tail;

  /** The page table. */
  final String table;

  /** The row of the lower layer. */
  final Side lower;

  /** The row of the upper layer. */
  final Side upper;

  /** Where the batch begins. */
  final IntExpression from;

  /** Declares buffers, tiles and dims. */
  BatchRows(KernelBuilder kernel, AttentionShape shape, MergeBatch batch) {
    this.kernel = kernel;
    this.shape = shape;
    this.batch = batch;
    tail = shape.segments().getLast();
    table = kernel.reads("table", ElementFormat.I32);
    lower = new Side("lower");
    upper = new Side("upper");
    batch.declare(kernel);
    from = batch.from(kernel);
  }

  /** {@return both, the lower first} */
  List<Side> sides() {
    return List.of(lower, upper);
  }

  /** Loads row {@code row} of the batch, of both layers. */
  void load(IntExpression row) {
    if (batch.isChosen()) {
      sides().forEach(side -> side.loadStaged(row));
      return;
    }
    if (!batch.hasSpan()) {
      loadTails(row);
      return;
    }
    IntExpression inTail = kernel.dim(MergeBatch.TAIL_ROWS);
    kernel.choose(
        row.less(inTail),
        () -> loadTails(row),
        () -> {
          IntExpression inSpan = kernel.let("span_row", row.minus(inTail));
          lower.loadSpan(inSpan);
          upper.loadSpan(inSpan);
        });
  }

  private void loadTails(IntExpression row) {
    lower.loadTail(row);
    upper.loadTail(row);
  }
}
