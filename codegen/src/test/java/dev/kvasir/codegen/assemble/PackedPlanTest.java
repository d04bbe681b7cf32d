package dev.kvasir.codegen.assemble;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.codegen.driver.CompilerOptions;
import dev.kvasir.codegen.driver.SampleModel;
import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.memory.BufferDeclaration.Kind;
import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.plans.program.Program;
import dev.kvasir.plans.program.SegmentDeclaration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The memory plan of a packed cache: nothing in it has room for a decoded copy of the rows. */
class PackedPlanTest {

  private static final int CONTEXT = 2048;
  private static final int SPAN = 64;
  private static final int LAYERS = 4;
  private static final int HEADS = 2;
  private static final int DIM = 32;
  private static final int PAGE_ELEMENTS = SegmentPart.PAGE_ROWS * 2 * DIM;

  private static Plan compile(String policy) {
    CompilerOptions options = CompilerOptions.defaults().withMaxContext(CONTEXT).withSpan(SPAN);
    return SampleModel.compile(SampleModel.shipped(policy), options).plan();
  }

  private static long elements(Plan plan, BufferDeclaration buffer) {
    long[] counters = new long[CounterIndex.PROGRAM_COUNTERS.size()];
    CounterIndex.set(counters, CONTEXT, SPAN, 0, 0);
    return buffer.elements().compile(CounterIndex.ofProgram(plan.program())).evaluate(counters);
  }

  @ParameterizedTest
  @ValueSource(strings = {"kv-int8", "kv-k8v4", "kivi-4"})
  void noWorkingStorageHoldsTheKeysOfOneHead(String policy) {
    Plan plan = compile(policy);
    for (BufferDeclaration buffer : plan.memory().buffers()) {
      if (buffer.kind() == Kind.SCRATCH) {
        assertThat(elements(plan, buffer))
            .as("elements of %s, where the keys of one head are %s", buffer.name(), CONTEXT * DIM)
            .isLessThan(CONTEXT * DIM);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"kv-int8", "kv-k8v4", "kivi-4"})
  void rowsThatAreNotPackedHaveOnePageAHead(String policy) {
    Plan plan = compile(policy);
    List<BufferDeclaration> unpacked =
        plan.memory().buffers().stream()
            .filter(buffer -> buffer.kind() == Kind.POOL)
            .filter(buffer -> buffer.name().startsWith("pages_"))
            .toList();
    assertThat(unpacked).hasSize(1);
    assertThat(elements(plan, unpacked.getFirst()))
        .isEqualTo((long) LAYERS * HEADS * PAGE_ELEMENTS);
    Map<StorageFormat, Long> packed =
        plan.memory().buffers().stream()
            .filter(buffer -> buffer.kind() == Kind.POOL)
            .filter(buffer -> !buffer.name().startsWith("pages_"))
            .collect(
                Collectors.groupingBy(
                    BufferDeclaration::format,
                    Collectors.summingLong(buffer -> elements(plan, buffer))));
    long rows = (long) LAYERS * HEADS * CONTEXT;
    long codes =
        packed.getOrDefault(StorageFormat.U8, 0L) + packed.getOrDefault(StorageFormat.U4, 0L);
    assertThat(codes).isEqualTo(rows * 2 * DIM);
    assertThat(packed.keySet()).isSubsetOf(StorageFormat.U8, StorageFormat.U4, StorageFormat.F16);
  }

  @Test
  void namesTheFormatsThatARuntimeMustKnow() {
    assertThat(compile("zigzag-k8v4").manifest().features())
        .containsExactly("format.bf16", "format.f16", "format.u4", "format.u8");
  }

  /** The pools are all that attention reads: codes and scales for closed pages, one open page. */
  @ParameterizedTest
  @ValueSource(strings = {"kivi-4", "zigzag-k8v4"})
  void attentionReadsTheCodesThemselves(String policy) {
    Plan plan = compile(policy);
    for (SegmentDeclaration segment : plan.program().segments()) {
      if (segment.packing().isEmpty()) {
        assertThat(segment.name()).endsWith(".sink");
        continue;
      }
      String label = "layer.%d decode attention".formatted(segment.layer());
      List<Program.Step.Launch> launches =
          plan.program().procedures().stream()
              .filter(procedure -> procedure.name().equals(Program.STEP))
              .flatMap(procedure -> procedure.steps().stream())
              .filter(Program.Step.Launch.class::isInstance)
              .map(Program.Step.Launch.class::cast)
              .filter(launch -> launch.label().equals(label))
              .toList();
      assertThat(launches).as(label).isNotEmpty();
      assertThat(launches)
          .as("%s reads the pools of %s", label, segment.name())
          .anySatisfy(
              launch ->
                  assertThat(launch.buffers())
                      .contains(
                          segment.pool(),
                          segment.packing().orElseThrow().keyPool(),
                          segment.packing().orElseThrow().valuePool(),
                          segment.packing().orElseThrow().scalePool()));
    }
  }
}
