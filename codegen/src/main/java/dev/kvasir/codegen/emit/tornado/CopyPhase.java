package dev.kvasir.codegen.emit.tornado;

import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import java.util.ArrayList;
import java.util.List;

/** Loads and stores between tiles and buffers, element e of the tile by thread e mod 128. */
final class CopyPhase {

  private final KernelMethod method;

  CopyPhase(KernelMethod method) {
    this.method = method;
  }

  Step load(String tileName, View view) {
    UniformPhase uniforms = new UniformPhase(method);
    UniformPhase.Window window = uniforms.window(view);
    ViewIndex index = new ViewIndex(method, window);
    Step.Phase copy =
        new Step.Phase(
            List.of(method.reads(view.buffer()), Access.writesOwn(tileName)),
            () ->
                share(
                    tileName,
                    (element, row, column) ->
                        method.store(
                            tileName,
                            element,
                            () -> method.get(view.buffer(), () -> index.push(row, column)))));
    return new Step.Scope(List.of(uniforms.declare(window), copy));
  }

  Step store(View view, String tileName) {
    UniformPhase uniforms = new UniformPhase(method);
    UniformPhase.Window window = uniforms.window(view);
    ViewIndex index = new ViewIndex(method, window);
    List<Step> steps = new ArrayList<>(List.of(uniforms.declare(window)));
    List<Access> accesses = List.of(Access.readsOwn(tileName), method.writes(view.buffer()));
    if (method.kernel().buffer(view.buffer()).format() == ElementFormat.U4) {
      for (int nibble = 0; nibble < Elements.NIBBLES; nibble++) {
        int stored = nibble;
        steps.add(
            new Step.Phase(
                accesses,
                () ->
                    share(
                        tileName,
                        (element, row, column) ->
                            method.setNibble(
                                view.buffer(),
                                stored,
                                () -> index.push(row, column),
                                () -> method.load(tileName, element)))));
      }
    } else {
      steps.add(
          new Step.Phase(
              accesses,
              () ->
                  share(
                      tileName,
                      (element, row, column) ->
                          method.set(
                              view.buffer(),
                              () -> index.push(row, column),
                              () -> method.load(tileName, element)))));
    }
    return new Step.Scope(List.copyOf(steps));
  }

  private void share(String tileName, Places.Body body) {
    Kernel.Tile tile = method.kernel().tile(tileName);
    new Places(method).share(tile.rows(), tile.columns(), body);
  }
}
