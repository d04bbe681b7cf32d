package dev.kvasir.passes.technique;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.policy.Arguments;
import dev.kvasir.ir.policy.HeadSet;
import dev.kvasir.ir.policy.ModelFacts;
import dev.kvasir.ir.policy.NamedSet;
import dev.kvasir.ir.policy.ParameterSpec;
import dev.kvasir.ir.policy.ParameterType;
import dev.kvasir.ir.policy.ParameterValue;
import dev.kvasir.ir.policy.TechniqueRole;
import dev.kvasir.ir.policy.TechniqueSpec;
import dev.kvasir.ir.policy.TechniqueUse;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.passes.PassContext;
import dev.kvasir.passes.Property;
import dev.kvasir.passes.TechniquePass;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Splits KV heads into retrieval heads, which keep every row, and streaming heads, which keep the
 * first and the recent rows (DuoAttention, Xiao et al., 2024; by whole layers as ZigzagAttention,
 * Liu et al., 2025). With {@code sink = 4, recent = 64} and head 1 streaming:
 *
 * <pre>{@code
 * cache<layer 0, heads 2, key 8, value 8; [0, 1]: dense bf16>
 *   -> cache<layer 0, heads 2, key 8, value 8; [0]: dense bf16; [1]: sink bf16 rows 4 + ring bf16 rows 64>
 * }</pre>
 *
 * A query of a streaming head at position p sees positions below {@code sink} and positions above
 * {@code p - recent}, itself included, in a prompt as well as in a step. {@code sink = 0} leaves
 * the ring alone.
 *
 * <p>With {@code compensate = true} each streaming head has one more row, which stands for the rows
 * that its ring has dropped, page by page (RazorAttention, Tang et al., 2024):
 *
 * <pre>{@code
 * [1]: sink bf16 rows 4 + ring bf16 rows 64 -> [1]: sink bf16 rows 4 + ring bf16 rows 64 + compensation
 * }</pre>
 *
 * RazorAttention lets a ring grow with the text, to a share of it. Here {@code reach = n} gives the
 * ring at once the rows that it would have at the longest context, one row in n, if that is more
 * than {@code recent}: memory is planned for that context anyway.
 *
 * <p>Directly after the graph is built, so that later techniques find the segments they store.
 */
public final class GroupHeads implements TechniquePass {
  private static final String CRITERION = "criterion";
  private static final String RETRIEVAL = "retrieval";
  private static final String STREAMING = "streaming";
  private static final String SINK = "sink";
  private static final String RECENT = "recent";
  private static final String REACH = "reach";
  private static final String COMPENSATE = "compensate";
  private static final String NONE = "none";
  private static final String TRUE = "true";
  private static final String FALSE = "false";

  private static final TechniqueSpec SPEC =
      TechniqueSpec.named("group-heads")
          .help("keeps all rows of retrieval heads, the first and recent rows of the others")
          .role(TechniqueRole.STREAMING)
          .parameter(
              ParameterSpec.optional(
                  CRITERION,
                  ParameterType.choice("layer", "head"),
                  new ParameterValue.NameValue("layer"),
                  "whether whole layers are chosen or KV heads one by one"))
          .parameter(
              ParameterSpec.required(
                  RETRIEVAL,
                  new ParameterType.LayerOrHeadSetType(CRITERION),
                  "the layers or KV heads that keep every row"))
          .parameter(
              ParameterSpec.optional(
                  SINK,
                  new ParameterType.RowCountType(0),
                  new ParameterValue.IntegerValue(4),
                  "how many first rows a streaming head keeps"))
          .parameter(
              ParameterSpec.optional(
                  RECENT,
                  new ParameterType.RowCountType(1),
                  new ParameterValue.IntegerValue(256),
                  "how many recent rows a streaming head sees, the running one included"))
          .parameter(
              ParameterSpec.optional(
                  REACH,
                  new ParameterType.EitherType(
                      List.of(ParameterType.integerAtLeast(1), ParameterType.choice(NONE))),
                  new ParameterValue.NameValue(NONE),
                  "one row in so many of the longest context is recent, if that is more"))
          .parameter(
              ParameterSpec.optional(
                  COMPENSATE,
                  ParameterType.choice(TRUE, FALSE),
                  new ParameterValue.NameValue(FALSE),
                  "whether a streaming head has a row that stands for those it has dropped"))
          .bindsSets(List.of(RETRIEVAL, STREAMING), GroupHeads::bind)
          .claims(STREAMING)
          .build();

  @Override
  public String id() {
    return SPEC.name();
  }

  @Override
  public TechniqueSpec spec() {
    return SPEC;
  }

  @Override
  public Set<Property> requires() {
    return Set.of(Property.MODEL_BUILT);
  }

  @Override
  public Set<Property> establishes() {
    return Set.of(Property.HEADS_GROUPED);
  }

  @Override
  public Graph run(Graph graph, PassContext context) {
    Graph grouped = graph;
    for (TechniqueUse use : context.policy().uses(id())) {
      HeadSet streaming =
          HeadSet.all(context.policy().facts())
              .minus(use.arguments().set(RETRIEVAL).heads())
              .intersection(use.target());
      Streaming kind =
          new Streaming(
              use,
              Math.toIntExact(use.arguments().integer(SINK)),
              recent(use, context.context()),
              use.arguments().name(COMPENSATE).equals(TRUE));
      grouped = CacheRewriter.rewrite(grouped, cache -> group(cache, streaming, kind));
    }
    return grouped;
  }

  /** What the policy makes of streaming heads. */
  private record Streaming(TechniqueUse use, int sink, int recent, boolean compensated) {}

  private static int recent(TechniqueUse use, int context) {
    long recent = use.arguments().integer(RECENT);
    if (use.arguments().get(REACH) instanceof ParameterValue.IntegerValue(long reach)) {
      recent = Math.max(recent, Math.ceilDiv((long) context, reach));
    }
    return Math.toIntExact(recent);
  }

  private static Map<String, NamedSet> bind(Arguments arguments, ModelFacts facts) {
    ParameterValue.SetValue retrieval = arguments.set(RETRIEVAL);
    return Map.of(
        RETRIEVAL, new NamedSet(retrieval.axis(), retrieval.heads()),
        STREAMING, new NamedSet(retrieval.axis(), HeadSet.all(facts).minus(retrieval.heads())));
  }

  private static CacheType group(CacheType cache, HeadSet streaming, Streaming kind) {
    List<Integer> streams = streaming.headsOfLayer(cache.layer());
    if (streams.isEmpty()) {
      return cache;
    }
    List<HeadGroup> groups = new ArrayList<>();
    for (HeadGroup group : cache.groups()) {
      List<Integer> kept = group.heads().stream().filter(head -> !streams.contains(head)).toList();
      if (!kept.isEmpty()) {
        groups.add(new HeadGroup(kept, group.segments()));
      }
    }
    CacheSegment dense = cache.groupOf(streams.getFirst()).segments().getFirst();
    if (kind.compensated() && dense.window().isPresent()) {
      throw windowed(kind.use(), cache.layer());
    }
    groups.add(new HeadGroup(streams, segments(dense, kind), kind.compensated()));
    groups.sort(Comparator.comparingInt(group -> group.heads().getFirst()));
    return cache.withGroups(groups);
  }

  private static CompileException windowed(TechniqueUse use, int layer) {
    return new CompileException(
        Diagnostic.error(
                DiagnosticCode.LAYER_HAS_WINDOW,
                use.spanOf(COMPENSATE),
                "layer %d has a sliding window of its own: what leaves it must not be seen again"
                    .formatted(layer))
            .withNote("leave compensate out, or let the layer retrieve"));
  }

  private static List<CacheSegment> segments(CacheSegment dense, Streaming kind) {
    OptionalInt window = dense.window();
    CacheSegment ring =
        CacheSegment.of(CacheSegment.Kind.RING, dense.format(), kind.recent(), window);
    return kind.sink() == 0
        ? List.of(ring)
        : List.of(
            CacheSegment.of(CacheSegment.Kind.SINK, dense.format(), kind.sink(), window), ring);
  }
}
