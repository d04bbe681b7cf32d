package dev.kvasir.codegen.verify;

import static dev.kvasir.ir.kernel.TileExpression.constant;
import static dev.kvasir.ir.kernel.TileExpression.element;
import static dev.kvasir.ir.kernel.TileExpression.uniform;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.codegen.skeleton.AppendRows;
import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.CandidateRoom;
import dev.kvasir.codegen.skeleton.Candidates;
import dev.kvasir.codegen.skeleton.ChooseRows;
import dev.kvasir.codegen.skeleton.CombineAttention;
import dev.kvasir.codegen.skeleton.CommitFold;
import dev.kvasir.codegen.skeleton.DecodeAttention;
import dev.kvasir.codegen.skeleton.DenseKernels;
import dev.kvasir.codegen.skeleton.ExpelRows;
import dev.kvasir.codegen.skeleton.FoldLists;
import dev.kvasir.codegen.skeleton.FoldRows;
import dev.kvasir.codegen.skeleton.FoldShape;
import dev.kvasir.codegen.skeleton.GatedProduct;
import dev.kvasir.codegen.skeleton.KernelBuilder;
import dev.kvasir.codegen.skeleton.MatrixFormat;
import dev.kvasir.codegen.skeleton.MovedMass;
import dev.kvasir.codegen.skeleton.PanelProducts;
import dev.kvasir.codegen.skeleton.PanelSizes;
import dev.kvasir.codegen.skeleton.PrefillAttention;
import dev.kvasir.codegen.skeleton.Product;
import dev.kvasir.codegen.skeleton.ProductBlock;
import dev.kvasir.codegen.skeleton.RestRows;
import dev.kvasir.codegen.skeleton.RowKernels;
import dev.kvasir.codegen.skeleton.ScoreRows;
import dev.kvasir.codegen.skeleton.ScoreShape;
import dev.kvasir.codegen.skeleton.StageRows;
import dev.kvasir.codegen.skeleton.StepMass;
import dev.kvasir.codegen.skeleton.StoreMixed;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.TileExpression.BinaryOperator;
import dev.kvasir.ir.kernel.TileExpression.UnaryOperator;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.Fold;
import dev.kvasir.ir.type.HeadGroup;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;

/** Kernels that together use every instruction, operator and element format. */
final class KernelSamples {

  private static final int ROWS = 3;

  /** Whole vectors of every width and a rest. */
  private static final int COLUMNS = 33;

  private static final IntExpression ZERO = IntExpression.constant(0);

  private KernelSamples() {}

  static List<Kernel> all() {
    List<Kernel> kernels = new ArrayList<>();
    for (ElementFormat format : List.of(ElementFormat.F32, ElementFormat.BF16, ElementFormat.F16)) {
      addSkeletons(kernels, format);
    }
    products(kernels, "_i8", MatrixFormat.of(ElementFormat.I8).scaled(ElementFormat.F32));
    kernels.add(RowKernels.rope("rope", 3, 34, 34));
    kernels.add(RowKernels.argmax("argmax", COLUMNS, COLUMNS));
    for (BinaryOperator operator : BinaryOperator.values()) {
      kernels.add(binary("float_" + name(operator), operator, "f", ElementFormat.F32));
      if (operator != BinaryOperator.DIVIDE) {
        kernels.add(binary("int_" + name(operator), operator, "i", ElementFormat.I32));
      }
    }
    for (UnaryOperator operator : UnaryOperator.values()) {
      kernels.add(unary("unary_" + name(operator), operator));
    }
    kernels.add(indices());
    kernels.add(reductions());
    kernels.add(stored(operands("quotients"), element("i").floorDivide(7), ElementFormat.I32));
    kernels.add(stored(operands("rests"), element("i").modulo(8), ElementFormat.I32));
    kernels.add(rows());
    addSelection(kernels);
    addFold(kernels);
    kernels.add(codes("codes_u8", ElementFormat.U8));
    kernels.add(codes("codes_u4", ElementFormat.U4));
    return kernels;
  }

  private static String name(Enum<?> operator) {
    return operator.name().toLowerCase(Locale.ROOT);
  }

  private static void addSkeletons(List<Kernel> kernels, ElementFormat format) {
    OptionalInt none = OptionalInt.empty();
    AttentionShape shape =
        new AttentionShape(
            6,
            2,
            32,
            96,
            0.2,
            SegmentPart.of(
                new HeadGroup(
                    List.of(0),
                    List.of(
                        CacheSegment.of(CacheSegment.Kind.SINK, format, 4, none),
                        CacheSegment.of(CacheSegment.Kind.RING, format, 64, none)))),
            256);
    String suffix = "_" + format.text();
    kernels.add(DecodeAttention.build("decode" + suffix, shape, 2, 4));
    AttentionShape compensated = new AttentionShape(6, 2, 32, 96, 0.2, shape.segments(), 256, true);
    kernels.add(DecodeAttention.build("compensated" + suffix, compensated, 2, 4));
    kernels.add(ExpelRows.ofRun("expel" + suffix, compensated));
    kernels.add(CombineAttention.build("combine" + suffix, shape, 4));
    kernels.add(PrefillAttention.build("prefill" + suffix, shape, 16, 2));
    kernels.add(AppendRows.build("append" + suffix, shape));
    kernels.add(StageRows.build("stage" + suffix, shape, 2));
    kernels.add(
        DenseKernels.gatedProduct(
            new GatedProduct(
                "gated" + suffix,
                24,
                19,
                MatrixFormat.of(format),
                MatrixFormat.of(ElementFormat.BF16)),
            ProductBlock.of(24, 19, 1 << 17)));
    products(kernels, suffix, MatrixFormat.of(format));
    kernels.add(RowKernels.rmsNorm("norm" + suffix, 1, 21, 1e-5, format, 21));
    kernels.add(RowKernels.embedding("embedding" + suffix, COLUMNS, format, COLUMNS));
  }

  private static void addSelection(List<Kernel> kernels) {
    int room = CandidateRoom.of(100).elements();
    ScoreShape.Score largest = new ScoreShape.Maximum();
    kernels.add(ScoreRows.build("pooled", new ScoreShape(3, 1, 7, largest, room)));
    kernels.add(ScoreRows.build("in_windows", new ScoreShape(8, 8, 1, largest, room)));
    ScoreShape.Score average = new ScoreShape.Average();
    kernels.add(ScoreRows.build("averaged", new ScoreShape(1, 5, 1, average, room)));
    ScoreShape.Score byTask = new ScoreShape.ByTask();
    kernels.add(ScoreRows.build("as_asked", new ScoreShape(3, 8, 1, byTask, room)));
    ScoreShape.Score random = new ScoreShape.Random(1);
    kernels.add(ScoreRows.build("drawn", new ScoreShape(1, 5, 1, random, room)));
    kernels.add(ChooseRows.build("chosen_rows", 1, room, 64));
    kernels.add(ChooseRows.build("chosen_windows", 5, room, 64));
  }

  private static void addFold(List<Kernel> kernels) {
    OptionalInt none = OptionalInt.empty();
    List<CacheSegment> segments =
        List.of(
            CacheSegment.of(CacheSegment.Kind.SLOTS, ElementFormat.BF16, 20, none),
            CacheSegment.of(CacheSegment.Kind.TAIL, ElementFormat.BF16, 70, none));
    AttentionShape shape =
        new AttentionShape(
            6, 2, 32, 96, 0.2, SegmentPart.of(new HeadGroup(List.of(0), segments)), 256);
    FoldShape fold = new FoldShape(shape, new Fold(20, 70, 5, 9), 100);
    kernels.add(StepMass.build("step_mass", fold));
    kernels.add(MovedMass.carry("carry_mass", fold));
    kernels.add(MovedMass.take("take_mass", fold));
    kernels.add(FoldLists.build("fold_lists", fold));
    kernels.add(RestRows.gather("rest_rows", fold, new Candidates.Source(true, 2, fold.room())));
    kernels.add(RestRows.columns("rest_columns", fold));
    kernels.add(FoldRows.build("fold_rows", fold, 9));
    kernels.add(StoreMixed.build("store_mixed", fold));
    kernels.add(CommitFold.build("commit_fold", fold, true));
  }

  private static void products(List<Kernel> kernels, String suffix, MatrixFormat matrix) {
    Product product = new Product("product" + suffix, 48, 101, matrix, true);
    kernels.add(DenseKernels.product(product, ProductBlock.of(48, 101, 1 << 17)));
    Product panels = new Product("panels" + suffix, 26, 37, matrix, true);
    kernels.add(PanelProducts.product(panels, new PanelSizes(64, 13, 16)));
  }

  /** Loads f, g, i, j of [ROWS, COLUMNS]. */
  private static KernelBuilder operands(String name) {
    KernelBuilder kernel = new KernelBuilder(name);
    kernel.reads("floats", ElementFormat.F32);
    kernel.reads("ints", ElementFormat.I32);
    for (String tile : List.of("f", "g")) {
      kernel.load(kernel.tile(tile, ROWS, COLUMNS), view("floats"));
    }
    for (String tile : List.of("i", "j")) {
      kernel.load(kernel.intTile(tile, ROWS, COLUMNS), view("ints"));
    }
    return kernel;
  }

  private static View view(String buffer) {
    return View.rows(buffer, ROWS, COLUMNS, ZERO, COLUMNS);
  }

  private static Kernel stored(KernelBuilder kernel, TileExpression value, ElementFormat format) {
    kernel.writes("y", format);
    String result =
        format == ElementFormat.I32
            ? kernel.intTile("result", ROWS, COLUMNS)
            : kernel.tile("result", ROWS, COLUMNS);
    kernel.map(result, value);
    kernel.store(view("y"), result);
    return kernel.build();
  }

  private static Kernel binary(
      String name, BinaryOperator operator, String left, ElementFormat format) {
    TileExpression a = element(left);
    TileExpression b = element(left.equals("f") ? "g" : "j");
    TileExpression yes =
        format == ElementFormat.I32 ? uniform(IntExpression.constant(1)) : constant(1);
    TileExpression no =
        format == ElementFormat.I32 ? uniform(IntExpression.constant(2)) : constant(2);
    TileExpression value =
        switch (operator) {
          case AND, OR ->
              new TileExpression.Binary(operator, a.less(b), element("f").lessOrEqual(element("g")))
                  .select(yes, no);
          case LESS, LESS_OR_EQUAL, EQUAL ->
              new TileExpression.Binary(operator, a, b).select(yes, no);
          case ADD, SUBTRACT, MULTIPLY, DIVIDE, MINIMUM, MAXIMUM ->
              new TileExpression.Binary(operator, a, b);
        };
    return stored(operands(name), value, format);
  }

  private static Kernel unary(String name, UnaryOperator operator) {
    boolean integer = operator == UnaryOperator.TO_FLOAT || operator == UnaryOperator.FROM_BITS;
    TileExpression operand = element(integer ? "i" : "f");
    return stored(operands(name), new TileExpression.Unary(operator, operand), ElementFormat.F32);
  }

  private static Kernel indices() {
    KernelBuilder kernel = operands("indices");
    TileExpression sum =
        new TileExpression.RowIndex()
            .plus(new TileExpression.ColumnIndex())
            .times(uniform(kernel.dim("n")));
    // Conditions over floats choose integers and the other way round.
    TileExpression value = element("f").less(element("g")).select(sum, element("i"));
    return stored(kernel, value, ElementFormat.I32);
  }

  private static Kernel reductions() {
    KernelBuilder kernel = operands("reductions");
    kernel.writes("y", ElementFormat.F32);
    for (Statement.ReduceOperator operator :
        List.of(
            Statement.ReduceOperator.SUM,
            Statement.ReduceOperator.MAXIMUM,
            Statement.ReduceOperator.MINIMUM)) {
      String column = kernel.tile("column_" + name(operator), ROWS, 1);
      kernel.reduce(column, operator, Statement.Along.COLUMNS, "f");
      kernel.store(View.rows("y", ROWS, 1, ZERO, 1), column);
      String row = kernel.tile("row_" + name(operator), 1, COLUMNS);
      kernel.reduce(row, operator, Statement.Along.ROWS, "f");
      kernel.store(View.rows("y", 1, COLUMNS, ZERO, COLUMNS), row);
    }
    return kernel.build();
  }

  /** Joins, sums and scatters integers. */
  private static Kernel rows() {
    KernelBuilder kernel = operands("rows");
    kernel.writes("y", ElementFormat.I32);
    kernel.writes("z", ElementFormat.F32);
    String row = kernel.intTile("row_of_all", 1, COLUMNS);
    String number = kernel.tile("number_of_all", 1, COLUMNS);
    String sums = kernel.intTile("sums", 1, COLUMNS);
    String total = kernel.intTile("total", 1, 1);
    for (Statement.ReduceOperator operator :
        List.of(
            Statement.ReduceOperator.SUM,
            Statement.ReduceOperator.MAXIMUM,
            Statement.ReduceOperator.MINIMUM)) {
      kernel.reduce(row, operator, Statement.Along.ROWS, "i");
    }
    kernel.reduce(total, Statement.ReduceOperator.SUM, Statement.Along.COLUMNS, row);
    kernel.map(number, element(row).toFloat());
    kernel.scan(sums, total, row);
    kernel.scatter("y", ZERO, sums, row);
    kernel.scatter("z", ZERO, sums, number);
    return kernel.build();
  }

  /** Reads codes, multiplies by them and writes codes. */
  private static Kernel codes(String name, ElementFormat format) {
    KernelBuilder kernel = new KernelBuilder(name);
    kernel.reads("codes", format);
    kernel.writes("y", format);
    kernel.writes("sums", ElementFormat.F32);
    String tile = kernel.tile("values", 16, 32);
    kernel.load(tile, View.rows("codes", 16, 32, ZERO, 32));
    String sums = kernel.tile("total", 16, 16);
    kernel.dotNT(sums, tile, View.rows("codes", 16, 32, ZERO, 32));
    kernel.store(View.rows("sums", 16, 16, ZERO, 16), sums);
    kernel.map(tile, element(tile).minimum(constant(3)).rint());
    kernel.store(View.rows("y", 16, 32, ZERO, 32), tile);
    return kernel.build();
  }
}
