package dev.kvasir.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvasir.cli.Bench.AtDepth;
import dev.kvasir.cli.PlanTimes.KernelTimes;
import dev.kvasir.plans.Manifest;
import dev.kvasir.plans.Plan;
import java.nio.file.Path;
import java.util.List;

/**
 * What a bench measured.
 *
 * @param plans the plans, in the order of their times
 * @param backend what ran them, for people
 * @param options how much was timed
 * @param depths the times at each depth
 */
record BenchReport(List<Timed> plans, String backend, Bench.Options options, List<AtDepth> depths) {

  private static final double MILLI = 1e6;
  private static final double SECOND = 1e9;

  /**
   * A plan that was timed.
   *
   * @param file where it was read, as it was named
   * @param plan the plan
   */
  record Timed(Path file, Plan plan) {
    /** {@return for example {@code needle under full}} */
    String text() {
      Manifest manifest = plan.manifest();
      return "%s under %s".formatted(manifest.model().name(), manifest.policy().name());
    }
  }

  /** Copies the lists. */
  BenchReport {
    plans = List.copyOf(plans);
    depths = List.copyOf(depths);
  }

  /** {@return whether two plans ran beside each other} */
  boolean compares() {
    return plans.size() > 1;
  }

  /** {@return tokens a second of reading the prompt} */
  static Spread prefillRate(AtDepth depth, PlanTimes times) {
    return Spread.of(times.prefill()).under(depth.depth() * SECOND);
  }

  /** {@return tokens a second of steps} */
  static Spread stepRate(PlanTimes times) {
    return times.step().under(SECOND);
  }

  /** {@return everything as an object} */
  ObjectNode json() {
    ObjectNode object = Json.object();
    object.put("backend", backend).put("threads", options.threads());
    object.put("repeats", options.repeats()).put("stepsOfRound", options.steps());
    object.put("warmUpSeconds", options.warmUp());
    for (int i = 0; i < plans.size(); i++) {
      add(object.withArray("plans").addObject(), i);
    }
    return object;
  }

  private void add(ObjectNode object, int index) {
    Timed timed = plans.get(index);
    Manifest manifest = timed.plan().manifest();
    object.put("file", timed.file().toString()).put("model", manifest.model().name());
    object.put("policy", manifest.policy().name()).put("context", manifest.context());
    for (AtDepth depth : depths) {
      ObjectNode node = object.withArray("depths").addObject().put("depth", depth.depth());
      depth.bandwidth().ifPresent(bandwidth -> node.put("readBandwidth", bandwidth));
      PlanTimes times = depth.plans().get(index);
      ObjectNode prefill = node.putObject("prefill").put("rounds", times.prefill().size());
      add(prefill, "tokensPerSecond", prefillRate(depth, times));
      ObjectNode step = node.putObject("step").put("rounds", times.rounds().size());
      add(step, "tokensPerSecond", stepRate(times));
      Spread nanos = times.step();
      add(
          step,
          "milliseconds",
          new Spread(nanos.median() / MILLI, nanos.minimum() / MILLI, nanos.maximum() / MILLI));
      step.put("outsideKernelsMicroseconds", times.outside() / 1e3);
      step.put("outsideKernelsShare", times.outsideShare());
      if (compares() && index == 0) {
        PlanTimes other = depth.plans().get(1);
        prefill.put("timeRatio", times.prefillRatio(other));
        step.put("timeRatio", times.stepRatio(other));
      }
      node.putArray("kernels");
      for (KernelTimes kernel : times.kernels()) {
        add(node.withArray("kernels").addObject(), kernel, depth);
      }
    }
  }

  private static void add(ObjectNode object, KernelTimes kernel, AtDepth depth) {
    object.put("kernel", kernel.kernel()).put("callsPerStep", kernel.calls());
    object.put("microsecondsPerStep", kernel.nanos() / 1e3);
    object.put("shareOfStep", kernel.share());
    if (kernel.bytes() > 0) {
      object.put("bytesPerStep", kernel.bytes()).put("bytesPerSecond", kernel.bytesPerSecond());
      depth
          .bandwidth()
          .ifPresent(
              bandwidth -> object.put("shareOfBandwidth", kernel.bytesPerSecond() / bandwidth));
    }
  }

  private static void add(ObjectNode object, String name, Spread spread) {
    object
        .putObject(name)
        .put("median", spread.median())
        .put("minimum", spread.minimum())
        .put("maximum", spread.maximum())
        .put("spread", spread.relative());
  }
}
