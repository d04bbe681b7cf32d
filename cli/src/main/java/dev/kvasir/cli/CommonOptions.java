package dev.kvasir.cli;

import picocli.CommandLine.Option;

/** What every verb takes. */
final class CommonOptions {
  @Option(names = "--json", description = "Write the result as one JSON object.")
  private boolean json;

  @Option(names = "--stacktrace", description = "Show where in Kvasir an error arose.")
  private boolean stacktrace;

  /** {@return whether the result is one JSON object} */
  boolean json() {
    return json;
  }

  /** {@return whether errors come with their stack traces} */
  boolean stacktrace() {
    return stacktrace;
  }
}
