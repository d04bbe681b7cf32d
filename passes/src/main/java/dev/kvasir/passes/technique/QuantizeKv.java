package dev.kvasir.passes.technique;

import dev.kvasir.ir.graph.Graph;
import dev.kvasir.ir.policy.Arguments;
import dev.kvasir.ir.policy.ParameterSpec;
import dev.kvasir.ir.policy.ParameterType;
import dev.kvasir.ir.policy.TargetAxis;
import dev.kvasir.ir.policy.TechniqueRole;
import dev.kvasir.ir.policy.TechniqueSpec;
import dev.kvasir.ir.policy.TechniqueUse;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.Packing;
import dev.kvasir.passes.PassContext;
import dev.kvasir.passes.Property;
import dev.kvasir.passes.TechniquePass;
import java.util.List;
import java.util.Set;

/**
 * Packs closed pages into codes of 8 or 4 bits with a step and a minimum for each group (KIVI, Liu
 * et al., 2024). With {@code key = int8, value = int4} on layer 0:
 *
 * <pre>{@code
 * cache<layer 0, heads 1, key 32, value 32; [0]: sink bf16 rows 4 + ring bf16 rows 64>
 *   -> cache<layer 0, heads 1, key 32, value 32; [0]: sink bf16 rows 4 + ring bf16 rows 64
 *        packed key int8(per = channel, group = 64) value int4(per = token, group = 32)>
 * }</pre>
 *
 * The open page, 1 to 64 rows, keeps the segment's element format. KIVI packs values row by row;
 * here keys and values are packed together, when their page is full. A sink stays as it is: it is
 * small, and every query reads it. So does a tail: its rows wait to be selected from or folded.
 *
 * <p>After the techniques that make segments and the one that sets their element formats.
 */
public final class QuantizeKv implements TechniquePass {
  private static final String KEY = "key";
  private static final String VALUE = "value";

  private static final TechniqueSpec SPEC =
      TechniqueSpec.named("quantize-kv")
          .help("stores full pages of keys and values as codes of 8 or 4 bits")
          .role(TechniqueRole.QUANTISATION)
          .parameter(
              ParameterSpec.required(
                  KEY,
                  new ParameterType.QuantisedFormatType(true),
                  "how keys are coded, such as int8(per = channel, group = 64)"))
          .parameter(
              ParameterSpec.required(
                  VALUE,
                  new ParameterType.QuantisedFormatType(false),
                  "how values are coded, such as int4(per = token, group = 32)"))
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
    return Set.of(Property.MODEL_BUILT, Property.HEADS_GROUPED, Property.STORAGE_ASSIGNED);
  }

  @Override
  public Set<Property> establishes() {
    return Set.of(Property.PAGES_PACKED);
  }

  @Override
  public Graph run(Graph graph, PassContext context) {
    Graph packed = graph;
    for (TechniqueUse use : context.policy().uses(id())) {
      Arguments arguments = use.arguments();
      Packing packing = new Packing(arguments.quantised(KEY), arguments.quantised(VALUE));
      List<Integer> layers = use.target().layers();
      packed =
          CacheRewriter.rewrite(
              packed, cache -> layers.contains(cache.layer()) ? pack(cache, packing) : cache);
    }
    return packed;
  }

  private static CacheType pack(CacheType cache, Packing packing) {
    return cache.withGroups(
        cache.groups().stream()
            .map(
                group ->
                    group.withSegments(
                        group.segments().stream().map(segment -> pack(segment, packing)).toList()))
            .toList());
  }

  private static CacheSegment pack(CacheSegment segment, Packing packing) {
    return segment.isPackable() ? segment.withPacking(packing) : segment;
  }
}
