package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.QuantisedFormat;
import dev.kvasir.plans.PageLayout;

/**
 * Decodes the closed pages of kept rows into plain pages of scratch, from where a selection takes
 * single rows: step * code + minimum. Grid: sequence, listed head, page.
 */
public final class UnpackPages {

  private static final int PAGE_ROWS = SegmentPart.PAGE_ROWS;

  /** Channels that are decoded together, so that a page needs little working storage. */
  private static final int CHANNELS = 16;

  private final KernelBuilder kernel;
  private final AttentionShape shape;
  private final PackedLayout layout;
  private final String keyCodes;
  private final String valueCodes;
  private final String scales;
  private final String unpacked;

  private UnpackPages(KernelBuilder kernel, AttentionShape shape) {
    SegmentPart segment = shape.kept();
    this.kernel = kernel;
    this.shape = shape;
    layout = PackedLayout.of(shape, segment);
    keyCodes =
        kernel.reads(PackedLayout.keyCodes(segment), PackedLayout.codes(layout.packing().key()));
    valueCodes =
        kernel.reads(
            PackedLayout.valueCodes(segment), PackedLayout.codes(layout.packing().value()));
    scales = kernel.reads(PackedLayout.scales(segment), ElementFormat.F16);
    unpacked = kernel.writes(ChosenRows.UNPACKED, ElementFormat.F32);
  }

  /**
   * {@return the kernel}
   *
   * @param name its name in the plan
   * @param shape the head group, whose kept rows are packed
   * @param listRoom elements of a list of chosen rows
   */
  public static Kernel build(String name, AttentionShape shape, int listRoom) {
    KernelBuilder kernel = new KernelBuilder(name, "head", "page");
    SegmentPart segment = shape.kept();
    String table = kernel.reads("table", ElementFormat.I32);
    kernel.reads(PagedRows.COUNTS, ElementFormat.I32);
    UnpackPages unpack = new UnpackPages(kernel, shape);
    IntExpression number = kernel.axis("page");
    IntExpression closed =
        kernel.let("closed", PagedRows.count(kernel).floorDivide(SegmentPart.PAGE_ROWS));
    kernel.when(
        number.less(closed),
        () -> {
          IntExpression from =
              PagedRows.physical(
                  kernel,
                  shape,
                  segment,
                  table,
                  PagedRows.tableStart(kernel, shape, segment),
                  number);
          IntExpression to = kernel.let("to", GatherKept.page(kernel, listRoom, number));
          unpack.keys(from, to);
          unpack.values(from, to);
        });
    return kernel.build();
  }

  private void keys(IntExpression from, IntExpression to) {
    QuantisedFormat format = layout.packing().key();
    switch (format.per()) {
      case CHANNEL -> keysByChannel(format, from, to);
      case TOKEN -> keysByToken(format, from, to);
    }
  }

  private void keysByChannel(QuantisedFormat format, IntExpression from, IntExpression to) {
    int lines = CHANNELS * PAGE_ROWS / format.group();
    String rows = kernel.tile("key_rows", lines, format.group());
    String step = kernel.tile("key_step", lines, 1);
    String minimum = kernel.tile("key_minimum", lines, 1);
    kernel.loop(
        "channels",
        IntExpression.constant(0),
        IntExpression.constant(layout.keyDim() / CHANNELS),
        block -> {
          IntExpression first = block.times(CHANNELS);
          kernel.load(step, layout.byChannel(scales, from, layout.keySteps(), first, lines));
          kernel.load(minimum, layout.byChannel(scales, from, layout.keyMinima(), first, lines));
          keyBlock(rows, lines, format.group(), block, step, minimum, from, to);
        });
  }

  private void keysByToken(QuantisedFormat format, IntExpression from, IntExpression to) {
    String rows = kernel.tile("key_rows", CHANNELS, PAGE_ROWS);
    String step = kernel.tile("key_step", 1, PAGE_ROWS);
    String minimum = kernel.tile("key_minimum", 1, PAGE_ROWS);
    int blocks = format.group() / CHANNELS;
    kernel.loop(
        "group",
        IntExpression.constant(0),
        IntExpression.constant(layout.keyDim() / format.group()),
        group -> {
          kernel.load(step, layout.byRow(scales, from, layout.keySteps(), group, false));
          kernel.load(minimum, layout.byRow(scales, from, layout.keyMinima(), group, false));
          IntExpression first = kernel.let("first_block", group.times(blocks));
          kernel.loop(
              "block",
              first,
              first.plus(blocks),
              block -> keyBlock(rows, CHANNELS, PAGE_ROWS, block, step, minimum, from, to));
        });
  }

  private void keyBlock(
      String rows,
      int lines,
      int length,
      IntExpression block,
      String step,
      String minimum,
      IntExpression from,
      IntExpression to) {
    IntExpression first = block.times(CHANNELS * PAGE_ROWS);
    kernel.load(rows, layout.keyLines(keyCodes, from, layout.keyElements(), first, lines, length));
    decode(rows, step, minimum);
    kernel.store(layout.keyLines(unpacked, to, shape.pageElements(), first, lines, length), rows);
  }

  private void values(IntExpression from, IntExpression to) {
    QuantisedFormat format = layout.packing().value();
    int width = Math.min(format.group(), PageLayout.VALUE_TILE);
    String rows = kernel.tile("value_rows", PAGE_ROWS, width);
    String step = kernel.tile("value_step", PAGE_ROWS, 1);
    String minimum = kernel.tile("value_minimum", PAGE_ROWS, 1);
    for (int group = 0; group < layout.valueDim() / format.group(); group++) {
      IntExpression list = IntExpression.constant(group);
      kernel.load(step, layout.byRow(scales, from, layout.valueSteps(), list, true));
      kernel.load(minimum, layout.byRow(scales, from, layout.valueMinima(), list, true));
      int end = (group + 1) * format.group();
      for (int channel = group * format.group(); channel < end; channel += width) {
        kernel.load(rows, layout.valueChannels(valueCodes, from, channel, width));
        decode(rows, step, minimum);
        kernel.store(layout.plainValues(unpacked, to, channel, width), rows);
      }
    }
  }

  private void decode(String rows, String step, String minimum) {
    kernel.map(
        rows,
        TileExpression.element(rows)
            .times(TileExpression.element(step))
            .plus(TileExpression.element(minimum)));
  }
}
