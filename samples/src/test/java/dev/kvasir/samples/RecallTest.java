package dev.kvasir.samples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.codegen.driver.CompilerOptions;
import dev.kvasir.plans.Plan;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.Sampling;
import dev.kvasir.runtime.Session;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which policies find planted keys, and where. */
final class RecallTest {
  /** Prompts of a recall rate, with needles at depths spread evenly. */
  private static final int PROMPTS = 20;

  private static final int LENGTH = 300;
  private static final long SEED = 20260101;

  /** The model's own page says 63 of 64, 64 of 64 and 64 of 64. */
  @ParameterizedTest
  @ValueSource(ints = {128, 256, 512})
  void aFullCacheRecallsAtEveryLength(int length) {
    List<NeedlePrompt> prompts = NeedlePrompt.spread(new Random(SEED + length), length, PROMPTS);

    assertThat(recalled(SampleModel.shared("full", "f32"), prompts))
        .as("recalled of %s prompts of %s, seed %s", PROMPTS, length, SEED + length)
        .isGreaterThanOrEqualTo(18);
  }

  @Test
  void streamingLosesNeedlesOutsideItsWindow() {
    Random random = new Random(SEED);
    List<NeedlePrompt> prompts =
        IntStream.range(0, PROMPTS)
            .mapToObj(index -> NeedlePrompt.of(random, LENGTH, 120 + 9 * index))
            .toList();

    assertThat(recalled(SampleModel.shared("streaming", "bf16"), prompts))
        .as("recalled of %s needles outside the window, seed %s", PROMPTS, SEED)
        .isLessThanOrEqualTo(1);
    assertThat(recalled(SampleModel.shared("full", "f32"), prompts))
        .as("recalled of the same %s needles by the full cache, seed %s", PROMPTS, SEED)
        .isGreaterThanOrEqualTo(18);
  }

  @Test
  void streamingKeepsNeedlesInsideItsWindow() {
    Random random = new Random(SEED);
    // The answer's last character is asked for 5 steps later: the needle is inside until then.
    int farthest = SampleModel.RECENT - 6;
    List<NeedlePrompt> prompts =
        IntStream.range(0, PROMPTS)
            .mapToObj(index -> NeedlePrompt.of(random, LENGTH, farthest - 2 * index))
            .toList();

    assertThat(recalled(SampleModel.shared("streaming", "bf16"), prompts))
        .as("recalled of %s needles inside the window, seed %s", PROMPTS, SEED)
        .isGreaterThanOrEqualTo(18);
  }

  @ParameterizedTest
  @CsvSource({
    "zigzag-sets, 0.63",
    "duo-sets, 0.60",
    "razor, 0.60",
    "kv-int8, 0.63",
    "kv-k8v4, 0.51",
    "kivi-4, 0.38",
    "zigzag-k8v4, 0.34"
  })
  void retrievalSetsRecallLikeTheFullCacheAtFarFewerBytes(String policy, double bytes) {
    List<NeedlePrompt> prompts = setPrompts();
    LoadedModel compressed = SampleModel.shared(policy, "bf16");

    assertThat(recalled(compressed, prompts))
        .as("recalled of %s prompts of %s, seed %s", prompts.size(), LENGTH, SEED)
        .isGreaterThanOrEqualTo(prompts.size() * 95 / 100);
    long full =
        CacheBytesTest.promised(
            SampleModel.compile(SampleModel.shipped("full", "bf16")), SampleModel.CONTEXT);
    assertThat((double) bytesAt(compressed) / full)
        .as("cache bytes after %s tokens, of those of the full cache", SampleModel.CONTEXT)
        .isLessThan(bytes);
  }

  /** At the whole context of the model, where page tables and open pages weigh least. */
  @Test
  void packedStreamingLayersTakeLessThanAThirdOfTheFullCache() {
    assertThat((double) promisedAtWholeContext("zigzag-k8v4") / promisedAtWholeContext("full"))
        .as("cache bytes after 2,048 tokens, of those of the full cache in bf16")
        .isLessThanOrEqualTo(0.30);
  }

  private static long promisedAtWholeContext(String policy) {
    return CacheBytesTest.promised(
        SampleModel.compile(SampleModel.shipped(policy), CompilerOptions.defaults()), 2048);
  }

  @Test
  void otherRetrievalLayersOfEqualBytesLose() {
    List<NeedlePrompt> prompts = NeedlePrompt.spread(new Random(SEED), 2 * LENGTH, PROMPTS);
    Plan wrong =
        SampleModel.compile(
            SampleModel.policy(
                "use group-heads(criterion = layer, retrieval = [0, 3], sink = 4, recent = 128);"));
    Plan right = SampleModel.shared("zigzag-sets", "bf16").plan();
    assertThat(CacheBytesTest.promised(wrong, SampleModel.CONTEXT))
        .isEqualTo(CacheBytesTest.promised(right, SampleModel.CONTEXT));

    try (LoadedModel model = SampleModel.load(wrong, SampleModel.twoThreads())) {
      assertThat(recalled(model, prompts))
          .as("recalled of %s prompts of %s, seed %s", PROMPTS, 2 * LENGTH, SEED)
          .isLessThan(PROMPTS / 2);
    }
  }

  /** More prompts than for one rate: these policies are told from others by a few in a hundred. */
  private static List<NeedlePrompt> setPrompts() {
    return NeedlePrompt.spread(new Random(SEED), LENGTH, 2 * PROMPTS);
  }

  private static int recalled(LoadedModel model, List<NeedlePrompt> prompts) {
    int right = 0;
    for (NeedlePrompt prompt : prompts) {
      Sampling sampling = Sampling.greedy().maxTokens(prompt.answer().length());
      try (Session session = model.newSession()) {
        String text = session.generate(Prompt.of(prompt.text()), sampling, token -> {}).text();
        if (text.equals(prompt.answer())) {
          right++;
        }
      }
    }
    return right;
  }

  private static long bytesAt(LoadedModel model) {
    try (Session session = model.newSession()) {
      session.append(Prompt.ofTokens(new int[SampleModel.CONTEXT]));
      return session.cacheStats().allocatedBytes();
    }
  }
}
