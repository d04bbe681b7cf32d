package dev.kvasir.samples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.kvasir.codegen.calibration.CalibratedWeights;
import dev.kvasir.codegen.calibration.ConvCalibration;
import dev.kvasir.codegen.driver.CompilerOptions;
import dev.kvasir.codegen.driver.Model;
import dev.kvasir.codegen.tile.TileSize;
import dev.kvasir.ir.reference.ReferenceEvaluator;
import dev.kvasir.plans.Plan;
import dev.kvasir.runtime.LoadOptions;
import dev.kvasir.runtime.LoadedModel;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Compiled plans against the naive evaluator in double precision: a prompt of several spans, then
 * decode steps on given tokens.
 */
final class EvaluatorAgreementTest {
  private static final int PROMPT = 230;
  private static final int STEPS = 64;
  private static final long SEED = 7;
  private static final int[] TOKENS =
      NeedlePrompt.of(new Random(SEED), PROMPT + STEPS, 170).text().chars().toArray();

  private static final int MACHINE_BITS = FloatVector.SPECIES_PREFERRED.vectorBitSize();

  /** Expected logits by policy and format. */
  private static final Map<String, List<double[]>> EXPECTED = new HashMap<>();

  @ParameterizedTest
  @CsvSource({
    "full, f32",
    "full, bf16",
    "streaming, f32",
    "streaming, bf16",
    "zigzag-sets, f32",
    "zigzag-sets, bf16",
    "duo-sets, f32",
    "duo-sets, bf16",
    "razor, f32",
    "razor, bf16",
    "lococo, f32",
    "lococo, bf16",
    "kv-int8, bf16",
    "kv-k8v4, bf16",
    "kivi-4, bf16",
    "zigzag-k8v4, bf16"
  })
  void logitsAreThoseOfTheEvaluator(String policy, String format) {
    LoadedModel model = SampleModel.shared(policy, format);

    assertAgreement(run(model), expected(policy, format, model.plan()));
  }

  /** Segments of every kind are in {@code duo-sets}, packed ones in {@code zigzag-k8v4}. */
  @ParameterizedTest
  @CsvSource({
    "128, 1, duo-sets",
    "256, 3, duo-sets",
    "512, 2, duo-sets",
    "128, 3, razor",
    "512, 2, razor",
    "128, 2, lococo",
    "256, 1, lococo",
    "512, 2, lococo",
    "128, 8, zigzag-k8v4",
    "256, 3, zigzag-k8v4",
    "512, 2, zigzag-k8v4"
  })
  void everyVectorWidthAgrees(int vectorBits, int threads, String policy) {
    assumeThat(vectorBits)
        .as("this machine has vectors of %s bits; wider ones are only emulated", MACHINE_BITS)
        .isLessThanOrEqualTo(MACHINE_BITS);
    LoadedModel preferred = SampleModel.shared(policy, "f32");

    List<float[]> found =
        vectorBits == MACHINE_BITS ? run(preferred) : run(preferred.plan(), vectorBits, threads);
    assertAgreement(found, expected(policy, "f32", preferred.plan()));
  }

  /** The shared models have two. */
  @ParameterizedTest
  @CsvSource({
    "1, duo-sets",
    "3, duo-sets",
    "8, duo-sets",
    "3, razor",
    "8, razor",
    "1, lococo",
    "8, lococo",
    "1, zigzag-k8v4",
    "3, zigzag-k8v4"
  })
  void threadsChangeNoBit(int threads, String policy) {
    LoadedModel two = SampleModel.shared(policy, "f32");

    Logits.requireSame(
        run(two.plan(), MACHINE_BITS, threads), run(two), threads + " threads, seed " + SEED);
  }

  /** Sizes that no chooser gives: one page a split and splits that span segments, all tiles. */
  @ParameterizedTest
  @CsvSource({
    "duo-sets, f32, 64, 1",
    "duo-sets, f32, 128, 64",
    "razor, f32, 64, 1",
    "zigzag-k8v4, bf16, 192, 32",
    "zigzag-k8v4, bf16, 1024, 2"
  })
  void givenTileSizesComputeTheSame(
      String policy, String format, int rowsPerSplit, int prefillTokens) {
    Plan plan =
        SampleModel.compile(
            SampleModel.shipped(policy, format),
            CompilerOptions.defaults()
                .withMaxContext(SampleModel.CONTEXT)
                .withSpan(SampleModel.SPAN)
                .withTile(TileSize.ROWS_PER_SPLIT, rowsPerSplit)
                .withTile(TileSize.PREFILL_TOKENS, prefillTokens));

    try (LoadedModel model = SampleModel.load(plan, SampleModel.twoThreads())) {
      assertAgreement(run(model), expected(policy, format, plan));
    }
  }

  private static void assertAgreement(List<float[]> found, List<double[]> expected) {
    assertThat(found).hasSize(1 + STEPS);
    Logits.requireNear(found, expected, "seed " + SEED);
  }

  private static List<float[]> run(Plan plan, int vectorBits, int threads) {
    LoadOptions options = LoadOptions.defaults().threads(threads).vectorBits(vectorBits);
    try (LoadedModel model = SampleModel.load(plan, options)) {
      return run(model);
    }
  }

  private static List<float[]> run(LoadedModel model) {
    return Logits.of(model, TOKENS, PROMPT);
  }

  private static List<double[]> expected(String policy, String format, Plan plan) {
    return EXPECTED.computeIfAbsent(policy + " " + format, key -> evaluate(plan));
  }

  private static List<double[]> evaluate(Plan plan) {
    try (Model model = Model.open(SampleModel.FOLDER)) {
      ConvCalibration convolutions = ConvCalibration.ofFolder(SampleModel.FOLDER).orElseThrow();
      ReferenceEvaluator evaluator =
          Logits.evaluator(plan, new CalibratedWeights(model, convolutions));
      return Logits.expected(evaluator, SampleModel.SPAN, TOKENS, PROMPT);
    }
  }
}
