package dev.kvasir.ir.graph.ops;

import dev.kvasir.ir.graph.Attributes;
import dev.kvasir.ir.graph.Op;
import dev.kvasir.ir.graph.OpDefinition;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.reference.EvaluationContext;
import dev.kvasir.ir.reference.ReferenceCache;
import dev.kvasir.ir.reference.ReferenceSelection;
import dev.kvasir.ir.reference.ReferenceValue;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.ir.type.Selection;
import dev.kvasir.ir.type.TensorType;
import dev.kvasir.ir.type.Type;
import java.util.List;

/**
 * Which rows the selected heads of a cache keep, as {@link Selection} says: a list of true
 * positions, ascending, of at most as many as the {@linkplain dev.kvasir.ir.type.RowBudget budget}
 * of the heads has slots, or such a list for each head. It is made at the end of each span of a
 * prompt, and in the step that fills the tail; in the other steps nothing is chosen.
 *
 * @param cache the cache that already holds the span, with one selected group
 * @param query after RoPE, f32[rows, queryHeads * keyDim]
 * @param lse what attention of these queries over this cache computed, f32[rows, queryHeads]
 * @param queryHeads a multiple of the KV heads
 * @param scale what q . k is multiplied by
 * @param selection how rows are chosen; observe and window are those of the budget, the tail that
 *     of the group
 */
public record SelectRowsOp(
    Value cache, Value query, Value lse, int queryHeads, double scale, Selection selection)
    implements Op {
  /** The entry in the catalog. */
  public static final OpDefinition DEFINITION =
      new OpDefinition(
          "select_rows",
          3,
          3,
          (operands, attributes) ->
              new SelectRowsOp(
                  operands.get(0),
                  operands.get(1),
                  operands.get(2),
                  attributes.integer("query_heads"),
                  attributes.decimal("scale"),
                  SelectionText.read(attributes)));

  /** Checks types and shapes. */
  public SelectRowsOp {
    CacheType type = OpChecks.cache("cache", cache);
    HeadGroup group = OpChecks.selected("cache", type);
    OpChecks.positive("query_heads", queryHeads);
    OpChecks.positive("scale", scale);
    if (queryHeads % type.kvHeads() != 0) {
      throw new IllegalArgumentException(
          "query_heads must be a multiple of " + type.kvHeads() + ", got " + queryHeads);
    }
    OpChecks.type("query", TensorType.activation(OpChecks.width(queryHeads, type.keyDim())), query);
    OpChecks.type("lse", TensorType.activation(queryHeads), lse);
    if (selection.observe() != group.budget().observe()
        || selection.window() != group.budget().window()
        || selection.tail() != group.segments().getLast().rows()) {
      throw new IllegalArgumentException(
          "window, observe and tail must be those of "
              + group.text()
              + ", got "
              + List.of(selection.window(), selection.observe(), selection.tail()));
    }
  }

  /** {@return the type of the cache} */
  public CacheType cacheType() {
    return OpChecks.cache("cache", cache);
  }

  /** {@return the heads that rows are chosen for} */
  public HeadGroup group() {
    return OpChecks.selected("cache", cacheType());
  }

  /** {@return how many lists there are: one, or one for each selected head} */
  public int lists() {
    return selection.perHead() ? group().heads().size() : 1;
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
    return SelectionText.write(
        Attributes.NONE.with("query_heads", queryHeads).with("scale", scale), selection);
  }

  /** {@return the choice, i32[lists, kept]} */
  @Override
  public List<Type> resultTypes() {
    return List.of(KeepRowsOp.choiceType(lists()));
  }

  @Override
  public List<ReferenceValue> evaluate(List<ReferenceValue> operands, EvaluationContext context) {
    ReferenceSelection choice =
        new ReferenceSelection(
            cacheType(),
            group(),
            selection,
            queryHeads,
            scale,
            (ReferenceCache) operands.get(0),
            context);
    return List.of(
        choice.choose(OpChecks.tensor(operands.get(1)), OpChecks.tensor(operands.get(2))));
  }
}
