package dev.kvasir.codegen.emit.tornado;

import static dev.kvasir.codegen.emit.tornado.SmallKernel.unary;
import static dev.kvasir.codegen.emit.tornado.SmallKernel.whole;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.TileExpression;
import org.junit.jupiter.api.Test;

/** Maps of tiles, lowered, do what the interpreter does. */
final class TornadoMapsTest {

  private final Trial trial = new Trial();

  @Test
  void mapsFloatsWithBroadcasts() {
    TileExpression a = TileExpression.element("a");
    TileExpression row = TileExpression.element("across");
    TileExpression column = TileExpression.element("down");
    TileExpression one = TileExpression.element("one");
    TileExpression two = TileExpression.constant(2);
    Kernel kernel =
        new SmallKernel()
            .reads("source")
            .writes("out")
            .tile("a", 6, 50)
            .tile("across", 1, 50)
            .tile("down", 6, 1)
            .tile("one", 1, 1)
            .tile("b", 6, 50)
            .of(
                new Statement.Load("a", whole("source", 6, 50)),
                new Statement.Load("across", whole("source", 1, 50)),
                new Statement.Load("down", whole("source", 6, 1)),
                new Statement.Load("one", whole("source", 1, 1)),
                new Statement.Map("b", a.plus(row).minus(column).times(one)),
                new Statement.Map(
                    "b",
                    a.less(row)
                        .or(column.lessOrEqual(one))
                        .and(
                            new TileExpression.Binary(
                                TileExpression.BinaryOperator.EQUAL, one, one))
                        .select(
                            TileExpression.element("b").over(two),
                            a.maximum(column)
                                .plus(
                                    new TileExpression.Binary(
                                        TileExpression.BinaryOperator.MINIMUM, a, row)))),
                new Statement.Map(
                    "a",
                    unary(TileExpression.UnaryOperator.RSQRT, a.times(a).plus(two))
                        .plus(unary(TileExpression.UnaryOperator.LOG2, a.times(a).plus(two)))),
                new Statement.Map("across", TileExpression.element("across").exp2()),
                new Statement.Map(
                    "b", TileExpression.element("b").plus(TileExpression.element("a")).times(row)),
                new Statement.Store(whole("out", 6, 50), "b"));
    trial.agree(new TwinRun(kernel).floats("source", trial.normal(300)).poison("out", 300));
  }

  @Test
  void mapsIntegersAndTruth() {
    TileExpression a = TileExpression.element("a");
    TileExpression row = new TileExpression.RowIndex();
    TileExpression column = new TileExpression.ColumnIndex();
    TileExpression dim = TileExpression.uniform(new IntExpression.Dimension("n"));
    // The uniform element of the target itself is taken before any element changes.
    TileExpression corner = TileExpression.uniform(new IntExpression.TileElement("a", 2, 3));
    Kernel kernel =
        new SmallKernel()
            .readsInts("source")
            .writesInts("out")
            .writes("floats")
            .dim("n")
            .intTile("a", 5, 40)
            .tile("f", 5, 40)
            .of(
                new Statement.Load("a", whole("source", 5, 40)),
                new Statement.Map("a", a.plus(corner).minus(row.times(dim)).plus(column)),
                new Statement.Map(
                    "a",
                    a.less(dim)
                        .and(row.lessOrEqual(column))
                        .or(new TileExpression.Binary(TileExpression.BinaryOperator.EQUAL, a, dim))
                        .select(
                            a.maximum(column),
                            new TileExpression.Binary(
                                TileExpression.BinaryOperator.MINIMUM, a, row))),
                new Statement.Map("f", unary(TileExpression.UnaryOperator.TO_FLOAT, a)),
                new Statement.Store(whole("out", 5, 40), "a"),
                new Statement.Store(whole("floats", 5, 40), "f"));
    new TwinRun(kernel)
        .ints("source", trial.random().ints(200, -50, 50).toArray())
        .ints("out", new int[200])
        .poison("floats", 200)
        .agree(trial.description(), trial.device(), new int[][] {{3}}, 1);
  }

  @Test
  void powersOfTwoKeepTheirRelativeError() {
    int rows = 16;
    int columns = 256;
    Kernel kernel =
        new SmallKernel()
            .reads("source")
            .writes("out")
            .tile("t", rows, columns)
            .of(
                new Statement.Load("t", whole("source", rows, columns)),
                new Statement.Map("t", TileExpression.element("t").exp2()),
                new Statement.Store(whole("out", rows, columns), "t"));
    float[] in = new float[rows * columns];
    for (int i = 0; i < in.length; i++) {
      in[i] = trial.random().nextFloat(-126, 126);
    }
    float[] edges = {-1e30f, -126.00001f, -126, -125.5f, -1e-9f, 0, 1e-9f, 0.99999994f, 1, 126};
    System.arraycopy(edges, 0, in, 0, edges.length);
    in[edges.length] = 1e30f;
    TwinRun run = new TwinRun(kernel).floats("source", in).poison("out", in.length);
    run.run(trial.device(), Trial.NO_DIMS, 1);
    float[] out = run.floatsOnDevice("out");
    for (int i = 0; i < in.length; i++) {
      double exact = in[i] < -126 ? 0 : Math.pow(2, Math.min(in[i], 126));
      assertThat((double) out[i])
          .as("%s, 2^%s", trial.description(), in[i])
          .isCloseTo(exact, offset(2.5e-7 * exact));
    }
  }
}
