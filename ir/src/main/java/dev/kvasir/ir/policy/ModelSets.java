package dev.kvasir.ir.policy;

import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.diag.Diagnostics;
import dev.kvasir.ir.diag.SourceSpan;
import java.util.List;
import java.util.stream.Collectors;

/** Checks numbers of layers and KV heads against a model, and says sets in words. */
final class ModelSets {
  private static final int MAXIMUM_NAMED_MEMBERS = 8;

  private final ModelFacts facts;
  private final Diagnostics diagnostics;

  ModelSets(ModelFacts facts, Diagnostics diagnostics) {
    this.facts = facts;
    this.diagnostics = diagnostics;
  }

  /** The model. */
  ModelFacts facts() {
    return facts;
  }

  /** How many layers, or KV heads in a layer, the model has. */
  int count(TargetAxis axis) {
    return switch (axis) {
      case LAYERS -> facts.layers();
      case HEADS -> facts.kvHeads();
    };
  }

  /** Whether the model has this layer or KV head; reports it if not. */
  boolean check(TargetAxis axis, long index, SourceSpan span) {
    int count = count(axis);
    if (index >= 0 && index < count) {
      return true;
    }
    String subject =
        switch (axis) {
          case LAYERS -> "layer " + index + " does not exist: the model has " + count + " layer";
          case HEADS ->
              "KV head "
                  + index
                  + " does not exist: each layer of the model has "
                  + count
                  + " KV head";
        };
    String range = count == 1 ? ", number 0" : "s, 0 to " + (count - 1);
    diagnostics.report(Diagnostic.error(DiagnosticCode.SET_OUTSIDE_MODEL, span, subject + range));
    return false;
  }

  /** A set in words, such as {@code layers 1, 3}; long sets are cut. */
  String describe(HeadSet heads) {
    if (heads.equals(HeadSet.all(facts))) {
      return "every layer";
    }
    if (heads.isWholeLayers(facts)) {
      List<Integer> layers = heads.layers();
      return (layers.size() == 1 ? "layer " : "layers ") + describeMembers(layers);
    }
    return describeMembers(heads.heads());
  }

  private static String describeMembers(List<?> members) {
    String named =
        members.stream()
            .limit(MAXIMUM_NAMED_MEMBERS)
            .map(Object::toString)
            .collect(Collectors.joining(", "));
    int rest = members.size() - MAXIMUM_NAMED_MEMBERS;
    return rest > 0 ? named + " and " + rest + " more" : named;
  }
}
