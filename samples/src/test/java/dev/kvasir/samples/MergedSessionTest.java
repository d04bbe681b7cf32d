package dev.kvasir.samples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.codegen.driver.Compiler;
import dev.kvasir.codegen.driver.CompilerOptions;
import dev.kvasir.codegen.driver.Model;
import dev.kvasir.plans.Plan;
import dev.kvasir.runtime.LoadOptions;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.SegmentSnapshot;
import dev.kvasir.runtime.Session;
import dev.kvasir.runtime.SessionOptions;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sessions whose layers share rows that are merged behind each span and when tails are full. */
final class MergedSessionTest {

  /** Two spans. */
  private static final int PROMPT = 130;

  private static final int TAIL = 48;

  /** More than two tails. */
  private static final int STEPS = 2 * TAIL + 10;

  private static final long SEED = 17;

  private static final String ALL = "use merge-layers(from = 0%, t = 0.6, retain = 5%, tail = 48);";
  private static final String EXACT = "use store-kv(format = f32); ";
  private static final String EVERYTHING =
      "use merge-layers(from = 0%, t = 0.6, retain = 100%, tail = 64);";
  private static final String PACKED =
      ALL + " use quantize-kv(key = int8(per = channel), value = int4(per = token));";
  private static final String PACKED_BY_TOKEN =
      "use merge-layers(from = 0%, t = 0.5, retain = 20%, tail = 64);"
          + " use quantize-kv(key = int4(per = token, group = 16), value = int8);";

  @TempDir private Path folder;

  private static int[] tokens(int count) {
    return NeedlePrompt.of(new Random(SEED), count, 70).text().chars().toArray();
  }

  /** {@return the prompt and steps of a policy} */
  private static int[] tokens(String uses) {
    return tokens(PROMPT + (uses.equals(ALL) ? 400 : STEPS));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        ALL,
        EXACT + "use merge-layers(from = 25%, t = 0, retain = 0%, tail = 48);",
        "use merge-layers(from = 2, t = 1, retain = 33.3%, tail = 7);",
        EXACT + EVERYTHING,
        PACKED,
        PACKED_BY_TOKEN
      })
  void logitsAreThoseOfTheEvaluatorThroughEveryMerge(String uses) {
    int[] tokens = tokens(uses);
    Logits.requireNear(
        Logits.alone(uses, tokens, PROMPT),
        Logits.expected(SampleModel.using(uses).plan(), tokens, PROMPT),
        "seed " + SEED);
  }

  /** Grouped and whole heads, odd numbers of layers, heads of many sizes. */
  @ParameterizedTest
  @CsvSource({"3, 4, 4, 64, f32", "5, 4, 2, 128, bf16", "4, 2, 1, 16, f32"})
  void modelsOfAllShapesAgree(int layers, int queryHeads, int kvHeads, int dim, String format)
      throws IOException {
    List<String> arguments =
        List.of(
            "llama-3.2-1b",
            folder.toString(),
            "num_hidden_layers=" + layers,
            "hidden_size=64",
            "intermediate_size=64",
            "num_attention_heads=" + queryHeads,
            "num_key_value_heads=" + kvHeads,
            "head_dim=" + dim,
            "vocab_size=256",
            "bos_token_id=1",
            "eos_token_id=2",
            "rope_scaling=null",
            "torch_dtype=\"float32\"");
    PrintStream nowhere =
        new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8);
    assertThat(GenerateModel.run(arguments, nowhere, System.err)).isZero();
    Plan plan;
    try (Model model = Model.open(folder)) {
      String uses = "use store-kv(format = " + format + "); " + ALL;
      plan =
          Compiler.compile(
                  model,
                  SampleModel.policy(uses),
                  CompilerOptions.defaults().withMaxContext(256).withSpan(50))
              .plan();
    }
    int[] tokens = tokens(90 + 110);
    try (LoadedModel model = LoadedModel.load(plan, folder, SampleModel.twoThreads());
        Model files = Model.open(folder)) {
      Logits.requireNear(
          Logits.of(model, tokens, 90),
          Logits.expected(Logits.evaluator(plan, files), 50, tokens, 90),
          "seed " + SEED);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 47, 48, 49, 63, 64, 65, 100})
  void allocatedBytesAreThoseOfSharedAndRetainedRowsAndTailsAfterEveryStep(int length) {
    LoadedModel model = SampleModel.using(ALL);
    try (Session session = model.newSession()) {
      session.append(Prompt.ofTokens(new int[length]));
      int merged = length;
      for (int tokens = length; tokens <= length + 110; tokens++) {
        if (tokens - merged == TAIL) {
          merged = tokens;
        }
        assertThat(session.cacheStats().allocatedBytes())
            .as("prompt of %s, after %s tokens", length, tokens)
            .isEqualTo(bytes(merged, tokens));
        session.step(session.greedyToken());
      }
    }
  }

  /** Two pairs of layers of two heads. */
  private static long bytes(int merged, int tokens) {
    long pairs = 2;
    long heads = 2;
    long pageBytes = 64 * (32 + 32) * 2L;
    long shared = Math.ceilDiv(merged, 64) * (pageBytes + 4 * 64 * Short.BYTES);
    long retained = Math.ceilDiv(Math.ceilDiv(merged, 20), 64) * (pageBytes + 64 * Integer.BYTES);
    long tail = Math.ceilDiv(tokens - merged, 64) * pageBytes;
    long entries = 2 * (SampleModel.CONTEXT / 64) + 2 * (2 + 1);
    return pairs * heads * (shared + 2 * (retained + tail) + entries * Integer.BYTES);
  }

  @Test
  void retainingEverythingIsFullAttention() {
    int[] tokens = tokens(PROMPT + 100);
    LoadedModel everything = SampleModel.using(EXACT + EVERYTHING);
    LoadedModel full = SampleModel.shared("full", "f32");
    try (Session merged = everything.newSession();
        Session whole = full.newSession()) {
      merged.append(Prompt.ofTokens(Arrays.copyOf(tokens, PROMPT)));
      whole.append(Prompt.ofTokens(Arrays.copyOf(tokens, PROMPT)));
      for (int step = 0; step < 100; step++) {
        assertThat(Vectors.largestDifference(merged.logits(), Vectors.widen(whole.logits())))
            .as("step %s", step)
            .isLessThan(1e-3);
        merged.step(tokens[PROMPT + step]);
        whole.step(tokens[PROMPT + step]);
      }
    }
  }

  /** Prompts before and beside it do not matter to a session. */
  @ParameterizedTest
  @ValueSource(strings = {ALL, PACKED})
  void sessionsMergeForThemselves(String uses) {
    LoadedModel model = SampleModel.using(uses);
    int[] tokens = tokens(uses);
    List<float[]> alone = Logits.alone(uses, tokens, PROMPT);
    try (Session other = model.newSession()) {
      other.append(Prompt.ofTokens(Arrays.copyOfRange(tokens, 100, PROMPT)));
      Logits.requireSame(Logits.of(model, tokens, PROMPT), alone, "seed " + SEED);
    }
  }

  @Test
  void threadsChangeNoBit() {
    int[] tokens = tokens(PACKED);
    LoadOptions options = LoadOptions.defaults().threads(1);
    try (LoadedModel single = SampleModel.load(SampleModel.using(PACKED).plan(), options)) {
      Logits.requireSame(
          Logits.of(single, tokens, PROMPT), Logits.alone(PACKED, tokens, PROMPT), "seed " + SEED);
    }
  }

  /** Both merge, into pages that they share until then. */
  @ParameterizedTest
  @ValueSource(strings = {ALL, PACKED})
  void forksGoOnAsIfAlone(String uses) {
    LoadedModel model = SampleModel.using(uses);
    int[] tokens = tokens(uses);
    List<float[]> alone = Logits.alone(uses, tokens, PROMPT);
    try (Session session = model.newSession(SessionOptions.defaults().forks(1))) {
      session.append(Prompt.ofTokens(Arrays.copyOf(tokens, PROMPT)));
      for (int step = 0; step < TAIL / 2; step++) {
        session.step(tokens[PROMPT + step]);
      }
      try (Session fork = session.fork()) {
        for (int step = TAIL / 2; step < STEPS; step++) {
          fork.step('x');
          session.step(tokens[PROMPT + step]);
          assertThat(session.logits()).as("step %s", step).isEqualTo(alone.get(step + 1));
        }
        assertThat(fork.segments()).hasSameSizeAs(session.segments());
      }
    }
  }

  /** Every position is in the tail, or in the shared rows, or hidden there and retained. */
  @Test
  void snapshotsShowEveryPositionOnce() {
    try (Session session = SampleModel.using(ALL).newSession()) {
      session.append(Prompt.ofTokens(tokens(PROMPT)));
      session.step('x');
      for (int layer = 0; layer < 4; layer++) {
        int of = layer;
        List<SegmentSnapshot> segments =
            session.segments().stream().filter(segment -> segment.layer() == of).toList();
        assertThat(segments)
            .extracting(SegmentSnapshot::name)
            .containsExactly(
                "layer." + of + ".shared", "layer." + of + ".retained", "layer." + of + ".tail");
        for (int head = 0; head < 2; head++) {
          List<Integer> seen = new ArrayList<>();
          for (SegmentSnapshot segment : segments) {
            for (int row = 0; row < segment.rows(); row++) {
              seen.add(segment.positions()[head * segment.rows() + row]);
            }
          }
          seen.removeIf(position -> position == SegmentSnapshot.EMPTY);
          assertThat(seen.stream().sorted().toList())
              .isEqualTo(IntStream.rangeClosed(0, PROMPT).boxed().toList());
        }
        assertThat(segments.getFirst().norms()).isPresent();
        assertThat(segments.getFirst().bytes() == 0).isEqualTo(of % 2 == 1);
      }
    }
  }
}
