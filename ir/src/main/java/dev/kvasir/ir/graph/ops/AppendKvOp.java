package dev.kvasir.ir.graph.ops;

import dev.kvasir.ir.graph.Attributes;
import dev.kvasir.ir.graph.Op;
import dev.kvasir.ir.graph.OpDefinition;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.reference.EvaluationContext;
import dev.kvasir.ir.reference.ReferenceCache;
import dev.kvasir.ir.reference.ReferenceValue;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.TensorType;
import dev.kvasir.ir.type.Type;
import java.util.List;

/**
 * The cache with the rows of the running span behind the rows it held. Row i of the span has true
 * position {@code first position + i} and goes to the segment that {@link
 * dev.kvasir.ir.type.HeadGroup#segmentAt} names for each KV head, rounded to that segment's format.
 * Pages of a packed segment that the span fills are coded from the rounded rows.
 *
 * @param cache the cache before the span; the result has the same type
 * @param keys after RoPE, f32[rows, kvHeads * keyDim]
 * @param values f32[rows, kvHeads * valueDim]
 */
public record AppendKvOp(Value cache, Value keys, Value values) implements Op {
  /** The entry in the catalog. */
  public static final OpDefinition DEFINITION =
      new OpDefinition(
          "append_kv",
          3,
          3,
          (operands, attributes) ->
              new AppendKvOp(operands.get(0), operands.get(1), operands.get(2)));

  /** Checks types and shapes. */
  public AppendKvOp {
    CacheType type = OpChecks.cache("cache", cache);
    OpChecks.type(
        "keys", TensorType.activation(OpChecks.width(type.kvHeads(), type.keyDim())), keys);
    OpChecks.type(
        "values", TensorType.activation(OpChecks.width(type.kvHeads(), type.valueDim())), values);
  }

  /** {@return the type of the cache} */
  public CacheType cacheType() {
    return OpChecks.cache("cache", cache);
  }

  @Override
  public OpDefinition definition() {
    return DEFINITION;
  }

  @Override
  public List<Value> operands() {
    return List.of(cache, keys, values);
  }

  @Override
  public Attributes attributes() {
    return Attributes.NONE;
  }

  @Override
  public List<Type> resultTypes() {
    return List.of(cache.type());
  }

  @Override
  public List<ReferenceValue> evaluate(List<ReferenceValue> operands, EvaluationContext context) {
    ReferenceCache before = (ReferenceCache) operands.get(0);
    return List.of(
        before.append(
            cacheType(), OpChecks.tensor(operands.get(1)), OpChecks.tensor(operands.get(2))));
  }
}
