package dev.kvasir.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/**
 * What a verification must reach. A policy that keeps every row only rounds, so it is held to
 * {@value #STRICT_COSINE} unless the user says otherwise; how much a policy that drops or codes
 * rows may change is for the user to say.
 */
final class ThresholdOptions {
  /** The least cosine of any position when no row is dropped. */
  static final double STRICT_COSINE = 0.999;

  @Option(
      names = "--min-cosine",
      paramLabel = "X",
      description = {
        "With --verify: fail when the cosine of any position is below X.",
        "Default: "
            + STRICT_COSINE
            + " for policies that keep every row in 16 bits or more, else no bound."
      })
  private Optional<Double> minCosine = Optional.empty();

  @Option(
      names = "--min-agreement",
      paramLabel = "SHARE",
      description =
          "With --verify: fail when the most likely token agrees at less than SHARE (0 to 1) of the"
              + " positions. Default: no bound.")
  private Optional<Double> minAgreement = Optional.empty();

  @Option(
      names = "--max-divergence",
      paramLabel = "NATS",
      description =
          "With --verify: fail when the mean Kullback-Leibler divergence from the reference is"
              + " above NATS. Default: no bound.")
  private Optional<Double> maxDivergence = Optional.empty();

  /** {@return the bounds that hold, in words; empty when there are none} */
  List<String> bounds(boolean uncompressed) {
    List<String> bounds = new ArrayList<>();
    cosine(uncompressed).ifPresent(value -> bounds.add("cosine >= " + value));
    minAgreement.ifPresent(value -> bounds.add("agreement >= " + value));
    maxDivergence.ifPresent(value -> bounds.add("divergence <= " + value));
    return bounds;
  }

  /** {@return whether the measurements are numbers and within all bounds} */
  boolean accept(Verification.Result result) {
    boolean numbers =
        Double.isFinite(result.meanCosine())
            && Double.isFinite(result.lowestCosine())
            && Double.isFinite(result.meanDivergence());
    return numbers
        && result.lowestCosine() >= cosine(result.uncompressed()).orElse(-1.0)
        && result.agreement() >= minAgreement.orElse(0.0)
        && result.meanDivergence() <= maxDivergence.orElse(Double.MAX_VALUE);
  }

  private Optional<Double> cosine(boolean uncompressed) {
    return minCosine.isPresent() || !uncompressed ? minCosine : Optional.of(STRICT_COSINE);
  }
}
