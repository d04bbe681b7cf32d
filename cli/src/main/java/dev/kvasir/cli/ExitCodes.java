package dev.kvasir.cli;

import java.util.LinkedHashMap;
import java.util.Map;

/** Exit statuses of the command; scripts rely on them. */
final class ExitCodes {
  static final int OK = 0;
  static final int INTERNAL = 1;
  static final int USAGE = 2;
  static final int INVALID = 3;
  static final int INCOMPATIBLE = 4;
  static final int UNAVAILABLE = 5;
  static final int VERIFICATION_FAILED = 6;
  static final int INTERRUPTED = 130;

  private ExitCodes() {}

  /** {@return what each status means, for help} */
  static Map<String, String> descriptions() {
    Map<String, String> descriptions = new LinkedHashMap<>();
    descriptions.put(" 0", "ok");
    descriptions.put(" 1", "internal error, or a wrong answer of the demo");
    descriptions.put(" 2", "usage: an option, a prompt or an output path that cannot be");
    descriptions.put(" 3", "invalid model, policy or plan");
    descriptions.put(" 4", "plan incompatible with this runtime, target or model");
    descriptions.put(" 5", "device or memory unavailable");
    descriptions.put(" 6", "verification failed");
    descriptions.put("130", "interrupted");
    return descriptions;
  }
}
