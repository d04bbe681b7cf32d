package dev.kvasir.samples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.codegen.calibration.CalibratedWeights;
import dev.kvasir.codegen.calibration.ConvCalibration;
import dev.kvasir.codegen.calibration.RandomConvolutions;
import dev.kvasir.codegen.driver.CompilerOptions;
import dev.kvasir.codegen.driver.Model;
import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.ir.reference.ReferenceEvaluator;
import dev.kvasir.plans.Plan;
import dev.kvasir.runtime.LoadOptions;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.SegmentSnapshot;
import dev.kvasir.runtime.Session;
import dev.kvasir.runtime.SessionOptions;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Sessions whose rows are folded behind spans that are long enough and whenever the tail is full.
 */
final class FoldedSessionTest {
  private static final long SEED = 19;
  private static final int TEXT = 600;

  /** What rows are folded into, how they are stored, and how much of slots convolutions make. */
  private enum Case {
    EXACT(48, 40, 7, 30, 0.5f, "use store-kv(format = f32);"),
    MIXED_ALONE(20, 70, 3, 0, 1, "use store-kv(format = f32);"),
    CHOSEN_ALONE(64, 64, 21, 50, 0, ""),
    ROUNDED(64, 33, 9, 75, -0.25f, ""),
    PACKED(
        128,
        64,
        5,
        60,
        0.3f,
        "use quantize-kv(key = int8(per = channel, group = 64), value = int4(per = token));"),
    PACKED_WITH_OPEN_PAGE(
        100, 40, 5, 50, 0, "use quantize-kv(key = int8(per = token), value = int8);");

    private final int slots;
    private final int block;
    private final int kernel;
    private final int keep;
    private final float alpha;
    private final String storage;

    Case(int slots, int block, int kernel, int keep, float alpha, String storage) {
      this.slots = slots;
      this.block = block;
      this.kernel = kernel;
      this.keep = keep;
      this.alpha = alpha;
      this.storage = storage;
    }

    private Policy policy() {
      return Policy.parse(
          new SourceText(
              "folded.kvp",
              "policy folded { use fuse-kv-conv(slots = %d, block = %d, kernel = %d, keep = %d%%); %s }"
                  .formatted(slots, block, kernel, keep, storage)));
    }

    private ConvCalibration weights(Model model) {
      int mixed = slots * (100 - keep) / 100;
      return RandomConvolutions.of(
          "conv.kvcal", model.fingerprint(), model.config(), SEED, slots, mixed, kernel, alpha);
    }
  }

  private static final Map<Case, Plan> PLANS = new ConcurrentHashMap<>();
  private static final Map<Case, LoadedModel> MODELS = new ConcurrentHashMap<>();

  private static Plan plan(Case folded) {
    return PLANS.computeIfAbsent(
        folded,
        key -> {
          try (Model model = Model.open(SampleModel.FOLDER)) {
            return SampleModel.compile(
                key.policy(),
                CompilerOptions.defaults()
                    .withMaxContext(SampleModel.CONTEXT)
                    .withSpan(SampleModel.SPAN)
                    .withCalibration(key.weights(model)));
          }
        });
  }

  private static LoadedModel model(Case folded) {
    return MODELS.computeIfAbsent(
        folded, key -> SampleModel.load(plan(key), SampleModel.twoThreads()));
  }

  /** {@return a model that folds rows of 16 bits every 33 steps} */
  static LoadedModel rounded() {
    return model(Case.ROUNDED);
  }

  private static int[] tokens(int count) {
    int[] text = NeedlePrompt.of(new Random(SEED), TEXT, 170).text().chars().toArray();
    return Arrays.copyOf(text, count);
  }

  /** Prompts one after the other in a session and in the evaluator, then steps in both. */
  private static void requireAgreement(Case folded, int steps, int... prompts) {
    int all = Arrays.stream(prompts).sum();
    int[] tokens = tokens(all + steps);
    List<float[]> found = Logits.of(model(folded), tokens, prompts);
    try (Model files = Model.open(SampleModel.FOLDER)) {
      ReferenceEvaluator evaluator =
          Logits.evaluator(plan(folded), new CalibratedWeights(files, folded.weights(files)));
      Logits.requireNear(
          found,
          Logits.expected(evaluator, SampleModel.SPAN, tokens, prompts),
          folded + ", seed " + SEED);
    }
  }

  @ParameterizedTest
  @EnumSource
  void logitsAreThoseOfTheEvaluatorThroughEveryFold(Case folded) {
    requireAgreement(folded, folded == Case.EXACT ? 400 : 240, 170);
  }

  @ParameterizedTest
  @EnumSource(names = {"EXACT", "PACKED"})
  void aSecondPromptAddsToTheFirst(Case folded) {
    requireAgreement(folded, 60, 30, 25, 150, 3);
  }

  /** Around all slots, and around all slots and a block. */
  @ParameterizedTest
  @ValueSource(ints = {1, 47, 48, 49, 87, 88, 89})
  void promptsOfAnyLengthAgree(int prompt) {
    requireAgreement(Case.EXACT, 50, prompt);
  }

  @Test
  void mixedSlotsHaveNoPosition() {
    int[] tokens = tokens(300);
    try (Session session = model(Case.EXACT).newSession()) {
      session.append(Prompt.ofTokens(Arrays.copyOf(tokens, 87)));
      SegmentSnapshot unfolded = session.segments().getFirst();
      for (int row = 0; row < unfolded.rows(); row++) {
        assertThat(unfolded.positions()[row]).isEqualTo(row);
      }
      session.step(tokens[87]);
      SegmentSnapshot folded = session.segments().getFirst();
      int verbatim = 48 - 48 * 70 / 100;
      assertThat(folded.rows()).isEqualTo(48);
      for (int row = 0; row < folded.rows(); row++) {
        int position = folded.positions()[row];
        if (row < verbatim) {
          assertThat(position).isBetween(row, 87);
        } else {
          assertThat(position).isEqualTo(-1);
        }
      }
    }
  }

  @Test
  void allocatedBytesStopGrowing() {
    LoadedModel model = model(Case.CHOSEN_ALONE);
    for (int length : new int[] {1, 63, 64, 127, 128, 230}) {
      try (Session session = model.newSession()) {
        session.append(Prompt.ofTokens(new int[length]));
        int mark = 64;
        for (int span = 0; span < length; span += SampleModel.SPAN) {
          int end = Math.min(length, span + SampleModel.SPAN);
          mark = end - mark >= 64 ? end : mark;
        }
        for (int tokens = length; tokens <= length + 150; tokens++) {
          if (tokens - mark == 64) {
            mark = tokens;
          }
          assertThat(session.cacheStats().allocatedBytes())
              .as("prompt of %s, after %s tokens", length, tokens)
              .isEqualTo(bytes(mark, tokens));
          session.step(session.greedyToken());
        }
      }
    }
  }

  /** Four layers of two heads: a page for slots and one for the tail. */
  private static long bytes(int mark, int tokens) {
    long pageBytes = 64 * (32 + 32) * 2L;
    long pages = 1L + Math.ceilDiv(Math.max(tokens - mark, 0), 64);
    long mass = 2 * 128 * 4L;
    long positions = (64 + 1) * 4L;
    return 4 * 2 * (pages * pageBytes + 2 * Integer.BYTES + mass + positions);
  }

  @ParameterizedTest
  @EnumSource(names = "PACKED")
  void resultsDoNotDependOnThreads(Case folded) {
    int[] tokens = tokens(300);
    try (LoadedModel single = SampleModel.load(plan(folded), LoadOptions.defaults().threads(1));
        Session one = single.newSession();
        Session two = model(folded).newSession()) {
      one.append(Prompt.ofTokens(Arrays.copyOf(tokens, 150)));
      two.append(Prompt.ofTokens(Arrays.copyOf(tokens, 150)));
      for (int step = 150; step < tokens.length; step++) {
        assertThat(one.logits()).as("step %s", step).isEqualTo(two.logits());
        one.step(tokens[step]);
        two.step(tokens[step]);
      }
    }
  }

  /** Both fold anew, from pages that they share until then; slots are still filled, or were. */
  @ParameterizedTest
  @EnumSource(names = {"EXACT", "PACKED", "PACKED_WITH_OPEN_PAGE"})
  void forksGoOnAsIfAlone(Case folded) {
    int[] tokens = tokens(400);
    List<float[]> alone = Logits.of(model(folded), tokens, 30);
    for (int forked : new int[] {40, 80, 130, 210}) {
      try (Session session = model(folded).newSession(SessionOptions.defaults().forks(1))) {
        session.append(Prompt.ofTokens(Arrays.copyOf(tokens, 30)));
        for (int step = 30; step < forked; step++) {
          session.step(tokens[step]);
        }
        try (Session fork = session.fork()) {
          for (int step = forked; step < tokens.length; step++) {
            fork.step('x');
            session.step(tokens[step]);
            assertThat(session.logits())
                .as("forked at %s, step %s", forked, step)
                .isEqualTo(alone.get(step - 29));
          }
        }
      }
    }
  }
}
