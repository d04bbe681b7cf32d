package dev.kvasir.plans;

import java.io.IOException;

/** A plan file that cannot be used, read or written, with a code, the place and a way out. */
public final class PlanException extends IOException {

  /** Why; each reason keeps its code for ever. */
  public enum Reason {
    /** The file is something else. */
    NOT_A_PLAN("KV6001", "name a file that `kvasir compile` wrote"),
    /** The file is damaged or was changed after it was written. */
    CORRUPT("KV6002", "copy the file again from its source, or compile it again"),
    /** The file has an older major format version. */
    TOO_OLD("KV6003", "compile it again with this version of Kvasir"),
    /** The file has a newer major format version. */
    TOO_NEW("KV6004", "run it with the version of Kvasir that compiled it, or compile it again"),
    /** A count or size is beyond a limit of the format. */
    TOO_LARGE("KV6005", "compile it with a shorter context or for a smaller model"),
    /** The file is whole, but what it says contradicts itself. */
    MALFORMED("KV6006", "compile it again; if that does not help, report it with the policy"),
    /** The file cannot be opened or read. */
    CANNOT_READ("KV6007", "check the path and its permissions"),
    /** The file cannot be written; an older file of that name is unchanged. */
    CANNOT_WRITE("KV6008", "choose another path with -o"),
    /** The plan was compiled for another model. */
    WRONG_MODEL("KV6009", "name the plan's model with --model, or compile a plan for this model"),
    /** The plan was compiled for another target. */
    WRONG_TARGET("KV6010", "compile it for this target with --target"),
    /** The plan needs an ability that this runtime lacks. */
    MISSING_FEATURE("KV6011", "run it with a newer version of Kvasir"),
    /** A kernel's class file may do more than compute on its buffers, or is damaged. */
    UNSAFE_KERNEL(
        "KV6012", "do not use this file; compile a plan of your own from the model and the policy");

    private final String code;
    private final String wayOut;

    Reason(String code, String wayOut) {
      this.code = code;
      this.wayOut = wayOut;
    }

    /** {@return the stable code, {@code KV6} and three digits} */
    public String code() {
      return code;
    }

    /** {@return what the user can do} */
    public String wayOut() {
      return wayOut;
    }
  }

  private final Reason reason;
  private final String place;
  private final String problem;

  /**
   * @param place the file, the entry or the part of it, for example {@code program.json: procedure
   *     step, launch 3}
   * @param problem what was expected and what was found
   */
  public PlanException(Reason reason, String place, String problem) {
    super(
        "%s: error[%s]: %s; %s"
            .formatted(printable(place), reason.code, printable(problem), reason.wayOut));
    this.reason = reason;
    this.place = printable(place);
    this.problem = printable(problem);
  }

  /** A plan's own words must not steer the terminal that they are shown on. */
  private static String printable(String text) {
    return PlanText.UNPRINTABLE.matcher(text).replaceAll("?");
  }

  /** As the other constructor, with the exception that showed the problem. */
  public PlanException(Reason reason, String place, String problem, Throwable cause) {
    this(reason, place, problem);
    initCause(cause);
  }

  /** {@return the same failure, found inside {@code outer}} */
  PlanException within(String outer) {
    PlanException located = new PlanException(reason, outer + ": " + place, problem);
    located.initCause(this);
    return located;
  }

  /** {@return why} */
  public Reason reason() {
    return reason;
  }

  /** {@return the stable code of the reason} */
  public String code() {
    return reason.code;
  }

  /** {@return the file, the entry or the part of it} */
  public String place() {
    return place;
  }

  /** {@return the message without place, code and way out} */
  public String problem() {
    return problem;
  }

  /** {@return what the user can do} */
  public String wayOut() {
    return reason.wayOut;
  }
}
