package dev.kvasir.runtime;

import java.util.List;

/**
 * How tokens are chosen and when generation ends. Immutable: each method returns a changed copy.
 *
 * <p>At temperature 0 the token with the largest logit is taken, ties going to the lower id. At any
 * other a token is drawn from its nucleus: with p_i = softmax(logits / temperature)_i and tokens in
 * order of descending p_i, equal ones by ascending id, the nucleus is the shortest beginning of
 * that order whose sum reaches {@code topP}, and token i of it is drawn with probability p_i
 * divided by the sum (Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration", section
 * 3.1). A nucleus has at least one token, so that a tiny {@code topP} is greedy; {@code topP} = 1
 * draws from all tokens.
 *
 * @param maxTokens most tokens to generate, at least 1
 * @param temperature divides the logits before the softmax, finite and from 0; 0 is greedy
 * @param topP how much probability the nucleus has at least, over 0 and at most 1
 * @param seed start of the random numbers; equal seeds give equal draws
 * @param stops texts that end a generation as soon as one appears
 */
public record Sampling(
    int maxTokens, double temperature, double topP, long seed, List<String> stops) {

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
    if (!(topP > 0 && topP <= 1)) {
      throw new KvasirException(
          ErrorCode.OPTION_INVALID, "top-p must be over 0 and at most 1, got " + topP);
    }
    if (stops.contains("")) {
      throw new KvasirException(
          ErrorCode.OPTION_INVALID, "a stop text must have at least one character");
    }
    stops = List.copyOf(stops);
  }

  /** {@return sampling that always takes the largest logit, {@link #DEFAULT_MAX_TOKENS} times} */
  public static Sampling greedy() {
    return new Sampling(DEFAULT_MAX_TOKENS, 0, 1, 0, List.of());
  }

  /** {@return a copy that generates at most {@code count} tokens, at least 1} */
  public Sampling maxTokens(int count) {
    return new Sampling(count, temperature, topP, seed, stops);
  }

  /** {@return a copy that draws at {@code value}, finite and not negative; 0 is greedy} */
  public Sampling temperature(double value) {
    return new Sampling(maxTokens, value, topP, seed, stops);
  }

  /** {@return a copy that draws from the nucleus of {@code value}, over 0 and at most 1} */
  public Sampling topP(double value) {
    return new Sampling(maxTokens, temperature, value, seed, stops);
  }

  /** {@return a copy that draws from the random numbers that begin at {@code value}} */
  public Sampling seed(long value) {
    return new Sampling(maxTokens, temperature, topP, value, stops);
  }

  /** {@return a copy that ends when one of {@code texts} appears, none of them empty} */
  public Sampling stop(String... texts) {
    return new Sampling(maxTokens, temperature, topP, seed, List.of(texts));
  }
}
