package dev.kvasir.ir.policy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvasir.ir.type.QuantisedFormat;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;

/** Writes a resolved policy as JSON; {@link ResolvedPolicy#toJson} has the form. */
final class ResolvedPolicyJson {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private ResolvedPolicyJson() {}

  static String write(ResolvedPolicy policy) {
    ObjectNode document = NODES.objectNode();
    document.put("policy", policy.name());
    ArrayNode techniques = document.putArray("techniques");
    for (TechniqueUse use : policy.uses()) {
      ObjectNode technique = techniques.addObject();
      technique.put("name", use.technique());
      technique.set("parameters", object(use.arguments().values()));
      technique.set("on", target(use.target(), policy.facts()));
    }
    ArrayNode limits = document.putArray("limits");
    for (ByteLimit limit : policy.limits()) {
      ObjectNode node = limits.addObject();
      node.put("bound", limit.kind().word());
      node.put("bytes", limit.bytes());
      limit.tokens().ifPresent(tokens -> node.put("tokens", tokens));
    }
    return document.toString();
  }

  private static ObjectNode object(Map<String, ParameterValue> values) {
    ObjectNode node = NODES.objectNode();
    values.forEach((name, value) -> node.set(name, node(value)));
    return node;
  }

  private static JsonNode node(ParameterValue value) {
    return switch (value) {
      case ParameterValue.IntegerValue(long number) -> NODES.numberNode(number);
      case ParameterValue.DecimalValue(BigDecimal number) -> NODES.numberNode(number);
      case ParameterValue.PercentValue(BigDecimal share) ->
          NODES.objectNode().put("percent", share);
      case ParameterValue.BytesValue(long bytes) -> NODES.objectNode().put("bytes", bytes);
      case ParameterValue.NameValue(String name) -> NODES.textNode(name);
      case ParameterValue.StringValue(String string) -> NODES.textNode(string);
      case ParameterValue.ListValue(List<ParameterValue> elements) -> {
        ArrayNode list = NODES.arrayNode();
        elements.forEach(element -> list.add(node(element)));
        yield list;
      }
      case ParameterValue.CallValue(String name, Map<String, ParameterValue> arguments) -> {
        ObjectNode call = NODES.objectNode().put("name", name);
        call.set("parameters", object(arguments));
        yield call;
      }
      case ParameterValue.QuantisedValue(QuantisedFormat format) -> {
        ObjectNode call = NODES.objectNode().put("name", format.word());
        call.putObject("parameters").put("per", format.per().text()).put("group", format.group());
        yield call;
      }
      case ParameterValue.SetValue(TargetAxis axis, HeadSet heads, _) ->
          switch (axis) {
            case LAYERS -> layers(heads);
            case HEADS -> heads(heads);
          };
    };
  }

  private static ObjectNode target(HeadSet heads, ModelFacts facts) {
    return heads.isWholeLayers(facts) ? layers(heads) : heads(heads);
  }

  private static ObjectNode layers(HeadSet heads) {
    ObjectNode node = NODES.objectNode();
    ArrayNode layers = node.putArray("layers");
    heads.layers().forEach(layers::add);
    return node;
  }

  private static ObjectNode heads(HeadSet heads) {
    ObjectNode node = NODES.objectNode();
    ArrayNode pairs = node.putArray("heads");
    heads.heads().forEach(head -> pairs.addArray().add(head.layer()).add(head.head()));
    return node;
  }
}
