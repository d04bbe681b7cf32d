package dev.kvasir.runtime.tornadovm;

import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanReader;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.abi.TornadoKernelAbi;
import dev.kvasir.plans.program.KernelDeclaration;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoBackend;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.TornadoRuntime;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.WorkerGrid3D;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;

/**
 * A program that writes what TornadoVM makes of the kernels of a plan, for people: OpenCL C, CUDA C
 * or PTX, whichever its drivers are for. No kernel runs, so the plan need not be trusted, and
 * TornadoVM's virtual device stands for one that is absent, but for PTX, for which there is none.
 */
public final class ShowGenerated {

  private static final int UNAVAILABLE = 5;
  private static final int SOME_BYTES = 256;
  private static final String DEVICE =
      """
      {
        "deviceName": "virtual",
        "doubleFPSupport": true,
        "maxWorkItemSizes": [1024, 1024, 64],
        "deviceAddressBits": 64,
        "deviceType": "CL_DEVICE_TYPE_GPU",
        "deviceExtensions": "cl_khr_int64_base_atomics",
        "availableProcessors": 16
      }
      """;

  private final KernelTasks kernels;
  private final Path folder;
  private final Path printed;
  private int graphs;

  /** The languages of TornadoVM's drivers. */
  private enum Language {
    OPENCL("opencl", "cl"),
    CUDA("cuda", "cu"),
    PTX("ptx", "ptx"),
    SPIRV("spirv", "spv.txt"),
    METAL("metal", "metal");

    private final String driver;
    private final String suffix;

    Language(String driver, String suffix) {
      this.driver = driver;
      this.suffix = suffix;
    }

    static Language of(TornadoBackend backend) {
      String type = backend.getClass().getName();
      for (Language language : values()) {
        if (type.contains("." + language.driver + ".")) {
          return language;
        }
      }
      throw new IllegalStateException("TornadoVM has a driver of no known language: " + type);
    }
  }

  private ShowGenerated(KernelTasks kernels, Path folder, Path printed) {
    this.kernels = kernels;
    this.folder = folder;
    this.printed = printed;
  }

  /**
   * Writes a file for each kernel and language.
   *
   * @param arguments a plan and a folder
   */
  public static void main(String[] arguments) {
    // What TornadoVM prints on the way is no result.
    PrintStream out = System.out;
    System.setOut(System.err);
    int status = 0;
    try {
      show(Path.of(arguments[0]), Path.of(arguments[1]));
    } catch (Throwable thrown) {
      System.err.println(Faults.message(thrown));
      status = UNAVAILABLE;
    }
    System.setOut(out);
    // TornadoVM leaves threads behind.
    System.exit(status);
  }

  private static void show(Path file, Path folder) throws IOException {
    Path temporary = Files.createTempDirectory("kvasir-generated");
    Path device = Files.writeString(temporary.resolve("device.json"), DEVICE);
    Path printed = temporary.resolve("kernels");
    // TornadoVM reads them when its first class is loaded.
    System.setProperty("tornado.virtual.device", "True");
    System.setProperty("tornado.device.desc", device.toString());
    System.setProperty("tornado.printKernel", "True");
    System.setProperty("tornado.print.kernel.dir", printed.toString());
    try {
      Plan plan = PlanReader.read(file);
      Files.createDirectories(folder);
      new ShowGenerated(KernelTasks.load(plan), folder, printed).show(plan);
    } finally {
      Files.deleteIfExists(printed);
      Files.deleteIfExists(device);
      Files.deleteIfExists(temporary);
    }
  }

  private void show(Plan plan) throws IOException {
    TornadoRuntime runtime = TornadoRuntimeProvider.getTornadoRuntime();
    for (int driver = 0; driver < runtime.getNumBackends(); driver++) {
      TornadoBackend backend = runtime.getBackend(driver);
      Language language = Language.of(backend);
      for (KernelDeclaration kernel : plan.program().kernels()) {
        Path target = folder.resolve(kernel.name() + "." + language.suffix);
        Files.writeString(target, code(kernel, backend.getDevice(0)));
      }
    }
  }

  /** {@return what TornadoVM prints while it compiles one kernel} */
  private String code(KernelDeclaration kernel, TornadoDevice device) throws IOException {
    Files.deleteIfExists(printed);
    compile(kernel, device);
    if (!Files.exists(printed)) {
      throw new IllegalStateException("TornadoVM shows no code of kernel " + kernel.name());
    }
    return Files.readString(printed).strip() + System.lineSeparator();
  }

  private void compile(KernelDeclaration kernel, TornadoDevice device) {
    List<Object> arguments = new ArrayList<>();
    arguments.add(DeviceArray.of(StorageFormat.I32, SOME_BYTES).array());
    arguments.add(DeviceArray.of(StorageFormat.I32, SOME_BYTES).array());
    for (KernelDeclaration.Argument argument : kernel.arguments()) {
      arguments.add(DeviceArray.of(argument.format(), SOME_BYTES).array());
    }
    String name = "show" + graphs++;
    TaskGraph graph = new TaskGraph(name);
    graph.transferToDevice(DataTransferMode.FIRST_EXECUTION, arguments.toArray());
    graph.addTask(kernels.task("t", kernel.name(), arguments));
    graph.transferToHost(DataTransferMode.UNDER_DEMAND, arguments.toArray());
    WorkerGrid grid = new WorkerGrid3D(TornadoKernelAbi.THREADS, 1, 1);
    grid.setLocalWork(TornadoKernelAbi.THREADS, 1, 1);
    try (TornadoExecutionPlan plan = new TornadoExecutionPlan(graph.snapshot())) {
      plan.withDevice(device)
          .withGridScheduler(new GridScheduler(name + ".t", grid))
          .withPreCompilation();
    } catch (Exception e) {
      throw new IllegalStateException(
          "kernel %s: %s".formatted(kernel.name(), Faults.message(e)), e);
    }
  }
}
