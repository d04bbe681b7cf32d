package dev.kvasir.cli;

import dev.kvasir.cli.eval.Suite;

/** Reads the name of a suite, and lists these for help and completion. */
final class EvalSuite extends NameConverter<Suite> {
  EvalSuite() {
    super(Suite.values());
  }
}
