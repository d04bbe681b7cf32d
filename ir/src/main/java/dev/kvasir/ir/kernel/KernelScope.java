package dev.kvasir.ir.kernel;

import dev.kvasir.ir.diag.CompilerBug;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * What a verifier knows at one place of a kernel: the declarations, the variables in scope, and the
 * tiles that are written on every way here.
 */
final class KernelScope {

  private final Declarations declarations;
  private final Set<String> variables;
  private final Set<String> written;
  private String place = "declarations";

  private record Declarations(
      Kernel kernel,
      Map<String, Kernel.Buffer> buffers,
      Map<String, Kernel.Tile> tiles,
      Set<String> names,
      Set<String> usedTiles) {}

  private KernelScope(Declarations declarations, Set<String> variables, Set<String> written) {
    this.declarations = declarations;
    this.variables = variables;
    this.written = written;
  }

  /** {@return the scope at the start of the body; every declared name is legal and unique} */
  static KernelScope of(Kernel kernel) {
    Declarations declarations =
        new Declarations(
            kernel, new HashMap<>(), new HashMap<>(), new HashSet<>(), new HashSet<>());
    KernelScope scope = new KernelScope(declarations, new HashSet<>(), new HashSet<>());
    if (!KernelNames.isLegal(kernel.name())) {
      throw scope.broken("illegal kernel name " + kernel.name());
    }
    for (Kernel.Buffer buffer : kernel.buffers()) {
      scope.declare(buffer.name());
      declarations.buffers.put(buffer.name(), buffer);
    }
    kernel.dims().forEach(scope::declare);
    kernel.axes().forEach(scope::declare);
    for (Kernel.Tile tile : kernel.tiles()) {
      scope.declare(tile.name());
      declarations.tiles.put(tile.name(), tile);
    }
    return scope;
  }

  private void declare(String name) {
    if (!KernelNames.isLegal(name)) {
      throw broken("illegal name " + name);
    }
    if (!declarations.names.add(name)) {
      throw broken("name " + name + " is declared twice");
    }
  }

  /** {@return a scope for a nested list: what it adds is not seen outside} */
  KernelScope nested() {
    KernelScope scope =
        new KernelScope(declarations, new HashSet<>(variables), new HashSet<>(written));
    scope.place = place;
    return scope;
  }

  /** Continues after two alternatives: tiles that both write are written. */
  void joinAlternatives(KernelScope first, KernelScope second) {
    for (String tile : first.written) {
      if (second.written.contains(tile)) {
        written.add(tile);
      }
    }
  }

  void enter(Statement statement) {
    place = "`" + KernelPrinter.headline(statement) + "`";
  }

  void enterWholeKernel() {
    place = "declarations";
  }

  void defineVariable(String name) {
    if (!KernelNames.isLegal(name)) {
      throw broken("illegal name " + name);
    }
    if (declarations.names.contains(name) || !variables.add(name)) {
      throw broken("name " + name + " is already in use");
    }
  }

  void requireVariable(String name) {
    if (!variables.contains(name)) {
      throw broken("variable " + name + " is not defined here");
    }
  }

  void requireDimension(String name) {
    if (!declarations.kernel.dims().contains(name)) {
      throw broken("no dim is called " + name);
    }
  }

  void requireAxis(String name) {
    if (!declarations.kernel.axes().contains(name)) {
      throw broken("no grid axis is called " + name);
    }
  }

  Kernel.Buffer buffer(String name) {
    Kernel.Buffer buffer = declarations.buffers.get(name);
    if (buffer == null) {
      throw broken("no buffer is called " + name);
    }
    return buffer;
  }

  Kernel.Buffer readableBuffer(String name) {
    Kernel.Buffer buffer = buffer(name);
    if (buffer.access() == Kernel.Access.WRITE) {
      throw broken("buffer " + name + " is written only and cannot be read");
    }
    return buffer;
  }

  Kernel.Buffer writableBuffer(String name) {
    Kernel.Buffer buffer = buffer(name);
    if (buffer.access() == Kernel.Access.READ) {
      throw broken("buffer " + name + " is read only and cannot be stored to");
    }
    return buffer;
  }

  private Kernel.Tile tile(String name) {
    Kernel.Tile tile = declarations.tiles.get(name);
    if (tile == null) {
      throw broken("no tile is called " + name);
    }
    declarations.usedTiles.add(name);
    return tile;
  }

  /** {@return a tile that is written on every way here} */
  Kernel.Tile writtenTile(String name) {
    Kernel.Tile tile = tile(name);
    if (!written.contains(name)) {
      throw broken("tile " + name + " is read but may not be written yet");
    }
    return tile;
  }

  /** {@return a written tile of the given type} */
  Kernel.Tile writtenTile(String name, Kernel.TileType type) {
    Kernel.Tile tile = writtenTile(name);
    if (tile.type() != type) {
      throw broken("tile " + name + " must be " + type + ", it is " + tile.type());
    }
    return tile;
  }

  /** {@return a tile about to be written} */
  Kernel.Tile targetTile(String name) {
    return tile(name);
  }

  void markWritten(String tile) {
    written.add(tile);
  }

  /** Fails when a tile is declared for nothing. */
  void requireAllTilesUsed() {
    for (Kernel.Tile tile : declarations.kernel.tiles()) {
      if (!declarations.usedTiles.contains(tile.name())) {
        throw broken("tile " + tile.name() + " is never used");
      }
    }
  }

  /** {@return the error that names the kernel and the place, and shows the kernel} */
  CompilerBug broken(String message) {
    return new CompilerBug(
        "kernel %s, %s: %s%n%s"
            .formatted(
                declarations.kernel.name(),
                place,
                message,
                KernelPrinter.print(declarations.kernel)));
  }
}
