package dev.kvasir.runtime;

import java.util.List;

/**
 * How tokens are chosen and when generation ends. Immutable: each method returns a changed copy.
 *
 * @param maxTokens most tokens to generate, at least 1
 * @param temperature divides the logits before the softmax that is drawn from; 0 takes the largest
 *     logit, ties going to the lower id
 * @param seed start of the random numbers; equal seeds give equal draws
 * @param stops texts that end a generation as soon as one appears
 */
public record Sampling(int maxTokens, double temperature, long seed, List<String> stops) {

  /** The number of tokens when none is given. */
  public static final int DEFAULT_MAX_TOKENS = 128;

  /** Checks ranges and copies the list. */
  public Sampling {
    if (maxTokens < 1) {
      throw new KvasirException(
          ErrorCode.OPTION_INVALID, "the number of tokens must be at least 1, got " + maxTokens);
    }
    if (!(temperature >= 0 && temperature < Double.POSITIVE_INFINITY)) {
      throw new KvasirException(
          ErrorCode.OPTION_INVALID,
          "the temperature must be a finite number from 0, got " + temperature);
    }
    if (stops.contains("")) {
      throw new KvasirException(
          ErrorCode.OPTION_INVALID, "a stop text must have at least one character");
    }
    stops = List.copyOf(stops);
  }

  /** {@return sampling that always takes the largest logit, {@link #DEFAULT_MAX_TOKENS} times} */
  public static Sampling greedy() {
    return new Sampling(DEFAULT_MAX_TOKENS, 0, 0, List.of());
  }

  /** {@return a copy that generates at most {@code count} tokens, at least 1} */
  public Sampling maxTokens(int count) {
    return new Sampling(count, temperature, seed, stops);
  }

  /** {@return a copy that draws at {@code value}, finite and not negative; 0 is greedy} */
  public Sampling temperature(double value) {
    return new Sampling(maxTokens, value, seed, stops);
  }

  /** {@return a copy that draws from the random numbers that begin at {@code value}} */
  public Sampling seed(long value) {
    return new Sampling(maxTokens, temperature, value, stops);
  }

  /** {@return a copy that ends when one of {@code texts} appears, none of them empty} */
  public Sampling stop(String... texts) {
    return new Sampling(maxTokens, temperature, seed, List.of(texts));
  }
}
