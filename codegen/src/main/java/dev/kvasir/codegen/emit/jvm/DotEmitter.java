package dev.kvasir.codegen.emit.jvm;

import static dev.kvasir.codegen.emit.jvm.Descriptors.*;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.List;

/**
 * Contractions. Two register-blocked bodies serve all of them:
 *
 * <ul>
 *   <li><b>outer</b>: up to 4 rows x 4 vectors of accumulators; each term loads the vectors of one
 *       buffer line and broadcasts one number a row. For keys stored column by column and for
 *       values: every line is read once, in order, without a reduction.
 *   <li><b>inner</b>: up to 4 x 4 accumulators along the contracted axis, reduced at the end. For
 *       row-major weights.
 * </ul>
 */
final class DotEmitter {

  private static final int ROW_BLOCK = 4;
  private static final int VECTOR_BLOCK = 4;

  private final Emission emission;
  private final Kernel kernel;

  DotEmitter(Emission emission, Kernel kernel) {
    this.emission = emission;
    this.kernel = kernel;
  }

  /**
   * The broadcast side: a tile or an f32 view, row-major.
   *
   * @param view whether it lies in a buffer
   * @param rowStride elements from one row to the next
   */
  private record Left(boolean view, int rowStride) {}

  /** A run of columns: {@code vectors} times {@code lanes}, from {@code first}. */
  private record Block(int first, int vectors, int lanes) {}

  /** A loop over equal steps. */
  private record Run(int from, int to, int step) {}

  /** Everything static about an outer body; equal keys share one method. */
  private record Outer(
      Left left,
      int rows,
      int vectors,
      int lanes,
      int terms,
      long lineBytes,
      int resultStride,
      ElementFormat format,
      boolean accumulate,
      boolean guarded) {}

  /** Everything static about an inner body; equal keys share one method. */
  private record Inner(
      Left left,
      int rows,
      int columns,
      int lanes,
      int fromTerm,
      int toTerm,
      long lineBytes,
      int resultStride,
      ElementFormat format,
      boolean accumulate) {}

  /** Writes the phase of a {@code dot.nt} and returns its name. */
  String dotNT(Statement.DotNT dot, PhaseArguments arguments) {
    Kernel.Tile result = kernel.tile(dot.tile());
    View right = dot.right();
    Left left =
        switch (dot.left()) {
          case Statement.Operand.OfTile(String tile) ->
              new Left(false, kernel.tile(tile).columns());
          case Statement.Operand.OfView(View view) -> new Left(true, rowStride(view));
        };
    int segment = arguments.segment(right.buffer());
    int origin = arguments.origin(right, 0);
    Sides sides = sides(dot, arguments, segment, origin);
    return emission.method(
        "dot_nt",
        arguments.type(),
        code -> {
          switch (right.layout()) {
            case View.Layout.Columns columns ->
                outer(
                    code,
                    sides,
                    left,
                    result,
                    0,
                    right.rows(),
                    right.columns(),
                    columns.leading(),
                    dot.accumulate(),
                    false);
            case View.Layout.Rows rows -> inner(code, sides, left, result, right, rows, dot);
            case View.Layout.Tiles _ ->
                throw new IllegalStateException("dot.nt over tiles is never generated");
          }
          code.return_();
        });
  }

  /** Writes the phase of a {@code dot.nn} and returns its name. */
  String dotNN(Statement.DotNN dot, PhaseArguments arguments) {
    Kernel.Tile result = kernel.tile(dot.tile());
    View right = dot.right();
    Kernel.Tile probabilities = kernel.tile(dot.left());
    Left left = new Left(false, probabilities.columns());
    int segment = arguments.segment(right.buffer());
    ElementFormat format = kernel.buffer(right.buffer()).format();
    record Piece(int first, int columns, int stride, int origin) {}
    List<Piece> pieces = new ArrayList<>();
    switch (right.layout()) {
      case View.Layout.Rows rows ->
          pieces.add(
              new Piece(
                  0,
                  right.columns(),
                  Math.toIntExact(rows.rowStride()),
                  arguments.origin(right, 0)));
      case View.Layout.Tiles tiles -> {
        for (int first = 0; first < right.columns(); first += tiles.width()) {
          int width = tiles.widthAt(first);
          int columns = Math.min(width, right.columns() - first);
          pieces.add(new Piece(first, columns, width, arguments.origin(right, first)));
        }
      }
      case View.Layout.Columns _ ->
          throw new IllegalStateException("dot.nn over columns is never generated");
    }
    int leftOffset = emission.frame().offset(dot.left());
    return emission.method(
        "dot_nn",
        arguments.type(),
        code -> {
          for (Piece piece : pieces) {
            Sides sides = new Sides(segment, piece.origin(), format, -1, -1, leftOffset);
            outer(
                code,
                sides,
                left,
                result,
                piece.first(),
                piece.columns(),
                right.rows(),
                piece.stride(),
                true,
                dot.guarded());
          }
          code.return_();
        });
  }

  /** Where both operands lie in the phase's parameters. */
  private record Sides(
      int segment,
      int origin,
      ElementFormat format,
      int leftSegment,
      int leftOrigin,
      int leftOffset) {}

  private Sides sides(Statement.DotNT dot, PhaseArguments arguments, int segment, int origin) {
    ElementFormat format = kernel.buffer(dot.right().buffer()).format();
    return switch (dot.left()) {
      case Statement.Operand.OfTile(String tile) ->
          new Sides(segment, origin, format, -1, -1, emission.frame().offset(tile));
      case Statement.Operand.OfView(View view) ->
          new Sides(
              segment,
              origin,
              format,
              arguments.segment(view.buffer()),
              arguments.origin(view, 0),
              -1);
    };
  }

  private static int rowStride(View view) {
    if (view.layout() instanceof View.Layout.Rows rows && rows.groupStride() == 0) {
      return Math.toIntExact(rows.rowStride());
    }
    throw new IllegalStateException("the left view of a dot has evenly spaced rows");
  }

  private List<Block> blocks(int columns, int rows) {
    List<Block> blocks = new ArrayList<>();
    int most = Math.min(VECTOR_BLOCK, Math.max(1, emission.accumulators() / rows));
    int first = 0;
    for (int width : List.of(emission.lanes(), 1)) {
      while (columns - first >= width) {
        int vectors = Math.min(most, (columns - first) / width);
        blocks.add(new Block(first, vectors, width));
        first += vectors * width;
      }
    }
    return blocks;
  }

  private void outer(
      CodeBuilder code,
      Sides sides,
      Left left,
      Kernel.Tile result,
      int resultColumn,
      int columns,
      int terms,
      int lineStride,
      boolean accumulate,
      boolean guarded) {
    int resultOffset = emission.frame().offset(result.name()) + resultColumn;
    int elementBytes = sides.format().bytes();
    for (Run rowRun : runs(result.rows(), ROW_BLOCK)) {
      for (Block block : blocks(columns, rowRun.step())) {
        Outer key =
            new Outer(
                left,
                rowRun.step(),
                block.vectors(),
                block.lanes(),
                terms,
                (long) lineStride * elementBytes,
                result.columns(),
                sides.format(),
                accumulate,
                guarded);
        String body = emission.sharedMethod("outer", key, bodyType(left), b -> outerBody(b, key));
        Emission.loop(
            code,
            rowRun.from(),
            rowRun.to(),
            rowRun.step(),
            row -> {
              pushSides(code, sides, left, row, (long) block.first() * elementBytes, -1, 0);
              Emission.pushInt(code, -1, resultOffset + block.first(), row, result.columns());
              code.invokestatic(emission.self(), body, bodyType(left));
            });
      }
    }
  }

  /**
   * (tile floats, right segment, right origin, [left segment, left origin | left index], result).
   */
  private static MethodTypeDesc bodyType(Left left) {
    return left.view()
        ? MethodTypeDesc.of(CD_void, FLOAT_ARRAY, SEGMENT, CD_long, SEGMENT, CD_long, CD_int)
        : MethodTypeDesc.of(CD_void, FLOAT_ARRAY, SEGMENT, CD_long, CD_int, CD_int);
  }

  private void pushSides(
      CodeBuilder code,
      Sides sides,
      Left left,
      int row,
      long rightConstant,
      int column,
      long columnBytes) {
    code.aload(PhaseArguments.FLOATS).aload(sides.segment());
    Emission.pushLong(code, sides.origin(), rightConstant, column, columnBytes);
    if (left.view()) {
      code.aload(sides.leftSegment());
      Emission.pushLong(code, sides.leftOrigin(), 0, row, (long) left.rowStride() * Float.BYTES);
    } else {
      Emission.pushInt(code, -1, sides.leftOffset(), row, left.rowStride());
    }
  }

  private static final int BODY_SEGMENT = 1;
  private static final int BODY_ORIGIN = 2;
  private static final int BODY_LEFT = 4;

  private static int resultSlot(Left left) {
    return left.view() ? BODY_LEFT + 3 : BODY_LEFT + 1;
  }

  /** Pushes left[row, term + variable]. */
  private static void pushLeft(
      CodeBuilder code, Lanes lanes, Left left, int element, int variable) {
    if (left.view()) {
      lanes.loadBuffer(
          ElementFormat.F32,
          BODY_LEFT,
          () ->
              Emission.pushLong(
                  code, BODY_LEFT + 1, (long) element * Float.BYTES, variable, Float.BYTES));
    } else {
      lanes.loadFloats(
          PhaseArguments.FLOATS, () -> Emission.pushInt(code, BODY_LEFT, element, variable, 1));
    }
  }

  private void outerBody(CodeBuilder code, Outer key) {
    Lanes lanes = new Lanes(code, key.lanes());
    Lanes scalar = new Lanes(code, 1);
    int resultSlot = resultSlot(key.left());
    int[][] sums = new int[key.rows()][key.vectors()];
    for (int row = 0; row < key.rows(); row++) {
      for (int vector = 0; vector < key.vectors(); vector++) {
        int at = row * key.resultStride() + vector * key.lanes();
        sums[row][vector] = code.allocateLocal(lanes.floatKind());
        if (key.accumulate()) {
          lanes.loadFloats(
              PhaseArguments.FLOATS, () -> Emission.pushInt(code, resultSlot, at, -1, 0));
        } else {
          lanes.zero();
        }
        code.storeLocal(lanes.floatKind(), sums[row][vector]);
      }
    }
    Emission.loop(
        code,
        0,
        key.terms(),
        1,
        term -> {
          int[] line = new int[key.vectors()];
          for (int vector = 0; vector < key.vectors(); vector++) {
            long at = (long) vector * key.lanes() * key.format().bytes();
            lanes.loadBuffer(
                key.format(),
                BODY_SEGMENT,
                () -> Emission.pushLong(code, BODY_ORIGIN, at, term, key.lineBytes()));
            line[vector] = code.allocateLocal(lanes.floatKind());
            code.storeLocal(lanes.floatKind(), line[vector]);
          }
          int factor = code.allocateLocal(lanes.floatKind());
          for (int row = 0; row < key.rows(); row++) {
            pushLeft(code, scalar, key.left(), row * key.left().rowStride(), term);
            lanes.broadcastFloat();
            code.storeLocal(lanes.floatKind(), factor);
            for (int vector = 0; vector < key.vectors(); vector++) {
              addTerm(code, lanes, key.guarded(), line[vector], factor, sums[row][vector]);
            }
          }
        });
    for (int row = 0; row < key.rows(); row++) {
      for (int vector = 0; vector < key.vectors(); vector++) {
        int at = row * key.resultStride() + vector * key.lanes();
        code.loadLocal(lanes.floatKind(), sums[row][vector]);
        lanes.storeFloats(
            PhaseArguments.FLOATS, () -> Emission.pushInt(code, resultSlot, at, -1, 0));
      }
    }
    code.return_();
  }

  /** sum = line * factor + sum; guarded, a factor of 0 leaves the sum as it is. */
  private static void addTerm(
      CodeBuilder code, Lanes lanes, boolean guarded, int line, int factor, int sum) {
    TypeKind kind = lanes.floatKind();
    if (!guarded) {
      code.loadLocal(kind, line).loadLocal(kind, factor).loadLocal(kind, sum);
      lanes.fma();
      code.storeLocal(kind, sum);
      return;
    }
    if (lanes.isVector()) {
      code.aload(line).aload(factor).aload(sum);
      lanes.fma();
      code.aload(sum).aload(factor);
      lanes.operator(COMPARISON, "EQ");
      code.fconst_0()
          .invokevirtual(FLOAT_VECTOR, "compare", COMPARE_FLOAT)
          .invokevirtual(FLOAT_VECTOR, "blend", FLOAT_BLEND)
          .astore(sum);
    } else {
      var skip = code.newLabel();
      code.fload(factor).fconst_0().fcmpl().ifeq(skip);
      code.fload(line).fload(factor).fload(sum);
      lanes.fma();
      code.fstore(sum).labelBinding(skip);
    }
  }

  private void inner(
      CodeBuilder code,
      Sides sides,
      Left left,
      Kernel.Tile result,
      View right,
      View.Layout.Rows layout,
      Statement.DotNT dot) {
    if (layout.groupStride() != 0) {
      throw new IllegalStateException("the right view of a dot has evenly spaced rows");
    }
    int terms = right.columns();
    int vectorTerms = terms / emission.lanes() * emission.lanes();
    long lineBytes = layout.rowStride() * sides.format().bytes();
    int resultOffset = emission.frame().offset(result.name());
    int rowBlock = Math.min(ROW_BLOCK, result.rows());
    int columnBlock = emission.lanes() == 16 ? 4 : rowBlock >= 4 ? 2 : 4;
    boolean accumulate = dot.accumulate();
    for (int lanes : List.of(emission.lanes(), 1)) {
      int from = lanes == 1 ? vectorTerms : 0;
      int to = lanes == 1 ? terms : vectorTerms;
      if (from == to) {
        continue;
      }
      for (Run rowRun : runs(result.rows(), rowBlock)) {
        for (Run columnRun : runs(result.columns(), columnBlock)) {
          Inner key =
              new Inner(
                  left,
                  rowRun.step(),
                  columnRun.step(),
                  lanes,
                  from,
                  to,
                  lineBytes,
                  result.columns(),
                  sides.format(),
                  accumulate);
          String body = emission.sharedMethod("inner", key, bodyType(left), b -> innerBody(b, key));
          Emission.loop(
              code,
              columnRun.from(),
              columnRun.to(),
              columnRun.step(),
              column ->
                  Emission.loop(
                      code,
                      rowRun.from(),
                      rowRun.to(),
                      rowRun.step(),
                      row -> {
                        pushSides(code, sides, left, row, 0, column, lineBytes);
                        Emission.pushInt(code, -1, resultOffset, row, result.columns());
                        code.iload(column).iadd();
                        code.invokestatic(emission.self(), body, bodyType(left));
                      }));
        }
      }
      accumulate = true;
    }
  }

  /** Cuts an extent into whole steps and a rest. */
  private static List<Run> runs(int extent, int step) {
    List<Run> runs = new ArrayList<>();
    int whole = extent / step * step;
    if (whole > 0) {
      runs.add(new Run(0, whole, step));
    }
    if (whole < extent) {
      runs.add(new Run(whole, extent, extent - whole));
    }
    return runs;
  }

  private void innerBody(CodeBuilder code, Inner key) {
    Lanes lanes = new Lanes(code, key.lanes());
    int resultSlot = resultSlot(key.left());
    TypeKind kind = lanes.floatKind();
    int[][] sums = new int[key.rows()][key.columns()];
    for (int[] row : sums) {
      for (int column = 0; column < row.length; column++) {
        row[column] = code.allocateLocal(kind);
        lanes.zero();
        code.storeLocal(kind, row[column]);
      }
    }
    Emission.loop(
        code,
        key.fromTerm(),
        key.toTerm(),
        key.lanes(),
        term -> {
          int[] factors = new int[key.rows()];
          for (int row = 0; row < key.rows(); row++) {
            pushLeft(code, lanes, key.left(), row * key.left().rowStride(), term);
            factors[row] = code.allocateLocal(kind);
            code.storeLocal(kind, factors[row]);
          }
          int line = code.allocateLocal(kind);
          for (int column = 0; column < key.columns(); column++) {
            long at = column * key.lineBytes();
            lanes.loadBuffer(
                key.format(),
                BODY_SEGMENT,
                () -> Emission.pushLong(code, BODY_ORIGIN, at, term, key.format().bytes()));
            code.storeLocal(kind, line);
            for (int row = 0; row < key.rows(); row++) {
              addTerm(code, lanes, false, line, factors[row], sums[row][column]);
            }
          }
        });
    Lanes scalar = new Lanes(code, 1);
    for (int row = 0; row < key.rows(); row++) {
      for (int column = 0; column < key.columns(); column++) {
        int at = row * key.resultStride() + column;
        code.loadLocal(kind, sums[row][column]);
        lanes.sumLanes();
        if (key.accumulate()) {
          scalar.loadFloats(
              PhaseArguments.FLOATS, () -> Emission.pushInt(code, resultSlot, at, -1, 0));
          code.fadd();
        }
        scalar.storeFloats(
            PhaseArguments.FLOATS, () -> Emission.pushInt(code, resultSlot, at, -1, 0));
      }
    }
    code.return_();
  }
}
