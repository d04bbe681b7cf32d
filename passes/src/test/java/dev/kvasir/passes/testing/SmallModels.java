package dev.kvasir.passes.testing;

import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.model.Architecture;
import dev.kvasir.ir.model.Biases;
import dev.kvasir.ir.model.ModelConfig;
import dev.kvasir.ir.model.RopeConfig;
import dev.kvasir.ir.policy.Calibrations;
import dev.kvasir.ir.policy.Convolutions;
import dev.kvasir.ir.policy.HeadScores;
import dev.kvasir.ir.policy.ModelFacts;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.ir.policy.PolicyResolver;
import dev.kvasir.ir.policy.ResolvedPolicy;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.passes.PassContext;
import dev.kvasir.passes.Passes;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Models with every feature and few numbers, and policies for them. */
public final class SmallModels {
  private SmallModels() {}

  /** A model of 3 layers with 4 query heads and 2 KV heads of 4 elements. */
  public static ModelConfig config(OptionalInt slidingWindow, boolean tiedEmbeddings) {
    return new ModelConfig(
        slidingWindow.isPresent() ? Architecture.MISTRAL : Architecture.LLAMA,
        3,
        12,
        20,
        4,
        2,
        4,
        16,
        256,
        1e-5,
        new RopeConfig(10000, 4),
        Biases.NONE,
        slidingWindow,
        tiedEmbeddings,
        Optional.empty(),
        false,
        OptionalInt.empty(),
        List.of());
  }

  /** A model of so many layers with 4 query heads and 2 KV heads, without a window. */
  public static ModelConfig config(int layers, int headDim) {
    return new ModelConfig(
        Architecture.LLAMA,
        layers,
        12,
        20,
        4,
        2,
        headDim,
        16,
        256,
        1e-5,
        new RopeConfig(10000, headDim),
        Biases.NONE,
        OptionalInt.empty(),
        true,
        Optional.empty(),
        false,
        OptionalInt.empty(),
        List.of());
  }

  /** What a policy depends on in a model. */
  public static ModelFacts facts(ModelConfig config) {
    return new ModelFacts(
        config.modelType(),
        config.layers(),
        config.kvHeads(),
        config.maxPositions(),
        OptionalInt.of(config.headDim()));
  }

  /** A policy text resolved against the real techniques, where there are weights for any fold. */
  public static ResolvedPolicy resolve(String policy, ModelFacts facts) {
    return resolve(new SourceText("test.kvp", policy), facts, Convolutions.ANY);
  }

  /** A policy text resolved against the real techniques. */
  public static ResolvedPolicy resolve(
      SourceText policy, ModelFacts facts, Convolutions convolutions) {
    return PolicyResolver.resolve(
        Policy.parse(policy), Passes.techniques(), facts, calibrations(convolutions));
  }

  private static Calibrations calibrations(Convolutions convolutions) {
    return new Calibrations() {
      @Override
      public Optional<HeadScores> headScores() {
        return Optional.empty();
      }

      @Override
      public Optional<Convolutions> convolutions() {
        return Optional.of(convolutions);
      }
    };
  }

  /** A context for a policy without a name: only its statements. */
  public static PassContext context(ModelConfig config, ElementFormat storage, String statements) {
    return new PassContext(
        "small", config, resolve("policy test { " + statements + " }", facts(config)), storage);
  }
}
