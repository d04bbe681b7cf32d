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
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.ir.type.TensorType;
import dev.kvasir.ir.type.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

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
    int shared = queryHeads / cacheType().kvHeads();
    int valueDim = cacheType().valueDim();
    double[] out = new double[queries.rows() * queryHeads * valueDim];
    double[] lse = new double[queries.rows() * queryHeads];
    for (int kvHead = 0; kvHead < cacheType().kvHeads(); kvHead++) {
      List<Candidate> candidates = candidates(rows, kvHead, context, queries.rows());
      for (int row = 0; row < queries.rows(); row++) {
        int position = context.firstPosition() + row;
        List<Candidate> seen =
            candidates.stream().filter(candidate -> candidate.isSeenFrom(position)).toList();
        for (int head = kvHead * shared; head < (kvHead + 1) * shared; head++) {
          int place = row * queryHeads + head;
          lse[place] = attend(queries, row, head, seen, out, place * valueDim);
        }
      }
    }
    return List.of(
        new ReferenceTensor(queries.rows(), queryHeads * valueDim, out),
        new ReferenceTensor(queries.rows(), queryHeads, lse));
  }

  /**
   * A row of a KV head as this run reads it.
   *
   * @param bias what its logits are raised by
   * @param segment says who sees it; nothing for rows that every query of the run sees
   */
  private record Candidate(ReferenceRow row, double bias, Optional<CacheSegment> segment) {
    boolean isSeenFrom(int position) {
      return segment.map(rows -> rows.isVisible(position, row.position())).orElse(true);
    }
  }

  /** What the queries of a run may see, in the order in which it is summed. */
  private List<Candidate> candidates(
      ReferenceCache rows, int kvHead, EvaluationContext context, int queries) {
    CacheType type = cacheType();
    HeadGroup group = type.groupOf(kvHead);
    List<Candidate> candidates = new ArrayList<>();
    rows.compensation(group, kvHead, context.prefill())
        .ifPresent(
            gone ->
                candidates.add(new Candidate(gone.row(), Math.log(gone.rows()), Optional.empty())));
    for (ReferenceRow slot : rows.slots(group, kvHead)) {
      candidates.add(new Candidate(slot, 0, Optional.empty()));
    }
    for (int other = 0; other < context.firstPosition() + queries; other++) {
      if (rows.holds(group, kvHead, other)) {
        RowForm form = form(rows, group, kvHead, other, context);
        candidates.add(
            new Candidate(rows.read(kvHead, other, form), 0, Optional.of(group.segmentAt(other))));
      }
    }
    return candidates;
  }

  /** One query row of one head: adds to {@code out} from {@code start} on, returns the lse. */
  private double attend(
      ReferenceTensor queries, int row, int head, List<Candidate> seen, double[] out, int start) {
    if (seen.isEmpty()) {
      return NOTHING_VISIBLE;
    }
    double[] logits =
        seen.stream()
            .mapToDouble(one -> logit(queries, row, head, one.row()) + one.bias())
            .toArray();
    double maximum = Arrays.stream(logits).max().orElseThrow();
    double sum = Arrays.stream(logits).map(logit -> Math.exp(logit - maximum)).sum();
    double lse = maximum + Math.log(sum);
    for (int index = 0; index < logits.length; index++) {
      double weight = Math.exp(logits[index] - lse);
      double[] value = seen.get(index).row().value();
      for (int element = 0; element < value.length; element++) {
        out[start + element] += weight * value[element];
      }
    }
    return lse;
  }

  private double logit(ReferenceTensor queries, int row, int head, ReferenceRow other) {
    double[] key = other.key();
    int start = (row * queryHeads + head) * key.length;
    double sum = 0;
    for (int element = 0; element < key.length; element++) {
      sum += queries.values()[start + element] * key[element];
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
