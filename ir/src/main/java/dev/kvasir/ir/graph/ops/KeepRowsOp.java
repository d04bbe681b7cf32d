package dev.kvasir.ir.graph.ops;

import dev.kvasir.ir.graph.Attributes;
import dev.kvasir.ir.graph.Op;
import dev.kvasir.ir.graph.OpDefinition;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.reference.EvaluationContext;
import dev.kvasir.ir.reference.ReferenceCache;
import dev.kvasir.ir.reference.ReferenceChoice;
import dev.kvasir.ir.reference.ReferenceValue;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.Dim;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.ir.type.TensorType;
import dev.kvasir.ir.type.Type;
import java.util.List;

/**
 * The cache in which the selected heads have the rows of a choice and an empty tail. Rows keep
 * their positions; they are read as attention reads them and stored in the format of kept rows,
 * where pages that the list fills are coded again. Without a choice, in steps that do not fill the
 * tail, the cache stays as it is.
 *
 * @param cache the cache that already holds the span, with one selected group; the result has the
 *     same type
 * @param choice what {@code select_rows} chose in this layer or in one before it
 */
public record KeepRowsOp(Value cache, Value choice) implements Op {
  /** The extent of a list of kept rows. */
  static final String KEPT = "kept";

  /** The entry in the catalog. */
  public static final OpDefinition DEFINITION =
      new OpDefinition(
          "keep_rows",
          2,
          2,
          (operands, attributes) -> new KeepRowsOp(operands.getFirst(), operands.getLast()));

  /** Checks types and shapes. */
  public KeepRowsOp {
    CacheType type = OpChecks.cache("cache", cache);
    HeadGroup group = OpChecks.selected("cache", type);
    if (group.isMerged()) {
      throw new IllegalArgumentException("merged rows are kept by merge_rows, got " + type.text());
    }
    checkChoice(group, choice);
  }

  /** {@return the type of the cache} */
  public CacheType cacheType() {
    return OpChecks.cache("cache", cache);
  }

  /** {@return the heads whose rows are kept} */
  public HeadGroup group() {
    return OpChecks.selected("cache", cacheType());
  }

  @Override
  public OpDefinition definition() {
    return DEFINITION;
  }

  @Override
  public List<Value> operands() {
    return List.of(cache, choice);
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
    ReferenceCache rows = (ReferenceCache) operands.getFirst();
    ReferenceChoice chosen = (ReferenceChoice) operands.getLast();
    return List.of(
        chosen.lists().isEmpty()
            ? rows.observing(chosen.observed())
            : rows.keep(
                cacheType(), group(), chosen.lists(), context.firstPosition(), context.prefill()));
  }

  /** Refuses what is no choice for a group: one list, or one for each of its heads. */
  static void checkChoice(HeadGroup group, Value choice) {
    if (!choice.type().equals(choiceType(1))) {
      OpChecks.type("choice", choiceType(group.heads().size()), choice);
    }
  }

  /** The type of a choice of so many lists. */
  static TensorType choiceType(int lists) {
    return new TensorType(ElementFormat.I32, List.of(Dim.of(lists), new Dim.Symbolic(KEPT)));
  }
}
