package dev.kvasir.passes.build;

import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.graph.GraphBuilder;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.graph.WeightReference;
import dev.kvasir.ir.graph.ops.AddOp;
import dev.kvasir.ir.graph.ops.AppendKvOp;
import dev.kvasir.ir.graph.ops.ArgmaxOp;
import dev.kvasir.ir.graph.ops.AttentionOp;
import dev.kvasir.ir.graph.ops.EmbedOp;
import dev.kvasir.ir.graph.ops.LastRowOp;
import dev.kvasir.ir.graph.ops.LinearOp;
import dev.kvasir.ir.graph.ops.RmsNormOp;
import dev.kvasir.ir.graph.ops.RopeOp;
import dev.kvasir.ir.graph.ops.SwigluOp;
import dev.kvasir.ir.model.LayerWeight;
import dev.kvasir.ir.model.ModelConfig;
import dev.kvasir.ir.model.WeightCatalog;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.Dim;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.ir.type.TensorType;
import dev.kvasir.passes.Pass;
import dev.kvasir.passes.PassContext;
import dev.kvasir.passes.Property;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Builds the graph of a Llama-family decoder.
 *
 * <pre>{@code
 * graph small {                                    graph small {
 * }                                                  parameter %tokens: i32[rows]
 *                                                    parameter %layer.0.cache: cache<...>
 *                                           ->       %embedding = embed(%tokens) {...}
 *                                                    %layer.0.attention_norm = rms_norm(%embedding) {...}
 *                                                    ...
 *                                                    %logits = linear(%final_norm) {...}
 *                                                    %next = argmax(%logits)
 *                                                    return %logits, %next, %layer.0.cache_after
 *                                                  }
 * }</pre>
 *
 * First, because everything else rewrites what it builds. Each cache has one group of all KV heads
 * with one dense segment in the target's own format. Queries and keys of models with norms inside
 * attention are normalised head by head before they are rotated. Only the last row goes to the
 * final norm and the logits. Values have the names that a trace shows: {@code layer.0.q_pre},
 * {@code layer.0.q}, {@code layer.0.out}, {@code layer.0.lse} and so on.
 */
public final class BuildGraph implements Pass {

  @Override
  public String id() {
    return "build-graph";
  }

  @Override
  public Set<Property> requires() {
    return Set.of();
  }

  @Override
  public Set<Property> establishes() {
    return Set.of(Property.MODEL_BUILT);
  }

  @Override
  public Graph run(Graph graph, PassContext context) {
    ModelConfig model = context.model();
    GraphBuilder builder = new GraphBuilder(context.modelName());
    Value tokens =
        builder.parameter("tokens", new TensorType(ElementFormat.I32, List.of(Dim.ROWS)));
    List<Value> caches = new ArrayList<>();
    for (int layer = 0; layer < model.layers(); layer++) {
      caches.add(
          builder.parameter("layer." + layer + ".cache", cache(model, layer, context.storage())));
    }
    Value hidden =
        builder.add("embedding", new EmbedOp(tokens, table(model, WeightCatalog.EMBEDDING)));
    List<Value> cachesAfter = new ArrayList<>();
    for (int layer = 0; layer < model.layers(); layer++) {
      Layer part = new Layer(builder, model, layer);
      hidden = part.feedForward(part.attention(hidden, caches.get(layer), cachesAfter));
    }
    Value last = builder.add("last", new LastRowOp(hidden));
    Value norm =
        builder.add(
            "final_norm",
            new RmsNormOp(
                last,
                WeightReference.vector(WeightCatalog.FINAL_NORM, model.hiddenSize()),
                model.rmsNormEpsilon()));
    Value logits =
        builder.add("logits", new LinearOp(norm, table(model, WeightCatalog.logits(model))));
    Value next = builder.add("next", new ArgmaxOp(logits));
    List<Value> results = new ArrayList<>(List.of(logits, next));
    results.addAll(cachesAfter);
    return builder.build(results);
  }

  private static CacheType cache(ModelConfig model, int layer, ElementFormat format) {
    CacheSegment dense = CacheSegment.of(CacheSegment.Kind.DENSE, format, 0, model.slidingWindow());
    List<Integer> heads = IntStream.range(0, model.kvHeads()).boxed().toList();
    return new CacheType(
        layer,
        model.kvHeads(),
        model.headDim(),
        model.headDim(),
        List.of(new HeadGroup(heads, List.of(dense))));
  }

  private static WeightReference table(ModelConfig model, String name) {
    return WeightReference.matrix(name, model.vocabularySize(), model.hiddenSize());
  }

  /** The two halves of a decoder layer. */
  private record Layer(GraphBuilder builder, ModelConfig model, int layer) {

    Value attention(Value hidden, Value cache, List<Value> cachesAfter) {
      Value norm = norm("attention_norm", hidden, LayerWeight.ATTENTION_NORM);
      Value query =
          rotated("q", norm, LayerWeight.QUERY, LayerWeight.QUERY_NORM, model.queryHeads());
      Value key = rotated("k", norm, LayerWeight.KEY, LayerWeight.KEY_NORM, model.kvHeads());
      Value value = linear("v", norm, LayerWeight.VALUE);
      Value after = builder.add(name("cache_after"), new AppendKvOp(cache, key, value));
      cachesAfter.add(after);
      Value out =
          builder
              .add(
                  List.of(name("out"), name("lse")),
                  new AttentionOp(
                      query,
                      after,
                      model.queryHeads(),
                      model.softmaxScale(),
                      OptionalDouble.empty(),
                      model.slidingWindow()))
              .getFirst();
      Value projected = linear("attention_projection", out, LayerWeight.OUTPUT);
      return builder.add(name("attention_sum"), new AddOp(hidden, projected));
    }

    Value feedForward(Value hidden) {
      Value norm = norm("feed_forward_norm", hidden, LayerWeight.FEED_FORWARD_NORM);
      Value gate = linear("gate", norm, LayerWeight.GATE);
      Value up = linear("up", norm, LayerWeight.UP);
      Value gated = builder.add(name("gated"), new SwigluOp(gate, up));
      Value down = linear("down", gated, LayerWeight.DOWN);
      return builder.add(name("hidden"), new AddOp(hidden, down));
    }

    private Value norm(String hint, Value input, LayerWeight weight) {
      return builder.add(
          name(hint), new RmsNormOp(input, reference(weight), model.rmsNormEpsilon()));
    }

    private Value linear(String hint, Value input, LayerWeight weight) {
      Optional<WeightReference> bias =
          weight.hasBias(model)
              ? Optional.of(
                  WeightReference.vector(
                      weight.biasName(layer), reference(weight).shape().getFirst()))
              : Optional.empty();
      return builder.add(
          name(hint), new LinearOp(input, Optional.empty(), reference(weight), bias));
    }

    /** Projects to heads, normalises each where the model does, and rotates them. */
    private Value rotated(
        String hint, Value input, LayerWeight projection, LayerWeight norm, int heads) {
      Value before;
      if (norm.isPartOf(model)) {
        Value projected = linear(hint + "_projection", input, projection);
        before =
            builder.add(
                name(hint + "_pre"),
                new RmsNormOp(projected, heads, reference(norm), model.rmsNormEpsilon()));
      } else {
        before = linear(hint + "_pre", input, projection);
      }
      return builder.add(name(hint), new RopeOp(before, heads, model.headDim(), model.rope()));
    }

    private WeightReference reference(LayerWeight weight) {
      return new WeightReference(
          weight.name(layer), weight.shape(model).stream().map(Math::toIntExact).toList());
    }

    private String name(String hint) {
      return "layer." + layer + "." + hint;
    }
  }
}
