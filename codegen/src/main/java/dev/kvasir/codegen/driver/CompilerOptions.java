package dev.kvasir.codegen.driver;

import dev.kvasir.passes.PassListener;
import java.nio.file.Path;
import java.util.OptionalInt;

/**
 * How to compile.
 *
 * @param target what for
 * @param maxContext most true tokens of a session; empty for the model's own maximum
 * @param span most prompt rows that are prefilled at once; empty for the whole context up to {@link
 *     Compiler#DEFAULT_SPAN}
 * @param rowsPerSplit cache rows that one work item of decode attention reads, a multiple of 64;
 *     empty for 1,024
 * @param planFolder where the plan will lie: it remembers the way from there to the model
 * @param listener told about every pass
 */
public record CompilerOptions(
    Target target,
    OptionalInt maxContext,
    OptionalInt span,
    OptionalInt rowsPerSplit,
    Path planFolder,
    PassListener listener) {

  /**
   * {@return the jvm target, the model's context, the current folder, everything else by default}
   */
  public static CompilerOptions defaults() {
    return new CompilerOptions(
        Target.jvm(),
        OptionalInt.empty(),
        OptionalInt.empty(),
        OptionalInt.empty(),
        Path.of(""),
        PassListener.NONE);
  }

  /** {@return the same for another target} */
  public CompilerOptions withTarget(Target other) {
    return new CompilerOptions(other, maxContext, span, rowsPerSplit, planFolder, listener);
  }

  /** {@return the same for sessions of at most {@code tokens}} */
  public CompilerOptions withMaxContext(int tokens) {
    return new CompilerOptions(
        target, OptionalInt.of(tokens), span, rowsPerSplit, planFolder, listener);
  }

  /** {@return the same with spans of at most {@code rows}} */
  public CompilerOptions withSpan(int rows) {
    return new CompilerOptions(
        target, maxContext, OptionalInt.of(rows), rowsPerSplit, planFolder, listener);
  }

  /** {@return the same with another share of work per item of decode attention} */
  public CompilerOptions withRowsPerSplit(int rows) {
    return new CompilerOptions(
        target, maxContext, span, OptionalInt.of(rows), planFolder, listener);
  }

  /** {@return the same for a plan that will lie in {@code folder}} */
  public CompilerOptions withPlanFolder(Path folder) {
    return new CompilerOptions(target, maxContext, span, rowsPerSplit, folder, listener);
  }

  /** {@return the same with a listener} */
  public CompilerOptions withListener(PassListener other) {
    return new CompilerOptions(target, maxContext, span, rowsPerSplit, planFolder, other);
  }
}
