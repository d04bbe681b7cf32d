package dev.kvasir.codegen.emit.jvm;

import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;

/** Reductions of a tile along one axis. */
final class ReduceEmitter {

  private final Emission emission;
  private final Kernel kernel;

  ReduceEmitter(Emission emission, Kernel kernel) {
    this.emission = emission;
    this.kernel = kernel;
  }

  /** Writes the phase of a reduction and returns its name. */
  String reduce(Statement.Reduce reduce, PhaseArguments arguments) {
    Kernel.Tile source = kernel.tile(reduce.source());
    int from = emission.frame().offset(reduce.source());
    int to = emission.frame().offset(reduce.tile());
    return emission.method(
        "reduce",
        arguments.type(),
        code -> {
          boolean columns = reduce.along() == Statement.Along.COLUMNS;
          switch (reduce.operator()) {
            case SUM, MAXIMUM -> {
              boolean sum = reduce.operator() == Statement.ReduceOperator.SUM;
              if (columns) {
                alongColumns(code, source, from, to, sum);
              } else {
                alongRows(code, source, from, to, sum);
              }
            }
            case ARGMAX -> {
              if (!columns) {
                throw new IllegalStateException("argmax runs along columns");
              }
              argmax(code, source, from, to);
            }
          }
          code.return_();
        });
  }

  private static void join(Lanes lanes, boolean sum) {
    if (sum) {
      lanes.add();
    } else {
      lanes.maximum();
    }
  }

  private void alongColumns(CodeBuilder code, Kernel.Tile source, int from, int to, boolean sum) {
    int whole = source.columns() / emission.lanes() * emission.lanes();
    Lanes lanes = new Lanes(code, whole > 0 ? emission.lanes() : 1);
    Lanes scalar = new Lanes(code, 1);
    int start = whole > 0 ? emission.lanes() : 1;
    Emission.loop(
        code,
        0,
        source.rows(),
        1,
        row -> {
          int running = code.allocateLocal(lanes.floatKind());
          lanes.loadFloats(
              PhaseArguments.FLOATS, () -> Emission.pushInt(code, -1, from, row, source.columns()));
          code.storeLocal(lanes.floatKind(), running);
          Emission.loop(
              code,
              start,
              whole,
              emission.lanes(),
              column -> {
                code.loadLocal(lanes.floatKind(), running);
                lanes.loadFloats(
                    PhaseArguments.FLOATS, () -> pushAt(code, source, from, row, column));
                join(lanes, sum);
                code.storeLocal(lanes.floatKind(), running);
              });
          int total = code.allocateLocal(TypeKind.FLOAT);
          code.loadLocal(lanes.floatKind(), running);
          if (sum) {
            lanes.sumLanes();
          } else {
            lanes.maximumLane();
          }
          code.fstore(total);
          Emission.loop(
              code,
              Math.max(whole, start == 1 ? 1 : whole),
              source.columns(),
              1,
              column -> {
                code.fload(total);
                scalar.loadFloats(
                    PhaseArguments.FLOATS, () -> pushAt(code, source, from, row, column));
                join(scalar, sum);
                code.fstore(total);
              });
          code.fload(total);
          scalar.storeFloats(PhaseArguments.FLOATS, () -> Emission.pushInt(code, -1, to, row, 1));
        });
  }

  private static void pushAt(CodeBuilder code, Kernel.Tile tile, int base, int row, int column) {
    Emission.pushInt(code, -1, base, row, tile.columns());
    code.iload(column).iadd();
  }

  private void alongRows(CodeBuilder code, Kernel.Tile source, int from, int to, boolean sum) {
    int whole = source.columns() / emission.lanes() * emission.lanes();
    for (int width : new int[] {emission.lanes(), 1}) {
      Lanes lanes = new Lanes(code, width);
      Emission.loop(
          code,
          width == 1 ? whole : 0,
          width == 1 ? source.columns() : whole,
          width,
          column -> {
            int running = code.allocateLocal(lanes.floatKind());
            lanes.loadFloats(
                PhaseArguments.FLOATS, () -> Emission.pushInt(code, column, from, -1, 0));
            code.storeLocal(lanes.floatKind(), running);
            Emission.loop(
                code,
                1,
                source.rows(),
                1,
                row -> {
                  code.loadLocal(lanes.floatKind(), running);
                  lanes.loadFloats(
                      PhaseArguments.FLOATS, () -> pushAt(code, source, from, row, column));
                  join(lanes, sum);
                  code.storeLocal(lanes.floatKind(), running);
                });
            code.loadLocal(lanes.floatKind(), running);
            lanes.storeFloats(
                PhaseArguments.FLOATS, () -> Emission.pushInt(code, column, to, -1, 0));
          });
    }
  }

  private static void argmax(CodeBuilder code, Kernel.Tile source, int from, int to) {
    Lanes scalar = new Lanes(code, 1);
    Emission.loop(
        code,
        0,
        source.rows(),
        1,
        row -> {
          int best = code.allocateLocal(TypeKind.FLOAT);
          int index = code.allocateLocal(TypeKind.INT);
          int value = code.allocateLocal(TypeKind.FLOAT);
          scalar.loadFloats(
              PhaseArguments.FLOATS, () -> Emission.pushInt(code, -1, from, row, source.columns()));
          code.fstore(best).iconst_0().istore(index);
          Emission.loop(
              code,
              1,
              source.columns(),
              1,
              column -> {
                Label next = code.newLabel();
                scalar.loadFloats(
                    PhaseArguments.FLOATS, () -> pushAt(code, source, from, row, column));
                code.fstore(value).fload(value).fload(best).fcmpl().ifle(next);
                code.fload(value).fstore(best).iload(column).istore(index).labelBinding(next);
              });
          code.iload(index);
          scalar.storeInts(PhaseArguments.INTS, () -> Emission.pushInt(code, -1, to, row, 1));
        });
  }
}
