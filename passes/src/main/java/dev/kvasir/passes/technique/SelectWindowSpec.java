package dev.kvasir.passes.technique;

import dev.kvasir.ir.policy.ParameterSpec;
import dev.kvasir.ir.policy.ParameterType;
import dev.kvasir.ir.policy.ParameterType.CallShape;
import dev.kvasir.ir.policy.ParameterValue;
import dev.kvasir.ir.policy.TargetAxis;
import dev.kvasir.ir.policy.TechniqueRole;
import dev.kvasir.ir.policy.TechniqueSpec;
import dev.kvasir.ir.type.RowBudget;
import dev.kvasir.ir.type.Selection;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;

/** What a policy may write after {@code use select-window}. */
final class SelectWindowSpec {
  static final String NAME = "select-window";
  static final String BUDGET = "budget";
  static final String PYRAMID = "pyramid";
  static final String GROUPS = "groups";
  static final String MEAN = "mean";
  static final String BETA = "beta";
  static final String WINDOW = "window";
  static final String OBSERVE = "observe";
  static final String SHARE = "share";
  static final String PER_HEAD = "per-head";
  static final String POOL = "pool";
  static final String SCORE = "score";
  static final String TASK = "task";
  static final String TAIL = "tail";
  static final String AUTO = "auto";
  static final String MAX = "max";
  static final String AVERAGE = "average";
  static final String RANDOM = "random";
  static final String SEED = "seed";
  static final String LOCALIZATION = "localization";
  static final String AGGREGATION = "aggregation";
  static final String TRUE = "true";

  private static final int LARGEST_SEED = 999_999_999;

  private SelectWindowSpec() {}

  static TechniqueSpec spec() {
    return TechniqueSpec.named(NAME)
        .help("keeps the rows that the last queries look at, and a tail of recent ones")
        .role(TechniqueRole.SELECTION)
        .parameter(
            ParameterSpec.required(BUDGET, budget(), "how many rows a head keeps before its tail"))
        .parameter(
            optional(
                WINDOW,
                new ParameterType.IntegerType(1, Selection.LARGEST_WINDOW),
                8,
                "neighbouring rows kept or dropped together"))
        .parameter(
            optional(
                OBSERVE,
                new ParameterType.RowCountType(1),
                32,
                "last queries whose attention decides; their rows are always kept"))
        .parameter(
            ParameterSpec.optional(
                SHARE,
                new ParameterType.EitherType(
                    List.of(ParameterType.integerAtLeast(1), ParameterType.choice(AUTO))),
                new ParameterValue.NameValue(AUTO),
                "layers that keep what the first of them chose; auto is 8, or 1 where layers cannot"))
        .parameter(
            ParameterSpec.optional(
                PER_HEAD,
                ParameterType.choice(TRUE, "false"),
                new ParameterValue.NameValue("false"),
                "whether each KV head chooses for itself"))
        .parameter(
            optional(
                POOL,
                new ParameterType.IntegerType(1, Selection.LARGEST_POOL),
                1,
                "neighbours that a single row is scored with"))
        .parameter(
            ParameterSpec.optional(
                SCORE, score(), call(AUTO), "what ranks rows; auto is max or average by the task"))
        .parameter(
            ParameterSpec.optional(
                TASK,
                ParameterType.choice(LOCALIZATION, AGGREGATION, AUTO),
                new ParameterValue.NameValue(LOCALIZATION),
                "whether answers lie in one place, score max, or all over the text, average; auto:"
                    + " in one place where a question mark is among a prompt's first or last 256"
                    + " tokens"))
        .parameter(
            optional(
                TAIL,
                new ParameterType.RowCountType(1),
                512,
                "generated rows after which rows are selected again"))
        .axis(TargetAxis.LAYERS)
        .axis(TargetAxis.HEADS)
        .check(new SelectWindowCheck())
        .build();
  }

  private static ParameterType budget() {
    return new ParameterType.EitherType(
        List.of(
            share(),
            rows(),
            new ParameterType.CallType(
                List.of(shaped(PYRAMID, 1, 20), shaped(GROUPS, RowBudget.Groups.FLAT, 14)))));
  }

  private static CallShape shaped(String name, int leastBeta, int beta) {
    return new CallShape(
        name,
        List.of(
            ParameterSpec.required(
                MEAN,
                new ParameterType.EitherType(List.of(share(), rows())),
                "the budget that layers have on average"),
            optional(
                BETA,
                new ParameterType.IntegerType(leastBeta, Integer.MAX_VALUE),
                beta,
                "how much more lower layers have")));
  }

  private static ParameterType share() {
    return new ParameterType.PercentType(
        BigDecimal.ONE.movePointLeft(RowBudget.Percent.DECIMALS), BigDecimal.valueOf(100));
  }

  private static ParameterType rows() {
    return new ParameterType.RowCountType(1);
  }

  private static ParameterType score() {
    return new ParameterType.CallType(
        List.of(
            new CallShape(MAX, List.of()),
            new CallShape(AVERAGE, List.of()),
            new CallShape(
                RANDOM,
                List.of(
                    optional(
                        SEED,
                        new ParameterType.IntegerType(0, LARGEST_SEED),
                        0,
                        "another seed, other rows"))),
            new CallShape(AUTO, List.of())));
  }

  private static ParameterSpec optional(String name, ParameterType type, long value, String help) {
    return ParameterSpec.optional(name, type, new ParameterValue.IntegerValue(value), help);
  }

  private static ParameterValue call(String name) {
    return new ParameterValue.CallValue(name, Map.of());
  }
}
