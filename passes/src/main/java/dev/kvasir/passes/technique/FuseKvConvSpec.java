package dev.kvasir.passes.technique;

import dev.kvasir.ir.diag.CompilerBug;
import dev.kvasir.ir.policy.Arguments;
import dev.kvasir.ir.policy.ParameterSpec;
import dev.kvasir.ir.policy.ParameterType;
import dev.kvasir.ir.policy.ParameterValue;
import dev.kvasir.ir.policy.TargetAxis;
import dev.kvasir.ir.policy.TechniqueRole;
import dev.kvasir.ir.policy.TechniqueSpec;
import dev.kvasir.ir.policy.TechniqueUse;
import dev.kvasir.ir.type.Fold;
import java.math.BigDecimal;

/** What a policy may write after {@code use fuse-kv-conv}. */
final class FuseKvConvSpec {
  static final String NAME = "fuse-kv-conv";
  static final String SLOTS = "slots";
  static final String BLOCK = "block";
  static final String KERNEL = "kernel";
  static final String KEEP = "keep";

  private FuseKvConvSpec() {}

  static TechniqueSpec spec() {
    return TechniqueSpec.named(NAME)
        .help("folds rows into slots: keeps the heaviest, mixes the others by a convolution")
        .role(TechniqueRole.FUSION)
        .parameter(
            optional(
                SLOTS, new ParameterType.RowCountType(1), 128, "how many rows a head is folded to"))
        .parameter(
            optional(
                BLOCK,
                new ParameterType.RowCountType(1),
                128,
                "rows that come between two folds, kept as they are until then"))
        .parameter(
            optional(
                KERNEL,
                new ParameterType.IntegerType(1, Fold.LARGEST_KERNEL),
                21,
                "neighbouring rows that the convolution looks at, odd"))
        .parameter(
            ParameterSpec.optional(
                KEEP,
                ParameterType.percent(),
                new ParameterValue.PercentValue(BigDecimal.valueOf(50)),
                "the share of slots that hold rows as they are; the others hold mixed rows"))
        .axis(TargetAxis.LAYERS)
        .check(new FuseKvConvCheck())
        .build();
  }

  private static ParameterSpec optional(String name, ParameterType type, long value, String help) {
    return ParameterSpec.optional(name, type, new ParameterValue.IntegerValue(value), help);
  }

  /** How a use folds rows; its parameters have been checked. */
  static Fold fold(TechniqueUse use) {
    return new Fold(slots(use), integer(use, BLOCK), kernel(use), mixed(use));
  }

  static int slots(TechniqueUse use) {
    return integer(use, SLOTS);
  }

  static int kernel(TechniqueUse use) {
    return integer(use, KERNEL);
  }

  /** Slots that hold mixed rows. */
  static int mixed(TechniqueUse use) {
    return Fold.mixed(slots(use), keep(use.arguments()));
  }

  /** The share of the other slots, in percent. */
  static BigDecimal keep(Arguments arguments) {
    if (arguments.get(KEEP) instanceof ParameterValue.PercentValue(BigDecimal percent)) {
      return percent;
    }
    throw new CompilerBug("no share to keep: " + arguments);
  }

  private static int integer(TechniqueUse use, String parameter) {
    return Math.toIntExact(use.arguments().integer(parameter));
  }
}
