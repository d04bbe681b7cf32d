package dev.kvasir.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvasir.ir.policy.ByteLimit;
import dev.kvasir.ir.policy.LimitKind;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.ir.policy.ResolvedPolicy;
import dev.kvasir.passes.analysis.CacheFootprint;
import dev.kvasir.passes.analysis.CacheFootprint.Part;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntToLongFunction;

/**
 * Where the bytes of a cache would go.
 *
 * @param model the model in a line
 * @param policy the policy
 * @param resolved the policy for this model
 * @param context tokens in the cache, and the most that a session may hold
 * @param cache what it would hold
 * @param full what it would hold under policy full
 * @param bytesAt bytes of the cache when it holds that many tokens
 */
record Explanation(
    String model,
    Policy policy,
    ResolvedPolicy resolved,
    int context,
    CacheFootprint cache,
    CacheFootprint full,
    IntToLongFunction bytesAt) {
  private static final int LABEL = 9;
  private static final Set<Integer> NUMBERS = Set.of(2, 3, 4, 5, 6);

  /** A segment that several KV heads of a layer have, with the same bytes in each. */
  private record Row(
      String segment, int openPages, int packedPages, long bytes, List<Integer> heads) {
    static Row of(Part part) {
      return new Row(
          part.segment().text(), part.pages(), part.packedPages(), part.bytes(), List.of());
    }

    Row withHeads(List<Integer> others) {
      return new Row(segment, openPages, packedPages, bytes, others);
    }

    /** {@return the number of pages, packed ones first where there are any} */
    String pages() {
      return packedPages == 0 ? Integer.toString(openPages) : packedPages + "+" + openPages;
    }

    long layerBytes() {
      return bytes * heads.size();
    }
  }

  /** Writes everything for people. */
  void print(PrintWriter out) {
    Labelled lines = new Labelled(out, LABEL);
    lines.line("model", model);
    lines.lines("policy", PolicyText.lines(policy, LABEL));
    HeadChoice.of(resolved).forEach(choice -> lines.lines("heads", choice.lines()));
    lines.line("context", Texts.count(context, "token"));
    out.println();
    table().forEach(out::println);
    out.println();
    lines.line(
        "total",
        "%s, %s of the %s that policy full takes in bf16  (%s)"
            .formatted(
                Texts.bytes(cache.bytes()),
                Texts.percent(cache.bytes(), full.bytes()),
                Texts.bytes(full.bytes()),
                Texts.ratio(full.bytes(), cache.bytes())));
    CacheFootprint.Share largest = cache.dominant();
    lines.line(
        "largest",
        "%s, %s, %s of the total"
            .formatted(
                largest,
                Texts.bytes(largest.bytes()),
                Texts.percent(largest.bytes(), cache.bytes())));
    resolved.limits().forEach(limit -> lines.line("limit", verdict(limit)));
  }

  /** Layers that hold the same share their lines. */
  private List<String> table() {
    Map<List<Row>, List<Integer>> layers = new LinkedHashMap<>();
    for (int layer : layers()) {
      layers.computeIfAbsent(rows(layer), rows -> new ArrayList<>()).add(layer);
    }
    List<List<String>> cells = new ArrayList<>();
    cells.add(
        List.of("layers", "KV heads", "pages", "a head", "a layer", "of full", "all", "segment"));
    layers.forEach(
        (rows, numbers) ->
            rows.forEach(
                row ->
                    cells.add(
                        List.of(
                            Texts.ranges(numbers),
                            Texts.ranges(row.heads()),
                            row.pages(),
                            Texts.bytes(row.bytes()),
                            Texts.bytes(row.layerBytes()),
                            Texts.percent(
                                row.layerBytes(), fullBytes(numbers.getFirst(), row.heads())),
                            Texts.bytes(row.layerBytes() * numbers.size()),
                            row.segment()))));
    return Texts.table(cells, NUMBERS);
  }

  private List<Integer> layers() {
    return cache.parts().stream().map(Part::layer).distinct().sorted().toList();
  }

  private List<Row> rows(int layer) {
    Map<Row, List<Integer>> heads = new LinkedHashMap<>();
    for (Part part : cache.parts()) {
      if (part.layer() == layer) {
        heads.computeIfAbsent(Row.of(part), key -> new ArrayList<>()).add(part.kvHead());
      }
    }
    return heads.entrySet().stream()
        .map(entry -> entry.getKey().withHeads(List.copyOf(entry.getValue())))
        .toList();
  }

  private long fullBytes(int layer, List<Integer> heads) {
    return full.parts().stream()
        .filter(part -> part.layer() == layer && heads.contains(part.kvHead()))
        .mapToLong(Part::bytes)
        .sum();
  }

  private String verdict(ByteLimit limit) {
    int tokens = Math.min(limit.tokens().orElse(context), context);
    String bound =
        "<= %s at %s".formatted(Texts.bytes(limit.bytes()), Texts.count(tokens, "token"));
    return switch (limit.kind()) {
      case KV_BYTES -> {
        long bytes = bytesAt.applyAsLong(tokens);
        yield "kv-bytes %s: %s, %s"
            .formatted(bound, Texts.bytes(bytes), bytes <= limit.bytes() ? "holds" : "exceeded");
      }
      case PEAK_BYTES ->
          "peak-bytes %s: includes working memory, so that only compile can tell".formatted(bound);
    };
  }

  /** {@return the same as an object: each segment of each KV head by itself} */
  ObjectNode json() {
    ObjectNode object = Json.object();
    object.put("model", model);
    object.put("policy", policy.name());
    object.put("context", context);
    object.put("bytes", cache.bytes());
    object.put("fullBytes", full.bytes());
    CacheFootprint.Share largest = cache.dominant();
    object.put("dominantPart", largest.toString());
    object.put("dominantBytes", largest.bytes());
    ArrayNode parts = object.putArray("parts");
    for (Part part : cache.parts()) {
      parts
          .addObject()
          .put("layer", part.layer())
          .put("kvHead", part.kvHead())
          .put("segment", part.segment().name())
          .put("storage", part.segment().text())
          .put("pages", part.pages())
          .put("packedPages", part.packedPages())
          .put("bytes", part.bytes());
    }
    ArrayNode choices = object.putArray("choices");
    HeadChoice.of(resolved).forEach(choice -> choices.add(choice.json()));
    ArrayNode limits = object.putArray("limits");
    for (ByteLimit limit : resolved.limits()) {
      int tokens = Math.min(limit.tokens().orElse(context), context);
      ObjectNode node = limits.addObject();
      node.put("kind", limit.kind() == LimitKind.KV_BYTES ? "kv-bytes" : "peak-bytes");
      node.put("tokens", tokens).put("limit", limit.bytes());
      if (limit.kind() == LimitKind.KV_BYTES) {
        node.put("bytes", bytesAt.applyAsLong(tokens));
      }
    }
    Json.addDiagnostics(object, "warnings", resolved.warnings());
    return object;
  }
}
