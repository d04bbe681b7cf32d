package dev.kvasir.ir.model;

/**
 * How the frequencies of RoPE are stretched to serve more positions than a model was first trained
 * on. Every kind maps each frequency by itself and leaves positions and logits alone.
 */
public sealed interface RopeScaling {
  /** Frequencies as theta gives them. */
  RopeScaling NONE = new None();

  /** {@return radians per position in place of {@code frequency}} */
  double scale(double frequency);

  /** {@return the kind and its constants for people and tools, such as {@code linear(4.0)}} */
  String text();

  /** No scaling. */
  record None() implements RopeScaling {
    @Override
    public double scale(double frequency) {
      return frequency;
    }

    @Override
    public String text() {
      return "none";
    }
  }

  /**
   * Every frequency divided by one factor: position interpolation (Chen et al., <i>Extending
   * Context Window of Large Language Models via Positional Interpolation</i>, 2023).
   *
   * @param factor at least 1
   */
  record Linear(double factor) implements RopeScaling {
    /** Refuses factors that compress. */
    public Linear {
      requireFactor(factor);
    }

    @Override
    public double scale(double frequency) {
      return frequency / factor;
    }

    @Override
    public String text() {
      return "linear(factor = %s)".formatted(factor);
    }
  }

  /**
   * The scaling of Llama 3.1, after its published {@code apply_scaling}: a wave of length 2 pi /
   * frequency shorter than originalPositions / highFrequencyFactor is kept, one longer than
   * originalPositions / lowFrequencyFactor has its frequency divided by the factor, and between
   * them the two blend:
   *
   * <pre>{@code
   * s = (originalPositions / wave - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor)
   * (1 - s) * frequency / factor + s * frequency
   * }</pre>
   *
   * @param factor at least 1
   * @param lowFrequencyFactor above 0
   * @param highFrequencyFactor above {@code lowFrequencyFactor}
   * @param originalPositions the context that the model was first trained on
   */
  record Llama3(
      double factor, double lowFrequencyFactor, double highFrequencyFactor, int originalPositions)
      implements RopeScaling {
    /** Refuses constants without a meaning. */
    public Llama3 {
      requireFactor(factor);
      boolean ordered = lowFrequencyFactor > 0 && highFrequencyFactor > lowFrequencyFactor;
      if (!ordered || Double.isInfinite(highFrequencyFactor) || originalPositions < 1) {
        throw new IllegalArgumentException(
            "expected 0 < low < high and positions from 1, got %s, %s and %s"
                .formatted(lowFrequencyFactor, highFrequencyFactor, originalPositions));
      }
    }

    @Override
    public double scale(double frequency) {
      double wave = 2 * Math.PI / frequency;
      if (wave < originalPositions / highFrequencyFactor) {
        return frequency;
      }
      if (wave > originalPositions / lowFrequencyFactor) {
        return frequency / factor;
      }
      double share =
          (originalPositions / wave - lowFrequencyFactor)
              / (highFrequencyFactor - lowFrequencyFactor);
      return (1 - share) * frequency / factor + share * frequency;
    }

    @Override
    public String text() {
      return "llama3(factor = %s, low_freq_factor = %s, high_freq_factor = %s, original = %d)"
          .formatted(factor, lowFrequencyFactor, highFrequencyFactor, originalPositions);
    }
  }

  private static void requireFactor(double factor) {
    if (!(factor >= 1) || Double.isInfinite(factor)) {
      throw new IllegalArgumentException("expected a finite factor from 1, got " + factor);
    }
  }
}
