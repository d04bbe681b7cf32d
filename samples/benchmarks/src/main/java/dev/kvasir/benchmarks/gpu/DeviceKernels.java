package dev.kvasir.benchmarks.gpu;

import dev.kvasir.codegen.driver.Target;
import dev.kvasir.codegen.emit.tornado.TornadoLowering;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.plans.Manifest;
import dev.kvasir.plans.PageLayout;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanException;
import dev.kvasir.plans.PlanFormat;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.abi.TornadoKernelAbi;
import dev.kvasir.plans.memory.MemoryPlan;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.KernelDeclaration;
import dev.kvasir.plans.program.Program;
import dev.kvasir.runtime.LoadOptions;
import dev.kvasir.runtime.backend.Backend;
import dev.kvasir.runtime.backend.BackendProvider;
import dev.kvasir.runtime.backend.Launch;
import dev.kvasir.runtime.backend.PreparedLaunches;
import dev.kvasir.runtime.backend.Workspace;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Kernels on a device, as those of a plan are, with buffers of one workspace. All runs are prepared
 * before the first of them.
 */
final class DeviceKernels implements AutoCloseable {

  private final Map<String, Kernel> kernels = new HashMap<>();
  private final Backend backend;
  private final Workspace workspace;

  /**
   * One launch of a run.
   *
   * @param kernel its kernel's name
   * @param buffers by argument, more than it has perhaps
   * @param sequences integers by name, of each sequence
   * @param second extent of the grid's second axis
   * @param third extent of the grid's third axis
   */
  record Point(
      String kernel,
      Map<String, MemorySegment> buffers,
      List<Map<String, Integer>> sequences,
      int second,
      int third) {}

  /** Launches that run together, always the same. */
  static final class Run {
    private final PreparedLaunches launches;
    private final int[] extents;
    private final int[] dims;

    private Run(PreparedLaunches launches, int[] extents, int[] dims) {
      this.launches = launches;
      this.extents = extents;
      this.dims = dims;
    }

    /** Runs all and waits for them. */
    long nanos() {
      long start = System.nanoTime();
      launches.run(extents, dims);
      return System.nanoTime() - start;
    }
  }

  DeviceKernels(BackendProvider provider, LoadOptions options, List<Kernel> all)
      throws PlanException {
    all.forEach(kernel -> kernels.put(kernel.name(), kernel));
    backend = provider.open(plan(all), options);
    workspace = backend.open();
  }

  /** {@return the most launches of a run} */
  int mostLaunches() {
    return backend.mostLaunches();
  }

  /** {@return what runs the kernels} */
  String description() {
    return backend.description();
  }

  Run prepare(List<Point> points) {
    List<Launch> launches = new ArrayList<>();
    List<Integer> extents = new ArrayList<>();
    List<Integer> dims = new ArrayList<>();
    for (Point point : points) {
      Kernel kernel = named(kernels, point.kernel());
      launches.add(
          new Launch(
              kernel.name(),
              kernel.name(),
              kernel.buffers().stream()
                  .map(buffer -> named(point.buffers(), buffer.name()))
                  .toList()));
      extents.addAll(List.of(point.sequences().size(), point.second(), point.third()));
      for (Map<String, Integer> sequence : point.sequences()) {
        kernel.dims().forEach(dim -> dims.add(named(sequence, dim)));
      }
    }
    return new Run(workspace.prepare(launches), array(extents), array(dims));
  }

  private static <T> T named(Map<String, T> all, String name) {
    T found = all.get(name);
    if (found == null) {
      throw new IllegalStateException("the benchmark has no " + name);
    }
    return found;
  }

  private static int[] array(List<Integer> numbers) {
    return numbers.stream().mapToInt(Integer::intValue).toArray();
  }

  /** Brings a buffer back to the host. */
  void read(MemorySegment buffer, StorageFormat format) {
    workspace.read(buffer, format);
  }

  /** {@return a plan of nothing but kernels, which declares no buffers} */
  private static Plan plan(List<Kernel> kernels) {
    Map<String, byte[]> files = new HashMap<>();
    List<KernelDeclaration> declarations = new ArrayList<>();
    for (Kernel kernel : kernels) {
      files.put(
          TornadoKernelAbi.entryName(kernel.name()), TornadoLowering.lower(kernel).classFile());
      declarations.add(declaration(kernel));
    }
    Manifest manifest =
        new Manifest(
            PlanFormat.MAJOR,
            PlanFormat.MINOR,
            "benchmark",
            Target.tornado().name(),
            List.of(),
            new Manifest.ModelReference(
                "none", "", Optional.empty(), "", 1, 1, 1, 1, 1, 1, 1, 1, "half", List.of()),
            Manifest.TokenizerFacts.none(),
            new Manifest.PolicyRecord("none", "", "", "{}"),
            1,
            1,
            PageLayout.ROWS,
            new TreeMap<>());
    return new Plan(
        manifest,
        new Program(declarations, List.of(), List.of(), List.of(), List.of()),
        new MemoryPlan(List.of(), Expression.constant(0), Expression.constant(0)),
        files);
  }

  private static KernelDeclaration declaration(Kernel kernel) {
    return new KernelDeclaration(
        kernel.name(),
        kernel.name(),
        kernel.buffers().stream()
            .map(
                buffer ->
                    new KernelDeclaration.Argument(
                        buffer.name(),
                        StorageFormat.ofText(buffer.format().text()),
                        buffer.access() != Kernel.Access.READ,
                        buffer.access() != Kernel.Access.WRITE))
            .toList(),
        kernel.dims(),
        kernel.axes().size(),
        0,
        0,
        new TreeMap<>(),
        new KernelDeclaration.Check(List.of(), List.of(), List.of()));
  }

  @Override
  public void close() {
    workspace.close();
    backend.close();
  }
}
