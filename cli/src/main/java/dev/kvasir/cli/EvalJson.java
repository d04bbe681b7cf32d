package dev.kvasir.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvasir.cli.eval.Measured;
import dev.kvasir.cli.eval.Results;
import dev.kvasir.cli.eval.Settings;
import dev.kvasir.cli.eval.Standing;
import dev.kvasir.cli.eval.Suite;
import dev.kvasir.cli.eval.TextScore;
import java.util.List;

/** Writes what {@code eval} found as one JSON object, all but the single answers. */
final class EvalJson {
  /** The field that tells such an object from others, and its value. */
  static final String KIND = "kind";

  static final String EVAL = "kvasir eval";

  private EvalJson() {}

  /** {@return the object} */
  static ObjectNode of(EvalReport report) {
    Results results = report.results();
    Settings settings = results.settings();
    ObjectNode object = Json.object();
    object.put(KIND, EVAL);
    object.put("model", report.model());
    object.put("backend", results.backend());
    object.put("text", report.text());
    settings.suites().forEach(suite -> object.withArray("suites").add(suite.toString()));
    settings.lengths().forEach(object.withArray("lengths")::add);
    settings.depths().forEach(object.withArray("depths")::add);
    object.put("samples", settings.samples());
    object.put("keys", settings.keys());
    object.put("seed", settings.seed());
    object.put("promptFormat", settings.format().toString());
    object.put("queryAware", settings.queryAware());
    results
        .reference()
        .ifPresent(
            reference -> {
              ObjectNode node = object.putObject("reference");
              node.put("policy", "full").put("format", "f32");
              addTexts(node, reference);
            });
    ArrayNode caches = object.putArray("caches");
    results.caches().forEach(cache -> addCache(caches.addObject(), cache, results));
    ArrayNode unavailable = object.putArray("unavailable");
    results
        .unavailable()
        .forEach(
            baseline ->
                unavailable
                    .addObject()
                    .put("baseline", baseline.toString())
                    .put("technique", baseline.technique()));
    return object;
  }

  private static void addCache(ObjectNode node, Results.Cache cache, Results results) {
    node.put("name", cache.name());
    node.put("policy", cache.policy());
    cache.baseline().ifPresent(baseline -> node.put("baseline", baseline.toString()));
    cache.of().ifPresent(plan -> node.put("equalBytesOf", plan));
    addMeasured(node, cache.measured(), results.settings().suites());
    ArrayNode lengths = node.putArray("lengths");
    for (int length : results.settings().lengths()) {
      ObjectNode there = lengths.addObject().put("length", length);
      addPlace(there, cache, new Results.Place(length, false), "rows", "missing");
      addPlace(there, cache, new Results.Place(length, true), "textRows", "textMissing");
      Measured measured = cache.measured().at(List.of(length));
      measured
          .allocatedBytes(length)
          .ifPresent(bytes -> there.put("allocatedBytes", bytes.longValue()));
      addMeasured(there, measured, results.settings().suites());
    }
    for (TextScore text : cache.measured().texts()) {
      node.withArray("texts")
          .addObject()
          .put("length", text.length())
          .put("sample", text.sample())
          .put("positions", text.positions())
          .put("perplexity", Math.exp(-text.logLikelihood() / text.positions()))
          .put("divergence", text.divergence())
          .put("agreement", text.agreement())
          .put("allocatedBytes", text.allocatedBytes());
    }
    for (Results.Cache beside : results.besides(cache)) {
      if (!beside.lengths().isEmpty()) {
        addStanding(node, cache, beside);
      }
    }
  }

  private static void addPlace(
      ObjectNode node, Results.Cache cache, Results.Place place, String rows, String missing) {
    if (cache.rows().containsKey(place)) {
      node.put(rows, cache.rows().get(place));
    }
    if (cache.missing().containsKey(place)) {
      node.put(missing, cache.missing().get(place));
    }
  }

  private static void addStanding(ObjectNode node, Results.Cache cache, Results.Cache beside) {
    Standing standing = Standing.of(cache.measured(), beside.measured());
    ObjectNode object = node.withArray("standings").addObject();
    object.put("beside", beside.name());
    addPairs(object.putArray("better"), standing.better());
    addPairs(object.putArray("worse"), standing.worse());
    addPairs(object.putArray("equal"), standing.equal());
  }

  private static void addPairs(ArrayNode array, List<Standing.Pair> pairs) {
    for (Standing.Pair pair : pairs) {
      array
          .addObject()
          .put("measure", pair.measure())
          .put("plan", pair.policy())
          .put("other", pair.other());
    }
  }

  private static void addMeasured(ObjectNode node, Measured measured, List<Suite> suites) {
    for (Suite suite : suites) {
      if (suite.asks() && !measured.of(suite).isEmpty()) {
        node.putObject(suite.toString())
            .put("questions", measured.of(suite).size())
            .put("correct", measured.correct(suite));
      }
    }
    if (!measured.texts().isEmpty()) {
      addTexts(node.putObject(Suite.PPL.toString()), measured);
    }
  }

  private static void addTexts(ObjectNode node, Measured measured) {
    node.put("positions", measured.positions());
    measured.perplexity().ifPresent(value -> node.put("perplexity", value));
    measured.divergence().ifPresent(value -> node.put("divergence", value));
    measured.agreement().ifPresent(value -> node.put("agreement", value));
  }
}
