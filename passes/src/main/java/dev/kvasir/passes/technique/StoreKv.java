package dev.kvasir.passes.technique;

import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.policy.ParameterSpec;
import dev.kvasir.ir.policy.ParameterType;
import dev.kvasir.ir.policy.TargetAxis;
import dev.kvasir.ir.policy.TechniqueRole;
import dev.kvasir.ir.policy.TechniqueSpec;
import dev.kvasir.ir.policy.TechniqueUse;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.passes.PassContext;
import dev.kvasir.passes.Property;
import dev.kvasir.passes.TechniquePass;
import java.util.List;
import java.util.Set;

/**
 * Sets the element format of cache rows that are not quantised. With {@code format = f32} on layer
 * 0:
 *
 * <pre>{@code
 * cache<layer 0, heads 1, key 8, value 8; [0]: sink bf16 rows 4 + ring bf16 rows 64>
 *   -> cache<layer 0, heads 1, key 8, value 8; [0]: sink f32 rows 4 + ring f32 rows 64>
 * }</pre>
 *
 * Where closed pages are packed, this is the format of sinks and open pages.
 *
 * <p>After every technique that makes segments.
 */
public final class StoreKv implements TechniquePass {
  private static final String FORMAT = "format";

  private static final TechniqueSpec SPEC =
      TechniqueSpec.named("store-kv")
          .help("stores unquantised keys and values in a given element format")
          .role(TechniqueRole.STORAGE)
          .parameter(
              ParameterSpec.required(
                  FORMAT,
                  ParameterType.choice(
                      ElementFormat.F32.text(),
                      ElementFormat.BF16.text(),
                      ElementFormat.F16.text()),
                  "the element format of keys and values"))
          .axis(TargetAxis.LAYERS)
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
    return Set.of(
        Property.MODEL_BUILT,
        Property.HEADS_GROUPED,
        Property.ROWS_SELECTED,
        Property.ROWS_FOLDED,
        Property.LAYERS_MERGED);
  }

  @Override
  public Set<Property> establishes() {
    return Set.of(Property.STORAGE_ASSIGNED);
  }

  @Override
  public Graph run(Graph graph, PassContext context) {
    Graph stored = graph;
    for (TechniqueUse use : context.policy().uses(id())) {
      ElementFormat format = ElementFormat.ofText(use.arguments().name(FORMAT));
      List<Integer> layers = use.target().layers();
      stored =
          CacheRewriter.rewrite(
              stored, cache -> layers.contains(cache.layer()) ? store(cache, format) : cache);
    }
    return stored;
  }

  private static CacheType store(CacheType cache, ElementFormat format) {
    return cache.withGroups(cache.groups().stream().map(group -> store(group, format)).toList());
  }

  private static HeadGroup store(HeadGroup group, ElementFormat format) {
    List<CacheSegment> segments =
        group.segments().stream().map(segment -> segment.withFormat(format)).toList();
    return group.withSegments(segments);
  }
}
