package dev.kvasir.passes.technique;

import dev.kvasir.ir.policy.ParameterSpec;
import dev.kvasir.ir.policy.ParameterType;
import dev.kvasir.ir.policy.ParameterValue;
import dev.kvasir.ir.policy.TargetAxis;
import dev.kvasir.ir.policy.TechniqueRole;
import dev.kvasir.ir.policy.TechniqueSpec;
import java.math.BigDecimal;
import java.util.List;

/** What a policy may write after {@code use merge-layers}. */
final class MergeLayersSpec {
  static final String NAME = "merge-layers";
  static final String FROM = "from";
  static final String T = "t";
  static final String RETAIN = "retain";
  static final String TAIL = "tail";

  private MergeLayersSpec() {}

  static TechniqueSpec spec() {
    return TechniqueSpec.named(NAME)
        .help("lets neighbouring layers share the directions of their rows, two by two")
        .role(TechniqueRole.MERGE)
        .parameter(
            ParameterSpec.optional(
                FROM,
                new ParameterType.EitherType(
                    List.of(ParameterType.percent(), ParameterType.integerAtLeast(0))),
                new ParameterValue.PercentValue(BigDecimal.valueOf(50)),
                "the first layer that merges, or how many percent of the layers stay as they are"))
        .parameter(
            ParameterSpec.optional(
                T,
                new ParameterType.DecimalType(BigDecimal.ZERO, BigDecimal.ONE),
                new ParameterValue.DecimalValue(new BigDecimal("0.6")),
                "where the shared direction lies between the lower layer's, 0, and the upper's, 1"))
        .parameter(
            ParameterSpec.optional(
                RETAIN,
                ParameterType.percent(),
                new ParameterValue.PercentValue(BigDecimal.valueOf(5)),
                "how many rows, those that differ most, keep their originals"))
        .parameter(
            ParameterSpec.optional(
                TAIL,
                new ParameterType.RowCountType(1),
                new ParameterValue.IntegerValue(128),
                "generated rows that are merged at a time"))
        .axis(TargetAxis.LAYERS)
        .claims(MergeLayersUse::claimed)
        .check(new MergeLayersCheck())
        .build();
  }
}
