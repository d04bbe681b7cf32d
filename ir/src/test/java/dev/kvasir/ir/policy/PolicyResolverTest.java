package dev.kvasir.ir.policy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.policy.ParameterValue.CallValue;
import dev.kvasir.ir.policy.ParameterValue.IntegerValue;
import dev.kvasir.ir.policy.ParameterValue.NameValue;
import dev.kvasir.ir.policy.ParameterValue.PercentValue;
import dev.kvasir.ir.policy.ParameterValue.SetValue;
import dev.kvasir.ir.testing.TechniqueFixtures;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/** What a resolved policy holds; what is refused is in the case files. */
class PolicyResolverTest {
  private static final ModelFacts FACTS = TechniqueFixtures.FACTS;

  @Test
  void fillsDefaultsAndKeepsTheOrderOfTheSpecification() {
    TechniqueUse use = onlyUse("use group-heads(recent = 8, retrieval = [3, 1, 3]);");

    assertThat(List.copyOf(use.arguments().values().keySet()))
        .containsExactly("criterion", "retrieval", "sink", "recent");
    assertThat(use.arguments().name("criterion")).isEqualTo("layer");
    assertThat(use.arguments().integer("sink")).isEqualTo(4);
    assertThat(use.arguments().integer("recent")).isEqualTo(8);
    assertThat(use.target()).isEqualTo(HeadSet.all(FACTS));
    assertThat(use.parameterSpans().keySet()).containsExactly("recent", "retrieval");
    assertThat(use.spanOf("recent").text()).isEqualTo("8");
    assertThat(use.spanOf("sink")).isEqualTo(use.span());
  }

  @Test
  void groupsLayers() {
    TechniqueUse use = onlyUse("use group-heads(retrieval = [3, 1]);");

    SetValue retrieval = use.arguments().set("retrieval");
    assertThat(retrieval.axis()).isEqualTo(TargetAxis.LAYERS);
    assertThat(retrieval.heads().layers()).containsExactly(1, 3);
    assertThat(retrieval.heads().isWholeLayers(FACTS)).isTrue();
    assertThat(use.boundSet("streaming").heads().layers()).containsExactly(0, 2);
  }

  @Test
  void groupsHeads() {
    TechniqueUse use =
        onlyUse("use group-heads(criterion = head, retrieval = [head(1, 1), head(0, 0)]);");

    SetValue retrieval = use.arguments().set("retrieval");
    assertThat(retrieval.axis()).isEqualTo(TargetAxis.HEADS);
    assertThat(retrieval.heads().heads()).containsExactly(new KvHead(0, 0), new KvHead(1, 1));
    assertThat(use.boundSet("streaming").heads().headsOfLayer(1)).containsExactly(0);
    assertThat(use.boundSet("streaming").heads().headsOfLayer(2)).containsExactly(0, 1);
  }

  @Test
  void emptyRetrievalStreamsEverywhere() {
    TechniqueUse use = onlyUse("use group-heads(retrieval = []);");

    assertThat(use.arguments().set("retrieval").heads().isEmpty()).isTrue();
    assertThat(use.boundSet("streaming").heads()).isEqualTo(HeadSet.all(FACTS));
  }

  @Test
  void evaluatesTargets() {
    assertThat(layers("all except 0, 2")).containsExactly(1, 3);
    assertThat(layers("0..1, 1..2")).containsExactly(0, 1, 2);
    assertThat(layers("last 50%")).containsExactly(2, 3);
    assertThat(layers("last 74.9%")).containsExactly(2, 3);
    assertThat(layers("last 75%")).containsExactly(1, 2, 3);
    assertThat(layers("last 100% except last 25%")).containsExactly(0, 1, 2);
    assertThat(heads("heads 1")).containsExactly(1, 1, 1, 1);
    assertThat(heads("layers 2 heads 0..1 except 0")).containsExactly(1);
    assertThat(heads("layers 2..3 heads all")).containsExactly(0, 1, 0, 1);
  }

  @Test
  void resolvesCallsByPositionNameAndDefault() {
    TechniqueUse use =
        onlyUse("use quantize-kv(key = int8(channel, group = 64), value = int8(token));");

    assertThat(use.arguments().get("key"))
        .isEqualTo(
            new CallValue(
                "int8", Map.of("per", new NameValue("channel"), "group", new IntegerValue(64))));
    assertThat(use.arguments().get("value"))
        .isEqualTo(
            new CallValue(
                "int8", Map.of("per", new NameValue("token"), "group", new IntegerValue(32))));
  }

  @Test
  void followsLetsThroughValuesListsAndCalls() {
    ResolvedPolicy resolved =
        resolve(
            """
            let slope = 7;
            let share = 12.50%;
            let budget = pyramid(share, beta = slope);
            use select-window(budget = budget, window = slope);
            """);

    TechniqueUse use = resolved.uses().getFirst();
    assertThat(use.arguments().get("budget"))
        .isEqualTo(
            new CallValue(
                "pyramid",
                Map.of(
                    "share",
                    new PercentValue(new BigDecimal("12.5")),
                    "beta",
                    new IntegerValue(7))));
    assertThat(use.arguments().integer("window")).isEqualTo(7);
    assertThat(resolved.warnings()).isEmpty();
  }

  @Test
  void ordersUsesByTechniqueThenTarget() {
    ResolvedPolicy resolved =
        resolve(
            """
            use store-kv(format = f32) on layers 2..3;
            use store-kv(format = bf16) on layers 0..1;
            use group-heads(retrieval = [1]);
            """);

    assertThat(resolved.uses())
        .extracting(use -> use.technique() + use.target().layers())
        .containsExactly("group-heads[0, 1, 2, 3]", "store-kv[0, 1]", "store-kv[2, 3]");
    assertThat(resolved.uses("store-kv")).hasSize(2);
  }

  @Test
  void keepsLimitsInBytes() {
    ResolvedPolicy resolved =
        resolve("limit kv-bytes <= 640 MiB at 4096 tokens; limit peak-bytes <= 3 B;");

    ByteLimit first = resolved.limits().getFirst();
    assertThat(first.kind()).isEqualTo(LimitKind.KV_BYTES);
    assertThat(first.bytes()).isEqualTo(671_088_640L);
    assertThat(first.tokens()).isEqualTo(OptionalInt.of(4096));
    assertThat(first.span().text()).isEqualTo("limit kv-bytes <= 640 MiB at 4096 tokens;");
    assertThat(resolved.limits().getLast().tokens()).isEmpty();
  }

  @Test
  void writesCanonicalJson() {
    assertThat(
            resolve(
                    """
                    limit kv-bytes <= 1 KiB at 64 tokens;
                    use store-kv(format = bf16) on layers all except 0;
                    use quantize-kv(key = int8(per = token)) on layers 1 heads 0;
                    use group-heads(criterion = head, retrieval = [head(1, 0)]);
                    use select-window(budget = 12.5%, label = "a\\"b") on heads retrieval;
                    """)
                .toJson())
        .isEqualTo(
            "{\"policy\":\"p\",\"techniques\":["
                + "{\"name\":\"group-heads\",\"parameters\":{\"criterion\":\"head\","
                + "\"retrieval\":{\"heads\":[[1,0]]},\"sink\":4,\"recent\":256},"
                + "\"on\":{\"layers\":[0,1,2,3]}},"
                + "{\"name\":\"select-window\",\"parameters\":{\"budget\":{\"percent\":12.5},"
                + "\"window\":8,\"decay\":0.5,\"label\":\"a\\\"b\"},\"on\":{\"heads\":[[1,0]]}},"
                + "{\"name\":\"quantize-kv\",\"parameters\":{\"key\":{\"name\":\"int8\","
                + "\"parameters\":{\"per\":\"token\",\"group\":32}},"
                + "\"value\":{\"name\":\"f16\",\"parameters\":{}}},\"on\":{\"heads\":[[1,0]]}},"
                + "{\"name\":\"store-kv\",\"parameters\":{\"format\":\"bf16\"},"
                + "\"on\":{\"layers\":[1,2,3]}}],"
                + "\"limits\":[{\"bound\":\"kv-bytes\",\"bytes\":1024,\"tokens\":64}]}");
  }

  private static List<Integer> layers(String set) {
    return onlyUse("use store-kv(format = f32) on layers " + set + ";").target().layers();
  }

  private static List<Integer> heads(String target) {
    return onlyUse("use select-window(budget = 1) on " + target + ";").target().heads().stream()
        .map(KvHead::head)
        .toList();
  }

  private static TechniqueUse onlyUse(String statement) {
    ResolvedPolicy resolved = resolve(statement);
    assertThat(resolved.uses()).hasSize(1);
    return resolved.uses().getFirst();
  }

  private static ResolvedPolicy resolve(String statements) {
    return PolicyResolver.resolve(
        Policy.parse(new SourceText("test.kvp", "policy p {\n" + statements + "\n}\n")),
        TechniqueFixtures.SPECS,
        FACTS);
  }
}
