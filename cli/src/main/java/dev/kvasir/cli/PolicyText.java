package dev.kvasir.cli;

import dev.kvasir.ir.policy.Policy;
import java.util.ArrayList;
import java.util.List;

/** A policy in a line or a few, as reports begin with it. */
final class PolicyText {
  private static final String NOTHING = "every row of every KV head";

  private PolicyText() {}

  /** {@return the name and the statements, broken into lines of {@code indent} columns less} */
  static List<String> lines(Policy policy, int indent) {
    List<String> statements =
        policy
            .canonicalText()
            .lines()
            .filter(line -> line.startsWith(" "))
            .map(line -> line.strip().replaceFirst("^use ", "").replaceFirst(";$", ""))
            .toList();
    List<String> items = new ArrayList<>(statements.isEmpty() ? List.of(NOTHING) : statements);
    items.set(0, policy.name() + "  " + items.getFirst());
    return Texts.wrap(items, " | ", indent);
  }
}
