package dev.kvasir.codegen.emit.tornado;

import static dev.kvasir.codegen.emit.tornado.SmallKernel.unary;
import static dev.kvasir.codegen.emit.tornado.SmallKernel.whole;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.View;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Integers that all threads share, and the branches they take, lowered, do what the interpreter
 * does.
 */
final class TornadoUniformTest {

  private final Trial trial = new Trial();

  @Test
  void computesUniformIntegersExactly() {
    IntExpression.IntOperator[] operators = IntExpression.IntOperator.values();
    IntExpression left =
        new IntExpression.BufferElement("source", new IntExpression.Axis("sequence"));
    IntExpression right = new IntExpression.Dimension("divisor");
    Statement[] body = new Statement[operators.length + 2];
    TileExpression all = TileExpression.uniform(IntExpression.constant(0));
    for (int i = 0; i < operators.length; i++) {
      body[i] = new Statement.Let("x" + i, new IntExpression.Binary(operators[i], left, right));
      TileExpression here =
          new TileExpression.Binary(
              TileExpression.BinaryOperator.EQUAL,
              new TileExpression.ColumnIndex(),
              TileExpression.uniform(IntExpression.constant(i)));
      all = here.select(TileExpression.uniform(new IntExpression.Variable("x" + i)), all);
    }
    body[operators.length] = new Statement.Map("t", all);
    body[operators.length + 1] =
        new Statement.Store(
            View.rows("out", 1, operators.length, new IntExpression.Axis("sequence"), 13), "t");
    Kernel kernel =
        new SmallKernel()
            .readsInts("source")
            .writesInts("out")
            .dim("divisor")
            .intTile("t", 1, operators.length)
            .of(body);
    new TwinRun(kernel)
        .ints("source", -7, -6, -1, 0, 1, 2, 6, 7, 2)
        .ints("out", new int[9 * 13])
        .agree(
            trial.description(),
            trial.device(),
            new int[][] {{3}, {3}, {3}, {3}, {3}, {1}, {3}, {3}, {2}},
            9);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 64, 100})
  void dividesByConstantsOfAnySign(int divisor) {
    IntExpression value =
        new IntExpression.BufferElement("source", new IntExpression.Axis("sequence"));
    TileExpression column = new TileExpression.ColumnIndex();
    TileExpression first = column.equalTo(TileExpression.uniform(IntExpression.constant(0)));
    TileExpression second = column.equalTo(TileExpression.uniform(IntExpression.constant(1)));
    Kernel kernel =
        new SmallKernel()
            .readsInts("source")
            .writesInts("out")
            .intTile("t", 1, 3)
            .of(
                new Statement.Map(
                    "t",
                    first.select(
                        TileExpression.uniform(value.floorDivide(divisor)),
                        second.select(
                            TileExpression.uniform(value.ceilDivide(divisor)),
                            TileExpression.uniform(value.modulo(divisor))))),
                new Statement.Store(
                    View.rows("out", 1, 3, new IntExpression.Axis("sequence"), 3), "t"));
    int[] values = {-129, -128, -65, -64, -1, 0, 1, 63, 64, 65, 207, Integer.MAX_VALUE};
    new TwinRun(kernel)
        .ints("source", values)
        .ints("out", new int[3 * values.length])
        .agree(trial.description(), trial.device(), new int[values.length][0], values.length);
  }

  @Test
  void runsLoopsAndBranchesUniformly() {
    IntExpression i = new IntExpression.Variable("i");
    IntExpression limit = new IntExpression.TileElement("n", 0, 0);
    TileExpression t = TileExpression.element("t");
    TileExpression sum = TileExpression.element("sum");
    Kernel kernel =
        new SmallKernel()
            .reads("source")
            .readsInts("counts")
            .writes("out")
            .tile("t", 3, 60)
            .tile("sum", 3, 1)
            .intTile("n", 1, 1)
            .of(
                new Statement.Load("t", whole("source", 3, 60)),
                new Statement.Load("n", whole("counts", 1, 1)),
                new Statement.For(
                    "i",
                    IntExpression.constant(1),
                    limit,
                    List.of(
                        new Statement.Reduce(
                            "sum", Statement.ReduceOperator.SUM, Statement.Along.COLUMNS, "t"),
                        new Statement.If(
                            i.modulo(2).equalTo(IntExpression.constant(0)),
                            List.of(
                                new Statement.Let("x", i.plus(1)),
                                new Statement.Map(
                                    "t",
                                    t.minus(
                                        sum.times(
                                            unary(
                                                TileExpression.UnaryOperator.TO_FLOAT,
                                                TileExpression.uniform(
                                                    new IntExpression.Variable("x"))))))),
                            List.of(
                                new Statement.Let("x", i.times(i)),
                                new Statement.If(
                                    new IntExpression.Variable("x").less(IntExpression.constant(9)),
                                    List.of(
                                        new Statement.Map(
                                            "t", t.times(0.5f).plus(sum.times(0.01f)))),
                                    List.of()))),
                        // Changing the bound of the running loop changes nothing.
                        new Statement.Map(
                            "n", TileExpression.element("n").plus(TileExpression.uniform(limit))))),
                new Statement.Store(whole("out", 3, 60), "t"));
    for (int count : new int[] {-1, 1, 2, 6}) {
      new TwinRun(kernel)
          .floats("source", trial.normal(180))
          .ints("counts", count)
          .poison("out", 180)
          .agree(trial.description() + ", count " + count, trial.device(), Trial.NO_DIMS, 1);
    }
  }
}
