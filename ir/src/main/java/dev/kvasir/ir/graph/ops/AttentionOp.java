package dev.kvasir.ir.graph.ops;

import dev.kvasir.ir.graph.Attributes;
import dev.kvasir.ir.graph.Op;
import dev.kvasir.ir.graph.OpDefinition;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.reference.EvaluationContext;
import dev.kvasir.ir.reference.ReferenceCache;
import dev.kvasir.ir.reference.ReferenceRow;
import dev.kvasir.ir.reference.ReferenceTensor;
import dev.kvasir.ir.reference.ReferenceValue;
import dev.kvasir.ir.reference.RowForm;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.ir.type.TensorType;
import dev.kvasir.ir.type.Type;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.function.IntToDoubleFunction;

/**
 * Attention of the running span over everything in a cache, the span's own rows included. Query
 * head h reads KV head {@code h / (queryHeads / kvHeads)}; query row i stands at true position p_i:
 *
 * <pre>{@code
 * visible(i, j) = pos_j <= p_i, pos_j > p_i - window, and as the row's segment says
 * logit_ij      = cap(scale * q_i . k_j)              cap(x) = c * tanh(x / c) with a soft-cap c
 * out_i         = sum over visible j of exp(logit_ij - lse_i) * v_j
 * lse_i         = log sum over visible j of exp(logit_ij)
 * }</pre>
 *
 * Keys and values of the running span are read unrounded while a prompt is prefilled; everything
 * else is read as its segment stores it: rows of pages that were closed before the span decoded,
 * the others in the segment's element format. Pages of a ring count from the first position behind
 * the sink. Selected heads see the rows that the last selection kept and those since. A query that
 * sees no row has out 0 and lse -1e30. Folded heads see their slots and the rows since the last
 * fold.
 *
 * <p>A compensation row, which stands for N rows by their mean key and mean value, is one more
 * visible row of logit {@code cap(scale * q_i . k) + log N} (RazorAttention, Tang et al., 2024,
 * equation 5); while N is 0 there is none.
 *
 * @param query after RoPE, f32[rows, queryHeads * keyDim]
 * @param cache the cache that already holds the span
 * @param queryHeads a multiple of the KV heads
 * @param scale what q . k is multiplied by
 * @param softCap c of the soft-cap, above 0
 * @param window the model's own sliding window, the same as that of each segment
 */
public record AttentionOp(
    Value query,
    Value cache,
    int queryHeads,
    double scale,
    OptionalDouble softCap,
    OptionalInt window)
    implements Op {
  /** The lse of a query that sees no row. */
  public static final double NOTHING_VISIBLE = -1e30;

  /** The entry in the catalog. */
  public static final OpDefinition DEFINITION =
      new OpDefinition(
          "attention",
          2,
          2,
          (operands, attributes) ->
              new AttentionOp(
                  operands.getFirst(),
                  operands.getLast(),
                  attributes.integer("query_heads"),
                  attributes.decimal("scale"),
                  attributes.optionalDecimal("soft_cap"),
                  attributes.optionalInteger("window")));

  /** Checks types and shapes. */
  public AttentionOp {
    CacheType type = OpChecks.cache("cache", cache);
    OpChecks.positive("query_heads", queryHeads);
    OpChecks.positive("scale", scale);
    softCap.ifPresent(cap -> OpChecks.positive("soft_cap", cap));
    if (queryHeads % type.kvHeads() != 0) {
      throw new IllegalArgumentException(
          "query_heads must be a multiple of " + type.kvHeads() + ", got " + queryHeads);
    }
    OpChecks.type("query", TensorType.activation(OpChecks.width(queryHeads, type.keyDim())), query);
    boolean sameWindow =
        type.groups().stream()
            .flatMap(group -> group.segments().stream())
            .allMatch(segment -> segment.window().equals(window));
    if (!sameWindow) {
      throw new IllegalArgumentException(
          "window must be that of every segment of "
              + type.text()
              + ", got "
              + (window.isPresent() ? window.getAsInt() : "none"));
    }
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
    return List.of(query, cache);
  }

  @Override
  public Attributes attributes() {
    return Attributes.NONE
        .with("query_heads", queryHeads)
        .with("scale", scale)
        .with("soft_cap", softCap)
        .with("window", window);
  }

  /** {@return out f32[rows, queryHeads * valueDim] and lse f32[rows, queryHeads]} */
  @Override
  public List<Type> resultTypes() {
    return List.of(
        TensorType.activation(OpChecks.width(queryHeads, cacheType().valueDim())),
        TensorType.activation(queryHeads));
  }

  @Override
  public List<ReferenceValue> evaluate(List<ReferenceValue> operands, EvaluationContext context) {
    ReferenceTensor queries = OpChecks.tensor(operands.getFirst());
    ReferenceCache rows = (ReferenceCache) operands.getLast();
    int valueDim = cacheType().valueDim();
    double[] out = new double[queries.rows() * queryHeads * valueDim];
    double[] lse = new double[queries.rows() * queryHeads];
    for (int row = 0; row < queries.rows(); row++) {
      for (int head = 0; head < queryHeads; head++) {
        int place = row * queryHeads + head;
        lse[place] = attend(queries, rows, row, head, context, out, place * valueDim);
      }
    }
    return List.of(
        new ReferenceTensor(queries.rows(), queryHeads * valueDim, out),
        new ReferenceTensor(queries.rows(), queryHeads, lse));
  }

  /** One query row of one head: adds to {@code out} from {@code start} on, returns the lse. */
  private double attend(
      ReferenceTensor queries,
      ReferenceCache rows,
      int row,
      int head,
      EvaluationContext context,
      double[] out,
      int start) {
    CacheType type = cacheType();
    int kvHead = head / (queryHeads / type.kvHeads());
    HeadGroup group = type.groupOf(kvHead);
    List<Seen> seen = new ArrayList<>();
    rows.compensation(group, kvHead, context.prefill())
        .ifPresent(
            gone ->
                seen.add(
                    new Seen(
                        logit(queries, row, head, gone::key) + Math.log(gone.rows()),
                        gone::value)));
    for (ReferenceRow slot : rows.slots(group, kvHead)) {
      seen.add(
          new Seen(
              logit(queries, row, head, element -> slot.key()[element]),
              element -> slot.value()[element]));
    }
    int position = context.firstPosition() + row;
    for (int other = 0; other <= position; other++) {
      if (rows.holds(group, kvHead, other) && group.segmentAt(other).isVisible(position, other)) {
        int key = other;
        RowForm form = form(rows, group, kvHead, other, context);
        seen.add(
            new Seen(
                logit(
                    queries,
                    row,
                    head,
                    element -> rows.key(type, key, kvHead * type.keyDim() + element, form)),
                element -> rows.value(type, key, kvHead * type.valueDim() + element, form)));
      }
    }
    if (seen.isEmpty()) {
      return NOTHING_VISIBLE;
    }
    double maximum = seen.stream().mapToDouble(Seen::logit).max().orElseThrow();
    double sum = seen.stream().mapToDouble(one -> Math.exp(one.logit() - maximum)).sum();
    double lse = maximum + Math.log(sum);
    for (Seen one : seen) {
      double weight = Math.exp(one.logit() - lse);
      for (int element = 0; element < type.valueDim(); element++) {
        out[start + element] += weight * one.value().applyAsDouble(element);
      }
    }
    return lse;
  }

  /** A row that a query sees. */
  private record Seen(double logit, IntToDoubleFunction value) {}

  private double logit(ReferenceTensor queries, int row, int head, IntToDoubleFunction key) {
    int keyDim = cacheType().keyDim();
    double sum = 0;
    for (int element = 0; element < keyDim; element++) {
      sum += queries.at(row, head * keyDim + element) * key.applyAsDouble(element);
    }
    double scaled = scale * sum;
    return softCap.isPresent()
        ? softCap.getAsDouble() * Math.tanh(scaled / softCap.getAsDouble())
        : scaled;
  }

  private static RowForm form(
      ReferenceCache rows, HeadGroup group, int kvHead, int other, EvaluationContext context) {
    return rows.form(group, kvHead, other, context.firstPosition(), context.prefill());
  }
}
