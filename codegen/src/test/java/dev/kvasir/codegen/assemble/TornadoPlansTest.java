package dev.kvasir.codegen.assemble;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.codegen.driver.CompilerOptions;
import dev.kvasir.codegen.driver.SampleModel;
import dev.kvasir.codegen.driver.Target;
import dev.kvasir.codegen.emit.tornado.TornadoKernel;
import dev.kvasir.codegen.emit.tornado.device.Device;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanException;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.abi.TornadoKernelAbi;
import dev.kvasir.plans.program.KernelDeclaration;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/**
 * Every kernel of every shipped policy, compiled for TornadoVM, on the check vectors of its plan:
 * without a device, on one that finds races and accesses out of bounds.
 */
class TornadoPlansTest {

  private static final Path POLICIES = Path.of("..", "plans", "policies");

  /** Kernels that an earlier policy had as well, by class file and check. */
  private static final Set<String> SEEN = Collections.synchronizedSet(new HashSet<>());

  static List<String> policies() throws IOException {
    try (Stream<Path> files = Files.list(POLICIES)) {
      return files
          .map(file -> String.valueOf(file.getFileName()))
          .filter(name -> name.endsWith(".kvp"))
          .map(name -> name.substring(0, name.length() - ".kvp".length()))
          .sorted()
          .toList();
    }
  }

  @ParameterizedTest
  @MethodSource("policies")
  void kernelsComputeWhatTheirChecksSay(String policy) throws PlanException {
    Plan plan =
        SampleModel.compile(
                SampleModel.shipped(policy),
                CompilerOptions.defaults().withTarget(Target.tornado()))
            .plan();
    assertThat(plan.program().kernels()).isNotEmpty();
    long seed = System.nanoTime();
    PlanCheckRunner runner = new PlanCheckRunner(plan);
    for (KernelDeclaration kernel : plan.program().kernels()) {
      byte[] classFile =
          Objects.requireNonNull(plan.files().get(TornadoKernelAbi.entryName(kernel.name())));
      if (SEEN.add(Arrays.hashCode(classFile) + kernel.toString())) {
        TornadoKernel lowered = new TornadoKernel(kernel.name(), classFile, 0);
        runner.check(
            kernel,
            "%s of %s, seed %d".formatted(kernel.name(), policy, seed),
            (buffers, dims, grid) -> run(lowered, kernel, seed, buffers, dims, grid));
      }
    }
  }

  private static void run(
      TornadoKernel lowered,
      KernelDeclaration kernel,
      long seed,
      MemorySegment[] buffers,
      int[] dims,
      int[] grid) {
    List<Object> arrays = new ArrayList<>();
    for (int i = 0; i < buffers.length; i++) {
      KernelDeclaration.Argument argument = kernel.arguments().get(i);
      arrays.add(array(argument.name(), argument.format(), buffers[i]));
    }
    Device.of(seed).run(lowered, new int[][] {dims}, arrays, grid);
    for (int i = 0; i < buffers.length; i++) {
      buffers[i].copyFrom(content(arrays.get(i)));
    }
  }

  private static Object array(String name, StorageFormat format, MemorySegment buffer) {
    return switch (format) {
      case F32 -> new FloatArray(name, buffer.toArray(ValueLayout.JAVA_FLOAT));
      case I32 -> new IntArray(name, buffer.toArray(ValueLayout.JAVA_INT));
      case F16 -> new ShortArray(name, buffer.toArray(ValueLayout.JAVA_SHORT));
      case U8, U4 -> new ByteArray(name, buffer.toArray(ValueLayout.JAVA_BYTE));
      case BF16, I8 -> throw new AssertionError(name + " holds " + format);
    };
  }

  private static MemorySegment content(Object array) {
    return switch (array) {
      case FloatArray floats -> MemorySegment.ofArray(floats.toHeapArray());
      case IntArray integers -> MemorySegment.ofArray(integers.toHeapArray());
      case ShortArray halves -> MemorySegment.ofArray(halves.toHeapArray());
      case ByteArray codes -> MemorySegment.ofArray(codes.toHeapArray());
      default -> throw new IllegalArgumentException("no array: " + array);
    };
  }
}
