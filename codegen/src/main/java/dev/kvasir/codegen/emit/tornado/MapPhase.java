package dev.kvasir.codegen.emit.tornado;

import static java.lang.constant.ConstantDescs.CD_int;

import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.TileExpression;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Pointwise phases: uniform integers first, then each place by its own thread. */
final class MapPhase {

  private final KernelMethod method;
  private final Map<IntExpression, Local> uniforms = new LinkedHashMap<>();
  private final List<Access> accesses = new ArrayList<>();

  MapPhase(KernelMethod method) {
    this.method = method;
  }

  Step map(Statement.Map map) {
    Kernel.Tile target = method.kernel().tile(map.tile());
    collect(map.value(), target);
    accesses.add(Access.writesOwn(map.tile()));
    Step.Phase values =
        new UniformPhase(method)
            .declare(List.copyOf(uniforms.values()), List.copyOf(uniforms.keySet()));
    Step.Phase places =
        new Step.Phase(
            List.copyOf(accesses),
            () ->
                new Places(method)
                    .share(
                        target.rows(),
                        target.columns(),
                        (element, row, column) -> {
                          PointwiseWriter value =
                              new PointwiseWriter(method, uniforms, target, element, row, column);
                          method.store(target.name(), element, () -> value.push(map.value()));
                        }));
    return new Step.Scope(List.of(values, places));
  }

  private void collect(TileExpression expression, Kernel.Tile target) {
    switch (expression) {
      case TileExpression.FloatConstant _ -> {}
      case TileExpression.RowIndex() -> {}
      case TileExpression.ColumnIndex() -> {}
      case TileExpression.Element(String name) ->
          accesses.add(
              PointwiseWriter.samePlaces(method.kernel().tile(name), target)
                  ? Access.readsOwn(name)
                  : Access.readsAny(name));
      case TileExpression.Spread(String name, int _) -> accesses.add(Access.readsAny(name));
      case TileExpression.Uniform(IntExpression value) ->
          uniforms.computeIfAbsent(value, _ -> new Local("uniform", CD_int));
      case TileExpression.Quotient(TileExpression dividend, int _) -> collect(dividend, target);
      case TileExpression.Remainder(TileExpression dividend, int _) -> collect(dividend, target);
      case TileExpression.Unary unary -> collect(unary.operand(), target);
      case TileExpression.Binary binary -> {
        collect(binary.left(), target);
        collect(binary.right(), target);
      }
      case TileExpression.Select select -> {
        collect(select.condition(), target);
        collect(select.whenTrue(), target);
        collect(select.whenFalse(), target);
      }
    }
  }
}
