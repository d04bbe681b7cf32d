package dev.kvasir.ir.policy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.testing.DiagnosticCases;
import dev.kvasir.ir.testing.TechniqueFixtures;
import java.util.List;
import java.util.Random;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** Damaged policies are refused in words or have a meaning; nothing else comes out. */
class PolicyFuzzTest {
  private static final int MUTATIONS = 2_000;

  private static final List<String> FRAGMENTS =
      List.of(
          "policy",
          "use",
          "let",
          "on",
          "layers",
          "heads",
          "except",
          "all",
          "last",
          "limit",
          "at",
          "tokens",
          "(",
          ")",
          "[",
          "]",
          "{",
          "}",
          ",",
          ";",
          "=",
          "<=",
          "..",
          "%",
          "\"",
          "\\",
          "-",
          "0",
          "-1",
          "99999999999999999",
          "0.0",
          "12.5%",
          "1 TiB",
          "retrieval",
          "streaming",
          "recent",
          "head(0, 0)",
          "[[[[",
          "\uD83D\uDE42",
          "\uD83D",
          "\u0000",
          "\u001B[31m",
          "\r",
          "\t",
          "//",
          "\uFEFF",
          "let a = [a, a];",
          "group-heads",
          "store-kv(format = f32)");

  @Test
  void mutatedPoliciesThrowNothingButTheUsersMistake() {
    long seed = new Random().nextLong();
    RandomGenerator random = new Random(seed);
    List<String> originals = DiagnosticCases.cases(getClass(), "valid.kvp");
    int refused = 0;
    for (int round = 0; round < MUTATIONS; round++) {
      String text = originals.get(random.nextInt(originals.size()));
      for (int count = 1 + random.nextInt(4); count > 0; count--) {
        text = mutate(text, random);
      }
      refused += isRefused(text, "seed " + seed + ", round " + round + ":\n" + text) ? 1 : 0;
    }
    assertThat(refused).as("refused policies, seed %d", seed).isBetween(1, MUTATIONS - 1);
  }

  private static boolean isRefused(String text, String description) {
    try {
      Policy policy = Policy.parse(new SourceText("fuzz.kvp", text));
      Policy printed = Policy.parse(new SourceText("printed.kvp", policy.canonicalText()));
      assertThat(printed.canonicalText()).as(description).isEqualTo(policy.canonicalText());
      ResolvedPolicy resolved =
          PolicyResolver.resolve(policy, TechniqueFixtures.SPECS, TechniqueFixtures.FACTS);
      assertThat(resolved.toJson()).as(description).startsWith("{\"policy\":");
      return false;
    } catch (CompileException mistake) {
      assertThat(mistake.diagnostics()).as(description).isNotEmpty();
      assertThat(mistake.getMessage())
          .as(description)
          .containsPattern("fuzz\\.kvp:\\d+:\\d+: error\\[KV[12]\\d\\d\\d\\]: .")
          .doesNotContain("\u0000", "\u001B", "\r");
      return true;
    } catch (RuntimeException | StackOverflowError failure) {
      throw new AssertionError(description, failure);
    }
  }

  private static String mutate(String text, RandomGenerator random) {
    int at = random.nextInt(text.length() + 1);
    int end = Math.min(text.length(), at + random.nextInt(12));
    String fragment = FRAGMENTS.get(random.nextInt(FRAGMENTS.size()));
    return switch (random.nextInt(6)) {
      case 0 -> text.substring(0, at) + text.substring(end);
      case 1 -> text.substring(0, at) + fragment + text.substring(at);
      case 2 -> text.substring(0, at) + fragment + text.substring(end);
      case 3 -> text.substring(0, end) + text.substring(at);
      case 4 -> random.nextInt(10) == 0 ? text.substring(0, at) : swapLines(text, random);
      default -> text.substring(0, at) + (char) (' ' + random.nextInt(95)) + text.substring(at);
    };
  }

  private static String swapLines(String text, RandomGenerator random) {
    String[] lines = text.split("\n", -1);
    int one = random.nextInt(lines.length);
    int other = random.nextInt(lines.length);
    String kept = lines[one];
    lines[one] = lines[other];
    lines[other] = kept;
    return String.join("\n", lines);
  }
}
