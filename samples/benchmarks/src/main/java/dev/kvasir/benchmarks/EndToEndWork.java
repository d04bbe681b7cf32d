package dev.kvasir.benchmarks;

import dev.kvasir.codegen.driver.Compiler;
import dev.kvasir.codegen.driver.CompilerOptions;
import dev.kvasir.codegen.driver.Model;
import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.plans.Plan;
import dev.kvasir.runtime.LoadOptions;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.Session;
import dev.kvasir.runtime.SessionOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;

/**
 * Decode steps of a whole model through the runtime. A session reads half a context of prompt;
 * forks of it decode the other half, one after the other.
 */
final class EndToEndWork implements Workload {
  private static final String POLICY = "policy full { }";

  private final LoadedModel model;
  private final Session prefix;
  private final int context;
  private final double weightBytes;
  private Session session;
  private int token;
  private long steps;
  private long stepNanos;
  private long kernelNanos;

  /**
   * Compiles the model and reads the prompt.
   *
   * @param folder of the model
   * @param context most tokens, at least 4
   */
  EndToEndWork(Path folder, int context, int threads) {
    this.context = context;
    try (Model source = Model.open(folder)) {
      CompilerOptions options = CompilerOptions.defaults().withMaxContext(context);
      Policy policy = Policy.parse(new SourceText("full.kvp", POLICY));
      Plan plan = Compiler.compile(source, policy, options).plan();
      weightBytes = Files.size(folder.resolve("model.safetensors"));
      model =
          LoadedModel.load(
              plan, folder, new LoadOptions(threads, OptionalInt.empty(), false, Optional.empty()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    prefix = model.newSession(SessionOptions.defaults().forks(1));
    int vocabulary = model.plan().manifest().model().vocabulary();
    prefix.append(Prompt.ofTokens(new Random(5).ints(context / 2, 0, vocabulary).toArray()));
    session = fork();
    token = prefix.greedyToken();
  }

  @Override
  public void prepare() {
    if (session.position() == context) {
      session.close();
      session = fork();
    }
  }

  private Session fork() {
    Session next = prefix.fork();
    next.observeLaunches((launch, nanos) -> kernelNanos += nanos);
    return next;
  }

  @Override
  public void run() {
    long start = System.nanoTime();
    session.step(token);
    stepNanos += System.nanoTime() - start;
    steps++;
    token = session.greedyToken();
  }

  /** The mean of the steps since it was last asked for. */
  @Override
  public double nanosBeyondKernels() {
    double mean = (stepNanos - kernelNanos) / (double) Math.max(1, steps);
    steps = 0;
    stepNanos = 0;
    kernelNanos = 0;
    return mean;
  }

  /** None: the sample model stays in the caches of a processor. */
  @Override
  public double bytes() {
    return 0;
  }

  /** Nearly all weights are multiplied once, as f32. */
  @Override
  public double operations() {
    return 2 * weightBytes / Float.BYTES;
  }

  @Override
  public void check() {
    for (float logit : session.logits()) {
      if (!Float.isFinite(logit)) {
        throw new IllegalStateException("a logit is " + logit);
      }
    }
  }

  @Override
  public void close() {
    session.close();
    prefix.close();
    model.close();
  }
}
