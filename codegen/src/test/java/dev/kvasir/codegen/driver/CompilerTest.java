package dev.kvasir.codegen.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.kvasir.codegen.tile.TileSize;
import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.program.CompiledExpression;
import dev.kvasir.plans.program.CounterIndex;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The whole compiler on the sample model: what it accepts, what it refuses and how. */
class CompilerTest {

  /** 8 KV heads of 32 pages of 64 rows of 32 + 32 numbers in bf16, and their page tables. */
  private static final long FULL_BYTES = 8 * (32 * 64 * 64 * 2 + 32 * 4);

  private static String refused(String body, UnaryOperator<CompilerOptions> options) {
    Policy policy = SampleModel.policy(body);
    CompilerOptions all = options.apply(CompilerOptions.defaults());
    CompileException refusal =
        catchThrowableOfType(CompileException.class, () -> SampleModel.compile(policy, all));
    return String.valueOf(Objects.requireNonNull(refusal, "it compiles").getMessage());
  }

  @ParameterizedTest
  @ValueSource(strings = {"full", "streaming", "zigzag-sets", "duo-sets"})
  void compilesEveryShippedPolicy(String name) {
    CompileReport report =
        SampleModel.compile(SampleModel.shipped(name), CompilerOptions.defaults()).report();
    assertThat(report.policy()).isEqualTo(name);
    assertThat(report.model()).isEqualTo("needle  llama  4 layers  4/2 heads  head 32");
    assertThat(report.context()).isEqualTo(2048);
    assertThat(report.fullKvBytes()).isEqualTo(FULL_BYTES);
    assertThat(report.warnings()).isEmpty();
    assertThat(report.passes()).isNotEmpty();
    assertThat(report.kernels()).isNotEmpty().doesNotHaveDuplicates();
    assertThat(report.peakBytes()).isGreaterThan(report.kvBytes());
    assertThat(report.dominantBytes()).isBetween(1L, report.kvBytes());
    if (name.equals("full")) {
      assertThat(report.kvBytes()).isEqualTo(FULL_BYTES);
    } else {
      assertThat(report.kvBytes()).isLessThan(FULL_BYTES * 3 / 5);
    }
  }

  @Test
  void compilesInOneCall() {
    try (Model model = Model.open(SampleModel.NEEDLE)) {
      Plan plan = Kvasir.compile(model, SampleModel.shipped("full"), Target.jvm());
      assertThat(plan.manifest().context()).isEqualTo(2048);
      assertThat(plan.manifest().target()).isEqualTo("jvm");
      assertThat(plan.manifest().model().fingerprint()).isEqualTo(model.fingerprint());
    }
  }

  @Test
  void limitsThatAreMetPass() {
    String body =
        "limit kv-bytes <= %d B at 2048 tokens;\n  limit kv-bytes <= %d B at 64 tokens;"
            .formatted(FULL_BYTES, 8 * (64 * 64 * 2 + 32 * 4));
    CompileReport report =
        SampleModel.compile(SampleModel.policy(body), CompilerOptions.defaults()).report();
    assertThat(report.kvBytes()).isEqualTo(FULL_BYTES);
    SampleModel.compile(
        SampleModel.policy("limit peak-bytes <= %d B;".formatted(report.peakBytes())),
        CompilerOptions.defaults());
  }

  /** A pyramid's rows do not grow with the tokens; a tail comes and goes. */
  @Test
  void limitsOfSelectedRowsHoldForEveryCut() {
    String use =
        "use select-window(budget = pyramid(90), window = 1, per-head = true, tail = 100);";
    CompilerOptions options = CompilerOptions.defaults().withMaxContext(700);
    Plan plan = SampleModel.compile(SampleModel.policy(use), options).plan();
    CounterIndex index = CounterIndex.ofProgram(plan.program());
    CompiledExpression bytes = plan.memory().kvBytes().compile(index);
    long[] counters = new long[index.names().size()];
    long most = 0;
    for (int tokens = 0; tokens <= 700; tokens++) {
      for (int mark = Math.max(0, tokens - 99); mark <= tokens; mark++) {
        CounterIndex.set(counters, 700, 700, tokens, 0);
        counters[counters.length - 1] = mark;
        most = Math.max(most, bytes.evaluate(counters));
      }
    }
    SampleModel.compile(
        SampleModel.policy(use + " limit kv-bytes <= %d B;".formatted(most)), options);
    assertThat(
            refused(
                use + " limit kv-bytes <= %d B;".formatted(most - 1), o -> o.withMaxContext(700)))
        .contains("the cache needs %,d bytes".formatted(most), "1 more than the limit");
  }

  @Test
  void limitsThatAreMissedSayByHowMuchAndWhere() {
    assertThat(refused("limit kv-bytes <= 2098175 B at 2048 tokens;", o -> o))
        .isEqualTo(
            """
            test.kvp:2:3: error[KV5001]: the cache needs 2,098,176 bytes at 2,048 tokens, 1 more \
            than the limit of 2,098,175
              limit kv-bytes <= 2098175 B at 2048 tokens;
              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            note: largest part: layer 0 dense with 524,544 bytes; keep fewer rows there, store \
            them in fewer bits, or raise the limit\
            """);
  }

  /** The largest part is measured where the limit is: 2 heads of 2 pages and 32 slots. */
  @Test
  void everyMissedLimitIsReported() {
    String body =
        "limit kv-bytes <= 1 KiB at 65 tokens;\n  limit kv-bytes <= 1 GiB;\n"
            + "  limit peak-bytes <= 2 MiB;";
    assertThat(refused(body, o -> o))
        .startsWith(
            """
            test.kvp:2:3: error[KV5001]: the cache needs 132,096 bytes at 65 tokens, 131,072 more \
            than the limit of 1,024
              limit kv-bytes <= 1 KiB at 65 tokens;
              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            note: largest part: layer 0 dense with 33,024 bytes; keep fewer rows there, store them \
            in fewer bits, or raise the limit
            test.kvp:4:3: error[KV5001]: cache and working storage needs \
            """)
        .containsOnlyOnce("note: largest part: working storage with ")
        .doesNotContain("test.kvp:3");
  }

  @Test
  void contextAndSpanStayInRange() {
    String place = SampleModel.NEEDLE.resolve("config.json") + ": error[KV5003]: ";
    String most = "\nnote: the model's max_position_embeddings is 2048";
    assertThat(refused("", o -> o.withMaxContext(2049)))
        .isEqualTo(place + "the maximum context must be between 1 and 2048, got 2049" + most);
    assertThat(refused("", o -> o.withMaxContext(0)))
        .isEqualTo(place + "the maximum context must be between 1 and 2048, got 0" + most);
    assertThat(refused("", o -> o.withMaxContext(100).withSpan(101)))
        .isEqualTo(
            place
                + "the span must be between 1 and 100, got 101\n"
                + "note: a span is a part of the context of 100 tokens");
    assertThat(refused("", o -> o.withSpan(0)))
        .startsWith(place + "the span must be between 1 and 2048, got 0");
  }

  @Test
  void mistakesOfThePolicyComeThrough() {
    assertThat(refused("use group-head(retrieval = [1]);", o -> o))
        .isEqualTo(
            """
            test.kvp:2:7: error[KV2001]: no technique is named group-head
              use group-head(retrieval = [1]);
                  ^^^^^^^^^^
            note: did you mean group-heads?\
            """);
    assertThat(
            refused(
                "use group-heads(criterion = layer, retrieval = [9], sink = 4, recent = 64);",
                o -> o))
        .startsWith("test.kvp:2:51: error[KV2")
        .contains("[9]");
  }

  @Test
  void optionsShapeThePlan() {
    List<String> passes = new ArrayList<>();
    Plan plan =
        SampleModel.compile(
                SampleModel.shipped("streaming"),
                CompilerOptions.defaults()
                    .withMaxContext(500)
                    .withSpan(100)
                    .withTile(TileSize.ROWS_PER_SPLIT, 128)
                    .withTile(TileSize.PREFILL_TOKENS, 4)
                    .withPlanFolder(Path.of("..", "samples"))
                    .withListener(event -> passes.add(event.passId())))
            .plan();
    assertThat(plan.manifest().context()).isEqualTo(500);
    assertThat(plan.manifest().span()).isEqualTo(100);
    assertThat(plan.manifest().tiles())
        .containsEntry("rows-per-split", 128)
        .containsEntry("prefill-tokens", 4);
    assertThat(plan.manifest().model().pathHint()).isEqualTo("models/needle");
    assertThat(passes).isNotEmpty();
    assertThat(plan.memory().buffers())
        .filteredOn(buffer -> buffer.kind() == BufferDeclaration.Kind.POOL)
        .hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 63, 65})
  void contextsOfAnyLengthCompile(int context) {
    String streaming = "use group-heads(criterion = layer, retrieval = [1], sink = 1, recent = 1);";
    for (String body : List.of("", streaming)) {
      CompileReport report =
          SampleModel.compile(
                  SampleModel.policy(body), CompilerOptions.defaults().withMaxContext(context))
              .report();
      assertThat(report.context()).isEqualTo(context);
    }
  }
}
