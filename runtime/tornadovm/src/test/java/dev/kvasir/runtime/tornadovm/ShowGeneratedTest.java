package dev.kvasir.runtime.tornadovm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.codegen.driver.Compiler;
import dev.kvasir.codegen.driver.CompilerOptions;
import dev.kvasir.codegen.driver.Model;
import dev.kvasir.codegen.driver.Target;
import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.abi.TornadoKernelAbi;
import dev.kvasir.plans.program.KernelDeclaration;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What TornadoVM makes of kernels, in a process of its own, since it is asked for a virtual device.
 */
final class ShowGeneratedTest {
  private static final Path MODEL = Path.of("../../samples/models/needle");
  private static final int SECONDS = 120;

  @TempDir private Path folder;

  /** What the program did. */
  private record Run(int status, String out, String err) {}

  @Test
  void everyKernelHasItsFile() throws Exception {
    Path file = folder.resolve("plan.kvplan");
    Plan plan = compile();
    plan.save(file);
    Path shown = folder.resolve("some/folder");

    Run run = show(file, shown);

    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.out()).isEmpty();
    for (KernelDeclaration kernel : plan.program().kernels()) {
      List<Path> files = files(shown, kernel.name());
      assertThat(files).as(kernel.name()).hasSize(1);
      assertThat(Files.readString(files.getFirst()))
          .contains(TornadoKernelAbi.methodName(kernel.name()));
    }
    assertThat(files(shown, "")).hasSameSizeAs(plan.program().kernels());
  }

  @Test
  void whatIsNoPlanIsRefused() throws Exception {
    Path file = Files.writeString(folder.resolve("text.kvplan"), "no plan");

    Run run = show(file, folder.resolve("shown"));

    assertThat(run.status()).isEqualTo(5);
    assertThat(run.err()).contains("text.kvplan");
    assertThat(folder.resolve("shown")).doesNotExist();
  }

  private static Plan compile() throws IOException {
    Policy policy =
        Policy.parse(
            new SourceText(
                "packed.kvp",
                "policy packed { use group-heads(criterion = layer, retrieval = [1], sink = 4,"
                    + " recent = 64); }"));
    try (Model model = Model.open(MODEL)) {
      return Compiler.compile(
              model,
              policy,
              CompilerOptions.defaults().withTarget(Target.tornado()).withMaxContext(256))
          .plan();
    }
  }

  private static Run show(Path plan, Path target) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home", ""), "bin", "java").toString());
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(List.of("-cp", System.getProperty("java.class.path", "")));
    command.addAll(List.of(ShowGenerated.class.getName(), plan.toString(), target.toString()));
    Path err = Files.createTempFile("kvasir-shown", ".txt");
    try {
      Process process = new ProcessBuilder(command).redirectError(err.toFile()).start();
      String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor(SECONDS, TimeUnit.SECONDS)).isTrue();
      return new Run(process.exitValue(), out, Files.readString(err));
    } finally {
      Files.delete(err);
    }
  }

  private static List<Path> files(Path folder, String kernel) throws IOException {
    try (var files = Files.list(folder)) {
      return files
          .filter(
              file -> kernel.isEmpty() || file.getFileName().toString().startsWith(kernel + "."))
          .toList();
    }
  }
}
