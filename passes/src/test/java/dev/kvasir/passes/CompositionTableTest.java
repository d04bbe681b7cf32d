package dev.kvasir.passes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.model.ModelConfig;
import dev.kvasir.ir.policy.TechniqueRole;
import dev.kvasir.ir.policy.TechniqueSpec;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.passes.testing.SmallModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * Which techniques go together, found out by compiling each pair, and the table of the README that
 * says so. {@code -Dgolden.update=composition} writes the table anew.
 */
class CompositionTableTest {
  private static final Path README = Path.of("..", "README.md");
  private static final String BEGIN = "<!-- composition: written by CompositionTableTest -->\n";
  private static final String END = "<!-- end of composition -->\n";

  private static final ModelConfig MODEL = SmallModels.config(4, 32);

  /** A use of each technique on two neighbouring layers, of which the first is {@code %1$d}. */
  private static final Map<String, String> USES =
      Map.of(
          "group-heads", "group-heads(criterion = layer, retrieval = [%3$d, %4$d])",
          "select-window",
              "select-window(budget = 12%%, share = 2, tail = 96) on layers %1$d..%2$d",
          "fuse-kv-conv", "fuse-kv-conv() on layers %1$d..%2$d",
          "merge-layers", "merge-layers(from = 0, tail = 96) on layers %1$d..%2$d",
          "store-kv", "store-kv(format = f16) on layers %1$d..%2$d",
          "quantize-kv", "quantize-kv(key = int8, value = int8) on layers %1$d..%2$d");

  /** Uses that do not go with all that the others of their technique go with. */
  private static final Map<String, String> OTHER_USES =
      Map.of(
          "select-window",
          "select-window(budget = 12%%, share = 1, tail = 96) on layers %1$d..%2$d");

  /** Of the roles that decide which rows a layer keeps it has one. */
  private static final Set<TechniqueRole> RETENTIONS =
      Set.of(TechniqueRole.STREAMING, TechniqueRole.SELECTION, TechniqueRole.FUSION);

  /** Layers do not merge what these leave. */
  private static final Set<TechniqueRole> UNMERGED =
      Set.of(TechniqueRole.STREAMING, TechniqueRole.FUSION);

  @Test
  void aLayerHasOneRetentionAndMergesWhatItKeepsOrSelects() {
    for (TechniqueSpec one : Passes.techniques()) {
      for (TechniqueSpec other : Passes.techniques()) {
        if (!one.name().equals(other.name())) {
          boolean bothRetain = RETENTIONS.contains(one.role()) && RETENTIONS.contains(other.role());
          boolean mergesRetained =
              (one.role() == TechniqueRole.MERGE && UNMERGED.contains(other.role()))
                  || (other.role() == TechniqueRole.MERGE && UNMERGED.contains(one.role()));
          assertThat(refusal(use(one, 0), use(other, 0)).isPresent())
              .as("%s with %s", one.name(), other.name())
              .isEqualTo(bothRetain || mergesRetained);
        }
      }
    }
  }

  @Test
  void layersMergeOnlyWhatOneSelectionChooses() {
    for (TechniqueSpec one : Passes.techniques()) {
      for (TechniqueSpec other : Passes.techniques()) {
        if (!one.name().equals(other.name())) {
          boolean merges =
              (one.role() == TechniqueRole.MERGE && other.role() == TechniqueRole.SELECTION)
                  || (one.role() == TechniqueRole.SELECTION && other.role() == TechniqueRole.MERGE);
          assertThat(condition(one, other).isPresent())
              .as("%s with some uses of %s alone", one.name(), other.name())
              .isEqualTo(merges);
        }
      }
    }
  }

  @Test
  void layersApartGoTogether() {
    for (TechniqueSpec one : Passes.techniques()) {
      for (TechniqueSpec other : Passes.techniques()) {
        if (!one.name().equals(other.name())) {
          assertThat(refusal(use(one, 0), use(other, 2)))
              .as("%s with %s", one.name(), other.name())
              .isEmpty();
        }
      }
    }
  }

  @Test
  void aRefusalPointsAndSaysAWayOut() {
    for (TechniqueSpec one : Passes.techniques()) {
      for (TechniqueSpec other : Passes.techniques()) {
        if (!one.name().equals(other.name())) {
          refusal(use(one, 0), use(other, 0))
              .or(() -> condition(one, other))
              .ifPresent(
                  refused -> {
                    assertThat(refused.code()).isEqualTo(DiagnosticCode.CONFLICTING_TECHNIQUES);
                    assertThat(refused.span()).isPresent();
                    assertThat(refused.notes().getLast().message()).contains("with on");
                  });
        }
      }
    }
  }

  @Test
  void theReadmeHasThisTable() throws IOException {
    String readme = Files.readString(README);
    int begin = readme.indexOf(BEGIN);
    int end = readme.indexOf(END);
    assertThat(begin).as("%s in the README", BEGIN).isNotNegative();
    assertThat(end).as("%s in the README", END).isGreaterThan(begin);
    String written = readme.substring(begin + BEGIN.length(), end);
    if ("composition".equals(System.getProperty("golden.update"))) {
      Files.writeString(
          README, readme.substring(0, begin + BEGIN.length()) + table() + readme.substring(end));
      return;
    }
    assertThat(written)
        .as("the README's table; -Dgolden.update=composition writes it anew")
        .isEqualTo(table());
  }

  private static String table() {
    List<TechniqueSpec> specs = Passes.techniques();
    List<String> reasons = new ArrayList<>();
    StringBuilder table = new StringBuilder("| on one layer |");
    specs.forEach(spec -> table.append(" `").append(spec.name()).append("` |"));
    table.append("\n|---|").append("---|".repeat(specs.size())).append('\n');
    for (TechniqueSpec one : specs) {
      table.append("| `").append(one.name()).append("` |");
      for (TechniqueSpec other : specs) {
        table
            .append(' ')
            .append(one.name().equals(other.name()) ? "" : cell(one, other, reasons))
            .append(" |");
      }
      table.append('\n');
    }
    for (int index = 0; index < reasons.size(); index++) {
      table.append(index == 0 ? "\n" : "; ").append(index + 1).append(": ");
      table.append(reasons.get(index));
    }
    return table.append(".\n").toString();
  }

  private static String cell(TechniqueSpec one, TechniqueSpec other, List<String> reasons) {
    boolean refused = refusal(use(one, 0), use(other, 0)).isPresent();
    Optional<String> reason =
        refused
            ? TechniqueRole.conflict(one.role(), other.role())
            // What a rule of roles does not refuse, a pass does, and says why before the way out.
            : condition(one, other)
                .map(refusal -> refusal.notes().getLast().message().split(":", 2)[0]);
    if (reason.isEmpty()) {
      return "yes";
    }
    if (!reasons.contains(reason.get())) {
      reasons.add(reason.get());
    }
    return (refused ? "no (" : "yes (") + (reasons.indexOf(reason.get()) + 1) + ")";
  }

  /** Why another use of one of two techniques does not go with the other, where the first does. */
  private static Optional<Diagnostic> condition(TechniqueSpec one, TechniqueSpec other) {
    if (refusal(use(one, 0), use(other, 0)).isPresent()) {
      return Optional.empty();
    }
    return refusal(use(OTHER_USES, one, 0), use(OTHER_USES, other, 0));
  }

  /** A statement that uses a technique on two layers of the four. */
  private static String use(TechniqueSpec spec, int first) {
    return use(USES, spec, first);
  }

  private static String use(Map<String, String> uses, TechniqueSpec spec, int first) {
    assertThat(USES).as("uses of every technique").containsKey(spec.name());
    int rest = 2 - first;
    String use = uses.getOrDefault(spec.name(), USES.get(spec.name()));
    return "use " + String.format(Locale.ROOT, use, first, first + 1, rest, rest + 1) + ";";
  }

  private static Optional<Diagnostic> refusal(String... statements) {
    try {
      Passes.pipeline()
          .run(
              SmallModels.context(
                  MODEL,
                  ElementFormat.BF16,
                  List.of(statements).stream().collect(Collectors.joining(" "))),
              PassListener.NONE);
      return Optional.empty();
    } catch (CompileException refused) {
      assertThat(refused.diagnostics()).hasSize(1);
      return Optional.of(refused.diagnostics().getFirst());
    }
  }
}
