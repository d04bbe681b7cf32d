package dev.kvasir.runtime;

import dev.kvasir.plans.Manifest;
import dev.kvasir.plans.ModelFilesException;
import dev.kvasir.plans.ModelFingerprint;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanChecker;
import dev.kvasir.plans.PlanException;
import dev.kvasir.plans.PlanException.Reason;
import dev.kvasir.plans.PlanReader;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.TrustedPlans;
import dev.kvasir.plans.safetensors.SafetensorsException;
import dev.kvasir.runtime.backend.Backend;
import dev.kvasir.runtime.backend.BackendProvider;
import dev.kvasir.runtime.backend.Backends;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A plan with the model it was compiled for: kernels loaded and checked, weights bound, one pool of
 * worker threads. Safe for use by many threads.
 *
 * <p>Sessions of one model share its threads: spans and steps run one after the other, in the order
 * in which they were asked for.
 */
public final class LoadedModel implements AutoCloseable {

  private static final String REMEDY =
      "add kvasir-runtime-tornadovm, which a build of Kvasir with a TornadoVM SDK makes, to the"
          + " class path";

  private final Plan plan;
  private final Backend backend;
  private final Tokenizer tokenizer;
  private final Arena arena;
  private final Map<String, MemorySegment> weights;
  private final ModelWatch watch;
  // Fair, so that a session with a long prompt does not starve one that generates.
  private final ReentrantLock turn = new ReentrantLock(true);
  private final Object lifecycle = new Object();
  private int openSessions;
  private boolean closed;

  private LoadedModel(
      Plan plan,
      Backend backend,
      Tokenizer tokenizer,
      Arena arena,
      Map<String, MemorySegment> weights,
      ModelWatch watch) {
    this.plan = plan;
    this.backend = backend;
    this.tokenizer = tokenizer;
    this.arena = arena;
    this.weights = weights;
    this.watch = watch;
  }

  /**
   * {@return the plan in a file, ready to open sessions, with default options}
   *
   * @param plan a plan file
   * @param modelDirectory the folder of {@code config.json} and {@code model.safetensors}
   * @throws PlanException when the file is no sound plan; else as {@link #load(Plan, Path,
   *     LoadOptions)}
   */
  public static LoadedModel load(Path plan, Path modelDirectory) throws IOException {
    return load(plan, modelDirectory, LoadOptions.defaults());
  }

  /** As {@link #load(Path, Path)}, with {@code options}. */
  public static LoadedModel load(Path plan, Path modelDirectory, LoadOptions options)
      throws IOException {
    Plan read = PlanReader.read(plan);
    return load(read, modelDirectory, options, provider(read));
  }

  /**
   * {@return {@code plan}, ready to open sessions}
   *
   * <p>The model's weights are mapped, not copied. Each kernel is run once on inputs with known
   * results, unless the same kernels passed on this machine before.
   *
   * @param plan read from a file or fresh from the compiler
   * @param modelDirectory the folder of {@code config.json} and {@code model.safetensors}
   * @throws PlanException when the plan contradicts itself, belongs to another model or target, or
   *     needs what this runtime lacks
   * @throws ModelFilesException when a file of the model is missing
   * @throws SafetensorsException when the model's weights are broken
   * @throws IOException when a file cannot be read
   * @throws VerificationException when a kernel gives wrong results on this machine
   * @throws KvasirException when a tensor is missing or has another size, a kernel cannot be
   *     loaded, or an option is out of range
   */
  public static LoadedModel load(Plan plan, Path modelDirectory, LoadOptions options)
      throws IOException {
    BackendProvider provider = provider(plan);
    PlanChecker.check(plan);
    return load(plan, modelDirectory, options, provider);
  }

  /** As {@link #load(Plan, Path, LoadOptions)}, for a plan that was checked, where it is said. */
  static LoadedModel load(
      Plan plan, Path modelDirectory, LoadOptions options, BackendProvider provider)
      throws IOException {
    requireFeatures(plan);
    if (!provider.checksBounds()
        && !options.trustKernels()
        && !TrustedPlans.ofUser().contains(plan)) {
      throw KernelTrust.refusal(plan);
    }
    try {
      return bind(plan, modelDirectory, options, provider);
    } catch (InternalError e) {
      // A fault in a mapped file; the header of one is read while it is bound.
      throw ModelWatch.fault(modelDirectory, e);
    }
  }

  private static LoadedModel bind(
      Plan plan, Path modelDirectory, LoadOptions options, BackendProvider provider)
      throws IOException {
    requireModel(plan, modelDirectory, options.fullCheck());
    Tokenizer tokenizer = Tokenizers.open(plan, modelDirectory);
    Arena arena = Arena.ofShared();
    Optional<Backend> opened = Optional.empty();
    Optional<ModelWatch> watching = Optional.empty();
    try {
      ModelWatch watch = ModelWatch.open(modelDirectory);
      watching = Optional.of(watch);
      Backend backend = provider.open(plan, options);
      opened = Optional.of(backend);
      Map<String, MemorySegment> weights = Weights.bind(plan, modelDirectory, arena);
      verify(plan, backend, options);
      return new LoadedModel(plan, backend, tokenizer, arena, weights, watch);
    } catch (Throwable thrown) {
      opened.ifPresent(Backend::close);
      watching.ifPresent(ModelWatch::close);
      Tokenizers.close(tokenizer);
      arena.close();
      throw thrown;
    }
  }

  private static void requireFeatures(Plan plan) throws PlanException {
    for (String feature : plan.manifest().features()) {
      if (!StorageFormat.isFeature(feature)) {
        throw new PlanException(
            Reason.MISSING_FEATURE, "manifest.json", "the plan needs the feature " + feature);
      }
    }
  }

  /** {@return what runs the plan's target} */
  private static BackendProvider provider(Plan plan) {
    String target = plan.manifest().target();
    return Backends.find(target)
        .orElseThrow(
            () ->
                new KvasirException(
                    ErrorCode.DEVICE_UNAVAILABLE,
                    "nothing here runs plans of target %s, only of %s; %s, or compile the policy for"
                            .formatted(target, String.join(", ", Backends.targets()), REMEDY)
                        + " another target"));
  }

  private static void requireModel(Plan plan, Path modelDirectory, boolean fullCheck)
      throws IOException {
    Manifest.ModelReference model = plan.manifest().model();
    String fingerprint = ModelFingerprint.of(modelDirectory).value();
    if (!fingerprint.equals(model.fingerprint())) {
      throw new PlanException(
          Reason.WRONG_MODEL,
          modelDirectory.toString(),
          "the plan was compiled for another model: expected %s with fingerprint %s, got %s"
              .formatted(model.name(), model.fingerprint(), fingerprint));
    }
    if (fullCheck) {
      String expected =
          model
              .fullHash()
              .orElseThrow(
                  () ->
                      new KvasirException(
                          ErrorCode.NO_FULL_HASH,
                          "the plan has no hash over all bytes of its model; load it without the"
                              + " full check, or compile it with one"));
      String actual = ModelFingerprint.fullHash(modelDirectory);
      if (!actual.equals(expected)) {
        throw new PlanException(
            Reason.WRONG_MODEL,
            modelDirectory.toString(),
            "the plan was compiled for other weights: expected %s with hash %s, got %s"
                .formatted(model.name(), expected, actual));
      }
    }
  }

  private static void verify(Plan plan, Backend backend, LoadOptions options) throws PlanException {
    VerifiedKernels verified = new VerifiedKernels(options.cacheFolder());
    String key = VerifiedKernels.key(plan, backend.kernelFolder(), backend.fingerprint());
    if (options.fullCheck() || !verified.contains(key)) {
      KernelChecks.run(plan, backend);
      verified.add(key);
    }
  }

  /** {@return a session with an empty cache and default options, as the other method has it} */
  public Session newSession() {
    return newSession(SessionOptions.defaults());
  }

  /**
   * {@return a session with an empty cache}
   *
   * @throws KvasirException {@link ErrorCode#OUT_OF_MEMORY} when its memory does not fit, before
   *     any of it is taken; {@link ErrorCode#CLOSED} after {@link #close}
   */
  public Session newSession(SessionOptions options) {
    synchronized (lifecycle) {
      if (closed) {
        throw new KvasirException(ErrorCode.CLOSED, "the model is closed; load it again");
      }
      if (options.forks() > 0) {
        requireForks();
      }
      Session session = new Session(this, options);
      openSessions++;
      return session;
    }
  }

  /** {@return the plan} */
  public Plan plan() {
    return plan;
  }

  /** {@return the tokenizer that the plan names, of use until the model is closed} */
  public Tokenizer tokenizer() {
    return tokenizer;
  }

  /** {@return what runs the kernels, for people: {@code jvm, 512-bit vectors, 8 threads}} */
  public String backendDescription() {
    return backend.description();
  }

  /**
   * Ends the worker threads and unmaps the weights. Does nothing the second time.
   *
   * @throws KvasirException {@link ErrorCode#SESSIONS_OPEN} when sessions are open; nothing is
   *     closed then
   */
  @Override
  public void close() {
    synchronized (lifecycle) {
      if (openSessions > 0) {
        throw new KvasirException(
            ErrorCode.SESSIONS_OPEN,
            "%d %s open; close them first"
                .formatted(
                    openSessions,
                    openSessions == 1 ? "session of the model is" : "sessions of the model are"));
      }
      if (!closed) {
        closed = true;
        backend.close();
        Tokenizers.close(tokenizer);
        watch.close();
        arena.close();
      }
    }
  }

  /** Refuses a device that cannot share cache pages between sessions. */
  void requireForks() {
    if (!backend.sharesBuffers()) {
      throw new KvasirException(
          ErrorCode.FORKS_UNSUPPORTED,
          "sessions of target %s cannot be forked, because %s holds the cache of each by itself;"
                  .formatted(plan.manifest().target(), backend.description())
              + " open one session for each sequence");
    }
  }

  Backend backend() {
    return backend;
  }

  Map<String, MemorySegment> weights() {
    return weights;
  }

  /** {@return what knows whether the weights are still those that were bound} */
  ModelWatch watch() {
    return watch;
  }

  /** Waits until no other session computes. */
  void takeTurn() {
    turn.lock();
  }

  /** Lets the next session compute. */
  void endTurn() {
    turn.unlock();
  }

  /** Counts a session that another one opened; while that is open, the model is not closed. */
  void sessionForked() {
    synchronized (lifecycle) {
      openSessions++;
    }
  }

  void sessionClosed() {
    synchronized (lifecycle) {
      openSessions--;
    }
  }
}
