package dev.kvasir.cli;

import picocli.CommandLine.Option;

/** What every verb takes. */
final class CommonOptions {
  @Option(names = "--json", description = "Write the result as one JSON object.")
  private boolean json;

  /** Read through the specification of the command, where no verb is at hand. */
  @Option(names = Failures.STACKTRACE, description = "Show where in Kvasir an error arose.")
  boolean stacktrace;

  /** {@return whether the result is one JSON object} */
  boolean json() {
    return json;
  }
}
