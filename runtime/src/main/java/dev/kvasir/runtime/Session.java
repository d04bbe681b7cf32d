package dev.kvasir.runtime;

import dev.kvasir.plans.Manifest;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.program.Program;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/**
 * One sequence of tokens and its cache. All of its memory is reserved when it opens and freed when
 * it closes.
 *
 * <p>A session is for one thread at a time; only {@link #cancel} may be called from others. Spans
 * and steps of the sessions of one model queue fairly.
 *
 * <p>Every method throws {@link KvasirException}: {@link ErrorCode#CLOSED} after {@link #close},
 * {@link ErrorCode#SESSION_BUSY} while another call runs, and {@link ErrorCode#SESSION_DAMAGED}
 * where the cache is needed after a span stopped too late to be taken back.
 */
public final class Session implements AutoCloseable {

  private static final int NO_TOKEN = -1;

  private final LoadedModel model;
  private final Manifest manifest;
  private final SessionMemory memory;
  private final CachePages pages;
  private final ProgramRunner runner;
  private final MemorySegment tokenBuffer;
  private final MemorySegment logitsBuffer;
  private final MemorySegment nextBuffer;
  private final float[] logits;
  private final int[] oneToken = new int[1];
  private final AtomicReference<Thread> user = new AtomicReference<>();

  private int position;
  private int largest;
  // The last token of a generation, which no step has read yet.
  private int unread = NO_TOKEN;
  private boolean damaged;
  private boolean closed;

  Session(LoadedModel model, SessionOptions options) {
    this.model = model;
    Plan plan = model.plan();
    manifest = plan.manifest();
    memory = SessionMemory.allocate(plan, MemoryLimit.of(options), model.weights());
    try {
      pages = new CachePages(plan, memory);
      runner = new ProgramRunner(plan, model.backend(), memory);
      tokenBuffer = memory.buffer(Program.TOKENS);
      logitsBuffer = memory.buffer(Program.LOGITS);
      nextBuffer = memory.buffer(Program.NEXT);
      logits = new float[manifest.model().vocabulary()];
    } catch (Throwable thrown) {
      memory.close();
      throw thrown;
    }
  }

  /**
   * Reads a prompt into the cache, span by span. The last token of an earlier generation, which was
   * not read yet, is read first.
   *
   * <p>Cancellation takes back the span that runs: spans before it stay in the cache, as {@link
   * #position} tells.
   *
   * @throws KvasirException when the prompt is too long for what is left of the context, or holds a
   *     token outside the vocabulary; nothing was read then
   * @throws CancelledException when {@link #cancel} was called or the thread interrupted
   */
  public void append(Prompt prompt) {
    enter();
    try {
      if (!read(prompt.encode(model.tokenizer()))) {
        throw new CancelledException(position);
      }
    } finally {
      leave();
    }
  }

  /**
   * Reads a prompt as {@link #append} does and generates tokens after it.
   *
   * <p>The first token comes from the logits of the prompt's last token; each further one reads the
   * one before it. The last token is not read: the next call that gives the session something to
   * read, or generates, reads it first. Cancellation ends the generation with what there is.
   *
   * @param prompt may be empty when the session has read something before
   * @param consumer gets each token when it is chosen, on this thread
   * @throws KvasirException as {@link #append} does, and for an empty prompt in an empty session
   */
  public Generation generate(Prompt prompt, Sampling sampling, Consumer<Token> consumer) {
    enter();
    try {
      return new GenerationLoop(prompt.encode(model.tokenizer()), sampling, consumer).run();
    } finally {
      leave();
    }
  }

  /**
   * Reads one given token as generation would, so that {@link #logits} are those of the token after
   * it. The last token of an earlier generation is forgotten unless it is given here. Allocates
   * nothing.
   *
   * @throws KvasirException when the context is full or the token outside the vocabulary
   * @throws CancelledException when {@link #cancel} was called or the thread interrupted; the token
   *     was not read then
   */
  public void step(int token) {
    enter();
    try {
      requireRoom(1, 0);
      requireToken(token);
      if (!readGenerated(token)) {
        runner.acknowledgeCancel();
        throw new CancelledException(position);
      }
      unread = NO_TOKEN;
    } finally {
      leave();
    }
  }

  /**
   * {@return a copy of the logits after the last token that was read, one for each token of the
   * vocabulary}
   *
   * @throws KvasirException when nothing was read yet
   */
  public float[] logits() {
    boolean entered = enterToLook();
    try {
      requireLogits();
      return logits.clone();
    } finally {
      leave(entered);
    }
  }

  /**
   * {@return the token with the largest logit after the last token that was read; ties go to the
   * lower id}
   *
   * @throws KvasirException when nothing was read yet
   */
  public int greedyToken() {
    boolean entered = enterToLook();
    try {
      requireLogits();
      return largest;
    } finally {
      leave(entered);
    }
  }

  /** {@return the number of true tokens in the cache} */
  public int position() {
    boolean entered = enterToLook();
    try {
      return position;
    } finally {
      leave(entered);
    }
  }

  /** {@return what the cache holds now} */
  public CacheStats cacheStats() {
    boolean entered = enterToLook();
    try {
      return pages.stats(position);
    } finally {
      leave(entered);
    }
  }

  /** {@return copies of all rows in the cache, dequantised, segment by segment in plan order} */
  public List<SegmentSnapshot> segments() {
    boolean entered = enterToLook();
    try {
      requireSound();
      return pages.snapshots(position);
    } finally {
      leave(entered);
    }
  }

  /** {@return the bytes that the session reserved, cache and working memory together} */
  public long reservedBytes() {
    return memory.totalBytes();
  }

  /** Shows the values that the plan's program marks to {@code observer}; empty ends it. */
  public void observe(Optional<TraceObserver> observer) {
    enter();
    try {
      runner.observe(observer.orElse(null));
    } finally {
      leave();
    }
  }

  /**
   * Stops the running {@link #append}, {@link #generate} or {@link #step} between two launches, or
   * the next one when none runs; from any thread. Interrupting the session's thread does the same.
   */
  public void cancel() {
    runner.cancel();
  }

  /**
   * Frees the session's memory. Does nothing the second time.
   *
   * @throws KvasirException {@link ErrorCode#SESSION_BUSY} while another call runs
   */
  @Override
  public void close() {
    if (!user.compareAndSet(null, Thread.currentThread())) {
      throw busy();
    }
    try {
      if (!closed) {
        closed = true;
        memory.close();
        model.sessionClosed();
      }
    } finally {
      user.set(null);
    }
  }

  private void enter() {
    if (!user.compareAndSet(null, Thread.currentThread())) {
      throw busy();
    }
    if (closed) {
      user.set(null);
      throw new KvasirException(
          ErrorCode.CLOSED, "the session is closed; open a new one from its model");
    }
  }

  private void leave() {
    user.set(null);
  }

  /** Like {@link #enter}, but a consumer or observer may look while its session computes. */
  private boolean enterToLook() {
    if (user.get() == Thread.currentThread()) {
      return false;
    }
    enter();
    return true;
  }

  private void leave(boolean entered) {
    if (entered) {
      leave();
    }
  }

  private static KvasirException busy() {
    return new KvasirException(
        ErrorCode.SESSION_BUSY,
        "the session is in use; give each thread a session of its own, and call neither from a"
            + " consumer nor from an observer what changes the session");
  }

  private void requireSound() {
    if (damaged) {
      throw new KvasirException(
          ErrorCode.SESSION_DAMAGED,
          "a span stopped half-way and overwrote cache rows that are still needed; open a new"
              + " session");
    }
  }

  private void requireLogits() {
    if (position == 0) {
      throw new KvasirException(
          ErrorCode.PROMPT_EMPTY, "the session has read nothing yet; append a prompt first");
    }
  }

  private void requireToken(int token) {
    if (token < 0 || token >= manifest.model().vocabulary()) {
      throw new KvasirException(
          ErrorCode.PROMPT_INVALID,
          "token ids run from 0 to %d, got %d".formatted(manifest.model().vocabulary() - 1, token));
    }
  }

  private void requireRoom(int tokens, int waiting) {
    if (tokens > manifest.context() - position - waiting) {
      throw new KvasirException(
          ErrorCode.PROMPT_TOO_LONG,
          "prompt has %,d %s; with %,d in the cache the plan holds %,d (compile with --max-context)"
              .formatted(
                  tokens,
                  tokens == 1 ? "token" : "tokens",
                  position + waiting,
                  manifest.context()));
    }
  }

  /** Reads the unread token and a prompt; {@return whether it was not cancelled} */
  private boolean read(int[] prompt) {
    requireSound();
    int waiting = unread == NO_TOKEN ? 0 : 1;
    requireRoom(prompt.length, waiting);
    for (int token : prompt) {
      requireToken(token);
    }
    int[] tokens = prompt;
    if (waiting == 1) {
      tokens = new int[prompt.length + 1];
      tokens[0] = unread;
      System.arraycopy(prompt, 0, tokens, 1, prompt.length);
    }
    for (int from = 0; from < tokens.length; from += manifest.span()) {
      int count = Math.min(manifest.span(), tokens.length - from);
      if (!compute(tokens, from, count, false)) {
        runner.acknowledgeCancel();
        return false;
      }
      unread = NO_TOKEN;
    }
    return true;
  }

  private boolean readGenerated(int token) {
    requireSound();
    oneToken[0] = token;
    return compute(oneToken, 0, 1, true);
  }

  /** Runs one span or step and the rules after it; {@return whether it was not cancelled} */
  private boolean compute(int[] tokens, int from, int count, boolean generated) {
    model.takeTurn();
    boolean sound = false;
    try {
      MemorySegment.copy(tokens, from, tokenBuffer, Formats.INT, 0, count);
      pages.cover(position + count);
      if (!runner.run(generated, position, count)) {
        sound = !runner.started() || !pages.overwritesVisibleRows(position, position + count);
        pages.cover(position);
        return false;
      }
      MemorySegment.copy(logitsBuffer, Formats.FLOAT, 0, logits, 0, logits.length);
      largest = nextBuffer.get(Formats.INT, 0);
      runner.runRules();
      position += count;
      sound = true;
      return true;
    } finally {
      damaged = !sound;
      model.endTurn();
    }
  }

  /** One call of {@link #generate}. */
  private final class GenerationLoop {

    private final int[] prompt;
    private final Sampling sampling;
    private final Consumer<Token> consumer;
    private final Sampler sampler;
    private final TextStream text;
    private final List<Integer> tokens = new ArrayList<>();
    private final long start = System.nanoTime();
    private long firstToken;

    GenerationLoop(int[] prompt, Sampling sampling, Consumer<Token> consumer) {
      this.prompt = prompt;
      this.sampling = sampling;
      this.consumer = consumer;
      sampler = new Sampler(sampling);
      text = new TextStream(model.tokenizer(), sampling.stops());
    }

    Generation run() {
      if (prompt.length == 0 && unread == NO_TOKEN) {
        requireLogits();
      }
      if (!read(prompt)) {
        return finish(FinishReason.CANCELLED);
      }
      while (true) {
        int token = sampler.choose(logits, largest);
        if (tokens.isEmpty()) {
          firstToken = System.nanoTime();
        }
        tokens.add(token);
        unread = token;
        Optional<FinishReason> end = take(token);
        consumer.accept(new Token(token, text.release(end.isPresent())));
        if (end.isPresent()) {
          return finish(end.get());
        }
        if (!readGenerated(token)) {
          runner.acknowledgeCancel();
          return finish(FinishReason.CANCELLED);
        }
        unread = NO_TOKEN;
      }
    }

    private Optional<FinishReason> take(int token) {
      boolean ends = manifest.model().endTokens().contains(token);
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
      } else if (position == manifest.context()) {
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
}
