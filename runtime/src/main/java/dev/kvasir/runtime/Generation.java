package dev.kvasir.runtime;

import java.time.Duration;
import java.util.List;

/**
 * What a session generated.
 *
 * @param text the text of all tokens, without an end token and without a stop text and what follows
 *     it; always the texts that the consumer got, joined
 * @param tokens ids in order, an end token included
 * @param finishReason why it ended
 * @param promptTokens tokens of the prompt
 * @param timings how long it took
 */
public record Generation(
    String text,
    List<Integer> tokens,
    FinishReason finishReason,
    int promptTokens,
    Timings timings) {

  /** Copies the list. */
  public Generation {
    tokens = List.copyOf(tokens);
  }

  /**
   * How long a generation took.
   *
   * @param firstToken from the call until the first token was chosen, the prompt included; the
   *     whole time when there was none
   * @param total from the call to the end, the caller's consumer included
   * @param tokensPerSecond tokens after the first per second after the first; 0 for fewer than two
   *     tokens
   */
  public record Timings(Duration firstToken, Duration total, double tokensPerSecond) {}
}
