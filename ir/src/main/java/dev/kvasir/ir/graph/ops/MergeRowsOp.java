package dev.kvasir.ir.graph.ops;

import dev.kvasir.ir.graph.Attributes;
import dev.kvasir.ir.graph.Op;
import dev.kvasir.ir.graph.OpDefinition;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.reference.EvaluationContext;
import dev.kvasir.ir.reference.ReferenceCache;
import dev.kvasir.ir.reference.ReferenceChoice;
import dev.kvasir.ir.reference.ReferenceMerge;
import dev.kvasir.ir.reference.ReferenceValue;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.ir.type.Merge;
import dev.kvasir.ir.type.RowBudget;
import dev.kvasir.ir.type.Type;
import java.util.List;
import java.util.Optional;

/**
 * Two neighbouring layers with one direction for each pair of rows that neither had merged yet, and
 * empty tails (MiniCache, Liu et al., 2024). It happens at the end of each span of a prompt, and in
 * the step that fills the tail; in the other steps the caches stay as they are.
 *
 * <p>For each KV head, and for keys and values apart, y the row of the lower layer and x that of
 * the upper, as attention has just read them:
 *
 * <pre>{@code
 * Omega = arccos(clamp(<x, y> / (|x| |y|), -1, 1))                     0 where a norm is 0
 * e     = (sin((1 - t) Omega) y / |y| + sin(t Omega) x / |x|) / sin(Omega)
 * }</pre>
 *
 * Where sin(Omega) is below 1e-3, e is {@code (1 - t) y / |y| + t x / |x|}, normalised; where that
 * is shorter than 1e-3, the direction of x if t is at least 0.5, else that of y. A row of norm 0
 * has no direction, so e is the other's, and 0 if both are 0. Both layers read {@code |y| e} and
 * {@code |x| e}, norms in f16 and e in the format of the shared segment.
 *
 * <p>T rows being merged and {@code mark} before, {@code ceil(retain * T) - ceil(retain * mark)} of
 * the new rows keep the originals of both layers, keys and values: those of the largest {@code
 * max(Omega_K, Omega_V)} in the head, of equal ones the lower position; an angle counts as 0 where
 * 1 - cos(Omega) is below {@link Merge#SMALLEST_DIFFERENCE}. In their place the shared segment has
 * a row of zeros that nobody sees.
 *
 * <p>With a choice, both layers keep the rows of its lists alone, and all of these are merged anew,
 * as {@code keep_rows} would read them, but that the stored direction of a row that was shared
 * before is first made one long: its angle is 0, its direction stays, and its norm does not take on
 * what storing did to that length. One that kept its original competes again. {@code ceil(retain *
 * count)} of the count rows of a head's list keep their originals, in the format of retained rows.
 * Pages of directions are coded in the order of the list.
 *
 * @param lower the cache of the lower layer, with this span; all of its heads are merged
 * @param upper the cache of the layer behind it, with this span
 * @param choice what {@code select_rows} chose in the lower layer or in one before it; present when
 *     the heads have a budget, which is that of both layers
 */
public record MergeRowsOp(Value lower, Value upper, Optional<Value> choice) implements Op {
  /** The entry in the catalog. */
  public static final OpDefinition DEFINITION =
      new OpDefinition(
          "merge_rows",
          2,
          3,
          (operands, attributes) ->
              new MergeRowsOp(
                  operands.get(0), operands.get(1), operands.stream().skip(2).findFirst()));

  /** Checks types and sides. */
  public MergeRowsOp {
    CacheType below = OpChecks.cache("lower", lower);
    CacheType above = OpChecks.cache("upper", upper);
    Merge first = OpChecks.merged("lower", below).merge();
    Merge second = OpChecks.merged("upper", above).merge();
    if (first.side() != Merge.Side.LOWER
        || first.partner() != above.layer()
        || !first.isPairOf(below.layer(), second)
        || below.kvHeads() != above.kvHeads()
        || below.keyDim() != above.keyDim()
        || below.valueDim() != above.valueDim()) {
      throw new IllegalArgumentException(
          "lower and upper must be a pair, got " + below.text() + " and " + above.text());
    }
    HeadGroup group = OpChecks.merged("upper", above);
    if (group.isSelected() != choice.isPresent()
        || !budget(group).equals(budget(OpChecks.merged("lower", below)))) {
      throw new IllegalArgumentException(
          "lower and upper must have one budget and a choice, or neither, got "
              + below.text()
              + " and "
              + above.text());
    }
    choice.ifPresent(lists -> KeepRowsOp.checkChoice(group, lists));
  }

  private static Optional<RowBudget> budget(HeadGroup group) {
    return group.segments().getFirst().budget();
  }

  /** {@return the type of the lower layer's cache} */
  public CacheType lowerType() {
    return OpChecks.cache("lower", lower);
  }

  /** {@return the type of the upper layer's cache} */
  public CacheType upperType() {
    return OpChecks.cache("upper", upper);
  }

  /** {@return the heads of the upper layer, all of them} */
  public HeadGroup group() {
    return OpChecks.merged("upper", upperType());
  }

  /** {@return how many lists the choice has: one, or one for each head; 0 without a choice} */
  public int lists() {
    return choice
        .map(lists -> lists.type().equals(KeepRowsOp.choiceType(1)) ? 1 : group().heads().size())
        .orElse(0);
  }

  @Override
  public OpDefinition definition() {
    return DEFINITION;
  }

  @Override
  public List<Value> operands() {
    return choice.map(lists -> List.of(lower, upper, lists)).orElse(List.of(lower, upper));
  }

  @Override
  public Attributes attributes() {
    return Attributes.NONE;
  }

  /** {@return the lower and the upper layer's cache} */
  @Override
  public List<Type> resultTypes() {
    return List.of(lower.type(), upper.type());
  }

  @Override
  public List<ReferenceValue> evaluate(List<ReferenceValue> operands, EvaluationContext context) {
    ReferenceMerge merge = new ReferenceMerge(lowerType(), upperType(), context);
    return merge.run(
        (ReferenceCache) operands.get(0),
        (ReferenceCache) operands.get(1),
        operands.stream().skip(2).findFirst().map(ReferenceChoice.class::cast));
  }
}
