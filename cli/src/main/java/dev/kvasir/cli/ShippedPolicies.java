package dev.kvasir.cli;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.plans.Plan;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/** The policies that come with Kvasir, by name. */
final class ShippedPolicies {
  /** The names, in the order in which help lists them. */
  static final List<String> NAMES =
      List.of(
          "full",
          "streaming",
          "zigzag",
          "duo",
          "zigzag-sets",
          "duo-sets",
          "razor",
          "windowkv",
          "snapkv",
          "pyramidkv",
          "zigzag-windowkv",
          "lococo",
          "kv-int8",
          "kv-k8v4",
          "kivi-4",
          "zigzag-k8v4",
          "minicache",
          "minicache-int4",
          "everything");

  private static final String SUFFIX = ".kvp";
  private static final String FOLDER = "policies/";

  private ShippedPolicies() {}

  /** Lists the names for help and completion. */
  static final class Candidates implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return NAMES.iterator();
    }
  }

  /**
   * {@return the shipped policy of that name, else the policy in that file}
   *
   * <p>A file that is named like a shipped policy is reached as {@code ./full}.
   *
   * @throws CompileException when there is no such policy, or it does not follow the grammar
   */
  static Policy parse(String nameOrPath) {
    if (NAMES.contains(nameOrPath)) {
      return Policy.parse(new SourceText(nameOrPath + SUFFIX, text(nameOrPath)));
    }
    try {
      return Policy.parse(Path.of(nameOrPath));
    } catch (CompileException mistake) {
      throw withNames(mistake, nameOrPath);
    }
  }

  /** Where no file could be read, a shipped policy may have been meant. */
  private static CompileException withNames(CompileException mistake, String typed) {
    String names = "shipped policies: " + String.join(", ", NAMES);
    Optional<String> near = NearestName.of(typed, NAMES);
    return new CompileException(
        mistake.diagnostics().stream()
            .map(
                found -> {
                  if (found.code() != DiagnosticCode.POLICY_UNREADABLE) {
                    return found;
                  }
                  return near.map(name -> found.withNote("did you mean %s?".formatted(name)))
                      .orElse(found)
                      .withNote(names);
                })
            .toList());
  }

  private static String text(String name) {
    try (InputStream in = Plan.class.getResourceAsStream(FOLDER + name + SUFFIX)) {
      if (in == null) {
        throw new IllegalStateException("the shipped policy " + name + " is not on the class path");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
