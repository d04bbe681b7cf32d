package dev.kvasir.ir.kernel;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Runs the statements of a verified kernel at one grid point. */
final class StatementRunner {

  private final GridPoint point;

  StatementRunner(GridPoint point) {
    this.point = point;
  }

  void run(List<Statement> statements) {
    for (Statement statement : statements) {
      point.enter(statement);
      run(statement);
    }
  }

  private void run(Statement statement) {
    switch (statement) {
      case Statement.Let(String name, IntExpression value) ->
          point.setVariable(name, evaluate(value));
      case Statement.For(
              String variable,
              IntExpression from,
              IntExpression to,
              List<Statement> body) -> {
        int end = evaluate(to);
        for (int value = evaluate(from); value < end; value++) {
          point.setVariable(variable, value);
          run(body);
        }
      }
      case Statement.If(
              IntExpression condition,
              List<Statement> whenTrue,
              List<Statement> whenFalse) ->
          run(evaluate(condition) != 0 ? whenTrue : whenFalse);
      case Statement.Load(String tile, View view) -> load(point.tile(tile), window(view));
      case Statement.Store(View view, String tile) -> store(window(view), point.tile(tile));
      case Statement.Map(String tile, TileExpression value) ->
          map(point.tile(tile), PointwiseEvaluator.prepare(value, point));
      case Statement.Reduce reduce -> reduce(reduce);
      case Statement.Scan scan -> scan(scan);
      case Statement.Scatter scatter -> scatter(scatter);
      case Statement.DotNT dot -> dotNT(dot);
      case Statement.DotNN dot -> dotNN(dot);
    }
  }

  private int evaluate(IntExpression expression) {
    return UniformEvaluator.evaluate(expression, point);
  }

  private ViewWindow window(View view) {
    return ViewWindow.of(view, point);
  }

  private static void load(TileContent tile, ViewWindow window) {
    for (int row = 0; row < tile.rows(); row++) {
      for (int column = 0; column < tile.columns(); column++) {
        if (tile.isFloat()) {
          tile.setFloat(row, column, window.floatAt(row, column));
        } else {
          tile.setInt(row, column, window.intAt(row, column));
        }
      }
    }
  }

  private static void store(ViewWindow window, TileContent tile) {
    for (int row = 0; row < tile.rows(); row++) {
      for (int column = 0; column < tile.columns(); column++) {
        if (tile.isFloat()) {
          window.setFloat(row, column, tile.floatAt(row, column));
        } else {
          window.setInt(row, column, tile.intAt(row, column));
        }
      }
    }
  }

  private static void map(TileContent tile, PointwiseEvaluator.Cell value) {
    for (int row = 0; row < tile.rows(); row++) {
      for (int column = 0; column < tile.columns(); column++) {
        double result = value.at(row, column);
        if (tile.isFloat()) {
          tile.setFloat(row, column, result);
        } else {
          tile.setInt(row, column, (int) result);
        }
      }
    }
  }

  private void reduce(Statement.Reduce reduce) {
    double[][] source = values(reduce.source());
    TileContent target = point.tile(reduce.tile().tile());
    int first = reduce.tile().first();
    switch (reduce.along()) {
      case COLUMNS -> {
        for (int row = 0; row < source.length; row++) {
          setReduced(reduce.operator(), target, row, first, source[row]);
        }
      }
      case ROWS -> {
        for (int column = 0; column < source[0].length; column++) {
          double[] values = new double[source.length];
          for (int row = 0; row < values.length; row++) {
            values[row] = source[row][column];
          }
          setReduced(reduce.operator(), target, 0, first + column, values);
        }
      }
    }
  }

  private void setReduced(
      Statement.ReduceOperator operator, TileContent target, int row, int column, double[] values) {
    switch (operator) {
      case SUM -> {
        double sum = 0;
        for (double value : values) {
          sum += value;
        }
        setSame(target, row, column, sum);
      }
      case MAXIMUM -> {
        double largest = values[0];
        for (double value : values) {
          largest = Math.max(largest, value);
        }
        setSame(target, row, column, largest);
      }
      case MINIMUM -> {
        double smallest = values[0];
        for (double value : values) {
          smallest = Math.min(smallest, value);
        }
        setSame(target, row, column, smallest);
      }
      case ARGMAX -> {
        int best = 0;
        for (int i = 0; i < values.length; i++) {
          // An integer cannot carry NaN on, so the error shows here or never.
          if (Double.isNaN(values[i])) {
            throw point.failure("argmax over NaN at (%d, %d)".formatted(row, i));
          }
          if (values[i] > values[best]) {
            best = i;
          }
        }
        target.setInt(row, column, best);
      }
    }
  }

  /** Sets an element of either type; a sum of integers that no double holds is far too large. */
  private void setSame(TileContent target, int row, int column, double value) {
    if (target.isFloat()) {
      target.setFloat(row, column, value);
    } else {
      target.setInt(row, column, exact(value));
    }
  }

  private int exact(double value) {
    if (value != (int) value) {
      throw point.failure("overflows to %.0f".formatted(value));
    }
    return (int) value;
  }

  private void scan(Statement.Scan scan) {
    TileContent source = point.tile(scan.source());
    TileContent carry = point.tile(scan.carry());
    TileContent target = point.tile(scan.tile());
    for (int column = 0; column < source.columns(); column++) {
      int sum = exact((double) carry.intAt(0, 0) + source.intAt(0, column));
      target.setInt(0, column, sum);
      carry.setInt(0, 0, sum);
    }
  }

  private void scatter(Statement.Scatter scatter) {
    long start = evaluate(scatter.start());
    TileContent index = point.tile(scatter.index());
    TileContent value = point.tile(scatter.value());
    Set<Integer> taken = new HashSet<>();
    for (int column = 0; column < index.columns(); column++) {
      int place = index.intAt(0, column);
      if (place < 0) {
        continue;
      }
      if (!taken.add(place)) {
        throw point.failure("two columns have index " + place);
      }
      if (value.isFloat()) {
        point.writeFloat(scatter.buffer(), start + place, value.floatAt(0, column));
      } else {
        point.writeInt(scatter.buffer(), start + place, value.intAt(0, column));
      }
    }
  }

  private void dotNT(Statement.DotNT dot) {
    double[][] left =
        switch (dot.left()) {
          case Statement.Operand.OfTile(Statement.TilePart part) -> values(part);
          case Statement.Operand.OfView(View view) -> values(window(view));
        };
    double[][] right = values(window(dot.right()));
    TileContent target = point.tile(dot.tile().tile());
    int first = dot.tile().first();
    for (int row = 0; row < left.length; row++) {
      for (int column = 0; column < right.length; column++) {
        double sum = dot.accumulate() ? target.at(row, first + column) : 0;
        for (int k = 0; k < left[row].length; k++) {
          sum += left[row][k] * right[column][k];
        }
        target.setFloat(row, first + column, sum);
      }
    }
  }

  private void dotNN(Statement.DotNN dot) {
    TileContent left = point.tile(dot.left());
    double[][] right = values(window(dot.right()));
    TileContent target = point.tile(dot.tile().tile());
    int first = dot.tile().first();
    for (int row = 0; row < target.rows(); row++) {
      for (int column = 0; column < right[0].length; column++) {
        double sum = target.at(row, first + column);
        for (int n = 0; n < right.length; n++) {
          double factor = left.at(row, n);
          if (factor != 0 || !dot.guarded()) {
            sum += factor * right[n][column];
          }
        }
        target.setFloat(row, first + column, sum);
      }
    }
  }

  private double[][] values(Statement.TilePart part) {
    TileContent tile = point.tile(part.tile());
    int end = part.columns() == 0 ? tile.columns() : part.first() + part.columns();
    double[][] values = new double[tile.rows()][end - part.first()];
    for (int row = 0; row < values.length; row++) {
      for (int column = part.first(); column < end; column++) {
        values[row][column - part.first()] = tile.at(row, column);
      }
    }
    return values;
  }

  private static double[][] values(ViewWindow window) {
    double[][] values = new double[window.rows()][window.columns()];
    for (int row = 0; row < values.length; row++) {
      for (int column = 0; column < window.columns(); column++) {
        values[row][column] = window.floatAt(row, column);
      }
    }
    return values;
  }
}
