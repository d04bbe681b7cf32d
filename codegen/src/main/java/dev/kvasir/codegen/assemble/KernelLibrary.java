package dev.kvasir.codegen.assemble;

import dev.kvasir.codegen.emit.jvm.TileFrame;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelPrinter;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.plans.CheckVectors;
import dev.kvasir.plans.PlanFormat;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.program.KernelDeclaration;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.function.Supplier;

/** The kernels of a plan, each built once however many layers use it. */
final class KernelLibrary {

  /**
   * A kernel with what people and runtimes are told about it.
   *
   * @param kernel verified IR
   * @param summary what is fused in it
   * @param tiles the sizes that shaped it, by name
   * @param check a small case
   */
  record Entry(Kernel kernel, String summary, SortedMap<String, Integer> tiles, CheckCase check) {}

  private final KernelTarget target;
  private final Map<String, Entry> entries = new LinkedHashMap<>();

  KernelLibrary(KernelTarget target) {
    this.target = target;
  }

  /** {@return what kernels are made for} */
  KernelTarget target() {
    return target;
  }

  /** {@return the kernel of that name, made by {@code entry} when it is the first use} */
  Kernel use(String name, Supplier<Entry> entry) {
    Entry known = entries.computeIfAbsent(name, _ -> entry.get());
    return known.kernel();
  }

  List<KernelDeclaration> declarations() {
    return entries.values().stream().map(KernelLibrary::declaration).toList();
  }

  private static KernelDeclaration declaration(Entry entry) {
    Kernel kernel = entry.kernel();
    TileFrame frame = new TileFrame(kernel);
    return new KernelDeclaration(
        kernel.name(),
        entry.summary(),
        kernel.buffers().stream()
            .map(
                buffer ->
                    new KernelDeclaration.Argument(
                        buffer.name(),
                        storage(buffer.format()),
                        buffer.access() != Kernel.Access.READ,
                        buffer.access() != Kernel.Access.WRITE))
            .toList(),
        kernel.dims(),
        kernel.axes().size(),
        frame.floats(),
        frame.ints(),
        entry.tiles(),
        new KernelDeclaration.Check(
            entry.check().grid(),
            kernel.dims().stream().map(dim -> CheckRunner.dim(entry.check(), dim)).toList(),
            kernel.buffers().stream()
                .map(buffer -> CheckRunner.size(entry.check(), buffer.name()))
                .toList()));
  }

  /** Adds class files, kernel text and check vectors to the entries of a plan. */
  void addFiles(Map<String, byte[]> files) {
    CheckVectors.Builder vectors = new CheckVectors.Builder();
    target.addClasses(entries.values().stream().map(Entry::kernel).toList(), files);
    for (Entry entry : entries.values()) {
      Kernel kernel = entry.kernel();
      files.put(
          "kernels/text/" + kernel.name() + ".kernel",
          KernelPrinter.print(kernel).getBytes(StandardCharsets.UTF_8));
      CheckRunner.run(kernel, declaration(entry), entry.check(), vectors);
    }
    files.put(PlanFormat.CHECKS, vectors.toBytes());
  }

  /** {@return a kernel format as plans name it} */
  static StorageFormat storage(ElementFormat format) {
    return StorageFormat.ofText(format.text());
  }
}
