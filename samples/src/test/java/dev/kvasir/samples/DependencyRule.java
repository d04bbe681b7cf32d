package dev.kvasir.samples;

import java.lang.module.ModuleFinder;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What the classes of one part of the project may refer to.
 *
 * @param folder the module's folder below the project's root
 * @param owner the package prefix whose classes the rule binds; of two rules for a folder the
 *     longer prefix that fits binds
 * @param allowed package prefixes that may be referred to beside the JDK and the module's own base
 *     package
 */
record DependencyRule(String folder, String owner, Set<String> allowed) {
  private static final String JSPECIFY = "org.jspecify.annotations";
  private static final String JACKSON = "com.fasterxml.jackson";

  /**
   * The directions of the project. {@code runtime} sees {@code plans} alone, so that a plan runs
   * where no compiler is installed; within {@code codegen} only the driver knows that passes exist,
   * and the command shows what the driver hands out of them.
   */
  static final List<DependencyRule> ALL =
      List.of(
          of("ir", "dev.kvasir.ir", "org.antlr.v4.runtime", JACKSON),
          of("plans", "dev.kvasir.plans", JACKSON),
          of("passes", "dev.kvasir.passes", "dev.kvasir.ir"),
          of("codegen", "dev.kvasir.codegen", "dev.kvasir.ir", "dev.kvasir.plans"),
          of(
              "codegen",
              "dev.kvasir.codegen.driver",
              "dev.kvasir.ir",
              "dev.kvasir.plans",
              "dev.kvasir.passes",
              JACKSON),
          of("runtime", "dev.kvasir.runtime", "dev.kvasir.plans", "ai.djl.huggingface.tokenizers"),
          of(
              "cli",
              "dev.kvasir.cli",
              "dev.kvasir.codegen",
              "dev.kvasir.runtime",
              "dev.kvasir.ir",
              "dev.kvasir.passes",
              "dev.kvasir.plans",
              "picocli",
              "me.tongfei.progressbar",
              "org.knowm.xchart",
              JACKSON),
          of(
              "samples",
              "dev.kvasir.samples",
              "dev.kvasir.codegen",
              "dev.kvasir.runtime",
              "dev.kvasir.ir",
              "dev.kvasir.plans"));

  private static final Set<String> JDK_PACKAGES =
      ModuleFinder.ofSystem().findAll().stream()
          .flatMap(module -> module.descriptor().packages().stream())
          .collect(Collectors.toUnmodifiableSet());

  private static DependencyRule of(String folder, String owner, String... allowed) {
    return new DependencyRule(folder, owner, Set.of(allowed));
  }

  /** Whether the rule is about classes of this package. */
  boolean binds(String packageName) {
    return isWithin(packageName, owner);
  }

  /**
   * The packages that a class names and may not.
   *
   * @param references a class this rule binds
   * @return one line a package, empty when the class keeps the rule
   */
  List<String> violations(ClassReferences references) {
    return references.packages().stream()
        .filter(name -> !mayReferTo(name))
        .map(name -> references.className() + " refers to " + name)
        .toList();
  }

  private boolean mayReferTo(String packageName) {
    return JDK_PACKAGES.contains(packageName)
        || isWithin(packageName, "dev.kvasir." + folder)
        || isWithin(packageName, JSPECIFY)
        || allowed.stream().anyMatch(prefix -> isWithin(packageName, prefix));
  }

  private static boolean isWithin(String packageName, String prefix) {
    return packageName.equals(prefix) || packageName.startsWith(prefix + ".");
  }
}
