package dev.kvasir.runtime;

/**
 * What went wrong, as a code that stays the same from version to version. What is wrong with a plan
 * file or a model's files is a {@link java.io.IOException} of the package that reads them.
 */
public enum ErrorCode {
  /** A tensor that the plan binds is absent. */
  WEIGHT_MISSING("KV7001", Category.INVALID),
  /** A tensor that the plan binds has another size or element type. */
  WEIGHT_MISMATCH("KV7002", Category.INVALID),
  /** A check over all bytes was asked for, and the plan does not say what they should hash to. */
  NO_FULL_HASH("KV7003", Category.INCOMPATIBLE),
  /** A kernel's class passed the plan's verifier, but the Java virtual machine cannot link it. */
  KERNEL_UNLOADABLE("KV7004", Category.INVALID),
  /** The plan contradicts itself. */
  PLAN_INCONSISTENT("KV7005", Category.INVALID),
  /** Java runs without the module that kernels need. */
  NO_VECTOR_MODULE("KV7006", Category.UNAVAILABLE),
  /** The optional library that reads {@code tokenizer.json} is absent, or does not run here. */
  TOKENIZER_LIBRARY_MISSING("KV7007", Category.UNAVAILABLE),
  /** A {@code tokenizer.json} that describes no tokenizer. */
  TOKENIZER_INVALID("KV7008", Category.INVALID),
  /** A file of the model changed while it was in use. */
  MODEL_CHANGED("KV7009", Category.INVALID),
  /** A device's compiler refuses a kernel of the plan. */
  KERNEL_UNCOMPILABLE("KV7010", Category.INCOMPATIBLE),
  /** Kernels without bounds checks in a plan that somebody else compiled. */
  KERNELS_UNTRUSTED("KV7011", Category.INCOMPATIBLE),
  /** A kernel's results are not the ones that the plan promises. */
  CHECK_FAILED("KV7101", Category.VERIFICATION),
  /** A session needs more memory than there is. */
  OUT_OF_MEMORY("KV7201", Category.UNAVAILABLE),
  /** What runs the plan's target, or the device for it, is absent or was not started. */
  DEVICE_UNAVAILABLE("KV7202", Category.UNAVAILABLE),
  /** A device that was asked for by name is not there. */
  DEVICE_UNKNOWN("KV7203", Category.UNAVAILABLE),
  /** A prompt does not fit into what is left of the context. */
  PROMPT_TOO_LONG("KV7301", Category.USAGE),
  /** There is nothing to continue: no token was ever given. */
  PROMPT_EMPTY("KV7302", Category.USAGE),
  /** A prompt that no tokenizer can encode, or a token id outside the vocabulary. */
  PROMPT_INVALID("KV7303", Category.USAGE),
  /** The object was closed, or something that it needs was. */
  CLOSED("KV7304", Category.USAGE),
  /** Two threads use one session at once. */
  SESSION_BUSY("KV7305", Category.USAGE),
  /** A span that stopped half-way overwrote cache rows that are still needed. */
  SESSION_DAMAGED("KV7306", Category.USAGE),
  /** A model was closed before its sessions. */
  SESSIONS_OPEN("KV7307", Category.USAGE),
  /** An option has a value outside its range. */
  OPTION_INVALID("KV7308", Category.USAGE),
  /** A session has no room for another fork. */
  FORKS_EXHAUSTED("KV7309", Category.USAGE),
  /** Text was given or asked for, and the model has no tokenizer. */
  NO_TOKENIZER("KV7310", Category.USAGE),
  /** The device that runs the plan cannot share pages between sessions. */
  FORKS_UNSUPPORTED("KV7311", Category.USAGE),
  /** The caller stopped the work. */
  CANCELLED("KV7401", Category.CANCELLED),
  /** A kernel or an expression of the plan's program failed while it ran. */
  KERNEL_FAILED("KV7901", Category.INTERNAL),
  /** The run reached values that the plan's formats cannot hold. */
  REQUIREMENT_FAILED("KV7902", Category.INVALID);

  /** Who can help, and the process exit status that says so. */
  public enum Category {
    /** A defect of the program or of a plan's kernels. */
    INTERNAL(1),
    /** The caller asked for something that cannot be. */
    USAGE(2),
    /** A model or plan that is broken. */
    INVALID(3),
    /** A sound plan that does not belong to this runtime, device or model. */
    INCOMPATIBLE(4),
    /** Memory, a device or a module is missing. */
    UNAVAILABLE(5),
    /** Results that were checked and found wrong. */
    VERIFICATION(6),
    /** The caller's own wish; the status is the usual one of an interrupted command. */
    CANCELLED(130);

    private final int exitStatus;

    Category(int exitStatus) {
      this.exitStatus = exitStatus;
    }

    /** {@return the exit status of a command that ends with such an error} */
    public int exitStatus() {
      return exitStatus;
    }
  }

  private final String text;
  private final Category category;

  ErrorCode(String text, Category category) {
    this.text = text;
    this.category = category;
  }

  /** {@return the code as people see it, for example {@code KV7201}} */
  public String text() {
    return text;
  }

  /** {@return who can help} */
  public Category category() {
    return category;
  }
}
