package dev.kvasir.ir.testing;

import dev.kvasir.ir.policy.Arguments;
import dev.kvasir.ir.policy.HeadSet;
import dev.kvasir.ir.policy.ModelFacts;
import dev.kvasir.ir.policy.NamedSet;
import dev.kvasir.ir.policy.ParameterSpec;
import dev.kvasir.ir.policy.ParameterType;
import dev.kvasir.ir.policy.ParameterType.CallShape;
import dev.kvasir.ir.policy.ParameterValue.CallValue;
import dev.kvasir.ir.policy.ParameterValue.DecimalValue;
import dev.kvasir.ir.policy.ParameterValue.IntegerValue;
import dev.kvasir.ir.policy.ParameterValue.NameValue;
import dev.kvasir.ir.policy.ParameterValue.SetValue;
import dev.kvasir.ir.policy.ParameterValue.StringValue;
import dev.kvasir.ir.policy.TargetAxis;
import dev.kvasir.ir.policy.TechniqueRole;
import dev.kvasir.ir.policy.TechniqueSpec;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;

/**
 * Technique specifications that together use every kind of parameter, target and role, for tests of
 * the policy language. Their names and parameters follow real techniques; nothing implements them.
 */
public final class TechniqueFixtures {
  /** A model of 4 layers with 2 KV heads each. */
  public static final ModelFacts FACTS = new ModelFacts("llama", 4, 2, 131072);

  /** Retention by heads; binds {@code retrieval} and {@code streaming}. */
  public static final TechniqueSpec GROUP_HEADS =
      TechniqueSpec.named("group-heads")
          .help("retrieval heads keep all rows, the others the first and the recent ones")
          .role(TechniqueRole.STREAMING)
          .parameter(
              ParameterSpec.optional(
                  "criterion",
                  ParameterType.choice("layer", "head"),
                  new NameValue("layer"),
                  "whether whole layers or single KV heads are grouped"))
          .parameter(
              ParameterSpec.required(
                  "retrieval",
                  new ParameterType.LayerOrHeadSetType("criterion"),
                  "the layers or KV heads that keep all rows"))
          .parameter(
              ParameterSpec.optional(
                  "sink",
                  new ParameterType.RowCountType(0),
                  new IntegerValue(4),
                  "how many first rows a streaming head keeps"))
          .parameter(
              ParameterSpec.optional(
                  "recent",
                  new ParameterType.RowCountType(1),
                  new IntegerValue(256),
                  "how many recent rows a streaming head keeps, the running one included"))
          .bindsSets(List.of("retrieval", "streaming"), TechniqueFixtures::groups)
          .claims("streaming")
          .build();

  /** Storage with a choice, on layers. */
  public static final TechniqueSpec STORE_KV =
      TechniqueSpec.named("store-kv")
          .help("the format of rows that are not quantised")
          .role(TechniqueRole.STORAGE)
          .parameter(
              ParameterSpec.required(
                  "format", ParameterType.choice("f32", "bf16"), "the element format"))
          .axis(TargetAxis.LAYERS)
          .build();

  /** Selection with alternatives and calls, on layers and heads. */
  public static final TechniqueSpec SELECT_WINDOW =
      TechniqueSpec.named("select-window")
          .help("keeps the best windows of a prompt")
          .role(TechniqueRole.SELECTION)
          .parameter(
              ParameterSpec.required(
                  "budget",
                  new ParameterType.EitherType(
                      List.of(
                          ParameterType.percent(),
                          new ParameterType.RowCountType(1),
                          new ParameterType.CallType(List.of(pyramid())))),
                  "how many rows are kept before the tail"))
          .parameter(
              ParameterSpec.optional(
                  "window",
                  ParameterType.integerAtLeast(1),
                  new IntegerValue(8),
                  "how many neighbouring rows are kept together"))
          .parameter(
              ParameterSpec.optional(
                  "decay",
                  new ParameterType.DecimalType(BigDecimal.ZERO, BigDecimal.ONE),
                  new DecimalValue(new BigDecimal("0.5")),
                  "how fast old mass fades"))
          .parameter(
              ParameterSpec.optional(
                  "label", new ParameterType.StringType(), new StringValue(""), "a remark"))
          .axis(TargetAxis.LAYERS)
          .axis(TargetAxis.HEADS)
          .build();

  /** A second selection. */
  public static final TechniqueSpec SNAP_KV =
      TechniqueSpec.named("snap-kv")
          .help("keeps the best rows of a prompt")
          .role(TechniqueRole.SELECTION)
          .parameter(
              ParameterSpec.required(
                  "scratch",
                  new ParameterType.BytesType(1024, 1L << 30),
                  "how much memory the choice may use"))
          .parameter(
              ParameterSpec.required(
                  "steps",
                  new ParameterType.ListType(new ParameterType.IntegerType(0, 99)),
                  "when rows are chosen"))
          .axis(TargetAxis.HEADS)
          .build();

  /** A merge of neighbouring layers. */
  public static final TechniqueSpec MERGE_LAYERS =
      TechniqueSpec.named("merge-layers")
          .help("neighbouring layers share directions")
          .role(TechniqueRole.MERGE)
          .axis(TargetAxis.LAYERS)
          .build();

  /** Quantisation with formats that are calls. */
  public static final TechniqueSpec QUANTIZE_KV =
      TechniqueSpec.named("quantize-kv")
          .help("closed pages are packed")
          .role(TechniqueRole.QUANTISATION)
          .parameter(ParameterSpec.required("key", packed(), "the format of keys"))
          .parameter(
              ParameterSpec.optional(
                  "value", packed(), new CallValue("f16", Map.of()), "of values"))
          .axis(TargetAxis.LAYERS)
          .axis(TargetAxis.HEADS)
          .build();

  /** All of them, in the order of a resolved policy. */
  public static final List<TechniqueSpec> SPECS =
      List.of(GROUP_HEADS, SELECT_WINDOW, SNAP_KV, MERGE_LAYERS, QUANTIZE_KV, STORE_KV);

  private TechniqueFixtures() {}

  private static Map<String, NamedSet> groups(Arguments arguments, ModelFacts facts) {
    SetValue retrieval = arguments.set("retrieval");
    HeadSet streaming = HeadSet.all(facts).minus(retrieval.heads());
    return Map.of(
        "retrieval", new NamedSet(retrieval.axis(), retrieval.heads()),
        "streaming", new NamedSet(retrieval.axis(), streaming));
  }

  private static CallShape pyramid() {
    return new CallShape(
        "pyramid",
        List.of(
            ParameterSpec.required("share", ParameterType.percent(), "the mean share"),
            ParameterSpec.optional(
                "beta", ParameterType.integerAtLeast(1), new IntegerValue(20), "the slope")));
  }

  private static ParameterType packed() {
    return new ParameterType.CallType(
        List.of(
            new CallShape("f16", List.of()),
            new CallShape(
                "int8",
                List.of(
                    ParameterSpec.required(
                        "per", ParameterType.choice("token", "channel"), "what shares a scale"),
                    ParameterSpec.optional(
                        "group",
                        ParameterType.integerAtLeast(1),
                        new IntegerValue(32),
                        "how many elements share a scale")))));
  }
}
