package dev.kvasir.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvasir.plans.Manifest;
import dev.kvasir.plans.Plan;
import dev.kvasir.runtime.CacheStats;
import dev.kvasir.runtime.Generation;
import dev.kvasir.runtime.backend.JvmBackend;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What a generation did.
 *
 * @param plan what ran
 * @param backend what ran it, for people
 * @param threads threads that computed, on target jvm
 * @param vectorBits width of the vectors, on target jvm
 * @param promptTokens tokens of the prompt
 * @param generation what was generated
 * @param firstToken from the beginning of the prompt until the first token was chosen
 * @param cache what the cache holds at the end
 * @param settings what the session was set to at the end, by name
 * @param reading what each step read; empty when it was not asked for
 */
record RunReport(
    Plan plan,
    String backend,
    int threads,
    int vectorBits,
    int promptTokens,
    Generation generation,
    Duration firstToken,
    CacheStats cache,
    Map<String, String> settings,
    Optional<Reading> reading) {
  /**
   * What a step reads.
   *
   * @param weightBytes bytes of weights
   * @param cacheBytes bytes of the cache, mean of all steps
   * @param bandwidth bytes a second that the same threads can read; empty when it was not measured
   * @param unmeasured why not; empty when it was
   */
  record Reading(long weightBytes, long cacheBytes, Optional<Double> bandwidth, String unmeasured) {
    long bytes() {
      return weightBytes + cacheBytes;
    }
  }

  /** Writes everything for people. */
  void print(PrintWriter out) {
    Labelled lines = new Labelled(out, 11);
    lines.line("backend", backend);
    lines.line(
        "prompt",
        "%s, first token after %s, %s"
            .formatted(
                Texts.count(promptTokens, "token"),
                Texts.time(firstToken),
                Texts.tokensPerSecond(promptTokensPerSecond())));
    double rate = generation.timings().tokensPerSecond();
    String speed =
        rate == 0
            ? "too few to time"
            : Texts.tokensPerSecond(rate) + ", " + Texts.time(perToken()) + " a token";
    lines.line(
        "generated",
        "%s, %s, ended by %s"
            .formatted(Texts.count(generation.tokens().size(), "token"), speed, finishReason()));
    settings.forEach(lines::line);
    reading.ifPresent(read -> lines.line("reading", text(read)));
    lines.line(
        "cache",
        "%s allocated of %s reserved after %s under %s; %s under full in %s (%s)"
            .formatted(
                Texts.bytes(cache.allocatedBytes()),
                Texts.bytes(cache.reservedBytes()),
                Texts.count(cache.trueTokens(), "token"),
                plan.manifest().policy().name(),
                Texts.bytes(fullBytes()),
                FullCache.format(plan.manifest()),
                Texts.ratio(fullBytes(), cache.allocatedBytes())));
    lines.line(
        "rows",
        "%s kept, %s"
            .formatted(
                Texts.count(cache.keptRows(), "row"), Texts.count(cache.evictions(), "eviction")));
  }

  private String text(Reading read) {
    String bytes =
        "%s a step, %s of weights and %s of cache"
            .formatted(
                Texts.bytes(read.bytes()),
                Texts.bytes(read.weightBytes()),
                Texts.bytes(read.cacheBytes()));
    double rate = generation.timings().tokensPerSecond();
    if (rate == 0) {
      return bytes;
    }
    double bytesPerSecond = read.bytes() * rate;
    String speed = Texts.bandwidth(bytesPerSecond);
    return read.bandwidth()
        .map(
            bandwidth ->
                "%s: %s, %s of the %s measured here now"
                    .formatted(
                        bytes,
                        speed,
                        Texts.percent(bytesPerSecond, bandwidth),
                        Texts.bandwidth(bandwidth)))
        .orElse(
            "%s: %s; read bandwidth not measured: %s".formatted(bytes, speed, read.unmeasured()));
  }

  /** {@return everything as an object} */
  ObjectNode json() {
    Manifest manifest = plan.manifest();
    ObjectNode object = Json.object();
    object.put("text", generation.text());
    generation.tokens().forEach(object.putArray("tokens")::add);
    object.put("finishReason", finishReason());
    object.put("promptTokens", promptTokens);
    object.put("firstTokenSeconds", seconds(firstToken));
    object.put("promptTokensPerSecond", promptTokensPerSecond());
    Duration before = firstToken.minus(generation.timings().firstToken());
    object.put("totalSeconds", seconds(before.plus(generation.timings().total())));
    object.put("tokensPerSecond", generation.timings().tokensPerSecond());
    object.put("millisecondsPerToken", perToken().toNanos() / 1e6);
    object.put("backend", backend);
    if (manifest.target().equals(JvmBackend.TARGET)) {
      object.put("threads", threads).put("vectorBits", vectorBits);
    }
    object.put("policy", manifest.policy().name());
    settings.forEach(object::put);
    object
        .putObject("cache")
        .put("allocatedBytes", cache.allocatedBytes())
        .put("reservedBytes", cache.reservedBytes())
        .put("fullBytes", fullBytes())
        .put("trueTokens", cache.trueTokens())
        .put("keptRows", cache.keptRows())
        .put("syntheticRows", cache.syntheticRows())
        .put("evictions", cache.evictions());
    reading.ifPresent(read -> add(object.putObject("reading"), read));
    return object;
  }

  private void add(ObjectNode object, Reading read) {
    double bytesPerSecond = read.bytes() * generation.timings().tokensPerSecond();
    object.put("weightBytesPerStep", read.weightBytes());
    object.put("cacheBytesPerStep", read.cacheBytes());
    object.put("bytesPerSecond", bytesPerSecond);
    read.bandwidth()
        .ifPresentOrElse(
            bandwidth ->
                object
                    .put("readBandwidth", bandwidth)
                    .put("shareOfBandwidth", bytesPerSecond / bandwidth),
            () -> object.put("readBandwidthNotMeasured", read.unmeasured()));
  }

  private long fullBytes() {
    return FullCache.bytes(plan.manifest(), cache.trueTokens());
  }

  private double promptTokensPerSecond() {
    return promptTokens / Math.max(1e-9, seconds(firstToken));
  }

  /** Zero when there are fewer than two tokens. */
  private Duration perToken() {
    double rate = generation.timings().tokensPerSecond();
    return rate == 0 ? Duration.ZERO : Duration.ofNanos(Math.round(1e9 / rate));
  }

  private String finishReason() {
    return generation.finishReason().name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static double seconds(Duration time) {
    return time.toNanos() / 1e9;
  }
}
