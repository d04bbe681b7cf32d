package dev.kvasir.runtime;

import dev.kvasir.plans.Manifest;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.program.Program;
import dev.kvasir.runtime.backend.Workspace;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntConsumer;

/**
 * Reads the tokens of one sequence into its cache, span by span or one by one, and keeps the logits
 * after the last one. For one thread at a time.
 */
final class TokenReader implements AutoCloseable {

  private static final int NO_TOKEN = -1;

  private final LoadedModel model;
  private final Manifest manifest;
  private final SessionMemory memory;
  private final Workspace workspace;
  private final Marks marks;
  private final Settings settings;
  private final CachePages pages;
  private final ProgramRunner runner;
  private final MemorySegment tokenBuffer;
  private final MemorySegment logitsBuffer;
  private final MemorySegment nextBuffer;
  private final float[] logits;
  private final int[] oneToken = new int[1];

  private int position;
  private int largest;
  private int unread = NO_TOKEN;
  private boolean damaged;

  TokenReader(LoadedModel model, SessionOptions options) {
    this(
        model,
        new Settings(model.plan().program(), options.settings()),
        SessionMemory.allocate(
            model.plan(), options.forks(), MemoryLimit.of(options), model.weights()));
  }

  private TokenReader(LoadedModel model, Settings settings, SessionMemory memory) {
    this.model = model;
    this.settings = settings;
    this.memory = memory;
    Plan plan = model.plan();
    manifest = plan.manifest();
    Optional<Workspace> opened = Optional.empty();
    try {
      workspace = model.backend().open();
      opened = Optional.of(workspace);
      marks = new Marks(plan.program());
      pages = new CachePages(plan, memory, workspace, marks);
      runner = new ProgramRunner(plan, model.backend(), workspace, memory, marks, settings);
      tokenBuffer = memory.buffer(Program.TOKENS);
      logitsBuffer = memory.buffer(Program.LOGITS);
      nextBuffer = memory.buffer(Program.NEXT);
      logits = new float[manifest.model().vocabulary()];
    } catch (Throwable thrown) {
      opened.ifPresent(Workspace::close);
      memory.close();
      throw thrown;
    }
  }

  /**
   * {@return a reader that has read the same tokens, and holds the same pages where they are full}
   */
  TokenReader fork() {
    requireSound();
    model.requireForks();
    MemoryLimit limit = MemoryLimit.of(SessionOptions.defaults());
    TokenReader fork =
        new TokenReader(model, settings.fork(), memory.fork(model.plan(), limit, model.weights()));
    fork.marks.fork(marks);
    fork.memory.copyState(memory, model.plan(), workspace, fork.workspace);
    fork.pages.fork(pages, position);
    System.arraycopy(logits, 0, fork.logits, 0, logits.length);
    fork.position = position;
    fork.largest = largest;
    fork.unread = unread;
    return fork;
  }

  /** {@return the number of true tokens in the cache} */
  int position() {
    return position;
  }

  /** {@return the logits after the last token that was read, overwritten by the next} */
  float[] logits() {
    requireLogits();
    return logits;
  }

  /** {@return the index of the largest logit} */
  int largest() {
    requireLogits();
    return largest;
  }

  /** {@return the words of all settings of the program, by name} */
  Map<String, String> settings() {
    return settings.words();
  }

  /** {@return the pages of the cache} */
  CachePages pages() {
    return pages;
  }

  /** {@return the interpreter of the program} */
  ProgramRunner runner() {
    return runner;
  }

  /** {@return the bytes of all memory of the sequence} */
  long reservedBytes() {
    return memory.sizes().total();
  }

  /** Remembers a generated token that the next {@link #readPrompt} reads first. */
  void leaveUnread(int token) {
    unread = token;
  }

  /** {@return whether a generated token was left unread} */
  boolean hasUnread() {
    return unread != NO_TOKEN;
  }

  /** {@return whether nothing was read or generated yet} */
  boolean atBeginning() {
    return position == 0 && !hasUnread();
  }

  /** {@return whether the context has no room for another token} */
  boolean full() {
    return position == manifest.context();
  }

  /** {@return whether {@code token} ends a generation} */
  boolean isEnd(int token) {
    return manifest.model().endTokens().contains(token);
  }

  /** Refuses a cache that lost rows which are still needed. */
  void requireSound() {
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
    if (token < 0 || token >= logits.length) {
      throw new KvasirException(
          ErrorCode.PROMPT_INVALID,
          "token ids run from 0 to %d, got %d".formatted(logits.length - 1, token));
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

  /**
   * Reads the token left unread and a prompt. What the prompt asks for is found in all of it,
   * before the first span.
   *
   * @param afterSpan is told how many tokens each span had, when it has been read
   * @return whether all was read, that is, not cancelled; spans before the cancelled one stay
   * @throws KvasirException when the prompt does not fit or holds an unknown token; nothing is read
   *     then
   */
  boolean readPrompt(int[] prompt, IntConsumer afterSpan) {
    model.watch().requireUnchanged();
    requireSound();
    int waiting = hasUnread() ? 1 : 0;
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
    int[] settingsBefore = settings.read(prompt);
    for (int from = 0; from < tokens.length; from += manifest.span()) {
      int count = Math.min(manifest.span(), tokens.length - from);
      if (!compute(tokens, from, count, false)) {
        if (from == 0) {
          settings.takeBack(settingsBefore);
        }
        return false;
      }
      afterSpan.accept(count);
    }
    return true;
  }

  /**
   * Reads one token by the procedure of generated tokens; allocates nothing.
   *
   * @return whether it was read, that is, not cancelled
   */
  boolean readGenerated(int token) {
    model.watch().requireUnchanged();
    requireSound();
    requireRoom(1, 0);
    requireToken(token);
    oneToken[0] = token;
    return compute(oneToken, 0, 1, true);
  }

  private boolean compute(int[] tokens, int from, int count, boolean generated) {
    model.takeTurn();
    boolean sound = false;
    try {
      MemorySegment.copy(tokens, from, tokenBuffer, Formats.INT, 0, count);
      workspace.written(tokenBuffer, StorageFormat.I32);
      pages.cover(generated, position, position + count);
      if (!runner.run(generated, position, count)) {
        sound = canTakeBack(generated, count);
        pages.takeBack(position);
        runner.acknowledgeCancel();
        return false;
      }
      model.watch().requireUnchanged();
      workspace.read(logitsBuffer, StorageFormat.F32);
      workspace.read(nextBuffer, StorageFormat.I32);
      MemorySegment.copy(logitsBuffer, Formats.FLOAT, 0, logits, 0, logits.length);
      largest = nextBuffer.get(Formats.INT, 0);
      if (largest < 0 || largest >= logits.length) {
        throw new KvasirException(
            ErrorCode.PLAN_INCONSISTENT,
            "buffer %s holds %d, which is no token; compile the plan again"
                .formatted(Program.NEXT, largest));
      }
      runner.runRules();
      position += count;
      pages.settle(position);
      runner.showChosen(pages, position);
      unread = NO_TOKEN;
      sound = true;
      return true;
    } catch (KernelException e) {
      throw e.getCause() instanceof InternalError
          ? ModelWatch.fault(manifest.model().name(), e)
          : e;
    } finally {
      damaged = !sound;
      model.endTurn();
    }
  }

  /**
   * {@return whether a cancelled run can be taken back, which its first part may have prevented}
   */
  private boolean canTakeBack(boolean generated, int count) {
    if (!runner.started()) {
      return true;
    }
    if (position == 0) {
      memory.clearState(model.plan(), workspace);
      return true;
    }
    return !runner.overwroteState()
        && !pages.overwritesVisibleRows(generated, position, position + count);
  }

  @Override
  public void close() {
    pages.release();
    workspace.close();
    memory.close();
  }
}
