package dev.kvasir.plans;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.plans.abi.JvmKernelAbi;
import dev.kvasir.plans.abi.TornadoKernelAbi;
import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.memory.MemoryPlan;
import dev.kvasir.plans.program.KernelDeclaration;
import dev.kvasir.plans.program.KernelDeclaration.Argument;
import dev.kvasir.plans.program.Program;
import dev.kvasir.plans.testing.SamplePlan;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Plans of target tornado: what is checked of them, and whose they are. */
class TornadoPlanTest {

  private static final byte[] CLASS = {1, 2, 3};

  @TempDir private Path folder;

  private static StorageFormat widened(StorageFormat format) {
    return format == StorageFormat.BF16 ? StorageFormat.F32 : format;
  }

  private static KernelDeclaration with(KernelDeclaration kernel, List<Argument> arguments) {
    return new KernelDeclaration(
        kernel.name(),
        kernel.summary(),
        arguments,
        kernel.dims(),
        kernel.axes(),
        kernel.tileFloats(),
        kernel.tileInts(),
        kernel.tiles(),
        new KernelDeclaration.Check(
            kernel.check().grid(), kernel.check().dims(), arguments.stream().map(_ -> 2).toList()));
  }

  private static KernelDeclaration widened(KernelDeclaration kernel) {
    return with(
        kernel,
        kernel.arguments().stream()
            .map(
                argument ->
                    new Argument(
                        argument.name(),
                        widened(argument.format()),
                        argument.written(),
                        argument.read()))
            .toList());
  }

  private static BufferDeclaration widened(BufferDeclaration buffer) {
    return new BufferDeclaration(
        buffer.name(),
        buffer.kind(),
        widened(buffer.format()),
        buffer.elements(),
        buffer.firstUse(),
        buffer.lastUse(),
        buffer.offset(),
        buffer.tensor());
  }

  /** The sample's plan for this target, over f32 where it is over bf16. */
  private static Plan plan() {
    Program program = SamplePlan.program();
    return plan(
        new Program(
            program.kernels().stream().map(TornadoPlanTest::widened).toList(),
            program.segments(),
            program.procedures(),
            program.rules(),
            program.marks()),
        SamplePlan.memory().buffers().stream().map(TornadoPlanTest::widened).toList());
  }

  private static Plan plan(Program program, List<BufferDeclaration> buffers) {
    Map<String, byte[]> files = new TreeMap<>(SamplePlan.files());
    files.keySet().removeIf(name -> name.endsWith(".class"));
    program.kernels().forEach(k -> files.put(TornadoKernelAbi.entryName(k.name()), CLASS));
    files.put(PlanFormat.CHECKS, SamplePlan.checks(program.kernels()));
    Manifest sample = SamplePlan.manifest();
    Manifest manifest =
        new Manifest(
            sample.formatMajor(),
            sample.formatMinor(),
            sample.compilerVersion(),
            "tornado",
            sample.features(),
            sample.model(),
            sample.tokenizer(),
            sample.policy(),
            sample.context(),
            sample.span(),
            sample.pageRows(),
            sample.tiles());
    MemoryPlan memory = SamplePlan.memory();
    return new Plan(
        manifest, program, new MemoryPlan(buffers, memory.kvBytes(), memory.scratchBytes()), files);
  }

  private static Plan withFiles(Plan plan, UnaryOperator<Map<String, byte[]>> change) {
    return new Plan(
        plan.manifest(), plan.program(), plan.memory(), change.apply(new TreeMap<>(plan.files())));
  }

  @Test
  void aSoundPlanIsAcceptedAndReadBack() throws PlanException {
    Plan plan = plan();
    PlanChecker.check(plan);
    Plan read = PlanReader.read("sample.kvplan", PlanWriter.toBytes(plan));
    assertThat(read.manifest().target()).isEqualTo("tornado");
    assertThat(read.files().get(TornadoKernelAbi.entryName("embed"))).isEqualTo(CLASS);
    assertThat(read.sha256()).isEqualTo(plan.sha256());
  }

  @Test
  void everyKernelHasItsClassAndNothingElseHasOne() {
    String entry = TornadoKernelAbi.entryName("attend");
    assertThatThrownBy(
            () ->
                PlanChecker.check(
                    withFiles(
                        plan(),
                        files -> {
                          files.remove(entry);
                          return files;
                        })))
        .hasMessage(
            "kernels/tornado/attend.class: error[KV6006]: expected the entry, got none; "
                + PlanException.Reason.MALFORMED.wayOut());
    for (String other :
        List.of(TornadoKernelAbi.entryName("another"), JvmKernelAbi.entryName("embed", 128))) {
      assertThatThrownBy(
              () ->
                  PlanChecker.check(
                      withFiles(
                          plan(),
                          files -> {
                            files.put(other, CLASS);
                            return files;
                          })))
          .hasMessageContaining(other + ": error[KV6006]: expected no class but those of declared");
    }
  }

  @Test
  void kernelsOverBf16AreRefused() {
    assertThatThrownBy(
            () -> PlanChecker.check(plan(SamplePlan.program(), SamplePlan.memory().buffers())))
        .hasMessageContaining(
            "program.json: kernel embed, argument rows: error[KV6006]: expected a format that"
                + " target tornado has, got bf16");
  }

  @Test
  void kernelsWithMoreBuffersThanATaskTakesAreRefused() {
    Plan sound = plan();
    KernelDeclaration many =
        with(
            new KernelDeclaration(
                "many",
                "too many buffers",
                List.of(),
                List.of(),
                1,
                0,
                0,
                new TreeMap<>(),
                new KernelDeclaration.Check(List.of(1), List.of(), List.of())),
            IntStream.rangeClosed(0, TornadoKernelAbi.MOST_BUFFERS)
                .mapToObj(i -> new Argument("a" + i, StorageFormat.F32, false, true))
                .toList());
    Program program = sound.program();
    List<KernelDeclaration> kernels = new ArrayList<>(program.kernels());
    kernels.add(many);
    Program wide =
        new Program(
            kernels, program.segments(), program.procedures(), program.rules(), program.marks());
    assertThatThrownBy(() -> PlanChecker.check(plan(wide, sound.memory().buffers())))
        .hasMessageContaining(
            "program.json: kernel many: arguments: error[KV6006]: expected 0 to 17, got 18");
  }

  @Test
  void whatTheUserCompiledIsTrustedUntilItChanges() throws IOException {
    TrustedPlans trusted = TrustedPlans.in(folder.resolve("kvasir"));
    Plan plan = plan();
    assertThat(trusted.contains(plan)).isFalse();
    trusted.add(plan);
    assertThat(trusted.contains(plan)).isTrue();
    Path file = folder.resolve("sample.kvplan");
    plan.save(file);
    assertThat(trusted.contains(PlanReader.read(file))).isTrue();
    Plan changed =
        withFiles(
            plan,
            files -> {
              files.put(TornadoKernelAbi.entryName("embed"), new byte[] {1, 2, 4});
              return files;
            });
    assertThat(trusted.contains(changed)).isFalse();
    assertThat(TrustedPlans.in(folder.resolve("another")).contains(plan)).isFalse();
  }
}
