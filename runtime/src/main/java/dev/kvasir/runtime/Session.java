package dev.kvasir.runtime;

import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/**
 * One sequence of tokens and its cache. All of its memory is reserved when it opens and freed when
 * it closes; a {@link #fork} shares pages that were reserved with the session it comes from.
 *
 * <p>A session is for one thread at a time; only {@link #cancel} may be called from others. Spans
 * and steps of the sessions of one model queue fairly.
 *
 * <p>Every method throws {@link KvasirException}: {@link ErrorCode#CLOSED} after {@link #close},
 * {@link ErrorCode#SESSION_BUSY} while another call runs, and {@link ErrorCode#SESSION_DAMAGED}
 * where the cache is needed after a span stopped too late to be taken back.
 */
public final class Session implements AutoCloseable {

  private final LoadedModel model;
  private final TokenReader reader;
  private final AtomicReference<Thread> user = new AtomicReference<>();
  private boolean closed;

  Session(LoadedModel model, SessionOptions options) {
    this(model, new TokenReader(model, options));
  }

  private Session(LoadedModel model, TokenReader reader) {
    this.model = model;
    this.reader = reader;
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
    append(prompt, _ -> {});
  }

  /**
   * Reads a prompt as {@link #append(Prompt)} does and says how far it is.
   *
   * @param afterSpan gets the number of tokens of each span when it has been read, on this thread
   */
  public void append(Prompt prompt, IntConsumer afterSpan) {
    enter();
    try {
      int[] tokens = prompt.encode(model.tokenizer(), reader.atBeginning());
      if (!reader.readPrompt(tokens, afterSpan)) {
        throw new CancelledException(reader.position());
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
      return new GenerationLoop(reader, model.tokenizer(), prompt, sampling, consumer).run();
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
      if (!reader.readGenerated(token)) {
        throw new CancelledException(reader.position());
      }
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
      return reader.logits().clone();
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
      return reader.largest();
    } finally {
      leave(entered);
    }
  }

  /**
   * {@return what the session is set to, in words, by the name of each setting of the plan: by
   * {@link SessionOptions#setting}, else by the prompt that was read last}
   */
  public Map<String, String> settings() {
    boolean entered = enterToLook();
    try {
      return reader.settings();
    } finally {
      leave(entered);
    }
  }

  /** {@return the number of true tokens in the cache} */
  public int position() {
    boolean entered = enterToLook();
    try {
      return reader.position();
    } finally {
      leave(entered);
    }
  }

  /** {@return what the cache holds now} */
  public CacheStats cacheStats() {
    boolean entered = enterToLook();
    try {
      return reader.pages().stats(reader.position());
    } finally {
      leave(entered);
    }
  }

  /** {@return copies of all rows in the cache, dequantised, segment by segment in plan order} */
  public List<SegmentSnapshot> segments() {
    boolean entered = enterToLook();
    try {
      reader.requireSound();
      return reader.pages().snapshots(reader.position());
    } finally {
      leave(entered);
    }
  }

  /**
   * {@return a session that goes on from here by itself}
   *
   * <p>It has read the same tokens and will say the same to the same input; what either of the two
   * reads from now on does not disturb the other. Full cache pages are not copied: both hold them,
   * and one that would overwrite such a page takes a copy first. So a fork costs the pages that are
   * only partly filled, page tables and working memory. Observers stay with this session.
   *
   * <p>To answer many requests that begin alike, read the common part once and fork for each:
   *
   * <pre>{@code
   * Session prefix = model.newSession(SessionOptions.defaults().forks(4));
   * prefix.append(Prompt.of(document));
   * try (Session request = prefix.fork()) {
   *   request.generate(Prompt.of(question), sampling, consumer);
   * }
   * }</pre>
   *
   * <p>A session, its forks and their forks are a family. They may be used by different threads at
   * once and closed in any order; the memory of pages is freed with the last.
   *
   * @throws KvasirException {@link ErrorCode#FORKS_EXHAUSTED} when as many are open as {@link
   *     SessionOptions#forks} reserved room for; {@link ErrorCode#OUT_OF_MEMORY} when there is no
   *     memory for working storage
   */
  public Session fork() {
    enter();
    try {
      Session fork = new Session(model, reader.fork());
      model.sessionForked();
      return fork;
    } finally {
      leave();
    }
  }

  /**
   * {@return the bytes of cache pages and page tables that this session, the one it was forked from
   * and all their open forks hold now, a page that several hold counted once}
   */
  public long familyBytes() {
    boolean entered = enterToLook();
    try {
      return reader.pages().familyBytes();
    } finally {
      leave(entered);
    }
  }

  /**
   * {@return the bytes that the session reserved, cache and working memory together; with room for
   * forks, those of all of them}
   */
  public long reservedBytes() {
    return reader.reservedBytes();
  }

  /**
   * Shows the values that the plan's program marks to {@code observer}, which replaces an earlier
   * one. What the observer throws ends the call that computes, and the session with it.
   */
  public void observe(TraceObserver observer) {
    enter();
    try {
      reader.runner().observe(observer);
    } finally {
      leave();
    }
  }

  /** Ends what {@link #observe} began. */
  public void stopObserving() {
    enter();
    try {
      reader.runner().observe(null);
    } finally {
      leave();
    }
  }

  /**
   * Tells {@code observer}, which replaces an earlier one, of each launch and how long it took.
   * What the observer throws ends the call that computes, and the session with it.
   */
  public void observeLaunches(LaunchObserver observer) {
    enter();
    try {
      reader.runner().observeLaunches(observer);
    } finally {
      leave();
    }
  }

  /** Ends what {@link #observeLaunches} began. */
  public void stopObservingLaunches() {
    enter();
    try {
      reader.runner().observeLaunches(null);
    } finally {
      leave();
    }
  }

  /**
   * Stops the running {@link #append}, {@link #generate} or {@link #step} between two launches, or
   * the next one when none runs; from any thread. Interrupting the session's thread does the same.
   */
  public void cancel() {
    reader.runner().cancel();
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
        reader.close();
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
}
