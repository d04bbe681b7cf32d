package dev.kvasir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.kvasir.plans.PlanReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The verb {@code bench} on the sample model. No time is judged. */
final class BenchTest {
  private static final int CONTEXT = 128;

  @TempDir private static Path folder;
  private static Path full;
  private static Path packed;
  private static JsonNode json = MissingNode.getInstance();

  @BeforeAll
  static void compile() {
    full = compile("full", CONTEXT);
    packed = compile("kv-k8v4", 2 * CONTEXT);
    json = Json.parse(bench("--depth=100", "--repeats=2", "--json").out());
  }

  private static Path compile(String policy, int context) {
    Path plan = folder.resolve(policy + ".kvplan");
    CommandRun run =
        CommandRun.of(
            "compile", CommandRun.SAMPLE, "--policy", policy, "--max-context", context, "-o", plan);
    assertThat(run.status()).as(run.err()).isZero();
    return plan;
  }

  private static CommandRun bench(Object... arguments) {
    List<Object> words = new ArrayList<>(List.of("bench", full));
    words.addAll(List.of(arguments));
    return CommandRun.of(
        Map.of("KVASIR_REPEATS", "1", "KVASIR_STEPS", "4", "KVASIR_WARM_UP", "0"), words.toArray());
  }

  @Test
  void markdownShowsStepsAndTheirKernels() {
    CommandRun run = bench("--depth=60,124", "--threads=1");

    assertThat(run.err()).isEmpty();
    assertThat(run.status()).isZero();
    List<String> lines = run.out().lines().toList();
    assertThat(lines.getFirst())
        .matches(
            "needle under full \\(.*full.kvplan\\) on jvm, \\d+-bit vectors, 1 thread; 1 round of"
                + " 4 steps");
    assertThat(lines.get(2))
        .containsSubsequence(
            "depth",
            "prefill tokens/s",
            "decode tokens/s",
            "ms a step",
            "minimum",
            "maximum",
            "spread",
            "µs outside kernels")
        .doesNotContain("time");
    assertThat(lines.get(4)).matches("\\| +60 \\|( +[0-9.,]+ \\|){5} +[0-9.]+ % \\| +[0-9.,]+ \\|");
    assertThat(lines.get(5)).startsWith("|   124 |");
    assertThat(run.out())
        .containsPattern("\ndepth 60, read bandwidth [0-9.]+ [MG]B/s\n\n\\| kernel ")
        .containsPattern("\ndepth 124, ")
        .containsPattern(
            "\n\\| decode_attention\\S+ +\\| +4 \\| +[0-9.,]+ \\| +[0-9.]+ % \\| +6\\d.\\d KiB \\|"
                + " +[0-9.]+ \\| +[0-9.]+ % \\|")
        .containsPattern("\n\\| outside kernels +\\| +\\| +[0-9.,]+ \\|");
    long width = lines.get(2).length();
    assertThat(lines.subList(3, 6)).allMatch(line -> line.length() == width);
  }

  @Test
  void jsonHoldsEverything() {
    JsonNode result = json;
    JsonNode plan = result.get("plans").get(0);
    JsonNode depth = plan.get("depths").get(0);
    JsonNode step = depth.get("step");
    assertThat(result.get("plans").size()).isEqualTo(1);
    assertThat(result.get("repeats").intValue()).isEqualTo(2);
    assertThat(plan.get("policy").textValue()).isEqualTo("full");
    assertThat(depth.get("depth").intValue()).isEqualTo(100);
    assertThat(depth.get("readBandwidth").doubleValue()).isGreaterThan(1e8);
    assertThat(depth.at("/prefill/rounds").intValue()).isBetween(1, 2);
    assertThat(depth.at("/prefill/tokensPerSecond/median").doubleValue()).isPositive();
    assertThat(step.get("rounds").intValue()).isEqualTo(2);
    assertThat(step.at("/milliseconds/median").doubleValue())
        .isBetween(
            step.at("/milliseconds/minimum").doubleValue(),
            step.at("/milliseconds/maximum").doubleValue());
    assertThat(step.get("outsideKernelsMicroseconds").doubleValue()).isPositive();
    assertThat(step.has("timeRatio")).isFalse();
  }

  @Test
  void kernelsOfAStepAreCountedWithWhatTheyRead() {
    JsonNode kernels = json.at("/plans/0/depths/0/kernels");

    double calls = 0;
    double share = json.at("/plans/0/depths/0/step/outsideKernelsShare").doubleValue();
    double weights = 0;
    double cache = 0;
    for (JsonNode kernel : kernels) {
      calls += kernel.get("callsPerStep").doubleValue();
      share += kernel.get("shareOfStep").doubleValue();
      double bytes = kernel.path("bytesPerStep").doubleValue();
      if (kernel.get("kernel").textValue().startsWith("decode_attention")) {
        cache += bytes;
      } else {
        weights += bytes;
      }
      assertThat(kernel.get("microsecondsPerStep").doubleValue()).isPositive();
    }
    assertThat(share).isCloseTo(1, within(1e-9));
    // An embedding, 13 launches a layer, a norm, logits and the largest of them.
    assertThat(calls).isEqualTo(1 + 4 * 13 + 3);
    // Steps leave 101 to 104 tokens; a row is 64 elements of 2 bytes, of 2 heads in 4 layers.
    assertThat(cache).isEqualTo(102.5 * 64 * 2 * 2 * 4);
    long perLayer = 4L * (128 * 128 + 2 * 64 * 128 + 128 * 128 + 3 * 256 * 128 + 2 * 128);
    assertThat(weights).isEqualTo((double) (4 * perLayer + 4L * (128 + 256 * 128 + 128)));
  }

  @Test
  void rareKernelsCountAsFractions() {
    CommandRun run =
        CommandRun.of(
            "bench", packed, "--depth=62", "--repeats=1", "--steps=4", "--warm-up=0", "--json");
    JsonNode kernels = Json.parse(run.out()).at("/plans/0/depths/0/kernels");

    // The page is full at 64 tokens: at one of four steps, in each of four layers.
    double packs = 0;
    for (JsonNode kernel : kernels) {
      if (kernel.get("kernel").textValue().startsWith("pack_open_page")) {
        packs += kernel.get("callsPerStep").doubleValue();
      }
    }
    assertThat(packs).isEqualTo(1.0);
  }

  @Test
  void csvHasARowForEachPart() {
    CommandRun run = bench("--depth=100", "-o", "csv");

    List<String> lines = run.out().lines().toList();
    long columns = lines.getFirst().chars().filter(c -> c == ',').count();
    assertThat(lines.getFirst()).startsWith("plan,model,policy,backend,threads,depth,");
    assertThat(lines.subList(1, lines.size()))
        .allSatisfy(
            line -> {
              assertThat(line).contains(",needle,full,\"jvm, ");
              String plain = line.replaceAll("\"[^\"]*\"", "");
              assertThat(plain.chars().filter(c -> c == ',').count()).isEqualTo(columns);
            });
    assertThat(lines.stream().filter(line -> line.contains(",prefill,"))).hasSize(1);
    assertThat(lines.stream().filter(line -> line.contains(",step,"))).hasSize(1);
    assertThat(lines.stream().filter(line -> line.contains(",kernel,argmax_256,"))).hasSize(1);
    assertThat(lines.getLast()).contains(",outside kernels,");
  }

  @Test
  void twoPlansRunBesideEachOther() {
    JsonNode beside = Json.parse(bench("--depth=100", "--vs", packed, "--json").out());

    assertThat(beside.get("plans").size()).isEqualTo(2);
    assertThat(beside.at("/plans/1/policy").textValue()).isEqualTo("kv-k8v4");
    assertThat(beside.at("/plans/0/depths/0/step/timeRatio").doubleValue()).isPositive();
    assertThat(beside.at("/plans/1/depths/0/step").has("timeRatio")).isFalse();
  }

  @Test
  void comparisonsAreRatiosOfRoundsThatRanBesideEachOther() throws IOException {
    PlanTimes one =
        new PlanTimes(
            List.of(4e9, 2e9, 6e9),
            List.of(3e6, 1e6, 2e6),
            9_500,
            0.25,
            List.of(new PlanTimes.KernelTimes("attend", 2.5, 1_500_000, 0.75, 3 << 20)));
    PlanTimes two =
        new PlanTimes(
            List.of(1e9, 1e9, 1e9),
            List.of(1e6, 2e6, 4e6),
            250,
            1,
            List.of(new PlanTimes.KernelTimes("idle", 1, 20, 0, 0)));
    BenchReport report =
        new BenchReport(
            List.of(
                new BenchReport.Timed(Path.of("a,b"), PlanReader.read(full)),
                new BenchReport.Timed(Path.of("c"), PlanReader.read(packed))),
            "some machine",
            new Bench.Options(3, 16, 0, 1),
            List.of(new Bench.AtDepth(2_000, Optional.of(4e9), List.of(one, two))));

    assertThat(new BenchMarkdown(report).lines())
        .containsExactly(
            "needle under full (a,b) beside needle under kv-k8v4 (c) on some machine; 3 rounds of"
                + " 16 steps",
            "",
            "| plan                 | depth | prefill tokens/s | decode tokens/s | ms a step |"
                + " minimum | maximum |  spread | µs outside kernels | time, prefill | time, decode |",
            "|----------------------|------:|-----------------:|----------------:|----------:|"
                + "--------:|--------:|--------:|-------------------:|--------------:|-------------:|",
            "| needle under full    | 2,000 |              500 |             500 |      2.00 |"
                + "    1.00 |    3.00 | 100.0 % |               9.50 |         4.00x |       0.500x |",
            "| needle under kv-k8v4 | 2,000 |            2,000 |             500 |      2.00 |"
                + "    1.00 |    4.00 | 150.0 % |              0.250 |            1x |           1x |",
            "",
            "depth 2,000, needle under full, read bandwidth 4.00 GB/s",
            "",
            "| kernel          | calls | µs a step |  share |    reads | GB/s | of read bandwidth |",
            "|-----------------|------:|----------:|-------:|---------:|-----:|------------------:|",
            "| attend          |  2.50 |     1,500 | 75.0 % | 3.00 MiB | 2.10 |            52.4 % |",
            "| outside kernels |       |      9.50 | 25.0 % |          |      |                   |",
            "",
            "depth 2,000, needle under kv-k8v4, read bandwidth 4.00 GB/s",
            "",
            "| kernel          | calls | µs a step |   share | reads | GB/s | of read bandwidth |",
            "|-----------------|------:|----------:|--------:|------:|-----:|------------------:|",
            "| idle            |     1 |     0.020 |   0.0 % |       |      |                   |",
            "| outside kernels |       |     0.250 | 100.0 % |       |      |                   |");
    assertThat(new BenchCsv(report).lines())
        .contains(
            "\"a,b\",needle,full,some machine,1,2000,4.0E9,step,,3,500.0,2.0,1.0,3.0,0.5,,,",
            "c,needle,kv-k8v4,some machine,1,2000,4.0E9,kernel,idle,,,2.0E-5,,,,1.0,,")
        .hasSize(1 + 2 * 4);
  }

  @Test
  void withoutADepthAsManyTokensAsThereIsRoomFor() {
    JsonNode result = Json.parse(bench("--json").out());

    assertThat(result.at("/plans/0/depths").size()).isEqualTo(1);
    assertThat(result.at("/plans/0/depths/0/depth").intValue()).isEqualTo(CONTEXT - 4);
  }

  @Test
  void aDepthBeyondTheContextIsRefusedWithTheLargest() {
    CommandRun alone = bench("--depth=10,125");
    CommandRun beside =
        CommandRun.of("bench", packed, "--vs", full, "--depth=200", "--steps=1", "-o", "csv");

    assertThat(alone.err())
        .isEqualToIgnoringNewLines(
            "kvasir bench: error[KV8001]: Depth 125 is too deep: "
                + full
                + " holds 128 tokens, so that with rounds of 4 steps the largest depth is 124;"
                + " give a smaller --depth, or compile with a larger --max-context"
                + "see 'kvasir bench --help'");
    assertThat(alone.out()).isEmpty();
    assertThat(alone.status()).isEqualTo(2);
    assertThat(beside.err())
        .contains(
            full + " holds 128 tokens, so that with rounds of 1 step the largest depth is 127");
    assertThat(beside.status()).isEqualTo(2);
  }

  @Test
  void aRoundBeyondTheContextIsRefused() {
    CommandRun run = CommandRun.of("bench", full, "--steps=128");

    assertThat(run.err())
        .contains("holds 128 tokens, which leaves no room for a round of 128 steps")
        .contains("give --steps at most 127");
    assertThat(run.status()).isEqualTo(2);
  }

  @Test
  void plansThatCannotRunAreNamed() {
    Path absent = folder.resolve("absent.kvplan");

    CommandRun first = CommandRun.of("bench", absent);
    CommandRun second = CommandRun.of("bench", full, "--vs", absent);
    CommandRun elsewhere = CommandRun.of("bench", full, "--model", folder.resolve("none"));

    for (CommandRun run : List.of(first, second)) {
      assertThat(run.err()).startsWith(absent + ": error[KV6007]: ");
      assertThat(run.out()).isEmpty();
      assertThat(run.status()).isEqualTo(3);
    }
    assertThat(elsewhere.err()).contains("error[").contains("--model");
    assertThat(elsewhere.status()).isEqualTo(3);
  }

  @Test
  void whatIsTypedDecidesTheFormat() {
    Map<String, String> variables = Map.of("KVASIR_JSON", "true", "KVASIR_FORMAT", "csv");
    Object[] words = {"bench", full, "--depth=8", "--repeats=1", "--steps=1", "--warm-up=0"};
    List<Object> withMarkdown = new ArrayList<>(List.of(words));
    withMarkdown.addAll(List.of("-o", "md"));

    assertThat(CommandRun.of(variables, words).out()).startsWith("{");
    assertThat(CommandRun.of(variables, withMarkdown.toArray()).out()).startsWith("needle under");
  }
}
