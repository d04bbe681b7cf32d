package dev.kvasir.runtime;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** One generation: reads a prompt, then chooses tokens and reads them until it ends. */
final class GenerationLoop {

  private final TokenReader reader;
  private final int[] prompt;
  private final Sampling sampling;
  private final Consumer<Token> consumer;
  private final Sampler sampler;
  private final TextStream text;
  private final List<Integer> tokens = new ArrayList<>();
  private final long start = System.nanoTime();
  private long firstToken;

  GenerationLoop(
      TokenReader reader,
      Tokenizer tokenizer,
      Prompt prompt,
      Sampling sampling,
      Consumer<Token> consumer) {
    this.reader = reader;
    this.prompt = prompt.encode(tokenizer, reader.atBeginning());
    this.sampling = sampling;
    this.consumer = consumer;
    sampler = new Sampler(sampling);
    text = new TextStream(tokenizer, sampling.stops());
  }

  Generation run() {
    if (!reader.readPrompt(prompt, _ -> {})) {
      return finish(FinishReason.CANCELLED);
    }
    while (true) {
      int token = sampler.choose(reader.logits(), reader.largest());
      if (tokens.isEmpty()) {
        firstToken = System.nanoTime();
      }
      tokens.add(token);
      reader.leaveUnread(token);
      Optional<FinishReason> end = take(token);
      consumer.accept(new Token(token, text.release(end.isPresent())));
      if (end.isPresent()) {
        return finish(end.get());
      }
      if (!reader.readGenerated(token)) {
        return finish(FinishReason.CANCELLED);
      }
    }
  }

  private Optional<FinishReason> take(int token) {
    boolean ends = reader.isEnd(token);
    if (!ends) {
      text.add(token);
    }
    Optional<FinishReason> reason = Optional.empty();
    if (ends) {
      reason = Optional.of(FinishReason.END_TOKEN);
    } else if (text.stopped()) {
      reason = Optional.of(FinishReason.STOP);
    } else if (tokens.size() == sampling.maxTokens()) {
      reason = Optional.of(FinishReason.MAX_TOKENS);
    } else if (reader.full()) {
      reason = Optional.of(FinishReason.CONTEXT_FULL);
    }
    if (reason.isPresent()) {
      text.end();
    }
    return reason;
  }

  private Generation finish(FinishReason reason) {
    long end = System.nanoTime();
    long first = tokens.isEmpty() ? end : firstToken;
    double rate = tokens.size() < 2 ? 0 : (tokens.size() - 1) * 1e9 / Math.max(1, end - first);
    return new Generation(
        text.text(),
        tokens,
        reason,
        prompt.length,
        new Generation.Timings(
            Duration.ofNanos(first - start), Duration.ofNanos(end - start), rate));
  }
}
