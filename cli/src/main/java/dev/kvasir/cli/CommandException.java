package dev.kvasir.cli;

/** A user's mistake that only the command can see, with a code, a place and a way out. */
final class CommandException extends RuntimeException {

  /** What went wrong; each kind keeps its code for ever. */
  enum Kind {
    USAGE("KV8001", ExitCodes.USAGE),
    TARGET_UNAVAILABLE("KV8002", ExitCodes.UNAVAILABLE),
    VERIFICATION_FAILED("KV8003", ExitCodes.VERIFICATION_FAILED),
    PROMPT_UNREADABLE("KV8004", ExitCodes.USAGE),
    OUTPUT_NOT_WRITABLE("KV8005", ExitCodes.USAGE),
    MODEL_NOT_FOUND("KV8006", ExitCodes.INVALID),
    SAMPLE_NOT_FOUND("KV8007", ExitCodes.INVALID),
    FILE_UNREADABLE("KV8008", ExitCodes.INVALID);

    private final String code;
    private final int exitStatus;

    Kind(String code, int exitStatus) {
      this.code = code;
      this.exitStatus = exitStatus;
    }

    /** {@return the code as people see it} */
    String code() {
      return code;
    }

    /** {@return the exit status of the command} */
    int exitStatus() {
      return exitStatus;
    }
  }

  private final Kind kind;

  /**
   * @param place the file or option at fault
   * @param problem what was expected and what was found
   * @param wayOut what the user can do
   */
  CommandException(Kind kind, String place, String problem, String wayOut) {
    super("%s: error[%s]: %s; %s".formatted(place, kind.code, problem, wayOut));
    this.kind = kind;
  }

  /** {@return what went wrong} */
  Kind kind() {
    return kind;
  }
}
