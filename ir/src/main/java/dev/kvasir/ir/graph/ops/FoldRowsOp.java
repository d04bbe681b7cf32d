package dev.kvasir.ir.graph.ops;

import dev.kvasir.ir.graph.Attributes;
import dev.kvasir.ir.graph.Op;
import dev.kvasir.ir.graph.OpDefinition;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.graph.WeightReference;
import dev.kvasir.ir.reference.EvaluationContext;
import dev.kvasir.ir.reference.ReferenceCache;
import dev.kvasir.ir.reference.ReferenceFold;
import dev.kvasir.ir.reference.ReferenceValue;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.Fold;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.ir.type.TensorType;
import dev.kvasir.ir.type.Type;
import java.util.List;

/**
 * The cache in which the rows of the folded heads are folded into their slots and the tail is
 * empty, as {@link Fold} says. A span or step at whose end no fold is due leaves the rows as they
 * are; a step adds the mass of its query to what the next fold looks at, and a fold clears that.
 *
 * <p>The weights are none of the model's: they come from a calibration of it. The graph names them
 * {@code layer.<l>.lococo.weight}, {@code .bias} and {@code .alpha}, and whoever reads weights by
 * name, an evaluator or a compiler, is given a source that finds them beside the model's own. A
 * plan brings them along as derived tensors.
 *
 * @param cache the cache that already holds the span, with one folded group; the result has the
 *     same type
 * @param query after RoPE, f32[rows, queryHeads * keyDim]
 * @param lse what attention of these queries over this cache computed, f32[rows, queryHeads]
 * @param queryHeads a multiple of the KV heads
 * @param scale what q . k is multiplied by
 * @param fold how rows are folded; slots and block are those of the group
 * @param weight of the convolution, [mixed, keyDim + valueDim, kernel], for all heads
 * @param bias of the convolution, [mixed]
 * @param alpha how much of a mixed row is the convolution's, [1], any finite number
 */
public record FoldRowsOp(
    Value cache,
    Value query,
    Value lse,
    int queryHeads,
    double scale,
    Fold fold,
    WeightReference weight,
    WeightReference bias,
    WeightReference alpha)
    implements Op {
  /** The entry in the catalog. */
  public static final OpDefinition DEFINITION =
      new OpDefinition(
          "fold_rows",
          3,
          3,
          (operands, attributes) ->
              new FoldRowsOp(
                  operands.get(0),
                  operands.get(1),
                  operands.get(2),
                  attributes.integer("query_heads"),
                  attributes.decimal("scale"),
                  new Fold(
                      attributes.integer("slots"),
                      attributes.integer("block"),
                      attributes.integer("kernel"),
                      attributes.integer("mixed")),
                  attributes.weight("weight"),
                  attributes.weight("bias"),
                  attributes.weight("alpha")));

  /** Checks types and shapes. */
  public FoldRowsOp {
    CacheType type = OpChecks.cache("cache", cache);
    List<CacheSegment> segments = OpChecks.folded("cache", type).segments();
    OpChecks.positive("query_heads", queryHeads);
    OpChecks.positive("scale", scale);
    if (queryHeads % type.kvHeads() != 0) {
      throw new IllegalArgumentException(
          "query_heads must be a multiple of " + type.kvHeads() + ", got " + queryHeads);
    }
    OpChecks.type("query", TensorType.activation(OpChecks.width(queryHeads, type.keyDim())), query);
    OpChecks.type("lse", TensorType.activation(queryHeads), lse);
    List<Integer> rows = segments.stream().map(CacheSegment::rows).toList();
    if (!rows.equals(List.of(fold.slots(), fold.block()))) {
      throw new IllegalArgumentException(
          "slots and block must be the rows of slots and tail, %s, got %s"
              .formatted(rows, List.of(fold.slots(), fold.block())));
    }
    OpChecks.shape(
        "weight", List.of(fold.mixed(), type.keyDim() + type.valueDim(), fold.kernel()), weight);
    OpChecks.shape("bias", List.of(fold.mixed()), bias);
    OpChecks.shape("alpha", List.of(1), alpha);
  }

  /** {@return a fold of a cache with the weights of its layer} */
  public static FoldRowsOp of(
      Value cache, Value query, Value lse, int queryHeads, double scale, Fold fold) {
    CacheType type = OpChecks.cache("cache", cache);
    int channels = OpChecks.width(1, type.keyDim() + type.valueDim());
    return new FoldRowsOp(
        cache,
        query,
        lse,
        queryHeads,
        scale,
        fold,
        new WeightReference(
            name(type.layer(), "weight"), List.of(fold.mixed(), channels, fold.kernel())),
        WeightReference.vector(name(type.layer(), "bias"), fold.mixed()),
        WeightReference.vector(name(type.layer(), "alpha"), 1));
  }

  /**
   * {@return the name of a weight of a layer}
   *
   * @param part {@code weight}, {@code bias} or {@code alpha}
   */
  public static String name(int layer, String part) {
    return "layer." + layer + ".lococo." + part;
  }

  /** {@return the type of the cache} */
  public CacheType cacheType() {
    return OpChecks.cache("cache", cache);
  }

  /** {@return the heads whose rows are folded} */
  public HeadGroup group() {
    return OpChecks.folded("cache", cacheType());
  }

  @Override
  public OpDefinition definition() {
    return DEFINITION;
  }

  @Override
  public List<Value> operands() {
    return List.of(cache, query, lse);
  }

  @Override
  public Attributes attributes() {
    return Attributes.NONE
        .with("query_heads", queryHeads)
        .with("scale", scale)
        .with("slots", fold.slots())
        .with("block", fold.block())
        .with("kernel", fold.kernel())
        .with("mixed", fold.mixed())
        .with("weight", weight)
        .with("bias", bias)
        .with("alpha", alpha);
  }

  @Override
  public List<Type> resultTypes() {
    return List.of(cache.type());
  }

  @Override
  public List<ReferenceValue> evaluate(List<ReferenceValue> operands, EvaluationContext context) {
    ReferenceFold folding =
        new ReferenceFold(
            cacheType(),
            group(),
            fold,
            queryHeads,
            scale,
            new ReferenceFold.Weights(
                context.weight(weight), context.weight(bias), context.weight(alpha)[0]),
            (ReferenceCache) operands.get(0),
            context);
    return List.of(folding.run(OpChecks.tensor(operands.get(1)), OpChecks.tensor(operands.get(2))));
  }
}
