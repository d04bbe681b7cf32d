package dev.kvasir.codegen.skeleton;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.QuantisedFormat;
import dev.kvasir.plans.PageLayout;

/**
 * Codes full pages: of each group the minimum and step, rounded to f16, then the codes (see {@link
 * QuantisedFormat}). Pages come from a span's closing pages or from the open page. Where f16 holds
 * no step or minimum, or a row is no number, the point's element of {@code refused}, [head][page]
 * of the pages that are packed, becomes 1, else 0. Grid: sequence, listed head, page.
 */
public final class PackPages {

  private static final int PAGE_ROWS = SegmentPart.PAGE_ROWS;

  /** Channels that are coded together, so that a page needs little working storage. */
  private static final int CHANNELS = 16;

  private static final float LARGEST_HALF = 65504;

  private final KernelBuilder kernel;
  private final AttentionShape shape;
  private final PackedLayout layout;
  private final String source;
  private final String scales;
  private final String refused;
  private final String keyCodes;
  private final String valueCodes;
  private final String pageRefused;

  private PackPages(KernelBuilder kernel, AttentionShape shape, SegmentPart segment) {
    this.kernel = kernel;
    this.shape = shape;
    this.layout = PackedLayout.of(shape, segment);
    source = kernel.reads("source", segment.format());
    scales = kernel.writes(PackedLayout.scales(segment), ElementFormat.F16);
    refused = kernel.writes("refused", ElementFormat.I32);
    keyCodes =
        kernel.writes(PackedLayout.keyCodes(segment), PackedLayout.codes(layout.packing().key()));
    valueCodes =
        kernel.writes(
            PackedLayout.valueCodes(segment), PackedLayout.codes(layout.packing().value()));
    pageRefused = kernel.tile("page_refused", 1, 1);
  }

  /**
   * {@return the kernel that packs what {@link GatherRows} collected}
   *
   * @param name its name in the plan
   * @param shape the head group
   * @param segment its packed segment
   * @param room closing pages that the scratch holds per head
   */
  public static Kernel ofSpan(String name, AttentionShape shape, SegmentPart segment, int room) {
    return build(
        name,
        shape,
        segment,
        kernel -> ClosingPages.count(segment, shape, kernel.dim("position"), tokens(kernel)),
        (kernel, _) -> kernel.axis("head").times(room).plus(kernel.axis("page")),
        kernel -> {
          IntExpression position = kernel.dim("position");
          return ClosingPages.first(segment, shape, position, tokens(kernel))
              .plus(kernel.axis("page"));
        });
  }

  private static IntExpression tokens(KernelBuilder kernel) {
    return kernel.let("tokens", kernel.dim("position").plus(kernel.dim("span")));
  }

  /**
   * {@return the kernel that packs the open page, which the last run filled}
   *
   * @param name its name in the plan
   * @param shape the head group
   * @param segment its packed segment
   */
  public static Kernel ofOpenPage(String name, AttentionShape shape, SegmentPart segment) {
    return build(
        name,
        shape,
        segment,
        _ -> IntExpression.constant(1),
        (kernel, table) ->
            PagedRows.open(
                kernel, shape, segment, table, PagedRows.tableStart(kernel, shape, segment)),
        kernel -> segment.closedPages(kernel.dim("tokens")).minus(1));
  }

  /**
   * {@return the kernel that packs the full pages of rows that a selection chose}
   *
   * @param name its name in the plan
   * @param shape the head group
   * @param listRoom elements of a list of chosen rows
   */
  public static Kernel ofChosen(String name, AttentionShape shape, int listRoom) {
    KernelBuilder kernel = new KernelBuilder(name, "head", "page");
    SegmentPart segment = shape.kept();
    String table = kernel.reads("table", ElementFormat.I32);
    kernel.reads("chosen_counts", ElementFormat.I32);
    PackPages pack = new PackPages(kernel, shape, segment);
    IntExpression number = kernel.axis("page");
    IntExpression full =
        kernel.let("full_pages", GatherKept.count(kernel).floorDivide(SegmentPart.PAGE_ROWS));
    pack.start();
    kernel.when(
        number.less(full),
        () ->
            pack.pack(
                kernel.let("from", GatherKept.page(kernel, listRoom, number)),
                PagedRows.physical(
                    kernel,
                    shape,
                    segment,
                    table,
                    PagedRows.tableStart(kernel, shape, segment),
                    number)));
    pack.finish(kernel.dim("chosen_pages"));
    return kernel.build();
  }

  /**
   * {@return the kernel that packs the full pages of directions of a merge}
   *
   * @param name its name in the plan
   * @param shape a merged head group, whose shared rows are packed
   * @param batch what is merged
   */
  public static Kernel ofMerged(String name, AttentionShape shape, MergeBatch batch) {
    return build(
        name,
        shape,
        shape.segments().getFirst(),
        OpenShared::fullPages,
        (kernel, _) -> kernel.axis("head").times(batch.pages()).plus(kernel.axis("page")),
        kernel -> kernel.dim(MergeBatch.FROM).floorDivide(PAGE_ROWS).plus(kernel.axis("page")));
  }

  private interface SourcePage {
    IntExpression of(KernelBuilder kernel, String table);
  }

  private interface PageNumber {
    IntExpression of(KernelBuilder kernel);
  }

  private static Kernel build(
      String name,
      AttentionShape shape,
      SegmentPart segment,
      PageNumber pages,
      SourcePage sourcePage,
      PageNumber number) {
    KernelBuilder kernel = new KernelBuilder(name, "head", "page");
    String table = kernel.reads("table", ElementFormat.I32);
    PackPages pack = new PackPages(kernel, shape, segment);
    segment.mark().ifPresent(kernel::dim);
    IntExpression from = kernel.let("from", sourcePage.of(kernel, table));
    IntExpression to =
        PagedRows.physical(
            kernel,
            shape,
            segment,
            table,
            PagedRows.tableStart(kernel, shape, segment),
            kernel.let("number", number.of(kernel)));
    pack.start();
    pack.pack(from, to);
    pack.finish(pages.of(kernel));
    return kernel.build();
  }

  private void start() {
    kernel.map(pageRefused, TileExpression.constant(0));
  }

  private void pack(IntExpression from, IntExpression to) {
    QuantisedFormat key = layout.packing().key();
    switch (key.per()) {
      case CHANNEL -> keysByChannel(key, keyCodes, from, to);
      case TOKEN -> keysByToken(key, keyCodes, from, to);
    }
    values(layout.packing().value(), valueCodes, from, to);
  }

  /**
   * Says whether the page was refused.
   *
   * @param pages that are packed of each head
   */
  private void finish(IntExpression pages) {
    String flag = kernel.intTile("flag", 1, 1);
    kernel.map(
        flag,
        TileExpression.constant(0)
            .less(TileExpression.element(pageRefused))
            .select(integer(1), integer(0)));
    // Without gaps, so that a reader of the first points times pages elements sees all of them.
    IntExpression count = kernel.let("pages", pages);
    kernel.store(
        View.rows(refused, 1, 1, kernel.axis("head").times(count).plus(kernel.axis("page")), 1),
        flag);
  }

  private static TileExpression integer(int value) {
    return TileExpression.uniform(IntExpression.constant(value));
  }

  /** Keys of a page lie channel by channel, so that a group is a row of its own. */
  private void keysByChannel(
      QuantisedFormat format, String codes, IntExpression from, IntExpression to) {
    int groups = PAGE_ROWS / format.group();
    int lines = CHANNELS * groups;
    Coding coding = new Coding("key", format, Statement.Along.COLUMNS, lines, format.group());
    kernel.loop(
        "channels",
        IntExpression.constant(0),
        IntExpression.constant(layout.keyDim() / CHANNELS),
        block -> {
          IntExpression elements = block.times(CHANNELS * PAGE_ROWS);
          coding.start();
          kernel.load(
              coding.rows,
              layout.keyLines(
                  source, from, shape.pageElements(), elements, coding.lines, coding.length));
          coding.join();
          coding.scale();
          coding.code();
          kernel.store(
              layout.keyLines(
                  codes, to, layout.keyElements(), elements, coding.lines, coding.length),
              coding.rows);
          // Line c * groups + g holds group g of channel c; the lists run channel by channel.
          IntExpression first = block.times(CHANNELS);
          kernel.store(layout.byChannel(scales, to, layout.keySteps(), first, lines), coding.step);
          kernel.store(
              layout.byChannel(scales, to, layout.keyMinima(), first, lines), coding.minimum);
        });
  }

  private void keysByToken(
      QuantisedFormat format, String codes, IntExpression from, IntExpression to) {
    Coding coding = new Coding("key", format, Statement.Along.ROWS, CHANNELS, PAGE_ROWS);
    int blocks = format.group() / CHANNELS;
    kernel.loop(
        "group",
        IntExpression.constant(0),
        IntExpression.constant(layout.keyDim() / format.group()),
        group -> {
          coding.start();
          IntExpression first = kernel.let("first_block", group.times(blocks));
          IntExpression end = first.plus(blocks);
          kernel.loop(
              "block",
              first,
              end,
              block -> {
                loadKeyBlock(coding, from, block);
                coding.join();
              });
          coding.scale();
          kernel.loop(
              "block",
              first,
              end,
              block -> {
                loadKeyBlock(coding, from, block);
                coding.code();
                kernel.store(
                    layout.keyLines(
                        codes,
                        to,
                        layout.keyElements(),
                        block.times(CHANNELS * PAGE_ROWS),
                        coding.lines,
                        coding.length),
                    coding.rows);
              });
          storeLines(coding, to, layout.keySteps(), layout.keyMinima(), group);
        });
  }

  private void loadKeyBlock(Coding coding, IntExpression from, IntExpression block) {
    kernel.load(
        coding.rows,
        layout.keyLines(
            source,
            from,
            shape.pageElements(),
            block.times(CHANNELS * PAGE_ROWS),
            coding.lines,
            coding.length));
  }

  /** Stores the steps and minima of 64 rows as line {@code group} of their lists. */
  private void storeLines(
      Coding coding, IntExpression to, int steps, int minima, IntExpression group) {
    boolean column = coding.along == Statement.Along.COLUMNS;
    kernel.store(layout.byRow(scales, to, steps, group, column), coding.step);
    kernel.store(layout.byRow(scales, to, minima, group, column), coding.minimum);
  }

  /** Values of a page lie row by row within tiles of up to 64 channels. */
  private void values(QuantisedFormat format, String codes, IntExpression from, IntExpression to) {
    int width = Math.min(format.group(), PageLayout.VALUE_TILE);
    Coding coding = new Coding("value", format, Statement.Along.COLUMNS, PAGE_ROWS, width);
    for (int group = 0; group < layout.valueDim() / format.group(); group++) {
      int first = group * format.group();
      int end = first + format.group();
      coding.start();
      for (int channel = first; channel < end; channel += width) {
        loadValues(coding, from, channel, width);
        coding.join();
      }
      coding.scale();
      for (int channel = first; channel < end; channel += width) {
        if (format.group() > width) {
          loadValues(coding, from, channel, width);
        }
        coding.code();
        kernel.store(layout.valueChannels(codes, to, channel, width), coding.rows);
      }
      storeLines(
          coding, to, layout.valueSteps(), layout.valueMinima(), IntExpression.constant(group));
    }
  }

  private void loadValues(Coding coding, IntExpression from, int channel, int width) {
    kernel.load(coding.rows, layout.plainValues(source, from, channel, width));
  }

  /**
   * Minima, steps and codes of the rows of a tile, a group along one axis and one group along the
   * other.
   */
  private final class Coding {
    private final QuantisedFormat format;
    private final Statement.Along along;
    private final int lines;
    private final int length;
    private final String rows;
    private final String minimum;
    private final String maximum;
    private final String step;
    private final String found;
    private final String odd;
    private final String oddColumn;
    private final String oddElement;

    Coding(String name, QuantisedFormat format, Statement.Along along, int lines, int length) {
      this.format = format;
      this.along = along;
      this.lines = lines;
      this.length = length;
      rows = kernel.tile(name + "_rows", lines, length);
      minimum = group(name + "_minimum");
      maximum = group(name + "_maximum");
      step = group(name + "_step");
      found = group(name + "_found");
      odd = kernel.tile(name + "_odd", lines, length);
      oddColumn = kernel.tile(name + "_odd_column", lines, 1);
      oddElement = kernel.tile(name + "_odd_element", 1, 1);
    }

    private String group(String name) {
      return along == Statement.Along.COLUMNS
          ? kernel.tile(name, lines, 1)
          : kernel.tile(name, 1, length);
    }

    void start() {
      kernel.map(minimum, TileExpression.constant(Float.MAX_VALUE));
      kernel.map(maximum, TileExpression.constant(-Float.MAX_VALUE));
    }

    /** Takes the tile's rows into account. */
    void join() {
      kernel.reduce(found, Statement.ReduceOperator.MINIMUM, along, rows);
      kernel.map(minimum, TileExpression.element(minimum).minimum(TileExpression.element(found)));
      kernel.reduce(found, Statement.ReduceOperator.MAXIMUM, along, rows);
      kernel.map(maximum, TileExpression.element(maximum).maximum(TileExpression.element(found)));
    }

    void scale() {
      kernel.map(
          step,
          TileExpression.element(maximum)
              .minus(TileExpression.element(minimum))
              .over(TileExpression.constant(format.maximumCode()))
              .roundToHalf());
      kernel.map(minimum, TileExpression.element(minimum).roundToHalf());
    }

    /** Replaces the tile's rows by their codes. */
    void code() {
      TileExpression row = TileExpression.element(rows);
      TileExpression least = TileExpression.element(minimum);
      TileExpression width = TileExpression.element(step);
      TileExpression largest = TileExpression.constant(LARGEST_HALF);
      kernel.map(
          odd,
          row.equalTo(row)
              .and(TileExpression.constant(-LARGEST_HALF).lessOrEqual(least))
              .and(least.lessOrEqual(largest))
              .and(width.lessOrEqual(largest))
              .select(TileExpression.constant(0), TileExpression.constant(1)));
      kernel.maximumColumns(oddColumn, odd);
      kernel.maximumRows(oddElement, oddColumn);
      kernel.map(
          pageRefused,
          TileExpression.element(pageRefused).maximum(TileExpression.element(oddElement)));
      TileExpression most = TileExpression.constant(format.maximumCode());
      TileExpression none = TileExpression.constant(0);
      // Clamped before rounding too, so that what is rounded is never large.
      TileExpression place = row.minus(least).over(width).maximum(none).minimum(most);
      TileExpression sound = none.less(width).and(TileExpression.element(odd).equalTo(none));
      kernel.map(rows, sound.select(place.rint(), none));
    }
  }
}
