package dev.kvasir.codegen.assemble;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.codegen.driver.CompilerOptions;
import dev.kvasir.codegen.driver.SampleModel;
import dev.kvasir.codegen.emit.jvm.JvmLowering;
import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.DecodeAttention;
import dev.kvasir.codegen.skeleton.DenseKernels;
import dev.kvasir.codegen.skeleton.Product;
import dev.kvasir.codegen.skeleton.ProductBlock;
import dev.kvasir.codegen.skeleton.RowKernels;
import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.passes.PassEvent;
import dev.kvasir.passes.analysis.CacheFootprint;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanException;
import dev.kvasir.plans.abi.JvmKernelAbi;
import dev.kvasir.plans.program.CompiledExpression;
import dev.kvasir.plans.program.CounterIndex;
import dev.kvasir.plans.program.KernelDeclaration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What plans of the sample model hold. */
class PlanContentTest {

  private static final Map<String, Plan> PLANS = new ConcurrentHashMap<>();

  /** A plan of a shipped policy, compiled once for all tests. */
  private static Plan plan(String policy) {
    return PLANS.computeIfAbsent(policy, PlanContentTest::compile);
  }

  private static Plan compile(String policy) {
    return SampleModel.compile(SampleModel.shipped(policy), CompilerOptions.defaults()).plan();
  }

  @ParameterizedTest
  @ValueSource(strings = {"full", "duo-sets"})
  void everyKernelPassesItsOwnCheck(String policy) throws PlanException {
    Plan plan = plan(policy);
    PlanCheckRunner checks = new PlanCheckRunner(plan);
    for (KernelDeclaration kernel : plan.program().kernels()) {
      for (int bits : JvmKernelAbi.VECTOR_BITS) {
        checks.check(kernel, bits, plan.files());
      }
    }
  }

  private static List<SegmentPart> dense(OptionalInt window) {
    CacheSegment segment = CacheSegment.of(CacheSegment.Kind.DENSE, ElementFormat.BF16, 0, window);
    return SegmentPart.of(new HeadGroup(List.of(0), List.of(segment)));
  }

  /** The ring of a compensated group is longer than the tables of other check cases. */
  @Test
  void compensatedRingsOfAnyLengthCompile() {
    Policy policy =
        SampleModel.policy(
            "use group-heads(criterion = layer, retrieval = [], sink = 4, recent = 1000,"
                + " compensate = true);");
    Plan plan = SampleModel.compile(policy, CompilerOptions.defaults()).plan();
    assertThat(plan.program().segments()).hasSize(8);
  }

  /** Selections of so few rows have room for one page of candidates. */
  @Test
  void selectionsOfFewRowsCompile() {
    Policy policy =
        SampleModel.policy(
            "use select-window(budget = 29, window = 1, observe = 8, share = 1, pool = 3,"
                + " tail = 30);");
    Plan plan =
        SampleModel.compile(policy, CompilerOptions.defaults().withMaxContext(164).withSpan(1))
            .plan();
    assertThat(plan.program().marks()).hasSize(1);
  }

  /** Kernels with one thing wrong in each. */
  @Test
  void wrongKernelsFailTheirChecks() throws PlanException {
    Plan plan = plan("full");
    PlanCheckRunner checks = new PlanCheckRunner(plan);
    List<SegmentPart> dense = dense(OptionalInt.empty());
    List<SegmentPart> window = dense(OptionalInt.of(130));
    String decode = name(plan, "decode_attention_");
    String product = name(plan, "product_128x128_f32_m1_add");
    String norm = name(plan, "rms_norm_");
    String rope = name(plan, "rope_4x32");
    int maxSplits = 2;
    List<Kernel> wrong =
        List.of(
            DecodeAttention.build(decode, shape(0.2, dense), 16, maxSplits),
            DecodeAttention.build(decode, shape(1 / Math.sqrt(32), window), 16, maxSplits),
            DenseKernels.product(
                Product.plain(product, 128, 128, ElementFormat.F32),
                ProductBlock.of(128, 128, 1 << 17)),
            RowKernels.rmsNorm(norm, 1, 128, 0.01, ElementFormat.F32, 128),
            RowKernels.rope(rope, 2, 64, 64));
    for (Kernel kernel : wrong) {
      KernelDeclaration declaration =
          plan.program().kernels().stream()
              .filter(d -> d.name().equals(kernel.name()))
              .findFirst()
              .orElseThrow();
      for (int bits : JvmKernelAbi.VECTOR_BITS) {
        Map<String, byte[]> files = new HashMap<>(plan.files());
        files.put(JvmKernelAbi.entryName(kernel.name(), bits), JvmLowering.lower(kernel, bits));
        assertThatThrownBy(() -> checks.check(declaration, bits, files))
            .as("%s, %d bits", kernel.name(), bits)
            .isInstanceOf(AssertionError.class);
      }
    }
    // The same way of building, nothing wrong.
    Kernel right = DecodeAttention.build(decode, shape(1 / Math.sqrt(32), dense), 16, maxSplits);
    Map<String, byte[]> files = new HashMap<>(plan.files());
    files.put(JvmKernelAbi.entryName(decode, 256), JvmLowering.lower(right, 256));
    checks.check(
        plan.program().kernels().stream()
            .filter(d -> d.name().equals(decode))
            .findFirst()
            .orElseThrow(),
        256,
        files);
  }

  private static AttentionShape shape(double scale, List<SegmentPart> segments) {
    return new AttentionShape(4, 2, 32, 32, scale, segments, 2048);
  }

  private static String name(Plan plan, String prefix) {
    return plan.program().kernels().stream()
        .map(KernelDeclaration::name)
        .filter(name -> name.startsWith(prefix))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no kernel " + prefix));
  }

  @ParameterizedTest
  @CsvSource({
    "full, 2048",
    "streaming, 300",
    "zigzag-k8v4, 2048",
    "kivi-4, 300",
    "zigzag-sets, 2048",
    "duo-sets, 777",
    "razor, 777",
    "streaming, 64"
  })
  void cacheBytesAreTheFootprint(String policy, int context) {
    cacheBytesAreTheFootprint(SampleModel.shipped(policy), context);
  }

  @Test
  void cacheBytesAreTheFootprintWhereTheRingHoldsOneRow() {
    cacheBytesAreTheFootprint(
        SampleModel.policy(
            "use group-heads(criterion = layer, retrieval = [0], sink = 5, recent = 5);"),
        6);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "use select-window(budget = 25%, window = 8, observe = 13, share = 2, tail = 48);",
        "use select-window(budget = pyramid(15%), window = 1, per-head = true, tail = 48);"
            + " use quantize-kv(key = int8(per = channel), value = int4(per = token));",
        "use select-window(budget = groups(90), window = 8, share = 2, tail = 50,"
            + " score = random(seed = 1));"
      })
  void cacheBytesOfSelectedRowsAreTheFootprint(String uses) {
    cacheBytesAreTheFootprint(SampleModel.policy(uses), 700);
  }

  private static void cacheBytesAreTheFootprint(Policy policy, int context) {
    List<PassEvent> events = new ArrayList<>();
    Plan plan =
        SampleModel.compile(
                policy,
                CompilerOptions.defaults().withMaxContext(context).withListener(events::add))
            .plan();
    Graph graph = events.getLast().after();
    CounterIndex index = CounterIndex.ofProgram(plan.program());
    CompiledExpression kvBytes = plan.memory().kvBytes().compile(index);
    int shown = CounterIndex.PROGRAM_COUNTERS.size();
    long[] counters = new long[index.names().size()];
    for (int tokens = 0; tokens <= context; tokens += tokens < 200 || tokens % 64 > 60 ? 1 : 3) {
      for (int since : new int[] {0, 1, 20, 47}) {
        int mark = Math.max(tokens - since, 0);
        Arrays.fill(counters, shown, counters.length, mark);
        for (int position : new int[] {0, tokens / 2, Math.max(tokens - 1, 0)}) {
          CounterIndex.set(counters, context, context, position, tokens - position);
          assertThat(kvBytes.evaluate(counters))
              .as("%s, %d of %d tokens, selected at %d", policy.name(), tokens, context, mark)
              .isEqualTo(CacheFootprint.at(graph, tokens, _ -> mark, context).bytes());
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"full", "duo-sets", "zigzag-k8v4"})
  void compilingTwiceGivesTheSameBytes(String policy) {
    Plan first = plan(policy);
    Plan second = compile(policy);
    assertThat(second.manifest()).isEqualTo(first.manifest());
    assertThat(second.program()).isEqualTo(first.program());
    assertThat(second.memory()).isEqualTo(first.memory());
    assertThat(second.files().keySet()).isEqualTo(first.files().keySet());
    first.files().forEach((name, bytes) -> assertThat(second.files().get(name)).isEqualTo(bytes));
    assertThat(second.sha256()).isEqualTo(first.sha256());
  }

  @Test
  void holdsEveryKernelAtEveryWidthAndAsText() {
    Plan plan = plan("duo-sets");
    for (KernelDeclaration kernel : plan.program().kernels()) {
      assertThat(plan.files()).containsKey("kernels/text/" + kernel.name() + ".kernel");
      for (int bits : JvmKernelAbi.VECTOR_BITS) {
        assertThat(plan.files()).containsKey(JvmKernelAbi.entryName(kernel.name(), bits));
      }
    }
    Policy policy = SampleModel.shipped("duo-sets");
    assertThat(plan.manifest().policy().text()).isEqualTo(policy.source().text());
  }
}
